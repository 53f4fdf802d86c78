"""Statements of BODS 0.1 to 0.3 put into the form of 0.4, so that one reader is enough.

Up to 0.3 a statement had its type and no record: what replaced what was said by `replacesStatements`. A record here is
the first statement of such a chain. Words of the code lists were written with hyphens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TYPES = {"personStatement": "person", "entityStatement": "entity", "ownershipOrControlStatement": "relationship"}
TRUST = {"settlorOfTrust": "settlor", "trusteeOfTrust": "trustee", "protectorOfTrust": "protector",
         "beneficiaryOfTrust": "beneficiaryOfLegalArrangement", "otherInfluenceOrControlOfTrust":
         "otherInfluenceOrControl", "rightsToProfitOrIncomeFromAssets": "rightToProfitOrIncomeFromAssets"}  # fmt: skip


def is_older(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is of the form before 0.4."""
    return "statementType" in statement


def newer(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The statements in the form of 0.4; those that already are stay as they are."""
    before = {str(one.get("statementID")): str((one.get("replacesStatements") or [""])[0]) for one in statements}
    return [_newer(one, before) if is_older(one) else dict(one) for one in statements]


def _first(name: str, before: Mapping[str, str]) -> str:
    seen = {name}
    while before.get(name) and before[name] not in seen:
        name = before[name]
        seen.add(name)
    return name


def _newer(one: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    kind = TYPES.get(one["statementType"], str(one["statementType"]))
    moved = {"statementID", "statementType", "statementDate", "publicationDetails", "source", "annotations",
             "replacesStatements"}  # fmt: skip
    details = {key: value for key, value in one.items() if key not in moved}
    if kind == "entity":
        details["entityType"] = {"type": details.get("entityType", "")}
        if "incorporatedInJurisdiction" in details:
            details["jurisdiction"] = details.pop("incorporatedInJurisdiction")
    if kind == "relationship":
        for end, ways in (("subject", ("Entity",)), ("interestedParty", ("Person", "Entity"))):
            details[end] = _party(details.get(end) or {}, ways, before)
        details["interests"] = [_interest(told) for told in details.get("interests") or []]
    kept = {key: one[key] for key in ("statementDate", "publicationDetails", "source", "annotations") if key in one}
    name = str(one.get("statementID", ""))
    status = "updated" if one.get("replacesStatements") else "new"
    return kept | {
        "statementId": name,
        "recordId": _first(name, before),
        "recordType": kind,
        "recordStatus": status,
        "recordDetails": details,
    }


def _party(told: Mapping[str, Any], ways: Sequence[str], before: Mapping[str, str]) -> Any:
    for way in ways:
        name = told.get(f"describedBy{way}Statement")
        if name:
            return _first(str(name), before)
    return told.get("unspecified") or {"reason": "unknown"}


def _interest(told: Mapping[str, Any]) -> dict[str, Any]:
    head, *rest = str(told.get("type", "")).split("-")
    word = head + "".join(part.capitalize() for part in rest)
    found = {key: value for key, value in told.items() if key != "interestLevel"}
    found["directOrIndirect"] = told.get("directOrIndirect", told.get("interestLevel", "unknown"))
    share = dict(told.get("share") or {})
    for end in ("Minimum", "Maximum"):  # up to 0.3 these were flags beside the bounds
        if share.get(f"exclusive{end}") is True:
            share[f"exclusive{end}"] = share.pop(end.lower(), None)
        elif share.get(f"exclusive{end}") is False:
            del share[f"exclusive{end}"]
    return found | {"type": TRUST.get(word, word)} | ({"share": share} if share else {})
