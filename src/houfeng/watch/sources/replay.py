"""Events the book holds already, as a stream: in event order, at N times the speed at which they happened.

The order is that of the instants, then of the kinds' names, then of the events' keys; an event's offset is its number
in it. So the same book as known at the same moment gives the same stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import Kind, Time, Type
from houfeng.book.snapshot import Snapshot
from houfeng.errors import Text, UsageError
from houfeng.watch.journal.entries import INSTANT, OFFSET, REJECTED
from houfeng.watch.sources.queue import Put, Source, ended, incoming
from houfeng.watch.sources.scanning import Ints
from houfeng.watch.sources.typed import Parsed

_EPOCH = date(1970, 1, 1)
_NAP = 0.2  # seconds: the longest sleep between two looks at whether to stop


SPAN = 31


class ReplaySource(Source):
    """The events of `kinds` from the day `first` to the day `last`, both included.

    `speed` is how many seconds of event time pass in one second (0: as fast as they are taken).
    """

    def __init__(
        self,
        snapshot: Snapshot,
        kinds: Sequence[str],
        first: date,
        last: date,
        *,
        speed: float = 0.0,
        block: int = 50_000,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(f"replay:{first}:{last}")
        chosen = [snapshot.kinds[name] for name in kinds if name in snapshot.kinds]
        wrong = [name for name in kinds if name not in snapshot.kinds or snapshot.kinds[name].time is not Time.EVENT]
        if wrong or speed < 0 or last < first:
            raise UsageError(
                Text(
                    f"不能回放：{wrong or (first, last, speed)}", f"cannot be replayed: {wrong or (first, last, speed)}"
                )
            )
        self._snapshot, self._kinds = snapshot, sorted(chosen, key=lambda kind: kind.name)
        self._first, self._last, self._speed, self._block = first, last, speed, block
        self._now, self._sleep = monotonic, sleep or self.stopping.wait

    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        after, number = offsets.get(self.name, 0), 0
        began: tuple[float, int] | None = None
        with connect(threads=1) as connection:
            for first, last in self._spans():
                tables = [self._events(connection, kind, first, last) for kind in self._kinds]
                t, which, place = _in_order(tables)
                numbers = np.arange(number + 1, number + 1 + len(t))
                number += len(t)
                for start, stop in self._cuts(t, max(0, after - (number - len(t)))):
                    if began is None:
                        began = self._now(), int(t[start])
                    if not self._wait(began, int(t[stop - 1])):
                        return
                    found = _block(self._kinds, tables, which, place, numbers, start, stop)
                    put(*incoming(self.name, found, int(numbers[start]), int(numbers[stop - 1])))
        if not self.stopping.is_set():
            put(ended(self.name, number))

    def _spans(self) -> Iterator[tuple[date, date]]:
        """The days read at once, both included: one where time is kept, more where it is not, as each costs a scan."""
        day, step = self._first, timedelta(days=1 if self._speed else SPAN)
        while day <= self._last and not self.stopping.is_set():
            yield day, min(day + step - timedelta(days=1), self._last)
            day += step

    def _events(self, connection: duckdb.DuckDBPyConnection, kind: Kind, first: date, last: date) -> pa.Table:
        """The events of some days, by instant and key, as a batch whose `_offset` is yet to come."""
        when = f'"{kind.time_field}"'
        fields = ", ".join(f'"{name}"' for name in kind.fields)
        dated = kind.fields[kind.time_field].type is Type.DATE
        within = f"{when} >= DATE '{first}' AND {when} < DATE '{last + timedelta(days=1)}'"
        key = ", ".join(f'"{name}" NULLS FIRST' for name in kind.key)
        order = f"{when}, {key}" if dated else f"date_trunc('second', {when}), {key}"
        sql = f"SELECT {fields} FROM ({self._snapshot.select(kind.name)}) WHERE {within} ORDER BY {order}"
        rows = connection.sql(sql).to_arrow_table().select(list(kind.fields)).cast(kind.schema())
        column = rows.column(kind.time_field)
        if dated:
            t = np.asarray(column.cast(pa.int32()).combine_chunks()).astype(np.int64) * 86_400
        else:
            t = np.floor_divide(column.cast(pa.int64()).to_numpy(), 1_000_000)
        return rows.append_column(OFFSET, pa.nulls(rows.num_rows, pa.int64())).append_column(INSTANT, pa.array(t))

    def _cuts(self, t: Ints, start: int) -> Iterator[tuple[int, int]]:
        """Stretches to give at once: of a block's size, and at most a fifth of a second of replayed time."""
        reach = max(1, int(self._speed * _NAP)) if self._speed else None
        while start < len(t):
            stop = min(start + self._block, len(t))
            if reach is not None:
                stop = min(stop, int(np.searchsorted(t, t[start] + reach, "left")))
            yield start, stop
            start = stop

    def _wait(self, began: tuple[float, int], instant: int) -> bool:
        """Wait until `instant` is due; false where it is to stop."""
        while self._speed and not self.stopping.is_set():
            left = began[0] + (instant - began[1]) / self._speed - self._now()
            if left <= 0:
                break
            self._sleep(min(left, _NAP))
        return not self.stopping.is_set()


def _in_order(tables: Sequence[pa.Table]) -> tuple[Ints, Ints, Ints]:
    """The instants of all rows in order, and for each its table and its place in it."""
    t = np.concatenate([table.column(INSTANT).to_numpy() for table in tables])
    which = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    place = np.concatenate([np.arange(table.num_rows) for table in tables])
    order = np.argsort(t, kind="stable")
    return t[order], which[order], place[order]


def _block(
    kinds: Sequence[Kind],
    tables: Sequence[pa.Table],
    which: Ints,
    place: Ints,
    numbers: Ints,
    start: int,
    stop: int,
) -> list[Parsed]:
    """One result for each kind in a stretch."""
    found = []
    for i in np.unique(which[start:stop]).tolist():
        mine = np.flatnonzero(which[start:stop] == i) + start
        rows = tables[i].slice(int(place[mine[0]]), len(mine))
        rows = rows.set_column(rows.column_names.index(OFFSET), OFFSET, pa.array(numbers[mine]))
        found.append(Parsed(kinds[i].name, rows.combine_chunks(), REJECTED.empty_table()))
    return found
