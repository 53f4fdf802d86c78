"""Which rows are let in: nothing from the future, no unknown key, nothing twice; and which of them come too late.

A function of the rows in order of arrival, of the clock, and of what came before: the same rows in other blocks get the
same answers. Ids are remembered while their instant is open, so memory is bounded by rate times lateness.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numba as nb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.book.draft import problems_json
from houfeng.book.model import Kind, kinds
from houfeng.clock import Clock
from houfeng.errors import Problem, Text, Where
from houfeng.watch.journal.entries import INSTANT, LATE, OFFSET
from houfeng.watch.journal.watermark import BEGINNING, FAR, Watermark
from houfeng.watch.sources.queue import Incoming
from houfeng.watch.sources.typed import rejected_of

Known = Callable[[str, pa.Table], NDArray[np.bool_]]
"""Says of each row of a kind whether its key is one the book knows."""

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]

TAKEN, TWICE, DIFFERS, JUMPS, FUTURE, UNKNOWN = 0, 1, 2, 3, 4, 5
EPOCH = datetime(1970, 1, 1)
MEMORY = pa.schema([(n, pa.uint64()) for n in ("id", "id2", "content")] + [("t", pa.int64())])
"""What is remembered of each event whose instant is open: its id, what it said, when it happened."""

_REASONS = {
    DIFFERS: (
        "watch.duplicate_differs",
        Text("编号已收过，内容不同", "this id came before with other content"),
        Text("更正用新的编号，或按批报送", "send a correction under a new id, or as a file"),
    ),
    JUMPS: (
        "watch.jump",
        Text("时间突然超前，疑为发送方时钟有误", "time leaps ahead: the sender's clock is probably wrong"),
        Text("核对时钟；若属实，加大 max_gap", "check the clock; if it is right, raise max_gap"),
    ),
    FUTURE: (
        "watch.future",
        Text("时间在将来", "the time lies in the future"),
        Text("核对发送方时钟和时区", "check the sender's clock and time zone"),
    ),
    UNKNOWN: (
        "watch.unknown_key",
        Text("账簿里没有这个对象", "the book does not know whom this is about"),
        Text("先报送名单，或核对代码", "submit the register first, or check the code"),
    ),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """Rows let in (an event batch, with `_late`), rows turned away, and how many of what."""

    source: str
    kind: str
    rows: pa.Table
    rejected: pa.Table
    late: int
    duplicates: int
    first: int
    last: int
    key: str = ""


@dataclass
class Admission:
    """Lets rows in. `future` and `max_gap` are seconds; `remember` keeps ids that long after their instant closed."""

    watermark: Watermark
    clock: Clock
    known: Known | None = None
    future: int = 300
    max_gap: int | None = None
    remember: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (source, what) → rows

    def __post_init__(self) -> None:
        self._table = np.zeros((4, 1 << 10), np.uint64)  # id, id2 (0: free), content, t
        self._held = 0

    def admit(self, items: Sequence[Incoming]) -> list[Admitted]:
        """Each item with what became of its rows. A block's items go in together; several blocks may, and cost less."""
        results: list[Admitted] = []
        for source, some in itertools.groupby(items, lambda item: item.source):
            group = list(some)
            full = [item for item in group if item.rows.num_rows]
            parts = {
                name: _Part(kinds()[name], [item.rows for item in full if item.kind == name])
                for name in dict.fromkeys(item.kind for item in full)
            }
            if parts:
                self._judge(source, list(parts.values()))
            results += [self._result(item, parts.get(item.kind)) for item in group]
        return results

    def _judge(self, source: str, parts: Sequence[_Part]) -> None:
        """Give every row its verdict, and mark the late ones, all in the order of their offsets."""
        limit = (self.clock() + timedelta(seconds=self.future) - EPOCH) // timedelta(seconds=1)
        for part in parts:
            part.verdicts[part.t > limit] = FUTURE
            if self.known is not None:
                part.verdicts[(part.verdicts == TAKEN) & ~self.known(part.kind.name, part.rows)] = UNKNOWN
        order = np.argsort(np.concatenate([p.offsets for p in parts]), kind="stable") if len(parts) > 1 else None
        t, ids, id2s, contents, verdicts = (
            _ordered([getattr(p, name) for p in parts], order) for name in ("t", "ids", "id2s", "contents", "verdicts")
        )
        self._make_room(len(t))
        reached, others = self._standing(source)
        gap = FAR if self.max_gap is None else self.max_gap
        mark = self.watermark
        self._held += _judge_rows(
            t,
            ids,
            id2s,
            contents,
            verdicts,
            self._table,
            reached,
            others,
            mark.value,
            mark.lateness,
            self.remember,
            gap,
        )
        taken = verdicts == TAKEN
        late = np.zeros(len(t), np.bool_)
        late[taken] = mark.admit(source, t[taken])
        back = np.arange(len(t)) if order is None else np.argsort(order, kind="stable")
        at = 0
        for part in parts:
            mine = back[at : at + len(part.t)]
            part.verdicts, part.late = verdicts[mine], late[mine]
            at += len(part.t)

    def _standing(self, source: str) -> tuple[int, int]:
        """What `source` has reached, and what the slowest other one has, less the lateness."""
        reached, idle = self.watermark.reached(), set(self.watermark.dump()["idle"])
        others = [t - self.watermark.lateness for s, t in reached.items() if s != source and s not in idle]
        return reached.get(source, BEGINNING), min(others, default=FAR)

    def _result(self, item: Incoming, part: _Part | None) -> Admitted:
        self.counts[item.source, "rejected"] += item.rejected.num_rows
        if part is None or not item.rows.num_rows:
            kind = kinds().get(item.kind)
            rows = item.rows if kind is None else item.rows.append_column(LATE, pa.array([], pa.bool_()))
            return Admitted(item.source, item.kind, rows, item.rejected, 0, 0, item.first, item.last, item.key)
        at = part.next(item.rows.num_rows)
        verdicts, marks = part.verdicts[at], part.late[at]
        taken = verdicts == TAKEN
        rows = item.rows.append_column(LATE, pa.array(marks))
        rows = rows if taken.all() else rows.filter(pa.array(taken))
        rejected = item.rejected
        if (wrong := np.flatnonzero(verdicts > TWICE)).size:
            rejected = pa.concat_tables([rejected, part.rejected(item.rows, wrong, verdicts)]).sort_by("offset")
        late, twice = int(marks.sum()), int((verdicts == TWICE).sum())
        for what, count in (
            ("accepted", rows.num_rows),
            ("late", late),
            ("duplicate", twice),
            ("rejected", wrong.size),
        ):
            self.counts[item.source, what] += count
        return Admitted(item.source, item.kind, rows, rejected, late, twice, item.first, item.last, item.key)

    def _make_room(self, count: int) -> None:
        """Room for `count` more ids, at most half of the table full; what is closed is forgotten first."""
        size = self._table.shape[1]
        if 2 * (self._held + count) <= size:
            return
        old = self._live()
        size = 1 << 10
        while size < 4 * (old.shape[1] + count):
            size *= 2
        self._table = np.zeros((4, size), np.uint64)
        _refill(self._table, np.ascontiguousarray(old))
        self._held = old.shape[1]

    def _live(self) -> Words:
        used = (self._table[0] != 0) | (self._table[1] != 0)
        live: Words = self._table[:, used & (self._table[3].view(np.int64) >= self.watermark.value - self.remember)]
        return live

    def learn(self, source: str, kind: str, rows: pa.Table) -> None:
        """Take note of rows that were let in before, as the log has them: their ids, and how far their source is."""
        if not rows.num_rows:
            return
        part = _Part(kinds()[kind], [rows.drop_columns([LATE])])
        self._make_room(len(part.t))
        reached, others = self._standing(source)
        words = (part.ids, part.id2s, part.contents, part.verdicts, self._table)
        mark = self.watermark
        self._held += _judge_rows(part.t, *words, reached, others, mark.value, mark.lateness, self.remember, FAR)
        in_time = ~np.asarray(rows.column(LATE).combine_chunks().to_numpy(zero_copy_only=False))
        if in_time.any():
            mark.events(source, int(part.t[in_time].max()))

    def dump(self) -> pa.Table:
        """The ids remembered, as `MEMORY`; the watermark keeps its own state."""
        live = self._live()
        return pa.Table.from_arrays(
            [*(pa.array(live[i]) for i in range(3)), pa.array(live[3].view(np.int64))], schema=MEMORY
        )

    def load(self, table: pa.Table) -> None:
        """Remember what `dump` gave; the watermark is to be loaded before."""
        columns = [table.column(n).to_numpy().view(np.uint64) for n in MEMORY.names]
        self._table = np.zeros((4, 1 << 10), np.uint64)
        self._held = 0
        self._make_room(table.num_rows)
        _refill(self._table, np.ascontiguousarray(np.stack(columns)))
        self._held = table.num_rows


class _Part:
    """The rows of one kind while they are judged, of one item or of several, one behind the other."""

    def __init__(self, kind: Kind, tables: Sequence[pa.Table]) -> None:
        self.kind = kind
        self.rows = rows = tables[0] if len(tables) == 1 else pa.concat_tables(tables).combine_chunks()
        self.t: Ints = rows.column(INSTANT).to_numpy()
        self.offsets: Ints = rows.column(OFFSET).to_numpy()
        self.verdicts: Any = np.zeros(len(self.t), np.int8)
        self.late: Any = np.zeros(len(self.t), np.bool_)
        seed = zlib.crc32(kind.name.encode()) + 1
        self.ids = hashed(rows.select(list(kind.key)), seed)
        self.id2s = hashed(rows.select(list(kind.key)), seed << 32)
        self.contents = hashed(rows.select(list(kind.fields)), seed)
        self._at = 0

    def next(self, count: int) -> slice:
        """Where the rows of the next item stand."""
        self._at += count
        return slice(self._at - count, self._at)

    def rejected(self, rows: pa.Table, at: Ints, verdicts: NDArray[np.int8]) -> pa.Table:
        """The rows `at` of an item as `REJECTED`, each with its reason."""
        wrong = rows.take(pa.array(at))
        raw, told = [], []
        times = wrong.column(self.kind.time_field).to_pylist()
        for verdict, row, time in zip(verdicts[at].tolist(), wrong.to_pylist(), times, strict=True):
            code, message, hint = _REASONS[verdict]
            values = {k: str(v) for k, v in row.items() if v is not None and k in self.kind.fields}
            raw.append(json.dumps(values, ensure_ascii=False))
            name = self.kind.time_field if verdict in (FUTURE, JUMPS) else self.kind.key[-1]
            value = str(time) if verdict in (FUTURE, JUMPS) else "|".join(values.get(k, "") for k in self.kind.key)
            told.append(problems_json([Problem(code, message, Where(field=name), value=value, suggestion=hint)]))
        return rejected_of(wrong.column(OFFSET).to_numpy(), raw, told)


def _ordered(parts: Sequence[NDArray[Any]], order: Ints | None) -> Any:
    return parts[0] if order is None else np.concatenate(parts)[order]


def hashed(rows: pa.Table, seed: int) -> Words:
    """A 64-bit hash of each row, nulls told apart from empty texts; never 0."""
    found = np.full(rows.num_rows, seed, np.uint64)
    for column in rows.columns:
        array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        valid = np.asarray(array.is_valid().to_numpy(zero_copy_only=False)).view(np.uint8)
        if pa.types.is_string(array.type):
            places = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
            data = np.frombuffer(array.buffers()[2] or b"", np.uint8)
            _mix_texts(found, valid, places, data)
        else:
            array = array.cast(pa.int8()) if pa.types.is_boolean(array.type) else array
            width = array.type.bit_width // 8
            data = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width :]
            _mix_fixed(found, valid, data, width)
    return np.maximum(found, np.uint64(1))


_jit = nb.njit(cache=True, nogil=True)


@_jit
def _mix(h: Any, word: Any) -> Any:
    h = (h ^ word) * np.uint64(0x9E3779B97F4A7C15)
    return h ^ (h >> np.uint64(29))


@_jit
def _mix_bytes(h: Any, data: NDArray[np.uint8], at: int, end: int) -> Any:
    while at < end:
        word = np.uint64(0)
        stop = min(at + 8, end)
        for j in range(at, stop):
            word = (word << np.uint64(8)) | np.uint64(data[j])
        h = _mix(h, word)
        at = stop
    return h


@_jit
def _mix_texts(found: Words, valid: NDArray[np.uint8], places: NDArray[np.int32], data: NDArray[np.uint8]) -> None:
    for i in range(len(found)):
        size = places[i + 1] - places[i] if valid[i] else -1
        h = _mix(found[i], np.uint64(size + 2))
        found[i] = _mix_bytes(h, data, places[i], places[i + 1]) if size > 0 else h


@_jit
def _mix_fixed(found: Words, valid: NDArray[np.uint8], data: NDArray[np.uint8], width: int) -> None:
    for i in range(len(found)):
        h = _mix(found[i], np.uint64(1 + valid[i]))
        found[i] = _mix_bytes(h, data, i * width, (i + 1) * width) if valid[i] else h


@_jit
def _slot(table: Words, one: Any, two: Any) -> Any:
    """The slot of an id, or the free one where it would go."""
    last = np.uint64(table.shape[1] - 1)
    at = one & last
    while (table[0, at] != 0 or table[1, at] != 0) and (table[0, at] != one or table[1, at] != two):
        at = (at + np.uint64(1)) & last
    return at


@_jit
def _refill(table: Words, entries: Words) -> None:
    for i in range(entries.shape[1]):
        at = _slot(table, entries[0, i], entries[1, i])
        for j in range(4):
            table[j, at] = entries[j, i]


@_jit
def _judge_rows(
    t: Ints, ids: Words, id2s: Words, contents: Words, verdicts: NDArray[np.int8], table: Words,
    reached: int, others: int, value: int, lateness: int, remember: int, gap: int,
) -> int:  # fmt: skip
    """Find what leaps ahead and what came before, row by row; how many ids were added."""
    added = 0
    for i in range(len(t)):
        if verdicts[i] != TAKEN:
            continue
        if reached > BEGINNING and t[i] - reached > gap:
            verdicts[i] = JUMPS
            continue
        value = max(value, min(reached - lateness, others))
        at = _slot(table, ids[i], id2s[i])
        free = table[0, at] == 0 and table[1, at] == 0
        if not free and np.int64(table[3, at]) >= value - remember:
            verdicts[i] = TWICE if table[2, at] == contents[i] else DIFFERS
            continue
        if t[i] >= value - remember:
            table[0, at], table[1, at], table[2, at], table[3, at] = ids[i], id2s[i], contents[i], np.uint64(t[i])
            added += free
        if t[i] >= value:
            reached = max(reached, t[i])
    return added
