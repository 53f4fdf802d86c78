"""The engine: events in as they are admitted, changes of alerts out, whatever the batches.

Events wait until the watermark has passed their instant; then they are closed, and every watch runs up to it. What
comes out depends only on the book at the start, the pack, and the admitted events and watermarks in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import Time, kinds
from houfeng.book.store import Snapshot
from houfeng.errors import InputError, Text
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import DAY, day_number
from houfeng.watch.live.changes import Change
from houfeng.watch.live.frame import Frame
from houfeng.watch.live.keywatch import Fresh, KeyWatch
from houfeng.watch.live.singles import EventWatch
from houfeng.watch.plan import plan_rules

History = Callable[[str, int], Iterable[pa.Table]]

Telling = Callable[[], list[Change]]
"""Gives what changes."""

Hand = Callable[[Telling], Telling]
"""Sees to it that something is told, here or in another thread, in the order given; what it gives waits for that."""


def at_once(telling: Telling) -> Telling:
    """Tell it here and now."""
    told = telling()
    return lambda: told


def no_news(frame: Frame, day: date, must: bool) -> Frame | None:
    """The book does not change: for a run over a history that is all there."""
    return None


@dataclass
class Engine:
    """The rules of `pack` from the day `first` on. Call `start`, or `resume` with a dumped state of that day.

    `history` gives the events of a kind before an instant (without it, the book's); `fresh` newer views of the book.
    """

    pack: Pack
    snapshot: Snapshot
    first: date
    sql_memory: str = "1GB"
    threads: int | None = None
    max_keys: int = 1 << 22
    state_memory: int = 1 << 36
    history: History | None = None
    fresh: Fresh = no_news
    keywatches: list[KeyWatch] = field(default_factory=list)
    eventwatches: list[EventWatch] = field(default_factory=list)
    waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    until: int = 0

    def __post_init__(self) -> None:
        for kind in dict.fromkeys(rule.over for rule in self.pack.rules.values()):
            plan = plan_rules(self.pack, kind, [r for r in self.pack.rules.values() if r.over == kind])
            if kinds()[kind].time is Time.EVENT:
                self.eventwatches.append(
                    EventWatch(connect(memory=self.sql_memory, threads=self.threads), self.pack, plan)
                )
                continue
            frame = Frame(self.snapshot, self.pack, plan, self.first, memory=self.sql_memory, threads=self.threads)
            history, limits = self.history or frame.before, (self.max_keys, self.state_memory)
            watch = KeyWatch(self.pack, plan, frame, history, self.fresh, max_keys=limits[0], memory_limit=limits[1])
            self.keywatches.append(watch)
        self.until = day_number(self.first) * DAY
        self.order = {f"{self.pack.name}/{rule}": n for n, rule in enumerate(self.pack.rules)}

    def start(self) -> Engine:
        """Fill the windows from the history.

        Raises:
            InputError: the book holds nobody to watch.
        """
        for watch in self.keywatches:
            watch.start()
        if not any(watch.keys.count for watch in self.keywatches) and not self.eventwatches:
            raise InputError(Text("账簿里没有可预警的对象", "the book holds nobody to watch"))
        return self

    @property
    def memory(self) -> int:
        """Bytes of the windows and keys."""
        return sum(watch.kernel.memory + watch.keys.memory + watch.words.memory for watch in self.keywatches)

    def open_tiers(self) -> list[str]:
        """The tier of every open episode."""
        return [tier for watch in self.keywatches for tier in watch.alerting.tiers()]

    def known(self, kind: str, rows: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which rows are about somebody who is watched; of a kind that has rules of its own, all."""
        if any(watch.plan.kind == kind for watch in self.eventwatches):
            return np.ones(rows.num_rows, np.bool_)
        found = np.zeros(rows.num_rows, np.bool_)
        for watch in self.keywatches:
            found |= watch.known(kind, rows)
        return found

    def dump(self) -> dict[str, Any]:
        """The state: of each watch, and the events that wait."""
        watches = {watch.plan.kind: watch.dump() for watch in self.keywatches}
        waiting = {kind: pa.concat_tables(tables) for kind, tables in self.waiting.items() if tables}
        return {"until": self.until, "watches": watches, "waiting": waiting}

    def resume(self, state: dict[str, Any]) -> Engine:
        """Go on from a dumped state; `first` must be its day."""
        for watch in self.keywatches:
            watch.resume(state["watches"][watch.plan.kind])
        self.waiting = {kind: [table] for kind, table in state["waiting"].items()}
        self.until = state["until"]
        return self

    @property
    def kinds(self) -> set[str]:
        """The event kinds the rules look at."""
        found = {feed.source for watch in self.keywatches for feed in watch.layout.feeds}
        return found | {watch.plan.kind for watch in self.eventwatches}

    def feed(self, batches: Sequence[tuple[str, pa.Table]], watermark: int) -> list[Change]:
        """Take admitted events (kind, rows with `_t`, none late) and run up to the watermark: instants before it close.

        Gives what changes: by single events as they came, then by closed instants in order of instant, rule and key.
        """
        return self.begin(batches, watermark, at_once)()

    def begin(self, batches: Sequence[tuple[str, pa.Table]], watermark: int, hand: Hand) -> Telling:
        """As `feed`, but only the windows are run now: the rest is handed on, and what is given waits for it."""
        singly: list[Telling] = []
        for kind, group in groupby(batches, key=itemgetter(0)):  # neighbours of a kind are looked at together
            tables = [rows for _, rows in group if rows.num_rows]
            if not tables or kind not in self.kinds:
                continue
            rows = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
            for single in self.eventwatches:
                if single.plan.kind == kind:  # an event by itself needs to wait for nobody
                    singly.append(hand(partial(single.run, rows)))
            if any(feed.source == kind for watch in self.keywatches for feed in watch.layout.feeds):
                self.waiting.setdefault(kind, []).append(rows)
        told: list[Telling] = []
        if watermark > self.until:
            closed = {kind: list(self._closed(kind, watermark)) for kind in list(self.waiting)}
            for watch in self.keywatches:
                told += [hand(partial(watch.tell, look)) for look in watch.run(closed, watermark)]
            self.until = watermark
        return partial(self._gathered, singly, told)

    def _gathered(self, singly: Sequence[Telling], told: Sequence[Telling]) -> list[Change]:
        changes = [change for one in told for change in one()]
        changes.sort(key=lambda c: (c.at, self.order[c.rule], c.key, c.step))
        return [change for one in singly for change in one()] + changes

    def _closed(self, kind: str, watermark: int) -> Iterable[pa.Table]:
        kept: list[pa.Table] = []
        for rows in self.waiting[kind]:
            open_ = np.asarray(rows.column("_t").combine_chunks()) >= watermark
            if not open_.any():
                yield rows
                continue
            yield rows.filter(pa.array(~open_))
            kept.append(rows.filter(pa.array(open_)))
        self.waiting[kind] = kept
