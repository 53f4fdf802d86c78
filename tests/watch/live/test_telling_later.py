"""The windows may run ahead of what is told, in one thread or in two: the same alerts as by the SQL replay."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.store import Book
from houfeng.watch.live.changes import Change
from houfeng.watch.live.engine import Engine, Hand, Telling
from houfeng.watch.replay import Replay
from houfeng.watch.service.teller import Teller
from nightly import share
from watch.histories import FIRST, LAST, PHASES, first_members, flows, history, records, reports, sample, sizes
from watch.live.comparing import of_live, of_replay
from watch.live.live_samples import END, KEYS, START, STATE, book_of, cuts, events_of

lags = st.lists(st.integers(0, 3), min_size=1, max_size=4)


class Later:
    """Nothing is told before somebody waits for it; then all that was handed on before is."""

    def __init__(self) -> None:
        self.jobs: deque[Callable[[], None]] = deque()

    def hand(self, telling: Telling) -> Telling:
        """As `engine.Hand`."""
        told: list[list[Change]] = []
        self.jobs.append(lambda: told.append(telling()))

        def wait() -> list[Change]:
            while not told:
                self.jobs.popleft()()
            return told[0]

        return wait


def run(book: Book, marks: Sequence[int], behind: Sequence[int], hand: Hand) -> list[Change]:
    """All changes; after batch n the last `behind[n]` are not asked for yet."""
    engine = Engine(sample(), book.snapshot(), FIRST, threads=1, max_keys=KEYS, state_memory=STATE).start()
    events = {kind: events_of(book.snapshot(), kind) for kind in engine.kinds}
    changes: list[Change] = []
    told: deque[Telling] = deque()
    at = START
    for n, mark in enumerate(sorted({*marks, END})):
        between = (pc.field("_t") >= at) & (pc.field("_t") < mark)
        told.append(engine.begin([(kind, rows.filter(between)) for kind, rows in events.items()], mark, hand))
        while len(told) > behind[n % len(behind)]:
            changes += told.popleft()()
        at = mark
    return changes + [change for one in told for change in one()]


@settings(
    max_examples=share(4, 200),
    deadline=None,
    derandomize=True,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
@given(flows, records, reports, first_members, sizes, cuts, lags)
def test_what_is_told_later_is_the_same(
    flow_rows: list,
    record_rows: list,
    report_rows: list,
    member_rows: list,
    size: str,
    marks: list[int],
    behind: list[int],
) -> None:
    sent = history(flow_rows, record_rows, report_rows, member_rows, size)
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(Path(folder), sent)
        wanted = of_replay(Replay(book.snapshot(), sample(), FIRST, LAST, threads=1).alerts())
        teller = Teller()
        try:
            found = [of_live(run(book, marks, behind, hand)) for hand in (Later().hand, teller.hand)]
        finally:
            teller.stop()
    assert found == [wanted, wanted]
