"""The live watch equals the SQL replay on random histories, in any batching: every alert, step, value and reason."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from houfeng.watch.replay import Replay
from nightly import share
from watch.histories import FIRST, LAST, PHASES, first_members, flows, history, records, reports, sample, sizes
from watch.live.comparing import of_live, of_replay
from watch.live.live_samples import book_of, cuts, run_live


@settings(
    max_examples=share(6, 200),
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
