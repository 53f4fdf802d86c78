"""The live watch equals the SQL replay on random histories, in any batching: every alert, step, value and reason."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.book.store import Book, Snapshot
from houfeng.clock import fixed_clock
from houfeng.packs.roads.measures import instant_sql
from houfeng.watch.live.changes import Change
from houfeng.watch.live.engine import Engine
from houfeng.watch.replay import Replay
from watch.live.comparing import of_live, of_replay
from watch.replay_samples import Sent, instant, submit
from watch.test_replay_parity import FIRST, LAST, PHASES, first_members, flows, history, records, reports, sample, sizes

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


@settings(
    max_examples=200 if os.environ.get("HOUFENG_NIGHTLY") else 20,
    deadline=None,
    derandomize=True,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
@given(flows, records, reports, first_members, sizes, cuts)
def test_live_equals_the_replay(
    flow_rows: list, record_rows: list, report_rows: list, member_rows: list, size: str, marks: list[int]
) -> None:
    sent = history(flow_rows, record_rows, report_rows, member_rows, size)
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(Path(folder), sent)
        wanted = of_replay(Replay(book.snapshot(), sample(), FIRST, LAST, threads=1).alerts())
        found = of_live(run_live(book, marks))
    assert found == wanted


def test_a_kind_nobody_is_of_yet_is_no_trouble(tmp_path: Path) -> None:
    sent = [one for one in history([], [], [], [], "CS04") if one.kind == "enterprise"]
    book = book_of(tmp_path, sent)
    wanted = of_replay(Replay(book.snapshot(), sample(), FIRST, LAST, threads=1).alerts())
    assert of_live(run_live(book, [])) == wanted
