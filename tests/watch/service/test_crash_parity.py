"""Whatever the batches and wherever the watch dies: the same alerts as the SQL replay, the same rows in the book."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.watch.replay import Replay
from nightly import NIGHTLY, share
from watch.histories import FIRST, LAST, PHASES, first_members, flows, history, records, reports, sample, sizes
from watch.replay_samples import Sent, instant
from watch.service.arrivals import Event, World, admitted, in_order, stored, told, told_by_replay

START, END = instant(FIRST), instant(LAST) + 86400
EXAMPLES = share(3, 300)
STREAMED = ("account_flow", "public_record")

delays = st.lists(st.sampled_from([0, 0, 0, 1, 1800, 3600, 7200, 90_000]), min_size=1, max_size=6)
places = st.lists(st.sampled_from(["a", "a", "b"]), min_size=1, max_size=5)
latenesses = st.sampled_from([0, 0, 3600, 86400])
deeds = st.sampled_from(
    [
        "",
        "",
        "save",
        "beside",
        "flush",
        "beside flush",
        "die",
        "kill",
        "beside kill",
        "harm",
        "beside harm",
        "save harm",
    ]
)
lost = st.sampled_from(["", "", "save flush lose"])
turns = st.lists(st.tuples(st.integers(1, 5), st.one_of(deeds, deeds, lost)), min_size=2, max_size=8)
again = st.lists(st.integers(0, 15), max_size=3)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not NIGHTLY,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
@given(flows, records, reports, first_members, sizes, delays, places, latenesses, turns, again)
def test_a_watch_that_dies_tells_what_the_replay_tells(
    flow_rows: list,
    record_rows: list,
    report_rows: list,
    member_rows: list,
    size: str,
    late_by: list[int],
    sources: list[str],
    lateness: int,
    plan: list[tuple[int, str]],
    twice: list[int],
) -> None:
    sent = history(flow_rows, record_rows, report_rows, member_rows, size)
    rows = [(one.kind, row) for one in sent if one.kind in STREAMED for row in one.rows]
    rows += [rows[n % len(rows)] for n in twice]
    events = [event for event in in_order(rows, late_by, sources) if event.t < END]
    files = [one for one in sent if one.kind not in STREAMED]
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), sample(), FIRST, lateness)
        run(world, events, files, plan)
        book = world.book
        assert stored(book) == admitted(events, START, lateness)
        wanted = told_by_replay(Replay(book.snapshot().without_late(), sample(), FIRST, LAST, threads=1).alerts())
        core = world.start()
        assert told(core.journal.read()) == wanted
        world.kill()


def run(world: World, events: list[Event], files: list[Sent], plan: list[tuple[int, str]]) -> None:
    """Files and events in order of arrival, by the batches and deeds of the plan, over and over."""
    beginning = [one for one in files if one.received < datetime(2024, 12, 31)]
    for one in beginning:
        world.submit(one)
    later = [one for one in files if one not in beginning]
    at, turn = 0, 0
    while at < len(events):
        number, deed = plan[turn % len(plan)]
        turn += 1
        while later and later[0].received <= events[at].at:
            world.submit(later.pop(0))
        batch = [e for e in events[at : at + number] if not later or e.at < later[0].received]
        world.take(batch, die=deed == "die")
        if deed != "die":
            at += len(batch)
        do(world, deed if turn < 40 else "")
        plan = plan if turn < 40 else [(5, "")]
    for one in later:
        world.submit(one)
    world.clock.now = max(world.clock.now, datetime(LAST.year, LAST.month, LAST.day + 1))
    world.start().advance(END)
    do(world, "flush save kill")


def do(world: World, deed: str) -> None:
    """What happens after a batch."""
    if "save" in deed:
        world.start().save()
    if "beside" in deed:
        core = world.start()
        core.save_beside()
        core.saver.wait()
        assert not core.saver.failed
    if "flush" in deed:
        world.flush()
    if "harm" in deed or "lose" in deed:
        world.kill()
        world.harm("lose" in deed)
    if "kill" in deed:
        world.kill()
