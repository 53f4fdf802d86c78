"""Who a firm is: its register entry, its recognised statuses with their validity and source, its groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from houfeng.book.model import kinds
from houfeng.book.storage.manifest import Submission
from houfeng.errors import Text
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import Firm, Row, not_found
from houfeng_desk.reader import Reader

EXPIRING = 90
"""Days before its end from which a status is said to run out."""

FACTS = (
    "enterprise_id", "id_type", "ownership", "borrower_class", "sector", "industry", "size", "employees", "revenue",
    "total_assets", "registered_capital", "paid_in_capital", "founded_on", "operating_state",
    "legal_representative_id", "controller_id", "registered_address", "phone", "is_listed", "is_rural", "high_rd",
    "is_private",
)  # fmt: skip
PERSONS = ("legal_representative_id", "controller_id")


@dataclass(frozen=True)
class Source:
    """Where a row stands in the book: submission, reporter, the row there, and when the book learned it."""

    submission_id: str
    reporter: str
    row: int
    received_at: datetime | None


@dataclass(frozen=True)
class Fact:
    """One line of the register entry. `kind` says how the value is shown: text, code, money, number, date."""

    name: str
    label: Text
    value: Any
    kind: str


@dataclass(frozen=True)
class Status:
    """A recognised status with its validity. `state` is valid, expiring or expired on the day looked at."""

    status: str
    label: Text
    certificate_no: str
    issued_by: str
    valid_from: date | None
    valid_to: date | None
    state: str
    source: Source


@dataclass(frozen=True)
class Identity:
    """The head of the page."""

    id: str
    name: str
    region: Text
    industry: Text
    size: Text
    state: Text
    facts: tuple[Fact, ...]
    statuses: tuple[Status, ...]
    groups: tuple[Row, ...]
    source: Source
    platform: bool
    """Whether it stands on a list of financing platforms."""


class Sources:
    """Finds the submission of a row. Only rows the viewer may see are asked about."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_kind: dict[str, Mapping[str, Submission]] = {}

    def entry(self, kind: str, submission_id: str) -> Submission | None:
        """The submission a row of `kind` came with."""
        if kind not in self._by_kind:
            self._by_kind[kind] = {entry.submission_id: entry for entry in self._reader.snapshot.history(kind)}
        return self._by_kind[kind].get(submission_id)

    def of(self, kind: str, row: Mapping[str, Any]) -> Source:
        """Where a row of `kind` stands."""
        submission = str(row["_submission"])
        entry = self.entry(kind, submission)
        if entry is None:
            return Source(submission, "", int(row["_row"]), None)
        return Source(submission, entry.reporter, int(row["_row"]), entry.received_at)


def register_row(reader: Reader, firm: Firm) -> Row:
    """The firm's row in the register on the day looked at.

    Raises:
        NotFoundError: there is none that the viewer may know of.
    """
    found = firm.held("enterprise", reader.as_of)
    if not found:
        raise not_found()
    return found[0]


def identity(reader: Reader, firm: Firm) -> Identity:
    """All that says who the firm is.

    Raises:
        NotFoundError: there is no such firm that the viewer may know of.
    """
    row, sources = register_row(reader, firm), Sources(reader)
    shown = words.sees_persons(reader.viewer)
    names = person_names(reader, [row.get(field) for field in PERSONS])
    return Identity(
        id=firm.id,
        name=row["name"] or firm.id,
        region=words.region(row["region"]),
        industry=words.industry(row["industry"]),
        size=words.label("enterprise", "size", row["size"]),
        state=words.label("enterprise", "operating_state", row["operating_state"]),
        facts=tuple(_fact(field, row, names, shown) for field in FACTS if row.get(field) is not None),
        statuses=tuple(_statuses(reader, firm, sources)),
        groups=tuple(_groups(reader, firm)),
        source=sources.of("enterprise", row),
        platform=firm.reported("platform")
        and reader.value("SELECT 1 FROM platform WHERE enterprise_id = ?", [firm.id]) is not None,
    )


def _fact(field: str, row: Row, names: Mapping[str, str], shown: bool) -> Fact:
    shape, value = kinds()["enterprise"].fields[field], row[field]
    if field in PERSONS:
        person = words.is_person(value)
        name = row.get("controller_name") if field == "controller_id" else None
        name = name or names.get(value) or ""
        told = words.masked_name(name, shown=shown) if person else name
        return Fact(field, shape.label, f"{told} {words.masked_id(value, shown=shown)}".strip(), "text")
    if field == "industry":
        return Fact(field, shape.label, words.industry(value), "label")
    if shape.code_list or shape.type.value == "boolean":
        return Fact(field, shape.label, words.label("enterprise", field, value), "label")
    kind = {"money": "money", "integer": "number", "date": "date", "id": "code"}.get(shape.type.value, "text")
    return Fact(field, shape.label, value, "code" if field == "enterprise_id" else kind)


def person_names(reader: Reader, identifiers: Iterable[str | None]) -> dict[str, str]:
    """Names of persons and firms by identifier, as far as the viewer's scope has them."""
    wanted = sorted({one for one in identifiers if one})
    if not wanted:
        return {}
    found = reader.rows(
        "SELECT enterprise_id AS id, name FROM enterprise WHERE enterprise_id IN (SELECT unnest(?))"
        " UNION ALL SELECT person_id, name FROM person WHERE person_id IN (SELECT unnest(?))",
        [wanted, wanted],
    )
    return {row["id"]: row["name"] for row in found if row["name"]}


def _statuses(reader: Reader, firm: Firm, sources: Sources) -> Iterable[Status]:
    day = reader.as_of
    rows = sorted(firm.held("enterprise_status"), key=lambda row: row["status"])
    rows.sort(key=lambda row: row["valid_to"] or date.max, reverse=True)
    seen: set[tuple[str, date | None, date | None]] = set()
    for row in rows:
        key = (row["status"], row["valid_from"], row["valid_to"])
        if key in seen or (row["valid_from"] and row["valid_from"] > day):
            continue
        seen.add(key)
        until = row["valid_to"]
        state = "valid"
        if until is not None:
            left = (until - day).days
            state = "expired" if left <= 0 else "expiring" if left <= EXPIRING else "valid"
        yield Status(
            row["status"],
            words.label("enterprise_status", "status", row["status"]),
            row["certificate_no"] or "",
            row["issued_by"] or "",
            row["valid_from"],
            until,
            state,
            sources.of("enterprise_status", row),
        )


def _groups(reader: Reader, firm: Firm) -> list[Row]:
    """The connected groups the firm belongs to, with how many members the viewer can see."""
    from houfeng_desk.queries.penetration.groups import labels

    if not firm.reported("group_member"):
        return []
    rows = reader.rows(
        "SELECT m.group_id, any_value(g.name) AS name, any_value(g.head_id) AS head_id, any_value(m.role) AS role,"
        " (SELECT count(DISTINCT o.enterprise_id) FROM group_member o WHERE o.group_id = m.group_id) AS members"
        " FROM group_member m LEFT JOIN connected_group g ON g.group_id = m.group_id"
        " WHERE m.enterprise_id = ? GROUP BY m.group_id ORDER BY m.group_id",
        [firm.id],
    )
    return [
        {"label": label, "role": row["role"], "members": row["members"]}
        for row, label in zip(rows, labels(reader, rows), strict=True)
    ]
