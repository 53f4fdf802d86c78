"""All-in cost: by hand, against the roots of a polynomial, and what must hold for every loan."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import given as over
from hypothesis import strategies as st

from houfeng.matching.recommend import Loan, Repayment, Support, cost_of, effective_rate

D = Decimal


def rate_by_roots(flows: list[Decimal]) -> float:
    """The internal rate of return of monthly flows, a year, as the root of a polynomial (numpy's companion matrix)."""
    roots = np.roots([float(flow) for flow in flows][::-1])
    real = [root.real for root in roots if abs(root.imag) < 1e-7 and root.real > 0]
    monthly = min((1 / root - 1 if root else np.inf for root in real), key=abs)
    return float(((1 + monthly) ** 12 - 1) * 100)


def test_a_bullet_loan_by_hand() -> None:
    """100,000 for a year at 6 %: 500 a month; the effective rate is 1.005^12 − 1 = 6.1678 %."""
    cost = cost_of(Loan(D(100000), 12, D(6)))
    assert cost.interest == D("6000.00")
    assert cost.effective == pytest.approx((1.005**12 - 1) * 100, abs=1e-9)
    assert cost.simple == pytest.approx(6.0)
    assert cost.flows[0] == D(100000)
    assert cost.flows[12] == D("-100500.00")


def test_a_subsidy_of_points_comes_off_the_rate() -> None:
    """1.5 points on all of it for the whole time is the same as a rate 1.5 lower."""
    loan = Loan(D(1_200_000), 24, D("4.5"))
    helped = cost_of(replace(loan, support=Support("sme", D("1.5"), 24)))
    assert helped.subsidy == D("36000.00")
    assert helped.effective == cost_of(replace(loan, rate=D(3))).effective


def test_a_ceiling_a_term_and_a_most_bound_the_subsidy() -> None:
    """1 point on at most 10 million for at most 12 months: 100,000 in all, whatever the loan beyond."""
    loan = Loan(D(30_000_000), 36, D(4), support=Support("services", D(1), 12, D(10_000_000)))
    assert cost_of(loan).subsidy == D("99999.96")  # twelve times 8,333.33
    most = replace(loan, support=Support("consumer", D(1), 12, most=D(3000)))
    assert cost_of(most).subsidy == D("3000.00")
    half = replace(loan, support=Support("half", D(10), 12, of_interest=D(50)))
    assert cost_of(half).subsidy == D("600000.00")  # half of a year's interest of 1.2 million


def test_fees_raise_the_cost() -> None:
    plain, fee = Loan(D(100000), 12, D(6)), Loan(D(100000), 12, D(6), fee=D(1000))
    guaranteed = cost_of(replace(plain, yearly_fee=D(1)))
    assert cost_of(fee).effective == pytest.approx(rate_by_roots(list(cost_of(fee).flows)), abs=1e-6)
    assert guaranteed.effective == cost_of(fee).effective
    assert guaranteed.simple == pytest.approx(7.0)


def test_an_annuity_pays_all_back() -> None:
    """200,000 over 36 months at 4.8 %: the monthly payment is 5,976.43 (formula of the annuity)."""
    cost = cost_of(Loan(D(200000), 36, D("4.8"), repayment=Repayment.ANNUITY))
    payment = 200000 * 0.004 / (1 - 1.004**-36)
    assert float(-cost.flows[1]) == pytest.approx(payment, abs=0.01)
    assert -sum(cost.flows[1:]) - cost.interest == D(200000)
    assert cost.effective == pytest.approx((1.004**12 - 1) * 100, abs=1e-4)


loans = st.builds(
    Loan,
    st.integers(10_000, 50_000_000).map(D),
    st.integers(1, 60),
    st.decimals(D("0.5"), 24, places=2),
    fee=st.just(D(0)),
    yearly_fee=st.decimals(0, 3, places=1),
    repayment=st.sampled_from(list(Repayment)),
    support=st.none() | st.builds(Support, st.just("s"), st.decimals(0, 2, places=1), st.integers(1, 36)),
)


@settings(max_examples=200, deadline=None)
@over(loans)
def test_against_the_roots_of_the_polynomial(loan: Loan) -> None:
    cost = cost_of(loan)
    assume(cost.effective is not None)
    assert cost.effective == pytest.approx(rate_by_roots(list(cost.flows)), abs=1e-3)
    assert sum(cost.flows) == -(cost.interest + cost.fees - cost.subsidy)


@settings(max_examples=100, deadline=None)
@over(loans, st.integers(1, 500))
def test_a_fee_costs_and_a_subsidy_never_does(loan: Loan, fee: int) -> None:
    plain = cost_of(replace(loan, support=None)).effective
    helped = cost_of(replace(loan, support=Support("s", D(1), 12))).effective
    dearer = cost_of(replace(loan, support=None, fee=D(fee))).effective
    assert plain is not None
    assert helped is not None
    assert dearer is not None
    assert helped <= plain + 1e-9 < dearer + 1e-6


def test_flows_without_a_rate_have_none() -> None:
    assert effective_rate([]) is None
    assert effective_rate([D(-1), D(2)]) is None
    assert effective_rate([D(5), D(0)]) is None
    assert effective_rate([D(100), D(-90)]) == pytest.approx((0.9**12 - 1) * 100)
