"""A swap by hand: interest by days, costs once, the hidden part stays hidden, and what cannot be counted is told."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.platforms.swap import Offer, candidates, swap
from platforms.platform_samples import DAY, debt, platform

D = Decimal
TRUST = debt(
    "T", "1000000", instrument="nonstandard_trust", cost=D("8"), matures_on=date(2026, 12, 31), creditor_id="X"
)
LEASE = debt("L", "500000", instrument="nonstandard_leasing", cost=D("7"), matures_on=date(2027, 12, 31), hidden=True)
LOAN = debt("B", "500000", instrument="bank_loan", cost=D("4"), matures_on=date(2026, 3, 31))
ONE = platform(TRUST, LEASE, LOAN)


def test_by_hand() -> None:
    """365 days of 1,000,000 are 80,000 at 8 % and 40,000 at 4 %; 730 of 500,000 70,000 at 7 % and 40,000."""
    found = swap(ONE, [TRUST, LEASE], Offer(D("4"), 60, fee=D("0.5"), breakage=D("1")), DAY)
    first, second = found.replaced
    assert (first.days, first.old_interest, first.new_interest, first.saved) == (365, 80000, 40000, 40000)
    assert (second.days, second.old_interest, second.new_interest, second.saved) == (730, 70000, 40000, 30000)
    assert found.principal == 1500000
    assert found.yearly == 80000 + 35000 - 60000
    assert found.saved == 70000
    assert found.costs == 7500 + 15000
    assert found.net == 70000 - 22500
    assert found.months_to_even == 5  # 22,500 × 12 ÷ 55,000 = 4.9
    assert found.before.cost == D("6.75000")  # (8 + 3.5 + 2) ÷ 2
    assert found.after.cost == D("4.00000")
    assert (found.before.nonstandard, found.after.nonstandard) == (1500000, 0)
    assert (found.before.short, found.after.short) == (1500000, 500000)
    assert (found.before.total, found.after.total) == (2000000, 2000000)


def test_hidden_debt_stays_hidden() -> None:
    found = swap(ONE, [TRUST, LEASE], Offer(D("4"), 60), DAY)
    assert (found.before.hidden, found.after.hidden) == (500000, 500000)
    assert any("hidden" in risk.en for risk in found.risks)


def test_a_haircut_is_forgone_by_creditors() -> None:
    found = swap(ONE, [TRUST], Offer(D("4"), 60, haircut=D("10")), DAY)
    assert (found.principal, found.forgone) == (900000, 100000)
    assert found.replaced[0].saved == 80000 - 36000
    assert found.net == 44000 + 100000
    assert found.after.total == 1900000


def test_a_dearer_loan_never_earns_its_costs() -> None:
    found = swap(ONE, [LEASE], Offer(D("9"), 12, fee=D("1")), DAY)
    assert found.yearly == -10000
    assert found.months_to_even is None
    assert any("not cheaper" in risk.en for risk in found.risks)


def test_what_is_not_known_is_told_and_not_counted() -> None:
    open_end = debt("O", "100", instrument="nonstandard_other", cost=D("9"), state="overdue")
    found = swap(platform(open_end), [open_end], Offer(D("4"), 12), DAY)
    assert found.saved == 0
    assert found.replaced[0].saved is None
    assert any("without a last day" in risk.en for risk in found.risks)
    assert any("overdue" in risk.en for risk in found.risks)
    priceless = debt("N", "100", instrument="nonstandard_other")
    assert swap(platform(priceless), [priceless], Offer(D("4"), 12), DAY).yearly is None


def test_candidates_are_the_dear_nonstandard_ones() -> None:
    assert [one.debt_no for one in candidates(ONE, D("4"))] == ["T", "L"]
    assert [one.debt_no for one in candidates(ONE, D("7"))] == ["T"]
    assert candidates(ONE, D("8")) == []


def test_everything_wrong_is_told_at_once() -> None:
    offer = Offer(D("-1"), 0, fee=D("21"), haircut=D("101"), breakage=D("-0.01"), stress=D("37"))
    with pytest.raises(InputError) as told:
        swap(ONE, [], offer, DAY)
    assert [problem.code for problem in told.value.problems] == ["swap.nothing", *["swap.out_of_range"] * 6]


MONEY = st.decimals(min_value="0.01", max_value="9999999.99", places=2)
RATES = st.decimals(min_value=0, max_value=20, places=2)


@given(st.lists(st.tuples(MONEY, RATES, st.integers(-30, 3000), st.booleans()), min_size=1, max_size=6), RATES,
       st.decimals(min_value=0, max_value=100, places=1))  # fmt: skip
def test_balances_add_up_and_the_books_agree(
    rows: list[tuple[Decimal, Decimal, int, bool]], rate: Decimal, haircut: Decimal
) -> None:
    debts = [
        debt(str(n), str(b), instrument="nonstandard_other", cost=c, hidden=h, matures_on=DAY + timedelta(days=d))
        for n, (b, c, d, h) in enumerate(rows)
    ]  # fmt: skip
    found = swap(platform(*debts, LOAN), debts, Offer(rate, 60, haircut=haircut), DAY)
    assert found.principal + found.forgone == sum((b for b, *_ in rows), D(0))
    assert found.after.total == found.before.total - found.forgone
    assert found.after.nonstandard == 0
    assert found.after.hidden <= found.before.hidden
    assert found.net == found.saved - found.costs + found.forgone
    assert all(one.old_interest == 0 for one in found.replaced if one.days == 0)
