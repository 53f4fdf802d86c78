"""What a package says that Houfeng does not hold: counted by field, so that nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from houfeng.errors import Level, Problem, Text, Where
from houfeng.penetration.bods.rows import REGISTERED, SCHEME

FRAME = {
    "statementId", "statementDate", "recordId", "recordType", "recordStatus", "recordDetails", "publicationDetails",
    "declarationSubject",
}  # fmt: skip
"""What makes a statement a statement: no facts about anybody."""

HELD = {
    "person": {"isComponent", "personType", "names", "identifiers"},
    "entity": {"isComponent", "entityType", "name", "identifiers", "foundingDate", "addresses", "publicListing"},
    "relationship": {"isComponent", "subject", "interestedParty", "interests"},
}
INTEREST = {"type", "directOrIndirect", "beneficialOwnershipOrControl", "share", "startDate", "endDate", "details"}


def not_held(statements: Iterable[Mapping[str, Any]], file: str) -> list[Problem]:
    """One note for each field that is not held, with how often it stands in the package."""
    found: Counter[str] = Counter()
    for one in statements:
        found.update(key for key in one if key not in FRAME)
        kind, details = one["recordType"], one["recordDetails"]
        found.update(f"{kind}.{key}" for key in details if key not in HELD[kind])
        found.update(f"{kind}.{key}" for key in _inside(kind, details))
    return [
        note(
            "bods.not_held",
            Text(f"{count} 处 {field} 账簿不收录", f"{count} × {field} is not held in the book"),
            file,
            field,
        )
        for field, count in sorted(found.items())
    ]


def _inside(kind: str, details: Mapping[str, Any]) -> Iterable[str]:
    """What is not held inside fields that are."""
    yield from ("identifiers" for one in details.get("identifiers") or [] if one.get("scheme") != SCHEME)
    if kind == "person":
        yield from ("names" for _ in (details.get("names") or [])[1:])
        yield from ("names.parts" for one in (details.get("names") or [])[:1] if set(one) - {"fullName", "type"})
    if kind == "entity":
        addresses = details.get("addresses") or []
        yield from ("addresses" for one in addresses if one.get("type") != "registered")
        yield from ("addresses.parts" for one in addresses if set(one) - {"type", "address"})
        yield from ("publicListing.listings" for _ in [1] if set(details.get("publicListing") or {}) - LISTED)
        yield from ("entityType.subtype" for _ in [1] if "subtype" in (details.get("entityType") or {}))
    for interest in details.get("interests") or []:
        yield from (f"interests.{key}" for key in interest if key not in INTEREST)
        yield from ("interests.details" for _ in [1] if interest.get("details", REGISTERED) != REGISTERED)


LISTED = {"hasPublicListing"}


def note(code: str, message: Text, file: str, field: str = "", value: str = "") -> Problem:
    """Something a reader should know that is no fault."""
    return Problem(code, message, Where(file, field=field), Level.NOTE, value)
