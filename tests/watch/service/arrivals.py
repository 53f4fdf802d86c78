"""Arrivals at a watch in order, a core that takes them and may be killed at any of them, and what must come of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.packs.model import Pack
from houfeng.watch.alerts import Alert
from houfeng.watch.journal.entries import INSTANT, OFFSET, REJECTED, Events, Rejected, Seen
from houfeng.watch.operations.deliveries import alert_of
from houfeng.watch.service.core import Core, Limits
from houfeng.watch.service.flusher import Flusher
from houfeng.watch.service.recovery import open_core
from houfeng.watch.sources.queue import Incoming
from watch.replay_samples import Sent, instant

LIMITS = Limits(threads=1, max_keys=1 << 12, state_memory=1 << 24)


@dataclass
class Clock:
    """A clock that stands where it is put."""

    now: datetime = datetime(2024, 12, 30)

    def __call__(self) -> datetime:
        """The moment."""
        return self.now


@dataclass(frozen=True)
class Event:
    """An event as it arrives at `at`, at a place in its source."""

    at: datetime
    source: str
    kind: str
    row: dict[str, Any]
    offset: int = 0

    @property
    def t(self) -> int:
        """Its instant."""
        return instant(self.row[kinds()[self.kind].time_field])


@dataclass
class World:
    """One book with one watch, which is killed and started again at will."""

    folder: Path
    pack: Pack
    first: Any
    lateness: int
    remember: int = 0
    clock: Clock = field(default_factory=Clock)
    core: Core | None = None
    starts: int = 0

    def __post_init__(self) -> None:
        self.book = Book.create(self.folder / "book", self.clock)

    def submit(self, sent: Sent) -> None:
        """A file comes in."""
        self.clock.now = max(self.clock.now, sent.received)
        rows = [{"_row": n, **row} for n, row in enumerate(sent.rows, 1)]
        table = pa.Table.from_pylist(rows, row_schema(kinds()[sent.kind]))
        digest = f"{sent.kind}{sent.reporter}{sent.period}{sent.received}{rows}"
        draft = Draft(
            sent.kind, sent.reporter, sent.period, table, QUARANTINE.empty_table(), "f", "", content_hash=digest
        )
        self.book.submit([draft], confirm=True)

    def start(self) -> Core:
        """The watch, started if it does not run."""
        if self.core is None:
            self.starts += 1
            book = Book.open(self.folder / "book", self.clock)
            options = {"lateness": self.lateness, "remember": self.remember, "limits": LIMITS}
            self.core = open_core(book, self.pack, self.clock, self.first, **options)
            self.core.log.segment_bytes = 4_000
        return self.core

    def kill(self) -> None:
        """End it without a word: only what is on the disk stays."""
        if self.core is not None:
            self.core.log.close()
            os.close(self.core.journal._file)
            self.core = None

    def take(self, events: Sequence[Event], *, die: bool = False) -> None:
        """One batch; `die` between the log and everything else."""
        core = self.start()
        known = core.log.offsets()
        items = list(incoming([e for e in events if e.offset > known.get(e.source, 0)]))
        if items:
            self.clock.now = max(self.clock.now, *(e.at for e in events))
            bodies: list[Any] = []
            for item, one in zip(items, core.admission.admit(items), strict=True):
                if one.rejected.num_rows:
                    bodies.append(Rejected(item.source, item.kind, one.rejected))
                if one.rows.num_rows:
                    bodies.append(Events(item.source, item.kind, one.rows, item.first, item.last))
                else:
                    bodies.append(Seen(item.source, item.last))
            entries = core.log.append(bodies)
            if not die:
                core.take(entries)
        if die:
            self.kill()

    def flush(self) -> None:
        """Put the log into the book, and let go of what nobody needs."""
        Flusher(self.start(), 1).once()

    def harm(self, everything: bool) -> None:
        """Spoil the newest state, or lose all of them."""
        folder = self.folder / "book" / "watch" / "state"
        states = sorted(path for path in folder.glob("*") if path.name.isdigit())
        if everything:
            for path in states:
                shutil.rmtree(path)
        elif states:
            files = sorted(states[-1].iterdir(), key=lambda path: (path.stat().st_size, path.name))
            victim = files[len(files) // 2]
            data = bytearray(victim.read_bytes())
            data[len(data) // 2] ^= 0x10
            victim.write_bytes(data)


def incoming(events: Iterable[Event]) -> Iterable[Incoming]:
    """Events as sources hand them over: neighbours of one kind and source together."""
    for (source, kind), some in groupby(events, key=lambda e: (e.source, e.kind)):
        group = list(some)
        schema = pa.schema([*kinds()[kind].schema(), pa.field(OFFSET, pa.int64()), pa.field(INSTANT, pa.int64())])
        rows = pa.Table.from_pylist([{**e.row, OFFSET: e.offset, INSTANT: e.t} for e in group], schema)
        yield Incoming(source, kind, rows, REJECTED.empty_table(), group[0].offset, group[-1].offset)


def admitted(events: Sequence[Event], begun: int, lateness: int) -> list[tuple[str, bool, int, str]]:
    """What the book must have, one event after the other: (source, late, offset, id)."""
    reached: dict[str, int] = {}
    held: dict[str, int] = {}
    found, mark = [], begun
    for event in events:
        name = f"{event.kind}:" + "|".join(str(event.row[k]) for k in kinds()[event.kind].key)
        if held.get(name, -1) >= mark:
            continue
        late = event.t < mark
        found.append((event.source, late, event.offset, name))
        if not late:
            held[name] = event.t
            reached[event.source] = max(event.t, reached.get(event.source, event.t))
            mark = max(mark, min(reached.values()) - lateness)
    return sorted(found)


def stored(book: Book) -> list[tuple[str, bool, int, str]]:
    """The same, of the book."""
    from houfeng.book.connection import connect

    entries = {entry.submission_id: entry for entry in book.entries() if entry.streamed}
    found = []
    for kind in sorted({entry.kind for entry in entries.values()}):
        key = kinds()[kind].key
        for row in connect().sql(book.snapshot().select(kind)).to_arrow_table().to_pylist():
            entry = entries[row["_submission"]]
            name = f"{kind}:" + "|".join(str(row[k]) for k in key)
            found.append((entry.reporter, entry.late, row["_row"], name))
    return sorted(found)


def told(records: Iterable[dict[str, Any]]) -> list[str]:
    """Alerts of the journal, each with all its steps, as text."""
    steps: dict[str, list[dict[str, Any]]] = {}
    for one in records:
        steps.setdefault(alert_of(one), []).append(one)
    found = []
    for alert, some in steps.items():
        assert [one["step"] for one in some] == list(range(len(some)))
        first = some[0]
        moved = [[one["at"], one["tier"], one["event"]] for one in some if one["what"] == "escalated"]
        over = [[one["at"], one["event"]] for one in some if one["what"] == "cleared"]
        where = [first[name] for name in ("pack", "version", "rule", "rule_id", "kind", "key")]
        start = [first[name] for name in ("at", "tier", "event", "values", "parameters", "reason")]
        found.append(json.dumps([alert, where, start, moved, over], ensure_ascii=False, sort_keys=True, default=str))
    return sorted(found)


def told_by_replay(alerts: Iterable[Alert]) -> list[str]:
    """The same of the SQL replay."""
    found = []
    for a in alerts:
        moved = [[instant(at), tier, event] for at, tier, event in a.escalations]
        over = [[instant(a.cleared_at), a.clearing_event]] if a.cleared_at else []
        where = [a.pack, a.version, f"{a.pack}/{a.rule}", a.rule_id, a.kind, a.key]
        start = [instant(a.opened_at), a.tier_at_opening, a.opening_event, dict(a.values), dict(a.parameters)]
        start.append({"zh": a.reason.zh, "en": a.reason.en})
        found.append(
            json.dumps([a.alert_id, where, start, moved, over], ensure_ascii=False, sort_keys=True, default=str)
        )
    return sorted(found)


def in_order(rows: Sequence[tuple[str, dict[str, Any]]], delays: Sequence[int], sources: Sequence[str]) -> list[Event]:
    """Events in order of arrival, numbered within their sources; delays and sources are used in turn."""
    events = []
    for n, (kind, row) in enumerate(rows):
        when = row[kinds()[kind].time_field]
        when = when if isinstance(when, datetime) else datetime(when.year, when.month, when.day)
        events.append(Event(when + timedelta(seconds=delays[n % len(delays)]), sources[n % len(sources)], kind, row))
    numbers: dict[str, int] = {}
    found = []
    for event in sorted(events, key=lambda e: e.at):
        numbers[event.source] = numbers.get(event.source, 0) + 1
        found.append(Event(event.at, event.source, event.kind, event.row, numbers[event.source]))
    return found
