"""The SQL replay equals the slow oracle on random histories: every alert, every step, every clearing."""

from __future__ import annotations

import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.watch import replay as replay_module
from houfeng.watch.replay import Replay
from nightly import share
from watch.histories import FIRMS, FIRST, LAST, PHASES, first_members, flows, history, records, reports, sample, sizes
from watch.replay_samples import Oracle, instant, submit


@settings(
    max_examples=share(7, 200), deadline=None, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck)
)
@given(flows, records, reports, first_members, sizes)
def test_replay_equals_the_oracle(
    flow_rows: list, record_rows: list, report_rows: list, member_rows: list, size: str
) -> None:
    pack, sent = sample(), history(flow_rows, record_rows, report_rows, member_rows, size)
    with tempfile.TemporaryDirectory() as folder:
        book = Book.create(Path(folder) / "book", fixed_clock(datetime(2025, 2, 1)))
        for one in sent:
            submit(book, one.kind, one.reporter, one.period, one.rows, one.received)
        alerts = list(Replay(book.snapshot(), pack, FIRST, LAST, threads=1).alerts())
    found = [
        (
            a.rule,
            a.key,
            [(instant(a.opened_at), a.tier_at_opening, a.opening_event)]
            + [(instant(t), tier, e) for t, tier, e in a.escalations],
            (instant(a.cleared_at), a.clearing_event) if a.cleared_at else None,
        )
        for a in alerts
    ]
    wanted = [(t.rule, t.key, t.steps, t.cleared) for t in Oracle(pack, sent, FIRST, LAST).told()]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


@pytest.mark.parametrize("points", [1, 20, 10_000])
def test_shards_do_not_change_the_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: int) -> None:
    flow = [
        {
            "enterprise_id": firm,
            "occurred_at": datetime(2025, 1, 1 + n % 8, n % 24),
            "direction": "out",
            "amount": Decimal(60 + n),
        }
        for n in range(24)
        for firm in FIRMS
    ]
    pack, sent = sample(), history(flow, [], [], [], "CS04")
    book = Book.create(tmp_path / "book", fixed_clock(datetime(2025, 2, 1)))
    for one in sent:
        submit(book, one.kind, one.reporter, one.period, one.rows, one.received)
    monkeypatch.setattr(replay_module, "POINTS_PER_SHARD", points)
    lines = sorted(a.line() for a in Replay(book.snapshot(), pack, FIRST, LAST, threads=1).alerts())
    assert len(set(lines)) == len(lines) > 4
    wanted = Oracle(pack, sent, FIRST, LAST).told()
    assert len(lines) == len(wanted)
