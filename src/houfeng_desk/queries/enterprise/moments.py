"""When the book learned what about a firm, and what two moments of knowledge say differently of the same day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from houfeng.book.model import Time, kinds
from houfeng.book.storage.manifest import Submission
from houfeng.errors import Text
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import Firm, Row
from houfeng_desk.queries.enterprise.identity import Source, Sources
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.reader import Reader

TOLD = (
    "enterprise", "enterprise_status", "loan", "loan_balance", "credit_line", "guarantee", "collateral", "holding",
    "group_member", "financial_statement", "public_record", "registration_change", "loan_flow", "account_flow",
    "invoice",
)  # fmt: skip
"""Kinds whose news about a firm are told, in this order."""

COUNTED = frozenset({"loan_flow", "account_flow", "invoice"})
"""Kinds of so many rows that only their number is told."""

UNSAID = frozenset({"period", "valid_from"})
PERSONAL = frozenset({"legal_representative_id", "controller_id", "controller_name", "holder_id", "phone"})
MOST = 60


@dataclass(frozen=True)
class Moment:
    """What one reporter told about the firm at one moment: kinds with their periods, and how many records."""

    at: datetime
    reporter: str
    reporter_name: str
    parts: tuple[tuple[Text, date | None], ...]
    rows: int
    submission_id: str

    @property
    def kinds(self) -> Text:
        """The kinds, each once."""
        labels = list(dict.fromkeys(label for label, _ in self.parts))
        return Text("、".join(label.zh for label in labels), ", ".join(label.en.lower() for label in labels))

    @property
    def periods(self) -> str:
        """The periods, each once."""
        return ", ".join(dict.fromkeys(str(period) for _, period in self.parts if period is not None))


@dataclass(frozen=True)
class Difference:
    """One thing that is known differently: a new record, one that is gone, or a field with another value."""

    kind: str
    label: Text
    key: str
    what: str
    field: Text
    before: Any
    after: Any
    unit: str
    source: Source | None


def moments(reader: Reader, firm: Firm) -> list[Moment]:
    """When the submissions in force that say something about the firm came, the newest first."""
    names, sources = bank_names(reader), Sources(reader)
    together: dict[tuple[datetime, str], list[tuple[Submission, int]]] = defaultdict(list)
    for kind, submission, number in firm.counted(TOLD):
        entry = sources.entry(kind, submission)
        if entry is not None:
            together[(entry.received_at, entry.reporter)].append((entry, number))
    found = [
        Moment(
            at,
            reporter,
            names.get(reporter, reporter),
            tuple((kinds()[entry.kind].label, entry.period) for entry, _ in parts),
            sum(number for _, number in parts),
            parts[0][0].submission_id,
        )
        for (at, reporter), parts in together.items()
    ]
    return sorted(found, key=lambda moment: (moment.at, moment.reporter), reverse=True)


def differences(reader: Reader, earlier: Firm, later: Firm) -> list[Difference]:
    """What `later` says of the day looked at that `earlier` did not say, or said otherwise."""
    sources, shown = Sources(reader), words.sees_persons(reader.viewer)
    return [one for kind in TOLD for one in _of_kind(kind, reader.as_of, earlier, later, sources, shown)]


def _of_kind(kind: str, day: date, earlier: Firm, later: Firm, sources: Sources, shown: bool) -> Iterator[Difference]:
    shape = kinds()[kind]
    key = [*shape.key, *(["period"] if shape.time is Time.PERIOD else [])]
    before, after = ({tuple(row[k] for k in key): row for row in firm.of(kind, as_of=day)} for firm in (earlier, later))
    new, gone = [k for k in after if k not in before], [k for k in before if k not in after]
    if kind in COUNTED:
        if new or gone:
            number = Text("记录数", "Records")
            yield Difference(kind, shape.label, "", "changed", number, len(before), len(after), "", None)
        return
    for what, keys, rows in (("new", new, after), ("gone", gone, before)):
        for one in sorted(keys, key=str)[:MOST]:
            told = words.masked_id(str(one[0]), shown=shown) if kind == "holding" else _key(one, later.id)
            where = sources.of(kind, rows[one]) if what == "new" else None
            headline = _headline(kind, rows[one])
            old, new_ = (None, headline) if what == "new" else (headline, None)
            yield Difference(kind, shape.label, told, what, Text("", ""), old, new_, "", where)
    for one in sorted(set(before) & set(after), key=str):
        yield from _fields(kind, one, before[one], after[one], later.id, sources, shown)


def _fields(
    kind: str, key: Sequence[Any], before: Row, after: Row, firm_id: str, sources: Sources, shown: bool
) -> Iterator[Difference]:
    for field in kinds()[kind].fields.values():
        if before[field.name] != after[field.name] and field.name not in UNSAID:
            old, new = (_said(kind, field.name, row[field.name], shown) for row in (before, after))
            yield Difference(
                kind, kinds()[kind].label, _key(key, firm_id), "changed", field.label, old, new, field.unit,
                sources.of(kind, after),
            )  # fmt: skip


def _key(parts: Sequence[Any], firm_id: str) -> str:
    return " · ".join(str(part) for part in parts if part is not None and part != firm_id)


def _said(kind: str, field: str, value: Any, shown: bool) -> Any:
    if field in PERSONAL and isinstance(value, str):
        return words.masked_name(value, shown=shown) if field.endswith("name") else words.masked_id(value, shown=shown)
    shape = kinds()[kind].fields[field]
    return words.label(kind, field, value) if shape.code_list or isinstance(value, bool) else value


def _headline(kind: str, row: Row) -> Any:
    """The one value that says most of a record."""
    for field in ("balance_cny", "line_total", "amount_cny", "amount", "principal", "total_assets", "share"):
        if row.get(field) is not None:
            return row[field]
    for field in ("status", "record_type", "item"):
        if row.get(field):
            return words.label(kind, field, row[field])
    return row.get("name")
