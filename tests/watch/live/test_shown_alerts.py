"""An alert of the live watch, shown in full from its journal and the book, is the replay's alert byte for byte."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from houfeng.book.store import Snapshot
from houfeng.errors import InputError
from houfeng.watch.live.changes import Change
from houfeng.watch.operations.deliveries import Delivery, record, step_of
from houfeng.watch.replay import Replay
from houfeng.watch.showing import alerts_in_full
from nightly import share
from watch.histories import FIRST, LAST, PHASES, first_members, flows, history, records, reports, sample, sizes
from watch.live.live_samples import book_of, cuts, run_live


def through_journal(changes: list[Change]) -> list[Change]:
    """The steps as a journal gives them back: through JSON, decimals and dates as text."""
    lines = [json.dumps(record(Delivery(change, "emitted")), ensure_ascii=False, default=str) for change in changes]
    return [step_of(json.loads(line)) for line in lines]


@settings(
    max_examples=share(4, 60), deadline=None, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck)
)
@given(flows, records, reports, first_members, sizes, cuts)
def test_shown_alerts_equal_the_replay(
    flow_rows: list, record_rows: list, report_rows: list, member_rows: list, size: str, marks: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(Path(folder), history(flow_rows, record_rows, report_rows, member_rows, size))
        wanted = sorted(a.line() for a in Replay(book.snapshot(), sample(), FIRST, LAST, threads=1).alerts())
        steps = through_journal(run_live(book, marks))
        found = sorted(a.line() for a in alerts_in_full(book.snapshot(), sample(), steps, threads=1))
    assert found == wanted


def busy(tmp_path: Path) -> tuple[list[str], list[Change], Snapshot]:
    """A history in which rules of every kind speak: keys, groups, merging, single events, waiting, features."""
    start = datetime(2025, 1, 1, 9)
    flow = [
        {"enterprise_id": firm, "occurred_at": start + timedelta(hours=5 * n), "direction": "out" if n % 3 else "in"}
        | {"amount": Decimal(40 + 9 * n), "counterparty_id": "XYZ"[n % 3], "balance_after": Decimal("5.00")}
        for n in range(18)
        for firm in "AB"
    ]
    court = [{"enterprise_id": "A", "occurred_on": start.date(), "record_type": "enforcement"}]
    loans = [{"borrower_id": "A", "balance": Decimal("900.00"), "overdue_days": 91, "quality": "FQ01"}]
    members = [{"group_id": "G", "enterprise_id": e, "valid_from": None, "valid_to": None} for e in "AB"]
    reports_ = [(start, bank, start.date().replace(day=1), loans, [], members) for bank in "PQ"]
    book = book_of(tmp_path, history(flow, court, reports_, members, "CS04"))
    wanted = sorted(a.line() for a in Replay(book.snapshot(), sample(), FIRST, LAST, threads=1).alerts())
    return wanted, through_journal(run_live(book, [])), book.snapshot()


def test_every_kind_of_rule_is_shown(tmp_path: Path) -> None:
    wanted, steps, snapshot = busy(tmp_path)
    alerts = alerts_in_full(snapshot, sample(), steps, threads=1)
    assert sorted(a.line() for a in alerts) == wanted
    with_rows = {a.rule for a in alerts if a.evidence}
    assert {"outflow", "booked", "parallel", "pair", "large", "group_flow", "passed_on", "left_open"} <= with_rows


def test_one_alert_needs_only_the_steps_of_its_key(tmp_path: Path) -> None:
    wanted, steps, snapshot = busy(tmp_path)
    for rule in ("sample/pair", "sample/large", "sample/steps"):
        one = next(step for step in steps if step.rule == rule)
        own = [step for step in steps if (step.kind, step.key) == (one.kind, one.key)]
        (alert,) = alerts_in_full(snapshot, sample(), own, [one.alert_id], threads=1)
        assert alert.line() in wanted


def test_an_alert_of_another_version_is_refused(tmp_path: Path) -> None:
    _, steps, snapshot = busy(tmp_path)
    alert = steps[0].alert_id
    with pytest.raises(InputError):  # its opening is missing
        alerts_in_full(snapshot, sample(), [s for s in steps if s.step], [s.alert_id for s in steps if s.step])
    with pytest.raises(InputError, match="name that version"):
        alerts_in_full(snapshot, sample(), [replace(s, version="0.9.0") for s in steps], [alert])
