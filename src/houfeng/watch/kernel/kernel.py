"""The kernel as a thing to use: keys, their records, and the days as they pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from houfeng.errors import EnvironmentFault, Text
from houfeng.watch.kernel import cells, memory
from houfeng.watch.kernel.layout import NO_ROOM, OK, Layout
from houfeng.watch.kernel.memory import Words
from houfeng.watch.kernel.windows import OPEN, run

WRITE_NONE, WRITE_WATCHED, WRITE_ALL = 0, 1, 2
NONE = (np.empty(0, np.int64),) * 7
CHUNK = 1 << 14
"""Events or keys of one call of the compiled code: bounds the rows it may write."""


class Events(NamedTuple):
    """Events in order of time: instants, key numbers, feeds, and where in `numbers` each event's channels begin."""

    times: Words
    keys: Words
    feeds: Words
    places: Words
    numbers: Words

    def span(self, first: int, last: int) -> Events:
        """The events first..last−1."""
        t, k, f, p = (part[first:last] for part in (self.times, self.keys, self.feeds, self.places))
        return Events(t, k, f, p, self.numbers)


class Rows(NamedTuple):
    """Instants at which somebody has to look: `at` (key, instant, first event or −1), raw numbers, `links` to the next
    event of an instant (−1 ends)."""

    at: Words
    raw: Words
    links: Words


@dataclass
class Kernel:
    """Windows of all keys in at most `memory_limit` bytes; `max_keys` records are reserved, used as keys come."""

    layout: Layout
    max_keys: int = 1 << 24
    memory_limit: int = 1 << 36
    count: int = 0
    shape: tuple[Any, ...] = field(init=False)
    ahead: memory.Ahead = field(init=False)

    def __post_init__(self) -> None:
        width = self.layout.words
        self.records = memory.reserve(self.max_keys * width)[: self.max_keys * width].reshape(self.max_keys, width)
        self.heap = memory.arena(self.memory_limit // 8)
        self.ahead = memory.Ahead(self.heap)
        self.wakes, self.cooling, self.slots = (memory.reserve(self.max_keys) for _ in range(3))
        self.hot = memory.reserve(self.max_keys // 8 + 1).view(np.uint8)
        parts = (self.layout.lanes, self.layout.columns, self.layout.spans, self.layout.aggregates, self.layout.cells)
        self.shape = (*parts, self.layout.rings, self.layout.hops, width)

    def add_keys(self, number: int, wake: int = 0) -> None:
        """Make records for keys up to `number`; they are first visited at the day's end at or after `wake`.

        Raises:
            EnvironmentFault: more keys than were reserved.
        """
        if number > self.max_keys:
            raise _full(f"{self.max_keys:,}")
        _empty(self.records, self.layout.cells, self.count, number)
        self.wakes[self.count : number] = wake
        self.count = max(self.count, number)

    @property
    def state(self) -> tuple[Any, ...]:
        """What the compiled code reads and writes."""
        return (self.records.reshape(-1), self.heap, self.wakes, self.hot, self.cooling, self.slots)

    def events(self, events: Events, program: tuple[Any, ...], day_end: int, mode: int) -> Iterator[Rows]:
        """Run events of one day, in order of time; gives the rows by chunks.

        Raises:
            EnvironmentFault: the memory limit is reached, or a sum left 64 bits. The state is then of no use.
        """
        first, total = 0, len(events.times)
        links, tails = np.empty(total, np.int64), np.empty(total, np.int64)
        while first < total:
            latest = events.times[min(total, first + CHUNK) - 1]
            last = int(np.searchsorted(events.times, latest, "right"))  # an instant is never cut
            size = last - first
            out, at = np.empty((size, max(1, self.layout.width)), np.int64), np.empty((size, 3), np.int64)
            batch = (*events, links, tails)
            self.ahead.look()
            status, rows = run(self.shape, self.state, program, batch, first, last, day_end, mode, False, out, at)
            self._check(status)
            yield Rows(at[:rows], out[:rows], links)
            first = last

    def ready(self, program: tuple[Any, ...]) -> None:
        """Load the compiled code now: the first events shall not wait for it."""
        out, at = np.empty((0, max(1, self.layout.width)), np.int64), np.empty((0, 3), np.int64)
        run(self.shape, self.state, program, NONE, 0, 0, 0, WRITE_NONE, True, out, at)

    def ticks(self, program: tuple[Any, ...], day_end: int, mode: int) -> Iterator[Rows]:
        """Run a day's end for every key that may have changed; gives the rows by chunks."""
        for first in range(0, self.count, CHUNK):
            last = min(self.count, first + CHUNK)
            size = int((self.wakes[first:last] <= day_end).sum())
            if not size:
                continue
            out, at = np.empty((size, max(1, self.layout.width)), np.int64), np.empty((size, 3), np.int64)
            status, rows = run(self.shape, self.state, program, NONE, first, last, day_end, mode, True, out, at)
            self._check(status)
            yield Rows(at[:rows], out[:rows], np.empty(0, np.int64))

    def settle(self, keys: Words, watched: Words, cooling: Words) -> None:
        """Say of keys just looked at whether they stay watched, and until when one of their rules cools down."""
        self.hot[keys] = np.minimum(watched, OPEN)
        self.cooling[keys] = cooling
        self.wakes[keys] = np.where(cooling > 0, 0, self.wakes[keys])

    @property
    def memory(self) -> int:
        """Bytes in use: records, rings and tables."""
        return 8 * (self.count * (self.layout.words + 4) + int(self.heap[memory.NEXT]))

    def dump(self) -> dict[str, Words]:
        """The state as arrays."""
        n = self.count
        return {
            "records": self.records[:n],
            "heap": self.heap[: self.heap[memory.NEXT]],
            "wakes": self.wakes[:n],
            "cooling": self.cooling[:n],
            "hot": self.hot[:n].astype(np.int64),
        }

    def load(self, state: dict[str, Words]) -> None:
        """Take a dumped state of the same layout."""
        n = self.count = len(state["wakes"])
        limit = self.heap[memory.LIMIT]
        self.wakes[:n], self.cooling[:n], self.hot[:n] = (state[part] for part in ("wakes", "cooling", "hot"))
        memory.fill(self.records[:n].reshape(-1), state["records"].reshape(-1))
        memory.fill(self.heap, state["heap"])
        self.heap[memory.LIMIT] = limit

    def _check(self, status: int) -> None:
        if status & NO_ROOM:
            raise _full(f"{self.heap[memory.LIMIT] * 8:,} B")
        if status != OK:
            raise EnvironmentFault(
                Text("有窗口的合计超出 64 位整数", "the sum of a window does not fit into 64 bits"),
            )


def _full(limit: str) -> EnvironmentFault:
    return EnvironmentFault(
        Text(
            f"预警内存已满（{limit}）；请调高 --state-memory",
            f"the watch's memory is full ({limit}); raise --state-memory",
        )
    )


def _empty(records: Any, table: Words, first: int, last: int) -> None:
    fresh = np.zeros(records.shape[1], np.int64)
    cells.empty(fresh, table)
    if fresh.any():
        records[first:last] = fresh
