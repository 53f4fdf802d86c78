"""The live watch over a history, its events in batches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.book.store import Book, Snapshot
from houfeng.clock import fixed_clock
from houfeng.packs.roads.measures import instant_sql
from houfeng.watch.live.changes import Change
from houfeng.watch.live.engine import Engine
from watch.histories import FIRST, LAST, sample
from watch.replay_samples import Sent, instant, submit

START, END = instant(FIRST), instant(LAST) + 86400
cuts = st.lists(st.integers(START, END), max_size=8)
KEYS, STATE = 1 << 12, 1 << 24


def book_of(folder: Path, sent: Iterable[Sent]) -> Book:
    """A book in `folder` of what was sent."""
    book = Book.create(folder / "book", fixed_clock(datetime(2025, 2, 1)))
    for one in sent:
        submit(book, one.kind, one.reporter, one.period, one.rows, one.received)
    return book


def run_live(book: Book, watermarks: Iterable[int]) -> list[Change]:
    """All changes with the events coming in batches cut at the watermarks."""
    engine = Engine(sample(), book.snapshot(), FIRST, threads=1, max_keys=KEYS, state_memory=STATE).start()
    changes: list[Change] = []
    events = {kind: events_of(book.snapshot(), kind) for kind in engine.kinds}
    at = START
    for mark in sorted({*watermarks, END}):
        between = [
            (kind, rows.filter((pc.field("_t") >= at) & (pc.field("_t") < mark))) for kind, rows in events.items()
        ]
        changes += engine.feed(between, mark)
        at = mark
    return changes


def events_of(snapshot: Snapshot, kind: str) -> pa.Table:
    """All events of a kind with their instants."""
    sql = f"SELECT *, {instant_sql(kinds()[kind])} AS _t FROM ({snapshot.select(kind)}) ORDER BY random()"
    return connect().sql(sql).to_arrow_table()
