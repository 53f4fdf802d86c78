"""Statements into rows: persons, enterprises, holdings with ranges and votes, and other control interests.

Only what is stated as direct becomes a holding, so that nothing is counted twice: a stake declared as indirect is the
sum of a chain that stands in the package itself, and one of unknown way may be. Both are kept as control interests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from houfeng.errors import Problem, Text
from houfeng.penetration.bods.notes import not_held, note
from houfeng.penetration.bods.periods import Interest, lasting, stretches
from houfeng.penetration.bods.rows import INTERESTS, REGISTERED, SCHEME, Package, Row, holder_kind
from houfeng.penetration.bods.statements import checked, day_of

STEP = Decimal("0.00001")
"""Shares in the book have five decimals."""

Pair = tuple[str, str]


def read(
    statements: Sequence[Mapping[str, Any]],
    file: str = "",
    *,
    known_at: date | None = None,
    schemes: Iterable[str] = (SCHEME,),
    home: str = "",
) -> Package:
    """The rows that a package's statements make.

    Args:
        statements: of 0.4, or of 0.1 to 0.3.
        file: what to call them in problems.
        known_at: leave out what was stated later.
        schemes: whose identifiers become ids, the first found; others keep the id of their record.
        home: the country whose holders are not foreign (two letters); empty where the type alone decides.

    Raises:
        InputError: statements that cannot be used; all of them are named.
    """
    found, notes = checked(statements, file, known_at)
    latest = {str(one["recordId"]): one for one in found}
    ids = {name: _id(one["recordDetails"], name, tuple(schemes)) for name, one in latest.items()}
    kinds = {
        ids[name]: "person" if one["recordType"] == "person" else holder_kind(one["recordDetails"], home)
        for name, one in latest.items()
        if one["recordType"] != "relationship"
    }
    pairs, controllers, told = _relationships(found, ids, file)
    holdings = [row for pair, held in sorted(pairs.items()) for row in _holdings(pair, held, kinds)]
    others = [row for pair, held in sorted(pairs.items()) for row in _others(pair, held)]
    records = [(ids[name], one["recordDetails"]) for name, one in latest.items() if one["recordType"] == "entity"]
    people = [(ids[name], one["recordDetails"]) for name, one in latest.items() if one["recordType"] == "person"]
    return Package(
        persons=tuple(sorted((_person(*one) for one in people if _told(one[1])), key=lambda row: row["person_id"])),
        enterprises=tuple(
            sorted(
                (_enterprise(*one, controllers.get(one[0])) for one in records if one[1].get("name")),
                key=lambda row: row["enterprise_id"],
            )
        ),
        holdings=tuple(holdings),
        interests=tuple(others),
        notes=(*notes, *told, *not_held(found, file)),
    )


def _id(details: Mapping[str, Any], record: str, schemes: Sequence[str]) -> str:
    by_scheme = {one.get("scheme"): str(one["id"]) for one in details.get("identifiers") or [] if one.get("id")}
    return next((by_scheme[scheme] for scheme in schemes if scheme in by_scheme), record)


def _told(details: Mapping[str, Any]) -> bool:
    """A person nothing is said of is a name for an end of a relationship, not a row."""
    return bool(details.get("names")) or details.get("personType") != "unknownPerson"


def _person(name: str, details: Mapping[str, Any]) -> Row:
    full = [one.get("fullName") for one in details.get("names") or []]
    return {"person_id": name} | ({"name": full[0]} if full and full[0] else {})


def _enterprise(name: str, details: Mapping[str, Any], controller: str | None) -> Row:
    addresses = [one.get("address") for one in details.get("addresses") or [] if one.get("type") == "registered"]
    row: Row = {
        "enterprise_id": name,
        "name": details["name"],
        "founded_on": day_of(details.get("foundingDate")),
        "registered_address": addresses[0] if addresses else None,
        "is_listed": (details.get("publicListing") or {}).get("hasPublicListing"),
        "controller_id": controller,
    }
    return {field: value for field, value in row.items() if value is not None}


def _relationships(
    found: Sequence[Mapping[str, Any]], ids: Mapping[str, str], file: str
) -> tuple[dict[Pair, list[Interest]], dict[str, str], list[Problem]]:
    """What held when by (holder, enterprise); registered controllers by enterprise; what to tell of it."""
    records: dict[str, list[Mapping[str, Any]]] = {}
    for one in found:
        if one["recordType"] == "relationship":
            records.setdefault(str(one["recordId"]), []).append(one)
    pairs: dict[Pair, list[Interest]] = {}
    controllers: dict[str, str] = {}
    notes = []
    for name, versions in records.items():
        ends = [versions[-1]["recordDetails"].get(end) for end in ("interestedParty", "subject")]
        if not all(isinstance(end, str) for end in ends):
            told = next(end for end in ends if not isinstance(end, str)) or {}
            message = Text(f"关系 {name} 有一方未指明，不成为持股", f"an end of {name} is unspecified: no holding")
            notes.append(note("bods.unspecified", message, file, value=str(told.get("reason", ""))))
            continue
        holder, held = (ids.get(str(end), str(end)) for end in ends)
        stated = [(one, one["recordDetails"].get("interests") or []) for one in versions]
        if any(told.get("details") == REGISTERED for told in stated[-1][1]):
            controllers[held] = holder
        history = lasting(
            (day_of(one.get("statementDate")), one.get("recordStatus") == "closed", [_interest(t) for t in _real(own)])
            for one, own in stated
        )
        pairs.setdefault((holder, held), []).extend(history)
        notes += _read_so(name, [told for _, own in stated for told in own], history, file)
    return pairs, controllers, notes


def _real(interests: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in interests if one.get("details") != REGISTERED]


def _interest(told: Mapping[str, Any]) -> Interest:
    share = {name: _percent(value) for name, value in (told.get("share") or {}).items()}
    begins = day_of(told.get("startDate"))
    return Interest(
        INTERESTS[told.get("type", "unknownInterest")],
        told.get("directOrIndirect") or "unknown",
        share.get("exact"),
        share.get("minimum", share.get("exclusiveMinimum")),
        share.get("maximum", share.get("exclusiveMaximum")),
        told.get("beneficialOwnershipOrControl"),
        begins,
        day_of(told.get("endDate")),
        begins,
    )


def _percent(value: int | Decimal) -> Decimal:
    return Decimal(value).quantize(STEP, ROUND_HALF_EVEN).normalize() + 0


def _read_so(name: str, told: Sequence[Mapping[str, Any]], history: Sequence[Interest], file: str) -> list[Problem]:
    """How interests of a relationship were read where that is not plain."""
    found = []
    if not told:
        message = Text(f"关系 {name} 没有写明权益", f"{name} states no interest: no holding")
        found.append(note("bods.no_interest", message, file))
    shares = [share for one in told if (share := one.get("share"))]
    if any(end in share for share in shares for end in ("exclusiveMinimum", "exclusiveMaximum")):
        message = Text(f"{name} 的开区间按闭区间收录", f"an exclusive bound of {name} is held as an inclusive one")
        found.append(note("bods.exclusive", message, file))
    if any(Decimal(value) != _percent(value) for share in shares for value in share.values()):
        message = Text(f"{name} 的比例保留五位小数", f"a share of {name} is rounded to five decimals")
        found.append(note("bods.rounded", message, file))
    if any(one.kind in ("shareholding", "voting_rights") and one.reach != "direct" for one in history):
        message = Text(
            f"{name} 的持股不是（或不知是否）直接持股，列为控制性权益，不计入穿透",
            f"a stake of {name} is not direct, or not known to be: kept as a control interest, not looked through",
        )
        found.append(note("bods.indirect", message, file))
    return found


def _stake(one: Interest) -> bool:
    """Whether a holding can say it: shares, with a range or none, and votes where they are exact."""
    return one.reach == "direct" and (one.kind == "shareholding" or (one.kind == "voting_rights" and _exact(one)))


def _exact(one: Interest) -> bool:
    return one.share is not None and one.least is None and one.most is None


def _holdings(pair: Pair, interests: Sequence[Interest], kinds: Mapping[str, str]) -> Iterable[Row]:
    for first, last, held in stretches([one for one in interests if _stake(one)]):
        shares = [one for one in held if one.kind == "shareholding"]
        row: Row = {"holder_id": pair[0], "enterprise_id": pair[1], "holder_kind": kinds.get(pair[0], "other")}
        row |= {
            "share": _sum([one.share for one in shares]),
            "share_min": _sum([one.least for one in shares]),
            "share_max": _sum([one.most for one in shares]),
            "votes": _sum([one.share for one in held if one.kind == "voting_rights"]),
            "valid_from": first,
            "valid_to": last,
        }
        yield {field: value for field, value in row.items() if value is not None}


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    """Stakes of one holder told in several relationships together; unknown where one is."""
    if not values or any(value is None for value in values):
        return None
    return min(sum((value for value in values if value is not None), Decimal(0)), Decimal(100))


def _others(pair: Pair, interests: Sequence[Interest]) -> Iterable[Row]:
    found = [one for one in interests if not _stake(one)]
    for one in sorted(dict.fromkeys(found), key=lambda one: (one.kind, one.reach, one.begins or date.min)):
        row: Row = {
            "holder_id": pair[0],
            "enterprise_id": pair[1],
            "interest": one.kind,
            "reach": one.reach,
            "beneficial": one.beneficial,
            "share": one.share,
            "share_min": one.least,
            "share_max": one.most,
            "valid_from": one.begins,
            "valid_to": one.ends,
        }
        yield {field: value for field, value in row.items() if value is not None}
