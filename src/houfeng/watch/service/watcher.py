"""The main loop of a running watch: take what sources bring, make it durable, run the windows, tell, answer.

Sources read in threads of their own. The loop makes a batch durable and runs the windows over it; what somebody must
look at is settled, stored and told by one more thread (`teller`), so that the next batch need not wait; of a few events
the loop tells itself. And one thread puts the log into the book. Where the loop falls behind, the queue fills and the
sources wait: memory does not grow.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from houfeng.book.model import kinds
from houfeng.errors import HoufengError
from houfeng.packs.roads.measures import DAY, seconds
from houfeng.watch.journal.entries import INSTANT, Advance, Body, Events, Rejected, Seen
from houfeng.watch.live.engine import at_once
from houfeng.watch.operations.deliveries import Delivery, record
from houfeng.watch.operations.inbox import Inbox, write_state
from houfeng.watch.operations.metrics import Metrics
from houfeng.watch.service.core import Core
from houfeng.watch.service.flusher import Flusher
from houfeng.watch.service.teller import Teller
from houfeng.watch.sources.admission import Admitted
from houfeng.watch.sources.queue import Incoming, IncomingQueue, Source

BATCH_ROWS = 65_536
FEW_ROWS = 1_024
"""Of no more events the loop tells itself what they change: handing it on would take longer."""
IDLE_TAKE = 0.05
"""Seconds the loop waits for events before it looks at everything else."""
Instants = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Pace:
    """How often things are done, in seconds: `status` written, log put into the book, state saved; `idle`: how long a
    source may be silent before it is waited for no more, and its instants are closed by the clock; `live`: whether the
    clock closes instants at all."""

    status: float = 1.0
    flush: float = 10.0
    save: float = 900.0
    idle: float = 5.0
    live: bool = True


@dataclass
class Watcher:
    """Runs a core with its sources until they have ended (`once`) or `stop` is called. `tell` hears every delivery;
    `begun` is called when all sources have begun."""

    core: Core
    sources: Sequence[Source]
    pace: Pace = field(default_factory=Pace)
    max_rows: int = 4 * BATCH_ROWS
    tell: Callable[[Sequence[Delivery]], None] = lambda deliveries: None
    begun: Callable[[], None] = lambda: None
    close_at: int = 0
    monotonic: Callable[[], float] = time.monotonic
    figures: Metrics | None = None

    def __post_init__(self) -> None:
        self.queue = IncomingQueue(self.max_rows)
        self.metrics = self.figures or Metrics(self.core.clock)
        self.inbox = Inbox(self.core.place / "inbox")
        self.stopping = threading.Event()
        self.flusher = Flusher(self.core, self.pace.flush)
        self.teller = Teller()
        self._owners: dict[str, Source] = {}  # name in the log → the source that reads it
        self._done: dict[str, float] = {}
        self._heard: dict[str, float] = {}  # name in the log → when it last said something
        self._reached: dict[str, int] = {}

    def stop(self) -> None:
        """Ask the loop to end; what the sources have read is still taken."""
        self.stopping.set()

    def run(self) -> None:
        """Run until the sources have ended or `stop` is called; leaves log, book, journal and state in order.

        Raises:
            HoufengError: a source, the log or the book failed; everything acknowledged is safe.
        """
        try:
            self.flusher.start()
            now = self.monotonic()
            self._done = {"status": now - self.pace.status, "orders": 0.0, "save": now, "began": now}
            self._orders()  # what was ordered while no watch ran comes before any event
            for source in self.sources:
                source.start(partial(self._put, source), self.core.log.offsets())
            self.begun()
            while not self._finished():
                self._turn()
            self._leave()
        except BaseException:
            self._abandon()
            raise
        for source in self.sources:
            if source.error is not None:
                raise source.error

    def _put(self, source: Source, *block: Incoming) -> None:
        for item in block:
            self._owners.setdefault(item.source, source)
        self.queue.put(*block)

    # -- one turn ----------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        items = self.queue.take(BATCH_ROWS, IDLE_TAKE)
        if items:
            self._take(items)
        now = self.monotonic()
        if now - self._done["orders"] >= IDLE_TAKE:
            self._done["orders"] = now
            self._orders()
        if self.pace.live and not self.queue.rows:
            self._by_clock(now)
        if (now - self._done["save"] >= self.pace.save or self.core.saver.failed) and not self.core.saver.busy:
            self._save()
        if now - self._done["status"] >= self.pace.status:
            self._done["status"] = now
            status = partial(self._status, "running")
            self.teller.end(status) if self.teller.busy else status()

    def _save(self) -> None:
        """Save the state beside the loop; where that failed, here, so that everybody hears why."""
        self.teller.wait()
        self.core.save() if self.core.saver.failed else self.core.save_beside()
        self._done["save"] = self.monotonic()

    def _finished(self) -> bool:
        if self.flusher.error is not None:
            raise self.flusher.error
        if self.stopping.is_set() or any(source.error is not None for source in self.sources):
            return True
        return not any(source.alive for source in self.sources) and not self.queue.rows

    def _take(self, items: Sequence[Incoming]) -> None:
        began = self.monotonic()
        admitted = self.core.admission.admit(items)
        bodies: list[Body] = []
        for item, one in zip(items, admitted, strict=True):
            bodies += _bodies(item, one)
        ends = list(dict.fromkeys(item.source for item in items if item.end))
        entries = self.core.log.append([*bodies, *(Advance(0, name) for name in ends)])
        for item in items:
            if not item.more:
                self._owners[item.source].acknowledge(item.source, item.last)
        for name in ends:
            self.core.watermark.advance(0, name)
        few = sum(item.size for item in items) <= FEW_ROWS
        if few:
            self.teller.wait()
        stored = self.core.begin_with(entries, at_once if few else self.teller.hand)
        told = partial(self._tell, items, admitted, stored, began, self.core.watermark.value)
        told() if few else self.teller.end(told)
        self._count(admitted)
        now = self.monotonic()
        self._heard |= dict.fromkeys((item.source for item in items), now)

    def _tell(
        self,
        items: Sequence[Incoming],
        admitted: Sequence[Admitted],
        stored: Callable[[], list[Delivery]],
        began: float,
        watermark: int,
    ) -> None:
        """The end of a batch: what it changed is stored, told, and answered to who waits."""
        self._reply(items, admitted, self._store(stored(), began), watermark)

    def _store(self, deliveries: Sequence[Delivery], began: float | None = None) -> Sequence[Delivery]:
        if deliveries:
            if began is not None:
                self.metrics.latency(self.monotonic() - began, len(deliveries))
            self.metrics.alerts((d.change.rule, d.channel) for d in deliveries)
            self.tell(deliveries)
        return deliveries

    def _reply(
        self,
        items: Sequence[Incoming],
        admitted: Sequence[Admitted],
        deliveries: Sequence[Delivery],
        watermark: int,
    ) -> None:
        """Answer who waits; an answer names the alerts that its own events raised by themselves."""
        by_event: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            if delivery.change.step == 0 and delivery.change.event.endswith(f":{delivery.change.key}"):
                by_event.setdefault(delivery.change.event, []).append(delivery)
        for item, one in zip(items, admitted, strict=True):
            if item.reply is None:
                continue
            own = [d for event in event_ids(one) for d in by_event.get(event, ())] if by_event else []
            item.reply(
                {
                    "accepted": one.rows.num_rows,
                    "late": one.late,
                    "duplicates": one.duplicates,
                    "rejected": one.rejected,
                    "offset": one.last,
                    "watermark": watermark,
                    "alerts": [record(delivery) for delivery in own],
                }
            )

    def _count(self, admitted: Sequence[Admitted]) -> None:
        """Count a batch: by source and kind, not by item, for many an item is one event."""
        counts: Counter[tuple[str, str, str]] = Counter()
        instants: dict[str, list[Instants]] = {}
        for one in admitted:
            late, rows = one.late, one.rows.num_rows
            outcomes = ("accepted", rows - late), ("late", late), ("duplicate", one.duplicates)
            for outcome, number in (*outcomes, ("rejected", one.rejected.num_rows)):
                if number:
                    counts[one.source, one.kind, outcome] += number
            if rows:
                instants.setdefault(one.source, []).append(one.rows.column(INSTANT).to_numpy())
        for (source, kind, outcome), number in counts.items():
            self.metrics.events(source, kind, outcome, number)
        for source, parts in instants.items():
            t = parts[0] if len(parts) == 1 else np.concatenate(parts)
            newest = np.maximum(np.maximum.accumulate(t), self._reached.get(source, int(t[0])))
            self._reached[source] = int(newest[-1])
            self.metrics.lateness(newest - t)
        self.metrics.batch(sum(one.rows.num_rows for one in admitted))

    # -- people and time -----------------------------------------------------------------------------------------------

    def _orders(self) -> None:
        for command in self.inbox.take():
            if self.core.emission.knows(command.id):
                self.inbox.done(command.id, *self.core.emission.answer(command.id))
                continue
            self.teller.wait()
            entries = self.core.log.append([command])
            self._store(self.core.take(entries))
            write_state(self.core.folder / "emission.json", self.core.emission.summary())
            self.inbox.done(command.id, *self.core.emission.answer(command.id))

    def _by_clock(self, now: float) -> None:
        """The clock stands in for who is silent: for all, by closing the instants that have passed; for one of several,
        by waiting for it no more until it speaks again. A source that has not spoken since the start is given time."""
        if now - self._done["began"] < self.pace.idle:
            return
        silent = {name for name in self.core.watermark.active() if now - self._heard.get(name, 0.0) >= self.pace.idle}
        if len(silent) < len(self.core.watermark.active()):
            for name in sorted(silent):
                self._advance(0, name)
            return
        until = seconds(self.core.clock()) - math.ceil(self.pace.idle) - self.core.watermark.lateness
        day = self.core.watermark.value // DAY
        # one entry a minute is enough, one at each day's end, and one for the last events before the silence
        last = max(self.core.watermark.reached().values(), default=0)
        if until >= self.core.watermark.value + 60 or until // DAY > day or self.core.watermark.value <= last < until:
            self._advance(until)

    def _advance(self, until: int, source: str = "") -> None:
        self.teller.wait()
        self._store(self.core.advance(until, source))

    # -- telling and leaving -------------------------------------------------------------------------------------------

    def _status(self, state: str) -> None:
        core, metrics = self.core, self.metrics
        metrics.gauge("watermark_seconds", core.watermark.value)
        metrics.gauge("watermark_lag_seconds", seconds(core.clock()) - core.watermark.value)
        metrics.gauge("queue_rows", self.queue.rows)
        metrics.gauge("log_seq", core.log.last)
        metrics.gauge("unflushed_entries", core.log.last - self.flusher.upto)
        metrics.gauge("memory_bytes", core.engine.memory)
        metrics.gauge("snapshot_age_seconds", self.monotonic() - self._done["save"])
        summary = core.emission.summary()
        metrics.gauge("waiting_alerts", summary["waiting"])
        metrics.gauge("stopped", float(summary["stop"] is not None))
        metrics.open_episodes(dict(Counter(core.engine.open_tiers())))
        write_state(core.folder / "status.json", metrics.status(state))
        write_state(core.folder / "emission.json", summary)

    def _leave(self) -> None:
        """Let the sources end, take all they have read, answer whoever waits, and put everything in order."""
        for source in self.sources:
            source.stopping.set()
        ending = [threading.Thread(target=source.stop, name=f"{source.name}-stop") for source in self.sources]
        for thread in ending:
            thread.start()
        while any(thread.is_alive() for thread in ending) or self.queue.rows:
            if items := self.queue.take(BATCH_ROWS, IDLE_TAKE):
                self._take(items)
        self.queue.close()
        while items := self.queue.take(BATCH_ROWS, 0.0):
            self._take(items)
        self.teller.wait()
        if self.close_at and not self.stopping.is_set() and not any(source.error for source in self.sources):
            self._advance(self.close_at)
        self.flusher.stop()
        self.flusher.once()
        self.core.save()
        self._status("ended")
        self.teller.stop()
        self.core.close()

    def _abandon(self) -> None:
        """Something failed: what is on the disk is whole, what is in memory may not be. Nothing of it is kept."""
        for source in self.sources:
            source.stopping.set()
        self.queue.close()
        for source in self.sources:
            source.stop()
        self.teller.stop()
        self.flusher.stop()
        with suppress(HoufengError):
            write_state(self.core.folder / "status.json", self.metrics.status("ended"))
        with suppress(HoufengError):  # a full disk: the next start finds out how far the journal is
            self.core.close()


def event_ids(one: Admitted) -> list[str]:
    """The ids of admitted events, with their kind: key fields joined by `|`."""
    if not one.rows.num_rows:
        return []
    columns = [one.rows.column(name).cast("string").fill_null("").to_pylist() for name in kinds()[one.kind].key]
    return [f"{one.kind}:{'|'.join(parts)}" for parts in zip(*columns, strict=True)]


def _bodies(item: Incoming, one: Admitted) -> list[Body]:
    """What an item puts into the log; offsets without a row are noted, so that nothing is read twice."""
    bodies: list[Body] = []
    if one.rejected.num_rows:
        bodies.append(Rejected(item.source, item.kind, one.rejected))
    if one.rows.num_rows:
        bodies.append(Events(item.source, item.kind, one.rows, item.first, item.last, item.key))
    elif not item.more and not item.end:
        bodies.append(Seen(item.source, item.last, item.key))
    return bodies
