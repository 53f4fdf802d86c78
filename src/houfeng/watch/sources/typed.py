"""From texts to the rows of one kind, and the bad ones set aside with what was found.

What a value means is said once, in `houfeng.book.intake`: a row is read alike from a monthly file and from a stream.
The plain spellings go a faster way (`plain`), to the same values.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from numpy.typing import NDArray
from sqlglot import exp

from houfeng.book.connection import scratch
from houfeng.book.intake.codes import Codes
from houfeng.book.intake.findings import Finding, Positions, fragments
from houfeng.book.intake.headers import Column
from houfeng.book.intake.values import Reader
from houfeng.book.model import ARROW, Field, Kind, Type, code_lists
from houfeng.errors import Level, Text
from houfeng.watch.journal.entries import INSTANT, OFFSET, REJECTED
from houfeng.watch.sources import direct, plain
from houfeng.watch.sources.scanning import ABSENT, NULL, Bytes, Ints, Marks, Spans, gather

Raw = Callable[[Positions], list[str]]
"""Gives what was found in some rows, for people."""

_SIZES = {Type.MONEY: (18, 2), Type.RATE: (5, 5), Type.NUMBER: (15, 5)}  # digits before the point, after it
_REQUIRED = Text("必填字段为空", "a required field is empty")
_FILL = Text("补填后再报", "fill it in and send it again")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read: good rows (the kind's fields, `_offset`, `_t`) and bad ones (`REJECTED`), by offset."""

    kind: str
    rows: pa.Table
    rejected: pa.Table


@dataclass
class Typist:
    """Types the rows of one kind, block by block; remembers texts it has met."""

    kind: Kind
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)  # (code, field) → rows let in with a doubt

    def __post_init__(self) -> None:
        self._reader = Reader(Codes(code_lists()))
        self._columns = {f.name: Column(i, f.name, f) for i, f in enumerate(self.kind.fields.values())}
        self.schema = pa.schema([*self.kind.schema(), pa.field(OFFSET, pa.int64()), pa.field(INSTANT, pa.int64())])

    def texts(
        self,
        columns: Mapping[str, pa.Array],
        offsets: Ints,
        raw: Raw,
        found: Sequence[Finding] = (),
        placed: Mapping[str, Column] | None = None,
    ) -> Parsed:
        """Rows given as columns of text (a field may lack); `found` is what was wrong before, `placed` tells units."""
        count = len(offsets)
        values: dict[str, pa.Array] = {}
        findings = list(found)
        for name, column in self._columns.items():
            if name in columns:
                values[name], more = self._cells((placed or self._columns)[name], columns[name])
                findings += more
            else:
                values[name] = pa.nulls(count, ARROW[column.field.type])
        return self._finish(values, findings, offsets, raw)

    def spans(self, buf: Bytes, spans: Spans, what: Marks, offsets: Ints, raw: Raw) -> Parsed:
        """Rows given as places in bytes, one plane of `spans` and `what` for each field in order."""
        values: dict[str, pa.Array] = {}
        findings: list[Finding] = []
        for i, (name, column) in enumerate(self._columns.items()):
            if not what[i].any():
                values[name] = pa.nulls(len(offsets), ARROW[column.field.type])
            else:
                values[name], more = self._plain(column, buf, spans[i], what[i])
                findings += more
        return self._finish(values, findings, offsets, raw)

    def _plain(self, column: Column, buf: Bytes, spans: Spans, what: Marks) -> tuple[pa.Array, list[Finding]]:
        item = column.field
        if item.type is Type.CODE:
            return self._reader.read(column, _texts(buf, spans, what)[0])
        if item.type in (Type.ID, Type.TEXT):
            values, ok = _identifiers(item, buf, spans, what)
        else:
            values, ok = _fixed(item, buf, spans, what)
        return self._mended(column, values, ok, lambda odd: _texts(buf, spans[odd], what[odd])[0])

    def _cells(self, column: Column, cells: pa.Array) -> tuple[pa.Array, list[Finding]]:
        found = direct.typed(column, cells)
        if found is None:
            return self._reader.read(column, cells)
        return self._mended(column, *found, lambda odd: cells.take(pa.array(odd)))

    def _mended(
        self, column: Column, values: pa.Array, ok: Bytes, texts_of: Callable[[Positions], pa.Array]
    ) -> tuple[pa.Array, list[Finding]]:
        """Values of which those that are not `ok` are read as texts."""
        odd = np.flatnonzero(ok == 0)
        if not len(odd):
            return values, []
        read, findings = self._reader.read(column, texts_of(odd))
        values = read if len(odd) == len(ok) else pc.replace_with_mask(values, pa.array(ok == 0), read)
        return values, [replace(f, at=odd[f.at]) for f in findings]

    def _finish(self, columns: dict[str, pa.Array], findings: list[Finding], offsets: Ints, raw: Raw) -> Parsed:
        self._fill_cny(columns)
        self._required(columns, findings)
        instants = _instants(columns[self.kind.time_field])
        typed = pa.Table.from_arrays([*columns.values(), pa.array(offsets), instants], schema=self.schema)
        findings += self._checks(typed)
        for finding in findings:
            if finding.level is not Level.ERROR:
                self.warnings[finding.code, finding.field] += len(finding.at)
        bad = fragments(findings)
        if not bad:
            return Parsed(self.kind.name, typed, REJECTED.empty_table())
        at = np.array(sorted(bad), np.int64)
        problems = [f"[{', '.join(bad[i])}]" for i in at.tolist()]
        keep = np.ones(typed.num_rows, np.bool_)
        keep[at] = False
        return Parsed(self.kind.name, typed.filter(pa.array(keep)), rejected_of(offsets[at], raw(at), problems))

    def _fill_cny(self, columns: dict[str, pa.Array]) -> None:
        """An amount in CNY that is not given is the amount itself, where the currency is CNY or not said."""
        for item in self.kind.fields.values():
            if item.in_cny_of and columns[item.name].null_count:
                native = pc.fill_null(pc.equal(columns["currency"], "CNY"), True)
                filled = pc.coalesce(columns[item.name], columns[item.in_cny_of])
                columns[item.name] = pc.if_else(native, filled, columns[item.name])

    def _required(self, columns: Mapping[str, pa.Array], findings: list[Finding]) -> None:
        for item in self.kind.fields.values():
            if not (item.required and columns[item.name].null_count):
                continue
            empty = _true_at(columns[item.name].is_null())
            for told in [f.at for f in findings if f.field in (item.name, "") and f.level is Level.ERROR]:
                empty = np.setdiff1d(empty, told)
            if len(empty):
                blank = [""] * len(empty)
                findings.append(
                    Finding("intake.required", Level.ERROR, item.name, item.name, empty, blank, _REQUIRED, _FILL)
                )

    def _checks(self, typed: pa.Table) -> list[Finding]:
        """The kind's own checks: SQL conditions over the typed row, all in one scan."""
        checks = self.kind.checks
        if not typed.num_rows or not any(suspects(check.when, typed) for check in checks):
            return []
        numbered = typed.append_column("_at", pa.array(np.arange(typed.num_rows)))
        flags = ", ".join(f"coalesce(({check.when}), false) AS f{i}" for i, check in enumerate(checks))
        some = " OR ".join(f"({check.when})" for check in checks)
        with scratch() as connection:
            connection.register("batch", numbered)
            found = connection.sql(f"SELECT _at, {flags} FROM batch WHERE {some} ORDER BY _at").to_arrow_table()
            connection.unregister("batch")
        findings = []
        for i, check in enumerate(checks):
            at = found.column("_at").to_numpy()[_true_at(found.column(f"f{i}"))]
            if len(at):
                some_rows = typed.select(list(check.fields)).take(pa.array(at)).to_pylist()
                values = [", ".join(f"{k}={v}" for k, v in row.items() if v is not None) for row in some_rows]
                first = check.fields[0] if check.fields else ""
                code, level = f"{self.kind.name}.{check.code}", Level(check.level)
                findings.append(Finding(code, level, first, first, at, values, check.reason, check.suggestion))
        return findings


@functools.cache
def _tree(condition: str) -> exp.Expr:
    return sqlglot.parse_one(condition, read="duckdb")


def suspects(condition: str, rows: pa.Table) -> bool:
    """Whether a check's condition may be true of any row, so that DuckDB has to look.

    A question to DuckDB takes milliseconds, which blocks of a few events would feel; what it is asked of is rare.
    """
    value = _value(_tree(condition), rows)
    return value is None or pc.any(value).as_py() is True


_TWO: Mapping[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.And: pc.and_kleene,
    exp.Or: pc.or_kleene,
    exp.LT: pc.less,
    exp.LTE: pc.less_equal,
    exp.GT: pc.greater,
    exp.GTE: pc.greater_equal,
    exp.EQ: pc.equal,
    exp.Sub: pc.subtract,
    exp.Add: pc.add,
}


def _value(tree: exp.Expr, rows: pa.Table) -> Any:
    """The value of a simple SQL expression over `rows`; nothing where it is not one of the few known here."""
    if isinstance(tree, exp.Column):
        return rows.column(tree.name)
    if isinstance(tree, exp.Literal):
        return pa.scalar(tree.name) if tree.is_string else pa.scalar(Decimal(tree.name))
    parts = [_value(part, rows) for part in tree.iter_expressions() if not isinstance(part, exp.Null)]
    if any(part is None for part in parts):
        return None
    if isinstance(tree, exp.Paren):
        return parts[0]
    if isinstance(tree, exp.Abs):
        return pc.abs(parts[0])
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        return parts[0].is_null()
    return _TWO[type(tree)](*parts) if type(tree) in _TWO and len(parts) == 2 else None


def rejected_of(offsets: Ints, raw: list[str], problems: list[str]) -> pa.Table:
    """A table of bad rows; a row's number is its offset, which counts rows from 1 in files and lines."""
    at = pa.array(offsets, pa.int64())
    return pa.Table.from_arrays([at, at, pa.array(raw, pa.string()), pa.array(problems, pa.string())], schema=REJECTED)


def _true_at(mask: pa.Array | pa.ChunkedArray) -> Positions:
    found: Positions = np.flatnonzero(np.asarray(mask.to_numpy(zero_copy_only=False))).astype(np.int64)
    return found


def _instants(column: pa.Array) -> pa.Array:
    """Whole seconds since 1970-01-01 00:00 of a day (its midnight) or a moment."""
    if pa.types.is_date32(column.type):
        return pc.multiply(column.cast(pa.int32()).cast(pa.int64()), 86_400)
    return column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())


def _texts(buf: Bytes, spans: Spans, what: Marks) -> tuple[pa.Array, Bytes, Spans, Bytes]:
    """The texts of a column, with their bytes, places and validity."""
    room = int((spans[:, 1].astype(np.int64) - spans[:, 0]).sum())
    out, places, valid = np.empty(room, np.uint8), np.empty(len(what) + 1, np.int32), np.empty(len(what), np.uint8)
    size = gather(buf, spans, what, out, places, valid)
    parts = [_bitmap(valid), pa.py_buffer(places), pa.py_buffer(out[:size])]
    return pa.StringArray.from_buffers(len(what), parts[1], parts[2], parts[0]), out, places, valid


def _bitmap(valid: NDArray[np.uint8]) -> pa.Buffer | None:
    return None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))


def _identifiers(item: Field, buf: Bytes, spans: Spans, what: Marks) -> tuple[pa.Array, Bytes]:
    values, out, places, valid = _texts(buf, spans, what)
    return values, direct.identifiers(item, out, places, valid)


def _fixed(item: Field, buf: Bytes, spans: Spans, what: Marks) -> tuple[pa.Array, Bytes]:
    """Numbers, truth values, days and moments: the plain ones, and which those are."""
    values, ok = np.zeros(len(what), np.int64), np.empty(len(what), np.uint8)
    kind = ARROW[item.type]
    if item.type in _SIZES:
        plain.decimals(buf, spans, what, *_SIZES[item.type], values, ok)
        wide = np.empty((len(values), 2), np.int64)
        wide[:, 0], wide[:, 1] = values, values >> 63
        data = pa.py_buffer(wide)
    elif item.type is Type.INTEGER:
        plain.decimals(buf, spans, what, 18, 0, values, ok)
        data = pa.py_buffer(values)
    elif item.type is Type.BOOLEAN:
        plain.booleans(what, values, ok)
        data = pa.py_buffer(np.packbits(values.astype(np.uint8), bitorder="little"))
    elif item.type is Type.DATE:
        plain.days(buf, spans, what, values, ok)
        data = pa.py_buffer(values.astype(np.int32))
    else:
        plain.moments(buf, spans, what, values, ok)
        data = pa.py_buffer(values)
    valid = ((what != ABSENT) & (what != NULL) & (ok == 1)).astype(np.uint8)
    return pa.Array.from_buffers(kind, len(values), [_bitmap(valid), data]), ok
