"""The heart of a running watch: log entries in, in their order; stored steps of alerts out.

Everything that decides anything is here and is a function of the entries: whoever restarts feeds the same entries again
and gets the same steps, and the journal of alerts takes each step once.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.connection import connect
from houfeng.book.store import Book, Snapshot
from houfeng.clock import Clock
from houfeng.errors import EnvironmentFault, Text
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import DAY, day_number, day_of
from houfeng.watch.journal.alerts import AlertJournal
from houfeng.watch.journal.entries import LATE, Advance, Command, Entry, Events
from houfeng.watch.journal.log import Log
from houfeng.watch.journal.watermark import Watermark
from houfeng.watch.kernel.memory import SOURCES
from houfeng.watch.live.engine import Engine, Hand
from houfeng.watch.live.frame import Frame
from houfeng.watch.operations.deliveries import Delivery, Outcome, record
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.orders import known_rules
from houfeng.watch.service import history
from houfeng.watch.service import state as states
from houfeng.watch.service.saving import Saver
from houfeng.watch.sources.admission import Admission

WAITING = "waiting."


@dataclass(frozen=True)
class Limits:
    """How much a watch may use: bytes for DuckDB (as it writes them), threads, keys, bytes for windows."""

    memory: str = "1GB"
    threads: int | None = None
    max_keys: int = 1 << 22
    state_memory: int = 1 << 36


@dataclass
class Core:
    """The watch of one book by one pack. Make it with `recovery.open_core`.

    `load` takes the order to go on with another version of the pack; `since` is the entry of the last one taken.
    `place` holds log, journal and states; `stores` says whether events go into the book (a drill with the book's own
    events stores nothing). `first` is the day the watch began; `seq` the last entry taken.
    """

    book: Book
    pack: Pack
    clock: Clock
    log: Log
    journal: AlertJournal
    first: date
    watermark: Watermark
    place: Path
    load: Callable[[Core, Entry], list[Delivery]]
    stores: bool = True
    limits: Limits = field(default_factory=Limits)
    future: int = 300
    max_gap: int | None = None
    budget: int | None = None
    remember: int = 0
    seq: int = 0
    since: int = 0
    storing: threading.Lock = field(default_factory=threading.Lock)
    """Held while the log goes into the book and lets go of what is there, and while both are read together."""
    said: list[Text] = field(default_factory=list)
    saver: Saver = field(default_factory=Saver)
    engine: Engine = field(init=False)
    admission: Admission = field(init=False)
    emission: Emission = field(init=False)

    def __post_init__(self) -> None:
        self.admission = Admission(self.watermark, self.clock, self._known, self.future, self.max_gap, self.remember)
        self.emission = Emission(known_rules(self.pack), self.budget)

    # -- the engine and its view of the book ---------------------------------------------------------------------------

    def begin(self, first: date) -> Engine:
        """A new engine from the day `first`, by the book as it is now; not started yet."""
        self._frames: dict[str, str] = {}
        self._first_frames = self._registers()  # before the view: what comes between counts as news
        self.engine = Engine(
            self.pack,
            self.snapshot(),
            first,
            self.limits.memory,
            self.limits.threads,
            self.limits.max_keys,
            self.limits.state_memory,
            history=self._history,
            fresh=self._fresh,
        )
        return self.engine

    def snapshot(self) -> Snapshot:
        """The book now, without late events of streams."""
        return self.book.snapshot().without_late()

    def _fresh(self, frame: Frame, day: date, must: bool) -> Frame | None:
        """A newer view for a day: where windows are measured anew, or where something but events came into the book."""
        registers, kind = self._registers(), frame.plan.kind
        if not must and registers == self._seen_of_book(kind):
            return None
        self._frames[kind] = registers
        limits = self.limits
        return Frame(self.snapshot(), self.pack, frame.plan, day, memory=limits.memory, threads=limits.threads)

    def _seen_of_book(self, kind: str) -> str:
        """What the frame of a kind of key was made of; each has a frame of its own."""
        return self._frames.get(kind, self._first_frames)

    def _registers(self) -> str:
        """What the book has besides events, as a digest: frames made of the same tell the same of every day."""
        ids = "\n".join(entry.submission_id for entry in self.book.entries() if not entry.event)
        return hashlib.blake2b(ids.encode(), digest_size=16).hexdigest()

    def _history(self, kind: str, until: int) -> Iterator[pa.Table]:
        """The events of a kind before an instant. None that is in time can come to it any more."""
        began = day_number(self.first) * DAY
        with self.storing, connect(memory=self.limits.memory, threads=self.limits.threads) as connection:
            snapshot = self.snapshot()
            yield history.stored(connection, snapshot, kind, 0, until, before=began, streams=self.stores)
            if until > began:
                upto = self.book.streamed_upto() if self.stores else 0
                yield from history.logged(self.log, upto, kind, until)

    def _known(self, kind: str, rows: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return self.engine.known(kind, rows) if kind in self.engine.kinds else np.ones(rows.num_rows, np.bool_)

    # -- entries -------------------------------------------------------------------------------------------------------

    def take(self, entries: Sequence[Entry], *, again: bool = False) -> list[Delivery]:
        """Evaluate entries and store what they change. `again`: they come from the log, not from admission."""
        deliveries: list[Delivery] = []
        for loads, part in groupby(entries, key=_loads):
            if not loads:
                deliveries += self._take(list(part), again)
                continue
            for entry in part:
                deliveries += self.load(self, entry)
        return deliveries

    def _take(self, entries: Sequence[Entry], again: bool) -> list[Delivery]:
        batches: list[tuple[str, pa.Table]] = []
        deliveries: list[Delivery] = []
        for entry in entries:
            if isinstance(entry.body, Command):
                deliveries += self._evaluate(batches)
                batches = []
                deliveries += self.command(entry, entry.body).deliveries
            elif isinstance(entry.body, Advance):
                if again:
                    self.watermark.advance(entry.body.until, entry.body.source)
            elif isinstance(entry.body, Events):
                if again:
                    self._passed_before(entry.body)
                batches.append((entry.body.kind, on_time(entry.body.rows)))
        deliveries += self._evaluate(batches)
        return self._stored(deliveries, entries[-1].seq)

    def begin_with(self, entries: Sequence[Entry], hand: Hand) -> Callable[[], list[Delivery]]:
        """As `take`, of entries without commands from admission; but only the windows are run now, and what changes is
        handed on. What is given stores it, and is to be called there too."""
        if not entries:
            return lambda: []
        batches = [(e.body.kind, on_time(e.body.rows)) for e in entries if isinstance(e.body, Events)]
        told, last = self.engine.begin(batches, self.watermark.value, hand), entries[-1].seq
        return lambda: self._stored(self.emission.route(told()), last)

    def _stored(self, deliveries: list[Delivery], seq: int) -> list[Delivery]:
        self.journal.append(seq, [record(delivery) for delivery in deliveries])
        self.seq = seq  # only now may they go into the book: a rebuild tells nobody of what is there
        return deliveries

    def advance(self, until: int, source: str = "") -> list[Delivery]:
        """Close all instants before `until`, and wait no more for `source`; on the log first."""
        entries = self.log.append([Advance(until, source)])
        self.watermark.advance(until, source)
        return self.take(entries)

    def _evaluate(self, batches: list[tuple[str, pa.Table]]) -> list[Delivery]:
        return self.emission.route(self.engine.feed(batches, self.watermark.value))

    def command(self, entry: Entry, command: Command) -> Outcome:
        """Give the order of a log entry to the emission."""
        return self.emission.apply(command, seq=entry.seq, at=entry.at, watermark=max(0, self.watermark.value))

    def _passed_before(self, body: Events) -> None:
        """What admission learnt of rows when they first came: their ids, and how far their source is."""
        self.admission.learn(body.source, body.kind, body.rows)

    # -- state ---------------------------------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """What a state must share with this watch to be of use to it."""
        pack = f"{self.pack.name} {self.pack.version} {self.pack.digest}"
        return f"{version('houfeng')} {SOURCES} {pack} {self.since} {self.first} {self.watermark.lateness}"

    @property
    def folder(self) -> Path:
        """Where states are kept."""
        return self.place / "state"

    def save(self) -> None:
        """Write the state down, so that a restart need not read the log from its beginning.

        Raises:
            EnvironmentFault: disk full, no permission.
        """
        self.saver.stop()
        self.journal.note()
        self._stage()
        states.settle(self.folder, self.seq, self.identity)

    def save_beside(self) -> None:
        """As `save`, but only the cut is made now; what goes wrong afterwards, `saver.failed` tells.

        Raises:
            EnvironmentFault: disk full, no permission.
        """
        self.saver.stop()
        self.journal.note()
        self.saver.begin(self._stage, partial(states.settle, self.folder, self.seq, self.identity))

    def _stage(self) -> None:
        dumped = self.engine.dump()
        arrays: dict[str, Any] = {}
        plain: dict[str, Any] = {}
        for kind, one in dumped["watches"].items():
            arrays |= {f"{kind}.{name}": array for name, array in one["arrays"].items()}
            plain[kind] = {**one["plain"], "book": self._seen_of_book(kind)}
        tables = {f"{WAITING}{kind}": table for kind, table in dumped["waiting"].items()}
        tables["admission"] = self.admission.dump()
        whole = {
            "until": dumped["until"],
            "watches": plain,
            "watermark": self.watermark.dump(),
            "emission": self.emission.dump(),
        }
        standing = {name: whole[name] for name in ("watermark", "emission")}
        states.stage(self.folder, self.seq, whole, arrays, tables, standing)

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take a state: engine, watermark, ids, emission."""
        plain = found["plain"]
        self._check_room(found["arrays"])
        watches: dict[str, Any] = {}
        for kind, one in plain["watches"].items():
            start = f"{kind}."
            arrays = {n.removeprefix(start): a for n, a in found["arrays"].items() if n.startswith(start)}
            watches[kind] = {"arrays": arrays, "plain": one}
        waiting = {n.removeprefix(WAITING): t for n, t in found["tables"].items() if n.startswith(WAITING)}
        self.watermark.load(plain["watermark"])
        self.admission.load(found["tables"]["admission"])
        self.emission.load(plain["emission"])
        self.begin(day_of(plain["until"] // DAY))
        self.engine.resume({"until": plain["until"], "watches": watches, "waiting": waiting})
        self._sleep_on(watches)
        self.seq = found["seq"]

    def _sleep_on(self, watches: Mapping[str, Any]) -> None:
        """Let keys sleep as long as they were to when the state was saved, where the book has nothing new of them.

        An engine that resumes wakes all of them at the first day's end, because a feature may be another: with a
        million keys the stream would then stand still for seconds.
        """
        for watch in self.engine.keywatches:
            held = watches[watch.plan.kind]
            if held["plain"].get("book") == self._seen_of_book(watch.plan.kind):
                wakes = held["arrays"]["kernel.wakes"]
                watch.kernel.wakes[: len(wakes)] = wakes

    def _check_room(self, arrays: Mapping[str, Any]) -> None:
        keys = max((len(array) for name, array in arrays.items() if name.endswith(".kernel.wakes")), default=0)
        words = max((len(array) for name, array in arrays.items() if name.endswith(".kernel.heap")), default=0)
        if keys > self.limits.max_keys or words * 8 > self.limits.state_memory:
            told = f"{keys:,} 个对象、{words * 8:,} 字节", f"{keys:,} keys and {words * 8:,} bytes"
            raise EnvironmentFault(
                Text(
                    f"状态里有 {told[0]}，放不下；请调高 --max-keys 或 --state-memory",
                    f"the state has {told[1]}, more than fits; raise --max-keys or --state-memory",
                )
            )

    def close(self) -> None:
        """Let go of log and journal. Nothing is saved: what is on the disk is enough."""
        self.saver.stop()
        self.journal.close()
        self.log.close()


def on_time(rows: pa.Table) -> pa.Table:
    """The rows that did not come too late for the windows."""
    return rows.filter(pc.invert(rows.column(LATE))) if pc.any(rows.column(LATE)).as_py() else rows


def _loads(entry: Entry) -> bool:
    return isinstance(entry.body, Command) and entry.body.what.get("do") == "load"
