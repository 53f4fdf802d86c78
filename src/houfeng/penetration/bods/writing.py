"""Rows into statements of BODS 0.4: one for each person and entity, one for each pair of holder and enterprise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.errors import Problem, Text
from houfeng.penetration.bods.notes import note
from houfeng.penetration.bods.rows import ENTITIES, FIELDS, INTERESTS, REGISTERED, SCHEME, Package, Row
from houfeng.penetration.bods.statements import VERSION

TYPES = {ours: theirs for theirs, ours in INTERESTS.items()}
CODE_LENGTH = 18
"""Of a unified social credit code; other ids are the publisher's own."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes, and when what was so: `stated` is the day of the rows, `published` the day of the file."""

    name: str
    stated: date
    published: date


def write(package: Package, publisher: Publisher) -> list[dict[str, Any]]:
    """The statements: entities and persons before the relationships that name them.

    Ends of holdings that no person or enterprise row describes get a record that says only what kind they are.
    """
    kinds = _kinds(package)
    about = _subjects(package)
    named = {row["enterprise_id"]: row for row in package.enterprises}
    people = {row["person_id"]: row for row in package.persons}
    found = []
    for name in sorted(kinds.keys() | named.keys() | people.keys()):
        kind = kinds.get(name, "person" if name in people else "enterprise")
        if kind == "person":
            found.append(_statement(name, "person", _person(name, people.get(name)), about.get(name, name), publisher))
        else:
            details = _entity(name, named.get(name, {}), kind)
            found.append(_statement(name, "entity", details, about.get(name, name), publisher))
    for pair, interests in sorted(_relationships(package).items()):
        details = {"isComponent": False, "subject": pair[1], "interestedParty": pair[0], "interests": interests}
        found.append(_statement(" > ".join(pair), "relationship", details, pair[1], publisher))
    return found


def text(statements: Iterable[Mapping[str, Any]]) -> str:
    """The statements as a JSON file."""
    return json.dumps(list(statements), ensure_ascii=False, indent=2) + "\n"


def not_written(rows: Mapping[str, Sequence[Row]]) -> tuple[Problem, ...]:
    """Notes on fields with values that a package has no place for, by kind."""
    found = []
    for kind, own in rows.items():
        fields = {field for row in own for field, value in row.items() if value is not None}
        for field in sorted(fields - set(FIELDS[kind])):
            message = Text(
                f"BODS 没有 {kind}.{field} 的位置，未写出", f"BODS has no place for {kind}.{field}: left out"
            )
            found.append(note("bods.not_written", message, "", field))
    return tuple(found)


def _kinds(package: Package) -> dict[str, str]:
    """What every end of a relationship is; holders as their holdings say, else whoever is described as a person."""
    people = {row["person_id"] for row in package.persons}
    found: dict[str, str] = {}
    for row in package.enterprises:
        if who := row.get("controller_id"):
            found[who] = "person" if who in people else "enterprise"
    for row in (*package.interests, *package.holdings):
        holder = row["holder_id"]
        found.setdefault(row["enterprise_id"], "enterprise")
        found.setdefault(holder, "person" if holder in people else "enterprise")
    return found | {row["holder_id"]: row["holder_kind"] for row in package.holdings if row.get("holder_kind")}


def _subjects(package: Package) -> dict[str, str]:
    """The enterprise each record is about: what a holder has its first interest in; itself where it is held."""
    found: dict[str, str] = {}
    for row in (*package.holdings, *package.interests):
        found.setdefault(row["holder_id"], row["enterprise_id"])
    return found | {row["enterprise_id"]: row["enterprise_id"] for row in (*package.holdings, *package.enterprises)}


def _identifiers(name: str) -> dict[str, Any]:
    known = len(name) == CODE_LENGTH and name.isalnum() and name.isascii()
    return {"identifiers": [{"scheme": SCHEME, "id": name}]} if known else {}


def _person(name: str, row: Row | None) -> dict[str, Any]:
    if row is None:
        return {"isComponent": False, "personType": "unknownPerson"}
    if not row.get("name"):
        return {"isComponent": False, "personType": "anonymousPerson"}
    names = [{"type": "legal", "fullName": row["name"]}]
    return {"isComponent": False, "personType": "knownPerson", "names": names}


def _entity(name: str, row: Row, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"isComponent": False, "entityType": dict(ENTITIES[kind]), **_identifiers(name)}
    if row.get("name"):
        found["name"] = row["name"]
    if row.get("founded_on"):
        found["foundingDate"] = row["founded_on"].isoformat()
    if row.get("registered_address"):
        found["addresses"] = [{"type": "registered", "address": row["registered_address"]}]
    if row.get("is_listed") is not None:
        found["publicListing"] = {"hasPublicListing": row["is_listed"]}
    return found


def _relationships(package: Package) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in package.holdings:
        pair = found.setdefault((row["holder_id"], row["enterprise_id"]), [])
        bounds = {end: row.get(field) for end, field in BOUNDS.items()}
        if any(value is not None for value in bounds.values()) or row.get("votes") is None:
            pair.append(_interest("shareholding", "direct", bounds, row))
        if row.get("votes") is not None:
            pair.append(_interest("voting_rights", "direct", {"exact": row["votes"]}, row))
    for row in package.interests:
        bounds = {end: row.get(field) for end, field in BOUNDS.items()}
        pair = found.setdefault((row["holder_id"], row["enterprise_id"]), [])
        pair.append(_interest(row["interest"], row["reach"], bounds, row))
    for row in package.enterprises:
        if who := row.get("controller_id"):
            told = _interest("other", "unknown", {}, {}) | {"details": REGISTERED}
            found.setdefault((who, row["enterprise_id"]), []).append(told)
    return found


BOUNDS = {"exact": "share", "minimum": "share_min", "maximum": "share_max"}


def _interest(kind: str, reach: str, share: Mapping[str, Decimal | None], row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"type": TYPES[kind], "directOrIndirect": reach}
    if row.get("beneficial") is not None:
        found["beneficialOwnershipOrControl"] = row["beneficial"]
    told = {end: _number(value) for end, value in share.items() if value is not None}
    if told:
        found["share"] = told
    for end, field in (("startDate", "valid_from"), ("endDate", "valid_to")):
        if row.get(field):
            found[end] = row[field].isoformat()
    return found


def _number(value: Decimal) -> int | float:
    """A share has eight digits at most: a double prints them as they are."""
    return int(value) if value == value.to_integral_value() else float(value)


def _statement(
    record: str, kind: str, details: Mapping[str, Any], subject: str, publisher: Publisher
) -> dict[str, Any]:
    """A statement whose id is a digest of what it says, so that the same rows make the same file."""
    body = {
        "statementDate": publisher.stated.isoformat(),
        "publicationDetails": {
            "publicationDate": publisher.published.isoformat(),
            "bodsVersion": VERSION,
            "publisher": {"name": publisher.name},
        },
        "declarationSubject": subject,
        "recordId": record,
        "recordType": kind,
        "recordStatus": "new",
        "recordDetails": dict(details),
    }
    said = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return {"statementId": hashlib.sha256(said.encode()).hexdigest(), **body}
