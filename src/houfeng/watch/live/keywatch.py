"""The watch over keys of one kind: windows in the kernel, features by day, conditions, episodes, changes.

`run` takes closed events, in any batches, and moves time on; `tell` says what changes, and may do so in another thread.
All they say depends on the events and the days alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.packs.language.functions import T
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY, day_number, day_of
from houfeng.packs.roads.sql import SqlWriter
from houfeng.watch.kernel import memory
from houfeng.watch.kernel.conditions import RATIO, SCALED, Conditions, Variable, moved_by, variable_factor
from houfeng.watch.kernel.interner import Interner
from houfeng.watch.kernel.kernel import WRITE_NONE, WRITE_WATCHED, Kernel, Rows
from houfeng.watch.kernel.layout import C_TYPE, NOTHING, Cell, Layout, layout
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.alerting import Alerting, Look, Seen, together
from houfeng.watch.live.batches import Batch, read_batch
from houfeng.watch.live.changes import Change
from houfeng.watch.live.exact import Exact, raw_type
from houfeng.watch.live.feeds import FeedReader
from houfeng.watch.live.frame import Frame
from houfeng.watch.live.today import Today
from houfeng.watch.plan import Plan, looked_at
from houfeng.watch.reference.shards import turning_days

NEVER = 1 << 40
FOREVER = np.iinfo(np.int64).max
ROWS_AT_ONCE = 50_000

History = Callable[[str, int], Iterable[pa.Table]]
"""All events of a kind before an instant, as batches with `_t`, in any order; late ones left out."""


Fresh = Callable[[Frame, date, bool], Frame | None]
"""A newer frame for a day, or nothing where the book has nothing new for it; always one where it must be had."""


class KeyWatch:
    """The rules over one kind of key. `today` is the day that runs; `until` the instant before which all is told."""

    def __init__(
        self,
        pack: Pack,
        plan: Plan,
        frame: Frame,
        history: History,
        fresh: Fresh,
        *,
        max_keys: int = 1 << 22,
        memory_limit: int = 1 << 36,
    ) -> None:
        self.pack, self.plan, self.frame, self.history, self.fresh = pack, plan, frame, history, fresh
        self.max_keys, self.memory_limit = max_keys, memory_limit
        self.rules = [rule for rule in plan.rules if not rule.merge]
        self.keys, self.words = Interner(max_keys), Interner()
        self.layout: Layout = layout(plan)
        self.today = Today(plan, max_keys, self._number)
        self.day = day_number(frame.first)
        self.until = self.day * DAY
        self.kernel = Kernel(self.layout, max_keys, memory_limit)
        self.touched = memory.reserve(max_keys // 8 + 1).view(np.uint8)
        self.negative = False
        self._compile()
        self.daily, parameters = looked_at(pack, plan)
        turning = (d for name in parameters for d in pack.parameters[name].turning_days())
        self.turns = {day_number(d) for d in turning}
        self.measured_anew = {day_number(d) for d in turning_days(pack, plan) if d > frame.first}
        self.alerting = Alerting(pack, plan, self.rules, max_keys, self.keys.text)
        self.live = np.zeros(0, np.int64)
        self.looks, self.looked = 0, memory.reserve(max_keys)  # how many there were; the last at which a key was
        self._told: deque[tuple[Look, Words, Words]] = deque()  # what `tell` learnt of keys, for `run` to take in
        self.ordered = bool((self.layout.cells[:, C_TYPE] == Cell.LAST).any())

    def _compile(self) -> None:
        tiers = [list(rule.tiers.values()) for rule in self.rules]
        self.conditions = Conditions(self.pack, self.plan.kind, tiers, self._variable, self._word)

    def start(self) -> None:
        """Begin on the frame's first day: windows are filled from the history, nothing is told of it."""
        self._take_frame()
        self._warm()
        self._ready()

    def run(self, batches: Mapping[str, list[pa.Table]], until: int) -> Iterator[Look]:
        """Take the closed events of each kind, at instants from `self.until` to before `until`; gives what to `tell`.

        What is not told yet is no harm: a key that was looked at is looked at again until it is known to be quiet.
        """
        batch = self._read(batches)
        seen: list[Seen] = []
        while self.until < until:
            self._settle()
            day_end = (self.day + 1) * DAY - 1
            end = min(until, day_end + 1)
            first, last = np.searchsorted(batch.events.times, (self.until, end)).tolist()
            for rows in self.kernel.events(batch.events.span(first, last), self.program, day_end, WRITE_WATCHED):
                seen.append(self._seen(rows, first, batch))
            if end > day_end:
                for rows in self._ticks(day_end):
                    seen.append(self._seen(rows, 0, batch))
            self.until = end
            if end > day_end:
                anew = self.day + 1 in self.measured_anew
                newer = None if anew else self.fresh(self.frame, day_of(self.day + 1), False)
                # what was seen names rows of the features of now
                if anew or newer is not None or sum(len(s.keys) for s in seen) > ROWS_AT_ONCE:
                    yield from self._look(seen)
                    seen = []
                self._next_day(newer)
                if anew:
                    batch = self._read(batches)
        yield from self._look(seen)
        self._settle()

    def tell(self, look: Look) -> list[Change]:
        """What changes at the rows of a look. To be called for each, one after the other in their order."""
        changes, watched, cooling = self.alerting.tell(look)
        self._told.append((look, watched, cooling))
        return changes

    def known(self, kind: str, rows: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which rows of an event kind are about a key that is watched, or a member of one."""
        found = np.zeros(rows.num_rows, np.bool_)
        for feed in self.layout.feeds:
            if feed.source == kind:
                whom = self.members if feed.through else self.keys
                found |= whom.numbers(rows.column(feed.by), add=False) >= 0
        return found

    def dump(self) -> dict[str, Any]:
        """The state as arrays and plain values; the features of the day are the book's and not part of it."""
        self._settle()
        parts = {"kernel": self.kernel.dump(), "keys": self.keys.dump(), "words": self.words.dump()}
        arrays = {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
        told, plain = self.alerting.dump(self.keys.count)
        return {
            "arrays": {**arrays, **told},
            "plain": {"day": self.day, "until": self.until, "negative": self.negative, **plain},
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a dumped state instead of starting. The frame must be of the state's day."""
        arrays, plain = state["arrays"], state["plain"]
        self.keys.load({n: arrays[f"keys.{n}"] for n in ("bytes", "ends")})
        self.words.load({n: arrays[f"words.{n}"] for n in ("bytes", "ends")})
        parts = ("records", "heap", "wakes", "cooling", "hot")
        self.kernel.load({n: arrays[f"kernel.{n}"] for n in parts})
        self.alerting.load(arrays, plain)
        self.touched[: self.keys.count] = 1
        self.day, self.until, self.negative = plain["day"], plain["until"], plain["negative"]
        self._compile()
        self._take_frame()
        self._ready()

    # -- days ----------------------------------------------------------------------------------------------------------

    def _next_day(self, newer: Frame | None) -> None:
        self.day += 1
        if self.day in self.measured_anew:
            self._measure_anew()
            return
        if newer is not None:
            self.frame = newer
            self._take_frame()
            return
        moved = self.today.switch(day_of(self.day))
        self.kernel.wakes[moved] = np.minimum(self.kernel.wakes[moved], self._first_look(moved))
        if self.daily or self.day in self.turns:
            self._wake_all()
        if self.day in self.turns:
            self.program = self.conditions.program(day_of(self.day), self.today.matrix)
        self.program[3][0] = self.day

    def _ticks(self, day_end: int) -> Iterator[Rows]:
        """The day's end for all keys that may have changed. Of those alike to the last bit, one speaks for all."""
        wakes, count = self.kernel.wakes, self.keys.count
        alike = np.empty(0, np.int64)
        if not self.today.names:  # then a key to which nothing ever happened, no alert either, is like any other
            idle = (self.touched[:count] == 0) & (self.kernel.hot[:count] == 0) & (self.kernel.cooling[:count] == 0)
            alike = np.flatnonzero(idle & (wakes[:count] <= day_end))
        one, others = alike[:1], alike[1:]
        wakes[others] = FOREVER
        yield from self.kernel.ticks(self.program, day_end, WRITE_WATCHED)
        if not len(others):
            return
        told = wakes[one]
        if told[0] > day_end:
            wakes[others] = told[0]
            return
        wakes[others], wakes[one] = day_end, FOREVER
        yield from self.kernel.ticks(self.program, day_end, WRITE_WATCHED)
        wakes[one] = told

    def _first_look(self, keys: Words | slice) -> Words:
        """The day's end at which keys are looked at next if something moved: not before they go live."""
        return np.maximum(self.live[keys], self.day) * DAY + DAY - 1

    def _wake_all(self) -> None:
        self.kernel.wakes[: len(self.live)] = self._first_look(slice(None))

    def _measure_anew(self) -> None:
        """A parameter inside a measure changes today: windows are measured again with it, from the book."""
        hot, cooling = self.kernel.hot, self.kernel.cooling
        newer = self.fresh(self.frame, day_of(self.day), True)
        self.frame = newer if newer is not None else self.frame.on(day_of(self.day))
        self.kernel = Kernel(self.layout, self.max_keys, self.memory_limit)
        self.kernel.hot, self.kernel.cooling = hot, cooling
        self._take_frame()
        self._warm()

    def _take_frame(self) -> None:
        frame = self.frame
        texts, live = frame.keys()
        self.members = Interner()
        self.members.numbers(frame.members(), add=True)
        numbers = self.keys.numbers(texts, add=True)
        self.live = np.full(self.keys.count, NEVER, np.int64)
        self.live[numbers] = live
        self.kernel.add_keys(self.keys.count)
        self.today.load(list(frame.panels(self._known, self.keys.count)), self.keys.count)
        self.today.switch(day_of(self.day))
        writer = SqlWriter(self.pack, day_of(self.day), day_of(self.day), column_of)
        self.readers = [FeedReader(frame.connection, feed, writer, self._number) for feed in self.layout.feeds]
        self.exact = Exact(
            frame.connection, self.pack, self.plan, self.layout, frame.types(), self.today.columns, self.words.texts
        )
        self.program = self.conditions.program(day_of(self.day), self.today.matrix)
        self._wake_all()

    def _warm(self) -> None:
        """Fill the windows with all events before `until`, telling nothing."""
        batch = self._read(
            {kind: list(self.history(kind, self.until)) for kind in {f.source for f in self.layout.feeds}}
        )
        for _ in self.kernel.events(batch.events, self.program, -1, WRITE_NONE):
            pass
        self._wake_all()

    def _ready(self) -> None:
        """Load compiled code and plan the exact statement, which takes longer than a batch, before the first event."""
        self.kernel.ready(self.program)
        if self.keys.count:
            nothing, raw = np.empty(0, np.int64), np.empty((0, max(1, self.layout.width)), np.int64)
            seen = Seen(nothing, nothing, raw, self.today.rows(nothing), lambda rows: [])
            self.alerting.tell(Look(0, seen, self.exact, self.today.panels))

    # -- events and rows -----------------------------------------------------------------------------------------------

    def _read(self, batches: Mapping[str, Sequence[pa.Table]]) -> Batch:
        """The events of the batches; the first negative amount ever takes back that sums only fall by time."""
        batch = read_batch(self.readers, self.keys, self.ordered, batches)
        self.touched[batch.events.keys] = 1
        numbers = batch.events.numbers
        if not self.negative and len(numbers) and ((numbers < 0) & (numbers != NOTHING)).any():
            self.negative = True
            self._compile()
            self.program = self.conditions.program(day_of(self.day), self.today.matrix)
            self._wake_all()
        return batch

    def _seen(self, rows: Rows, first: int, batch: Batch) -> Seen:
        keys = rows.at[:, 0].copy()
        openings = batch.openings(rows, first)
        return Seen(keys, rows.at[:, 1].copy(), rows.raw, self.today.rows(keys), openings)

    def _look(self, seen: Sequence[Seen]) -> Iterator[Look]:
        """All rows in one look: most of the cost of the exact statement is planning."""
        if parts := [part for part in seen if len(part.keys)]:
            whole = together(parts)
            self.looks += 1
            self.looked[whole.keys] = self.looks
            yield Look(self.looks, whole, self.exact, self.today.panels)

    def _settle(self) -> None:
        """Take in what was told of keys meanwhile; of those looked at again since, a later look will tell."""
        while self._told:
            look, watched, cooling = self._told.popleft()
            last = self.looked[look.seen.keys] == look.number
            self.kernel.settle(look.seen.keys[last], watched[last], cooling[last])

    # -- what the filter may load --------------------------------------------------------------------------------------

    def _variable(self, name: str) -> Variable | None:
        item = next((item for item in self.plan.windows if item.name == name), None)
        if item is None:
            return self.today.variable(name)
        assert item.measure is not None
        places = self.layout.outputs[name]
        where = self.layout.cell_of.get(name, self.layout.span_of.get(name, 0))
        rises, falls = moved_by(item.measure, self.negative)
        window = item.measure.window or 1 << 38
        kind, scale = raw_type(item.measure, 0)
        if kind is T.RATIO:
            return None
        if item.measure.function in ("mean", "top_share"):
            second = raw_type(item.measure, 1)[1]
            return Variable(RATIO, places[0], places[1], variable_factor(scale - second), rises, falls, where, window)
        factor = 1e-6 if kind is T.DATETIME else variable_factor(scale)
        return Variable(SCALED, places[0], 0, factor, rises, falls, where, window)

    def _word(self, text: str) -> int:
        return int(self.words.numbers(pa.array([text]), add=True)[0])

    def _number(self, texts: pa.Array) -> Words:
        return self.words.numbers(texts, add=True)

    def _known(self, texts: pa.Array) -> Words:
        return self.keys.numbers(texts, add=False)
