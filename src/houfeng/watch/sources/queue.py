"""From many sources to one loop: a queue bounded by rows, and the life every source with a thread shares."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from houfeng.errors import HoufengError, Problem, Text
from houfeng.watch.journal.entries import REJECTED
from houfeng.watch.sources.typed import Parsed


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a source read, offsets `first` to `last`: good rows of one kind (a batch without `_late`) and bad ones.

    Where one block holds several kinds, each but the last of its items says `more`: they go into the log in one append,
    because their offsets interleave. `reply` is called with the result when it is durable; `end`: the source is done.
    """

    source: str
    kind: str
    rows: pa.Table
    rejected: pa.Table
    first: int
    last: int
    key: str = ""
    reply: Callable[[Any], None] | None = None
    end: bool = False
    more: bool = False

    @property
    def size(self) -> int:
        """Rows it holds, good and bad."""
        return int(self.rows.num_rows + self.rejected.num_rows)


def incoming(
    source: str,
    found: Sequence[Parsed],
    first: int,
    last: int,
    *,
    key: str = "",
    reply: Callable[[Any], None] | None = None,
) -> list[Incoming]:
    """The items of one block that covers the offsets `first` to `last`: at least one, and only the last has `reply`."""
    parts = list(found) or [Parsed("", pa.table({}), REJECTED.empty_table())]
    return [Incoming(source, p.kind, p.rows, p.rejected, first, last, key, None, more=True) for p in parts[:-1]] + [
        Incoming(source, parts[-1].kind, parts[-1].rows, parts[-1].rejected, first, last, key, reply)
    ]


def ended(source: str, last: int) -> Incoming:
    """The item that says: `source` is finite and has given all it has."""
    return Incoming(source, "", pa.table({}), REJECTED.empty_table(), last, last, end=True)


class Closed(Exception):
    """The queue takes nothing more; its sources stop."""


class IncomingQueue:
    """Items of whole blocks in order of arrival. At most `max_rows` rows wait; a longer block waits alone."""

    def __init__(self, max_rows: int) -> None:
        self.max_rows = max_rows
        self.rows = 0
        """Rows waiting now."""
        self._blocks: deque[tuple[Incoming, ...]] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, *block: Incoming) -> None:
        """Add a block; waits while there is no room.

        Raises:
            Closed: the queue was closed, before or while waiting.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._fits(block))
            self._add(block)

    def offer(self, *block: Incoming) -> bool:
        """Add a block if there is room now.

        Raises:
            Closed: the queue was closed.
        """
        with self._changed:
            if not self._closed and not self._fits(block):
                return False
            self._add(block)
            return True

    def take(self, max_rows: int, timeout: float) -> list[Incoming]:
        """Whole blocks of at least one and, where more than one, at most `max_rows` rows; waits `timeout` seconds."""
        taken: list[Incoming] = []
        size = 0
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._blocks, timeout)
            while self._blocks and (not taken or size + _size(self._blocks[0]) <= max_rows):
                block = self._blocks.popleft()
                size += _size(block)
                taken += block
            self.rows -= size
            self._changed.notify_all()
        return taken

    def close(self) -> None:
        """Take nothing more; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, block: tuple[Incoming, ...]) -> bool:
        return not self.rows or self.rows + _size(block) <= self.max_rows

    def _add(self, block: tuple[Incoming, ...]) -> None:
        if self._closed:
            raise Closed
        self._blocks.append(block)
        self.rows += _size(block)
        self._changed.notify_all()


def _size(block: tuple[Incoming, ...]) -> int:
    """Rows of a block; an empty one counts as one, so that nothing can pile up unseen."""
    return max(1, sum(item.size for item in block))


class Put(Protocol):
    """Hands over one block; waits while the queue is full, raises `Closed` when it takes no more."""

    def __call__(self, *block: Incoming) -> None: ...


@dataclass
class Source(ABC):
    """A source that reads in a thread of its own: `_run` until it is done or `stopping` is set.

    `error` is why it ended before its time. `start` is told the last durable offset of every source the log knows.
    """

    name: str
    error: HoufengError | None = field(default=None, init=False)
    stopping: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)

    def start(self, put: Put, offsets: Mapping[str, int]) -> None:
        """Begin after the offsets the log holds."""
        self._thread = threading.Thread(target=self._guarded, args=(put, offsets), name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop reading and wait for the thread; close the queue first where it may be full."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(30)

    @property
    def alive(self) -> bool:
        """Whether it still reads."""
        return self._thread is not None and self._thread.is_alive()

    def acknowledge(self, source: str, offset: int) -> None:  # noqa: B027 — most sources need not know
        """All of `source` up to `offset` is durable."""

    def problems(self) -> list[Problem]:
        """What was let in with a doubt, counted."""
        return []

    @abstractmethod
    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        """Read until `put` says that it is over, or there is no more."""

    def _guarded(self, put: Put, offsets: Mapping[str, int]) -> None:
        try:
            self._run(put, offsets)
        except Closed:
            return
        except HoufengError as error:
            self.error = error
        except BaseException as fault:  # a bug: the main loop must hear of it, and the trace stays visible
            name = type(fault).__name__
            self.error = HoufengError(Text(f"{self.name}：程序缺陷（{name}）", f"{self.name}: a bug ({name})"))
            raise
