"""The ladder: every yuan stands on one step, and the wall is the largest month over the mean."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from houfeng.platforms.ladder import class_of, ladder
from platforms.platform_samples import DAY, debt


def test_by_hand() -> None:
    debts = [
        debt("past", "5", instrument="bond", matures_on=DAY),
        debt("first", "10", instrument="bank_loan", matures_on=date(2026, 1, 1)),
        debt("last", "20", instrument="nonstandard_trust", matures_on=date(2026, 12, 31)),
        debt("same", "30", instrument="nonstandard_leasing", matures_on=date(2026, 12, 1)),
        debt("later", "40", instrument="bond", matures_on=date(2027, 1, 1)),
        debt("never", "50", instrument="offshore"),
    ]
    found = ladder(debts, DAY, 12)
    assert [rung.month for rung in found.rungs][:2] == [date(2026, 1, 31), date(2026, 2, 28)]
    assert found.rungs[0].amounts == {"bank_loan": 10}
    assert found.rungs[11].amounts == {"nonstandard": 50}
    assert found.rungs[11].debts == 2
    assert (found.passed, found.later, found.undated, found.within) == (5, 40, 50, 60)
    rung, peak = found.peak(12)
    assert rung is not None
    assert rung.month == date(2026, 12, 31)
    assert peak == Decimal(50) * 12 / 60


def test_the_rest_of_a_month_is_its_first_rung() -> None:
    found = ladder([debt("d", "7", matures_on=date(2026, 1, 20))], date(2026, 1, 15), 2)
    assert [(rung.month, rung.total) for rung in found.rungs] == [(date(2026, 1, 31), 7), (date(2026, 2, 28), 0)]


def test_nothing_due_has_no_peak() -> None:
    assert ladder([], DAY, 12).peak(12) == (None, None)
    assert ladder([debt("d", "7", matures_on=date(2030, 1, 1))], DAY, 12).peak(12) == (None, None)


def test_equal_months_have_a_peak_of_one_and_the_first_is_named() -> None:
    debts = [debt(str(n), "3.01", matures_on=date(2026, n, 15)) for n in range(1, 13)]
    rung, peak = ladder(debts, DAY, 24).peak(12)
    assert peak == 1
    assert rung is not None
    assert rung.month == date(2026, 1, 31)


AMOUNTS = st.decimals(min_value="0.01", max_value="99999999.99", places=2)
DAYS = st.none() | st.integers(-800, 3000).map(lambda n: DAY + timedelta(days=n))


@given(st.lists(st.tuples(AMOUNTS, DAYS, st.sampled_from(["bond", "nonstandard_other", "x", ""])), max_size=20),
       st.integers(1, 60))  # fmt: skip
def test_the_parts_make_the_whole(rows: list[tuple[Decimal, date | None, str]], months: int) -> None:
    debts = [debt(str(n), str(a), matures_on=d, instrument=i) for n, (a, d, i) in enumerate(rows)]
    found = ladder(debts, DAY, months)
    assert len(found.rungs) == months
    assert found.passed + found.within + found.later + found.undated == sum((a for a, _, _ in rows), Decimal(0))
    assert sum(rung.debts for rung in found.rungs) == sum(
        d is not None and DAY < d <= found.rungs[-1].month for _, d, _ in rows
    )
    _, peak = found.peak(months)
    assert peak is None or 1 <= peak <= months


def test_classes() -> None:
    assert [class_of(one) for one in ("bank_loan", "nonstandard_factoring", "offshore", "", "new")] == [
        "bank_loan", "nonstandard", "offshore", "other", "other",
    ]  # fmt: skip
