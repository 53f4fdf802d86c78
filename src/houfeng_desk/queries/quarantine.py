"""Bad rows: what was wrong by code and field, the rows as sent, and the workbook with their cells marked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.book.storage.manifest import Submission
from houfeng.book.store import Book
from houfeng.errors import Text
from houfeng.exchange.workbook import Mark, MarkedRow, write_marked


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a bad row: the cell's header as sent, the value, why it will not do, and what to do."""

    code: str
    field: str
    field_label: Text
    header: str
    value: str
    message: Text
    suggestion: Text


@dataclass(frozen=True)
class BadRow:
    """One row as it was sent."""

    row: int
    sheet: str
    cells: dict[str, str]
    faults: tuple[Fault, ...]

    @property
    def marked(self) -> set[str]:
        """The headers of its bad cells."""
        return {fault.header for fault in self.faults if fault.header}


@dataclass(frozen=True)
class Group:
    """How often the same thing is wrong in the same field, with one example."""

    code: str
    field: str
    field_label: Text
    count: int
    message: Text
    suggestion: Text
    example: str


@dataclass(frozen=True)
class Quarantine:
    """The bad rows of one submission."""

    rows: tuple[BadRow, ...]
    groups: tuple[Group, ...]

    def with_code(self, code: str, field: str) -> list[BadRow]:
        """The rows in which a code was found; all where none is given."""
        if not code:
            return list(self.rows)
        return [row for row in self.rows if any(f.code == code and (not field or f.field == field) for f in row.faults)]


def quarantine(book: Book, entry: Submission) -> Quarantine:
    """The bad rows of a submission that its viewer has been found to be allowed to see."""
    if not entry.quarantined:
        return Quarantine((), ())
    rows = tuple(read_rows(entry.kind, book.quarantine([entry.submission_id])))
    return Quarantine(rows, tuple(_groups(rows)))


def read_rows(kind: str, table: pa.Table) -> Iterator[BadRow]:
    """The rows of a quarantine table."""
    return (_row(kind, raw) for raw in table.to_pylist())


def _row(kind: str, raw: dict[str, Any]) -> BadRow:
    faults = tuple(_fault(kind, said) for said in json.loads(raw["problems"]))
    cells = {str(header): str(value) for header, value in json.loads(raw["raw"]).items()}
    return BadRow(int(raw["row"]), raw["sheet"] or "", cells, faults)


def _fault(kind: str, said: dict[str, Any]) -> Fault:
    shape = kinds()[kind].fields.get(said.get("field") or "")
    return Fault(
        said["code"],
        said.get("field") or "",
        shape.label if shape else Text(said.get("field") or "", said.get("field") or ""),
        said.get("header") or "",
        str(said.get("value") or ""),
        Text(**said["message"]),
        Text(**said["suggestion"]),
    )


def _groups(rows: tuple[BadRow, ...]) -> Iterator[Group]:
    counts: Counter[tuple[str, str]] = Counter((f.code, f.field) for row in rows for f in row.faults)
    first = {(f.code, f.field): f for row in reversed(rows) for f in reversed(row.faults)}
    for (code, field), count in counts.most_common():
        fault = first[(code, field)]
        yield Group(code, field, fault.field_label, count, fault.message, fault.suggestion, fault.value)


def write_workbook(found: Quarantine, path: Path, lang: str) -> int:
    """Write the bad rows as a workbook with marked cells, to be corrected and sent back. Gives their number."""
    return write_marked(path, (_marked(row, lang) for row in found.rows), lang=lang)


def _marked(row: BadRow, lang: str) -> MarkedRow:
    marks = tuple(Mark(f.header, f.message.get(lang), f.suggestion.get(lang)) for f in row.faults)
    return MarkedRow(row.row, row.cells, marks)
