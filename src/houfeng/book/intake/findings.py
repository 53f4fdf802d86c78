"""What is found wrong, by column and position, and the quarantine made of it.

A finding covers many rows at once; only what is shown to a person becomes a `Problem` each, and at most a thousand do.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.book.draft import QUARANTINE
from houfeng.errors import Level, Problem, Text, Where
from houfeng.exchange.raw import ROW

SHOWN = 1000
_PER_KIND = 100  # of one (code, field), so that one column cannot hide the others
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Finding:
    """The same thing wrong in one field of several rows: positions in the batch and, for each, the value found."""

    code: str
    level: Level
    field: str
    header: str
    at: Positions
    values: Sequence[str]
    message: Text
    suggestion: Text = Text("", "")


@dataclass
class Ledger:
    """Collects problems for showing, and counts all of them."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _said: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, problem: Problem, times: int = 1) -> None:
        """Count a problem `times` times; keep it where there is room. Notes are always kept."""
        key = (problem.code, problem.where.field)
        before = self.counts[key]
        self.counts[key] += times
        if problem.level is Level.NOTE or (before < _PER_KIND and len(self.problems) < SHOWN):
            self.problems.append(problem)

    def once(self, problem: Problem) -> None:
        """Say something about a whole column or table, one time."""
        key = (problem.code, problem.where.file, problem.where.sheet, problem.where.field, problem.message.en)
        if key not in self._said:
            self._said.add(key)
            self.add(problem)

    def take(self, finding: Finding, rows: NDArray[np.int64], sheet: str, file: str = "") -> None:
        """Show the first rows of a finding and count the others. `rows` are the batch's source row numbers."""
        key = (finding.code, finding.field)
        room = max(min(_PER_KIND - self.counts[key], SHOWN - len(self.problems)), 0)
        for position, value in list(zip(finding.at[:room], finding.values, strict=False)):
            where = Where(file or self.file, sheet=sheet, row=int(rows[position]), field=finding.field)
            self.problems.append(
                Problem(finding.code, finding.message, where, finding.level, value, finding.suggestion)
            )
        self.counts[key] += len(finding.at)


def unique_headers(headers: Sequence[str]) -> list[str]:
    """Header texts as keys: an empty or repeated one gets its column's number."""
    seen: set[str] = set()
    keys = []
    for number, header in enumerate(headers, 1):
        key = header if header and header not in seen else f"{header}#{number}"
        seen.add(key)
        keys.append(key)
    return keys


def raw_rows(batch: pa.RecordBatch, at: Positions, headers: Sequence[str]) -> list[str]:
    """The cells of some rows as found, each row a JSON object header → text."""
    chosen = batch.take(pa.array(at))
    columns = [
        column.cast(pa.string()).to_pylist()
        if not pa.types.is_nested(column.type)
        else [str(v) for v in column.to_pylist()]
        for column in chosen.columns[:-1]
    ]
    keys = unique_headers(headers)
    if not columns:
        return ["{}"] * len(at)
    return [
        json.dumps(dict(zip(keys, (c or "" for c in cells), strict=False)), ensure_ascii=False)
        for cells in zip(*columns, strict=True)
    ]


def fragments(findings: Sequence[Finding]) -> dict[int, list[str]]:
    """Position → its problems as JSON objects, of all findings that keep a row out."""
    found: dict[int, list[str]] = {}
    for finding in findings:
        if finding.level is not Level.ERROR:
            continue
        head, tail = _json_parts(finding)
        for position, value in zip(finding.at.tolist(), finding.values, strict=True):
            found.setdefault(position, []).append(f"{head}{json.dumps(value, ensure_ascii=False)}{tail}")
    return found


def _json_parts(finding: Finding) -> tuple[str, str]:
    head = {"code": finding.code, "level": finding.level.value, "field": finding.field, "header": finding.header}
    tail = {
        "message": {"zh": finding.message.zh, "en": finding.message.en},
        "suggestion": {"zh": finding.suggestion.zh, "en": finding.suggestion.en},
    }
    first = json.dumps(head, ensure_ascii=False)[:-1] + ', "value": '
    return first, ", " + json.dumps(tail, ensure_ascii=False)[1:]


def quarantine_of(
    batch: pa.RecordBatch, sheet: str, headers: Sequence[str], findings: Sequence[Finding]
) -> tuple[Positions, pa.Table]:
    """Positions of the bad rows of a batch, and their quarantine table."""
    found = fragments(findings)
    at = np.array(sorted(found), dtype=np.int64)
    if not len(at):
        return at, QUARANTINE.empty_table()
    rows = batch.column(ROW).take(pa.array(at))
    problems = [f"[{', '.join(found[position])}]" for position in at.tolist()]
    return at, pa.Table.from_arrays(
        [rows, pa.array([sheet] * len(at), pa.string()), pa.array(raw_rows(batch, at, headers)), pa.array(problems)],
        schema=QUARANTINE,
    )
