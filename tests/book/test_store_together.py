"""Many at once, and in any order: nothing is lost, nothing doubled, nobody sees half, and the past stands."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from book import store_process
from book.store_samples import KINDS, PER_CALL, START, Ticking, ask, balances, both, flows, members, numbered
from houfeng.book.draft import Draft
from houfeng.book.snapshot import Snapshot
from houfeng.book.storage.manifest import Submission, chronicle
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.errors import ConflictError

CALLS = 12
PROVED = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def start(path: Path, reporter: str, first: int) -> subprocess.Popen[bytes]:
    """Another process that submits `CALLS` calls."""
    return subprocess.Popen(
        [sys.executable, store_process.__file__, "many", str(path), reporter, str(first), str(CALLS)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


@pytest.mark.parametrize("reporters", [("bank-a", "bank-b"), ("bank-a", "bank-a")])
def test_two_processes_at_once_and_a_reader(tmp_path: Path, reporters: tuple[str, str]) -> None:
    """With one name both send the very same calls: each must enter once."""
    book = Book.create(tmp_path / "book", wall_clock, kinds=KINDS)
    writers = [start(book.path, reporter, 0) for reporter in reporters]
    views = 0
    while any(writer.poll() is None for writer in writers):
        view = book.snapshot()
        per_kind = {kind: len(view.history(kind)) for kind in ("balance", "flow")}
        assert per_kind["balance"] == per_kind["flow"]
        for kind, calls in per_kind.items():
            assert ask(f"SELECT count(*) FROM ({view.select(kind)})") == [(PER_CALL * calls,)]
        views += 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert views > 3
    expected = CALLS * len(set(reporters))
    view = book.snapshot()
    assert len(view.submissions("balance")) == len(view.history("balance")) == expected
    sql = f"SELECT count(*), count(DISTINCT flow_no) FROM ({view.select('flow')})"
    assert ask(sql) == [(PER_CALL * expected, PER_CALL * expected)]


def test_threads_of_one_process(tmp_path: Path) -> None:
    book = Book.create(tmp_path / "book", wall_clock, kinds=KINDS)

    def work(thread: int) -> None:
        for call in range(4):
            book.submit(both(call, reporter=f"bank-{thread}"))
            view = book.snapshot()
            assert ask(f"SELECT count(*) >= {PER_CALL * (call + 1)} FROM ({view.select('flow')})") == [(True,)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert ask(f"SELECT count(*) FROM ({book.snapshot().select('balance')})") == [(PER_CALL * 16,)]


def contents(view: Snapshot) -> dict[str, list[tuple[Any, ...]]]:
    """Everything a view shows, without the names of submissions."""
    found = {}
    for kind in KINDS:
        sql = f"SELECT * EXCLUDE (_submission) FROM ({view.select(kind)}) ORDER BY ALL"
        found[kind] = ask(sql)
    return found


@st.composite
def stated(draw: st.DrawFn) -> tuple[list[Draft], list[int]]:
    """Drafts of two keys, each at a place of its own in the order, and an order of arrival."""
    versions = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True))
    hours = draw(st.lists(st.integers(0, 99), min_size=0, max_size=4, unique=True))
    drafts = [balances({f"n{v}": str(v), "same": str(v % 3)}, version=v) for v in versions]
    drafts += [
        members({f"m{h}": str(h)}, sent_at=START - timedelta(hours=h), version=draw(st.sampled_from([None, 1])))
        for h in hours
    ]
    return drafts, draw(st.permutations(range(len(drafts))))


@given(stated())
@PROVED
def test_any_order_of_arrival_gives_the_same_view(case: tuple[list[Draft], Sequence[int]]) -> None:
    drafts, order = case
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, places in (("straight", range(len(drafts))), ("shuffled", order)):
            clock = Ticking()
            book = Book.create(Path(folder) / name, clock, kinds=KINDS)
            for place in places:
                clock.later(minutes=7)
                book.submit([drafts[place]], confirm=True)
            found.append(contents(book.snapshot()))
    assert found[0] == found[1]


AMOUNTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("123"), max_size=3)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.integers(1, 3),
        "sent_at": st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
    },
)
DRAFTS = st.one_of(
    st.builds(lambda a, o: balances(a, **o), AMOUNTS, ORDERS),
    st.builds(lambda a, o: balances(a, bank="bank-b", **o), AMOUNTS, ORDERS),
    st.builds(lambda a, d: members(a, day=date(2026, 1, d)), AMOUNTS, st.integers(1, 2)),
    st.builds(lambda a, r: flows(a, reporter=r), AMOUNTS, st.sampled_from(["x", "y"])),
)


@given(st.lists(st.tuples(DRAFTS, st.integers(0, 2)), min_size=1, max_size=8))
@PROVED
def test_a_past_view_never_changes(steps: list[tuple[Draft, int]]) -> None:
    clock = Ticking()
    seen: list[tuple[datetime, dict[str, list[tuple[Any, ...]]]]] = []
    with tempfile.TemporaryDirectory() as folder:
        book = Book.create(Path(folder) / "book", clock, kinds=KINDS)
        for draft, minutes in steps:
            clock.later(minutes=minutes)
            try:
                book.submit([draft], confirm=True)
            except ConflictError:
                continue
            view = book.snapshot()
            seen.append((view.known_at, contents(view)))
            assert contents(view) == seen[-1][1]
        clock.later(hours=1)
        for moment, before in seen:
            assert contents(book.snapshot(moment)) == before


def entry(number: int, minutes: int, version: int | None, sent: int | None) -> Submission:
    """A line of the manifest."""
    return Submission(
        submission_id=f"c{number}-1",
        kind="balance",
        reporter="bank-a",
        period=date(2026, 1, 31),
        version=version,
        sent_at=None if sent is None else START + timedelta(minutes=sent),
        received_at=START + timedelta(minutes=minutes),
        loaded=False,
        content_hash=str(number),
        file="",
        sheet="",
        rows=1,
        quarantined=0,
        ignored=0,
        own=True,
        event=False,
    )


@given(st.lists(st.tuples(st.none() | st.integers(1, 4), st.none() | st.integers(-9, 9)), min_size=1, max_size=9))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_times_in_force_follow_one_another(stated: list[tuple[int | None, int | None]]) -> None:
    """At every moment from the first arrival on exactly one submission of a key is in force: the greatest known."""
    told = chronicle([entry(n, n, version, sent) for n, (version, sent) in enumerate(stated)])
    for minute in range(len(told)):
        now = START + timedelta(minutes=minute)
        in_force = [e for e in told if e.known_from <= now and (e.known_to is None or e.known_to > now)]
        known = [e for e in told if e.received_at <= now]
        assert in_force == [max(known, key=lambda e: e.order)]


def test_ids_may_be_handed_in(tmp_path: Path) -> None:
    book = Book.create(tmp_path / "book", Ticking(), kinds=KINDS, ids=numbered("load"))
    assert book.submit([balances({"n": "1"})]).outcomes[0].submission_id == "load000000-00001"
