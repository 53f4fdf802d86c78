"""The plan against what was done: by quarter, by way, against the baseline and against the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from houfeng.platforms.plan import against_ledger, progress, quarter_before, together
from platforms.platform_samples import DAY, debt, line, platform

Q2, Q3, Q4, NEXT = date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), date(2026, 3, 31)
PLAN = (
    line(Q2, "fiscal", "100", "100"),
    line(Q3, "fiscal", "60", "50"),
    line(Q3, "rollover", "40", "20.50"),
    line(Q4, "rollover", "80"),
    line(NEXT, "rollover", "120"),
)


def test_by_hand() -> None:
    one = platform(debt("h", "829.50", hidden=True), baseline=Decimal(1000), plan=PLAN)
    found = progress(one, DAY)
    assert found.resolved == Decimal("170.50")
    assert found.planned == 200  # the fourth quarter is not told yet, and is not behind
    assert found.untold == (Q4,)
    assert found.done == Decimal("0.1705")
    assert found.due == Decimal("0.2")
    assert found.behind == Decimal("2.95")
    assert found.left == Decimal("829.50")
    assert found.by_method() == {"fiscal": (160, 150), "rollover": (120, Decimal("20.50"))}
    third = found.quarters[1]
    assert (third.planned, third.actual, third.planned_so_far, third.actual_so_far) == (
        100, Decimal("70.50"), 200, Decimal("170.50"),
    )  # fmt: skip
    assert [one.over for one in found.quarters] == [True, True, True, False]
    assert [one.told for one in found.quarters] == [True, True, False, False]


def test_a_quarter_is_over_on_its_last_day() -> None:
    one = platform(baseline=Decimal(1000), plan=PLAN)
    assert progress(one, date(2025, 12, 30)).untold == ()
    assert progress(one, date(2026, 3, 31)).untold == (Q4, NEXT)


def test_without_a_baseline_there_is_no_share() -> None:
    found = progress(platform(plan=PLAN), DAY)
    assert (found.done, found.due, found.behind, found.left) == (None, None, None, None)
    assert found.resolved == Decimal("170.50")


def test_without_a_plan_nothing_is_told() -> None:
    found = progress(platform(baseline=Decimal(5)), DAY)
    assert (found.lines, found.quarters, found.resolved, found.behind) == ((), (), 0, 0)


def test_what_was_told_is_held_against_the_ledger() -> None:
    one = platform(baseline=Decimal(1000), plan=PLAN)
    hidden = {date(2025, 3, 31): Decimal(1000), Q2: Decimal(900), Q3: Decimal(850), Q4: Decimal(840)}
    first, second = against_ledger(one, hidden, DAY)
    assert (first.quarter, first.unexplained) == (Q2, 0)
    assert (second.quarter, second.before, second.after, second.resolved) == (Q3, 900, 850, Decimal("70.50"))
    assert second.unexplained == Decimal("20.50")
    assert against_ledger(one, {Q3: Decimal(1)}, DAY) == ()  # nothing to compare with


def test_new_hidden_debt_shows_as_well() -> None:
    one = platform(plan=(line(Q2, "fiscal", "0", "0"),))
    (step,) = against_ledger(one, {date(2025, 3, 31): Decimal(10), Q2: Decimal(35)}, DAY)
    assert step.unexplained == 25


def test_the_quarter_before() -> None:
    assert [quarter_before(date(2025, m, d)) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))] == [
        date(2024, 12, 31), date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30),
    ]  # fmt: skip


def test_several_together_leave_out_those_without_a_baseline() -> None:
    plans = [progress(platform(baseline=b, plan=PLAN), DAY) for b in (Decimal(1000), None, Decimal(500))]
    assert together(plans) == (1500, 400, 341)
