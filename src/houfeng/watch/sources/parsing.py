"""Blocks of bytes and files to typed events: two roads with the same results.

The fast road (`scanning`, `plain`) takes the lines it understands as they stand; each line it does not goes the
slow road, through Python's own JSON, and comes back as an event or with what is wrong, where and what to do.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.draft import problems_json
from houfeng.book.intake.findings import Finding, raw_rows
from houfeng.book.intake.headers import find_field, names_of, place
from houfeng.book.model import Kind, Time, kinds
from houfeng.errors import Level, Problem, Text, UsageError, Where, did_you_mean
from houfeng.exchange.raw import ROW, RawTable, column_name
from houfeng.exchange.tables import read_tables
from houfeng.watch.journal.entries import OFFSET
from houfeng.watch.sources.objects import Texts, fields_of, kind_of, pairs_of
from houfeng.watch.sources.scanning import (
    ABSENT,
    BLANK,
    IGNORED,
    PLAIN,
    STRING,
    Bytes,
    Ints,
    kinds_of,
    lines_of,
    scan,
    table_of,
)
from houfeng.watch.sources.typed import Parsed, Raw, Typist, rejected_of

LINE_LIMIT = 1 << 20
"""Bytes of one line: no event is longer."""

_SHOWN = 4000  # characters of a bad line that are kept
_KEYS = 300  # spellings of keys that are learned for the fast road
_BOM = b"\xef\xbb\xbf"
_WIDTH = Text("检查分隔符和引号", "check the delimiters and the quotes")


def event_kinds() -> dict[str, Kind]:
    """The kinds whose rows are events, by name: what a stream may carry."""
    return {name: kind for name, kind in kinds().items() if kind.time is Time.EVENT}


def keys_of(kind: Kind) -> dict[str, str]:
    """Every key under which a field may stand in an object → the field: its name, labels, official code, aliases."""
    known: dict[str, str] = {}
    for sure in (True, False):
        for item in kind.fields.values():
            names = list(names_of(item))
            for name in names[:4] if sure else names[4:]:
                if name:
                    known.setdefault(name, item.name)
    return known


class _Kind:
    """What is needed to read the events of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.typist, self.known = kind, Typist(kind), keys_of(kind)
        self.columns = {name: i for i, name in enumerate(kind.fields)}
        self.named = len(self.columns)  # the plane of the key "kind" itself
        self.spellings = {json.dumps("kind")[1:-1].encode(): self.named}
        for key, name in self.known.items():
            for ascii_only in (True, False):
                self.spellings[json.dumps(key, ensure_ascii=ascii_only)[1:-1].encode()] = self.columns[name]
        self.table = table_of(self.spellings)

    def learn(self, spelling: bytes, target: int) -> None:
        self.spellings[spelling] = target
        self.table = table_of(self.spellings)


@dataclass
class Parser:
    """Reads the blocks of one source. `kind` is what its events are where they do not say so themselves.

    `unknown` holds the keys that mean no field (with the kind they stood in): they are left out, and it is a warning.
    """

    kind: str = ""
    limit: int = LINE_LIMIT
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._names = event_kinds()
        self._kinds: dict[str, _Kind] = {}
        if self.kind and self.kind not in self._names:
            near = did_you_mean(self.kind, self._names)
            raise UsageError(
                Text(f"{self.kind} 不是事件种类。{near.zh}", f"{self.kind} is no kind of event. {near.en}")
            )

    def lines(self, block: bytes, first: int, *, fast: bool = True) -> list[Parsed]:
        """The events of a block of JSON lines, one result for each kind. The offset of its line i is `first` + i."""
        buf, starts, ends = lines_of(block)
        lines = _Lines(block, starts, ends, first)
        slow = np.zeros(len(starts), np.bool_) if fast else np.ones(len(starts), np.bool_)
        slow |= (ends - starts > self.limit) | lines.undecodable()
        found: list[Parsed] = []
        for name, at, named in self._groups(lines, buf, np.flatnonzero(~slow)):
            if name not in self._names:
                slow[at] = True
            elif len(at):
                found += self._fast(self._of(name), lines, buf, at, named, slow)
        if slow.any():
            found += self._slow(lines, np.flatnonzero(slow))
        return merged(found)

    def file(self, path: Path, kind: str, after: int = 0) -> Iterator[list[Parsed]]:
        """The events of a delimited, Excel or Parquet file, batch by batch, past row `after`; rows count as Excel does.

        Raises:
            InputError: the file cannot be read as data.
            EnvironmentFault: no permission, or the disk failed.
        """
        held = self._of(kind)
        for table in read_tables(path, known=lambda header: bool(find_field(held.kind, header))):
            placed = place(held.kind, table.headers, {}, ())
            used = {column.index for column in placed.values()}
            for index, header in enumerate(table.headers):
                if index not in used and header:
                    self.unknown[kind, header] += 1
            for batch in table.batches():
                rows = batch.column(ROW).to_numpy()
                if len(rows) and rows[-1] > after:
                    batch = batch.slice(int(np.searchsorted(rows, after, "right")))
                    yield merged([self._batch(held, table, batch, placed)])

    def problems(self) -> list[Problem]:
        """What was let in with a doubt, counted: keys that mean no field, and warnings of values."""
        told = []
        for (kind, key), _ in sorted(self.unknown.items()):
            text = Text(f"{kind} 没有字段 {key}，该项略去", f"{kind} has no field {key}; it is left out")
            near = did_you_mean(key, self._of(kind).known)
            told.append(Problem("watch.unknown_field", text, Where(field=key), Level.WARNING, suggestion=near))
        for held in self._kinds.values():
            for (code, name), count in sorted(held.typist.warnings.items()):
                text = Text(f"{count} 行存疑，照收", f"{count} rows with a doubt, taken as they are")
                told.append(Problem(code, text, Where(field=name), Level.WARNING))
        return told

    def _of(self, name: str) -> _Kind:
        if name not in self._kinds:
            self._kinds[name] = _Kind(self._names[name])
        return self._kinds[name]

    def _groups(self, lines: _Lines, buf: Bytes, at: Ints) -> Iterator[tuple[str, Ints, Ints]]:
        """The lines `at` by the kind they seem to name, and where they name it (0: not at all)."""
        spans = np.zeros((len(at), 2), np.int32)
        if b'"kind"' not in lines.block:
            yield self.kind, at, spans[:, 0].astype(np.int64)
            return
        kinds_of(buf, lines.starts[at], lines.ends[at], spans)
        names = np.array([lines.block[a:b].decode() for a, b in spans.tolist()], object)
        for name in dict.fromkeys(names.tolist()):
            same = names == name
            yield name or self.kind, at[same], spans[same, 0].astype(np.int64)

    def _fast(self, held: _Kind, lines: _Lines, buf: Bytes, at: Ints, named: Ints, slow: Any) -> list[Parsed]:
        starts, ends = lines.starts[at], lines.ends[at]
        while True:
            spans = np.zeros((held.named + 1, len(at), 2), np.int32)
            what = np.zeros((held.named + 1, len(at)), np.int8)
            status = np.zeros(len(at), np.int8)
            unmet = scan(buf, starts, ends, *held.table, spans, what, status)
            if unmet < 0:
                break
            if len(held.spellings) >= _KEYS:
                slow[at] = True
                return []
            held.learn(*self._meaning(held, lines.block, int(unmet)))
        kind = what[held.named]
        told = ((kind == STRING) & (spans[held.named, :, 0] == named)) | ((kind == ABSENT) & (named == 0))
        good = (status == PLAIN) & told
        slow[at[~good & (status != BLANK)]] = True
        if not good.all():
            at, spans, what = at[good], np.ascontiguousarray(spans[:, good]), np.ascontiguousarray(what[:, good])
        return [held.typist.spans(buf, spans, what, lines.first + at, lines.raw(at))] if len(at) else []

    def _meaning(self, held: _Kind, block: bytes, key: int) -> tuple[bytes, int]:
        """What a key met for the first time means: the column of a field, or nothing (and that is noted)."""
        end = key
        while block[end] != 34:
            end += 2 if block[end] == 92 else 1
        spelling = block[key:end]
        text = json.loads(b'"' + spelling + b'"')
        if text == "kind":
            return spelling, held.named
        if text not in held.known:
            self.unknown[held.kind.name, text] += 1
        return spelling, held.columns.get(held.known.get(text, ""), IGNORED)

    def _slow(self, lines: _Lines, at: Ints) -> list[Parsed]:
        """One line after the other; what is wrong with a line is told, all of it."""
        objects: dict[str, list[tuple[int, Texts, list[Problem]]]] = {}
        bad: dict[str, list[tuple[int, list[Problem]]]] = {}
        for i in at.tolist():
            line = lines.line(i)
            if not line.strip(b" \t\r"):
                continue
            name, texts, problems = self._event(line)
            if texts is None:
                bad.setdefault(name, []).append((i, problems))
            else:
                objects.setdefault(name, []).append((i, texts, problems))
        found = []
        for name, some in objects.items():
            found.append(self._typed(self._of(name), lines, some))
        for name, wrong in bad.items():
            where = np.array([i for i, _ in wrong], np.int64)
            told = [problems_json(problems) for _, problems in wrong]
            schema = self._of(name).typist.schema if name else pa.schema([(OFFSET, pa.int64())])
            rejected = rejected_of(lines.first + where, lines.raw(where)(np.arange(len(where))), told)
            found.append(Parsed(name, schema.empty_table(), rejected))
        return found

    def _typed(self, held: _Kind, lines: _Lines, some: Sequence[tuple[int, Texts, list[Problem]]]) -> Parsed:
        where = np.array([i for i, _, _ in some], np.int64)
        fields = [name for name in held.columns if any(name in texts for _, texts, _ in some)]
        columns = {name: pa.array([texts.get(name) for _, texts, _ in some], pa.string()) for name in fields}
        findings = [
            Finding(p.code, p.level, p.where.field, p.where.field, np.array([k]), [p.value], p.message, p.suggestion)
            for k, (_, _, problems) in enumerate(some)
            for p in problems
        ]
        return held.typist.texts(columns, lines.first + where, lines.raw(where), findings)

    def _event(self, line: bytes) -> tuple[str, Texts | None, list[Problem]]:
        """The kind, the texts and the problems of one line; no texts where it is no event at all."""
        pairs = pairs_of(line, self.limit)
        if isinstance(pairs, Problem):
            return self.kind, None, [pairs]
        name = kind_of(pairs, self.kind, self._names)
        if isinstance(name, Problem):
            return self.kind, None, [name]
        texts, problems, unknown = fields_of(pairs, self._of(name).known)
        self.unknown.update((name, key) for key in unknown)
        return name, texts, problems

    def _batch(self, held: _Kind, table: RawTable, batch: pa.RecordBatch, placed: Mapping[str, Any]) -> Parsed:
        rows = batch.column(ROW).to_numpy()
        findings = []
        if table.rejected:
            for position, row in enumerate(rows.tolist()):
                if why := table.rejected.get(row):
                    at = np.array([position])
                    findings.append(Finding("intake.row_width", Level.ERROR, "", "", at, [""], why, _WIDTH))
        columns = {name: batch.column(column_name(column.index)) for name, column in placed.items()}
        return held.typist.texts(columns, rows, lambda at: raw_rows(batch, at, table.headers), findings, placed)


@dataclass(frozen=True)
class _Lines:
    """The lines of a block: where they begin and end, and the offset of the first."""

    block: bytes
    starts: Ints
    ends: Ints
    first: int

    def line(self, i: int) -> bytes:
        line = self.block[self.starts[i] : self.ends[i]]
        return line.removeprefix(_BOM) if self.starts[i] == 0 else line

    def raw(self, at: Ints) -> Raw:
        """The text of the lines `at`, cut where it is very long."""
        return lambda some: [self.line(int(i))[:_SHOWN].decode("utf-8", "replace") for i in at[some]]

    def undecodable(self) -> Any:
        """Which lines are not UTF-8."""
        bad = np.zeros(len(self.starts), np.bool_)
        try:
            if not self.block.isascii():
                self.block.decode("utf-8")
        except UnicodeDecodeError:
            for i in range(len(bad)):
                try:
                    self.line(i).decode("utf-8")
                except UnicodeDecodeError:
                    bad[i] = True
        return bad


def merged(found: Sequence[Parsed]) -> list[Parsed]:
    """One result for each kind, its rows by offset."""
    together = []
    for name in dict.fromkeys(part.kind for part in found):
        same = [part for part in found if part.kind == name]
        if len(same) == 1:
            together.append(same[0])
            continue
        rows = pa.concat_tables([part.rows for part in same]).combine_chunks().sort_by(OFFSET)
        rejected = pa.concat_tables([part.rejected for part in same]).combine_chunks().sort_by("offset")
        together.append(Parsed(name, rows, rejected))
    return [part for part in together if part.rows.num_rows or part.rejected.num_rows]
