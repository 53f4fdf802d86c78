"""Samples anybody can draw again, and projections held to published figures, plain formulas and repeated trials."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import UsageError
from houfeng.instruments.projection import poisson_factor, project_money, project_strata, wrong_rate
from houfeng.instruments.sampling import MoneySample, Stratum, Unit, allocate, at_random, by_money, by_risk

D = Decimal


def unit(number: int, amount: str | int, risk: str = "") -> Unit:
    return Unit(("B", f"{number:05}"), D(amount), risk)


many = st.lists(st.integers(0, 10**9), min_size=1, max_size=60).map(
    lambda fen: [unit(n, str(D(value).scaleb(-2)), "ab"[n % 2]) for n, value in enumerate(fen)]
)


@settings(max_examples=60, deadline=None)
@given(many, st.integers(1, 30), st.text(max_size=5), st.randoms(use_true_random=False))
def test_the_same_seed_draws_the_same_units_from_rows_in_any_order(
    units: list[Unit], size: int, seed: str, chance: random.Random
) -> None:
    mixed = list(units)
    chance.shuffle(mixed)
    assert at_random(units, size, seed) == at_random(mixed, size, seed)
    assert by_money(units, size, seed) == by_money(mixed, size, seed)
    sizes = allocate(units, size, {"a": D(3)})
    assert by_risk(units, sizes, seed) == by_risk(mixed, sizes, seed)


@settings(max_examples=100, deadline=None)
@given(many, st.integers(1, 30), st.text(max_size=5))
def test_a_walk_through_the_money_hits_as_often_as_a_plain_walk(units: list[Unit], size: int, seed: str) -> None:
    sample = by_money(units, size, seed)
    assert sample.total == sum(one.amount for one in units)
    assert all(one.amount >= sample.interval for one in sample.certain)
    assert all(times == 1 for _, times in sample.hits), "what is below the interval is hit once at most"
    if sample.hits:
        landings = int((sample.rest - sample.start - D("0.01")) // sample.interval) + 1
        assert sum(times for _, times in sample.hits) == landings


def test_a_plain_case_by_hand() -> None:
    """Ten units of 100.00, five hits: the interval is 200.00, so every second unit of the seed's order is hit."""
    units = [unit(n, "100.00") for n in range(10)]
    sample = by_money(units, 5, "2026-Q1")
    ordered = [one.key for one in at_random(units, 10, "2026-Q1")]
    first = 0 if sample.start < 100 else 1
    assert (sample.interval, sample.certain) == (D("200.00"), ())
    assert [one.key for one, _ in sample.hits] == ordered[first::2]


def test_factors_are_those_of_the_audit_tables() -> None:
    """AICPA Audit Guide, confidence factors for 95 % and 90 % reliability."""
    assert [round(poisson_factor(n, 0.95), 2) for n in range(6)] == [3.00, 4.74, 6.30, 7.75, 9.15, 10.51]
    assert [round(poisson_factor(n, 0.90), 2) for n in range(4)] == [2.30, 3.89, 5.32, 6.68]


def test_the_upper_bound_by_hand() -> None:
    """Interval 10,000; taintings 40 % and 5 %; 95 %: 10,000 × (2.9957 + 1.7481 × 0.4 + 1.5519 × 0.05) = 37,725."""
    hits = tuple((unit(n, "1000"), 1) for n in range(10))
    sample = MoneySample(D(10_000), D(0), D(100_000), (), hits)
    due = {one.key: one.amount for one, _ in hits} | {hits[0][0].key: D(600), hits[1][0].key: D(950)}
    found = project_money(sample, due)
    assert found.found == D(450)
    assert found.error == D("4500.00")  # 10,000 × 0.45
    assert float(found.high) == pytest.approx(37_725, abs=2)
    clean = project_money(sample, {one.key: one.amount for one, _ in hits})
    assert (clean.error, clean.found) == (0, 0)
    assert float(clean.high) == pytest.approx(29_957.3, abs=0.1)


def test_understatement_is_told_apart() -> None:
    hits = ((unit(1, "100"), 1), (unit(2, "100"), 1))
    sample = MoneySample(D(100), D(0), D(200), (), hits)
    found = project_money(sample, {hits[0][0].key: D(150), hits[1][0].key: D(100)})
    assert (found.error, found.under) == (0, D(50))
    assert found.high <= 200, "never more than the money there is"


def test_strata_by_hand() -> None:
    """Two strata: N 100 and 20, errors (0, 10, 20) and (50, 70): 100 × 10 + 20 × 60 = 2,200.

    Variance 100² × 0.97 × 100/3 + 20² × 0.9 × 200/2 = 323,333.33 + 36,000; Satterthwaite's degrees of freedom
    359,333.33² ÷ (323,333.33²/2 + 36,000²/1) = 2.4100; t(0.975) of it 3.6791; half-width 599.4442 × 3.6791.
    """
    low = Stratum("low", 100, D(10_000), tuple(unit(n, "100") for n in range(3)))
    high = Stratum("high", 20, D(10_000), tuple(unit(n, "500") for n in range(10, 12)))
    errors = {0: 0, 1: 10, 2: 20, 10: 50, 11: 70}
    due = {one.key: one.amount - errors[int(one.key[1])] for one in (*low.sample, *high.sample)}
    found = project_strata([low, high], due)
    assert found.error == D("2200.00")
    assert float(found.high - found.error) == pytest.approx(2205, abs=10)
    assert found.high - found.error == found.error - found.low


def test_a_whole_stratum_leaves_nothing_open() -> None:
    whole = Stratum("", 2, D(300), (unit(1, "100"), unit(2, "200")))
    found = project_strata([whole], {("B", "00001"): D(90), ("B", "00002"): D(200)})
    assert (found.low, found.error, found.high) == (D(10), D(10), D(10))


def test_the_bounds_hold_as_often_as_they_say() -> None:
    """800 loans, one in ten wrong by 30 %: of 200 samples the bounds hold at least about as often as promised."""
    chance = random.Random(7)
    units = [unit(n, chance.randint(1_000, 60_000), "ab"[n % 2]) for n in range(800)]
    due = {one.key: one.amount * (D("0.7") if chance.random() < 0.1 else D(1)) for one in units}
    error = sum(one.amount - due[one.key] for one in units)
    above = inside = 0
    for trial in range(200):
        above += project_money(by_money(units, 60, f"m{trial}"), due).high >= error
        strata = by_risk(units, {"a": 60, "b": 60}, f"r{trial}")
        found = project_strata(strata, due)
        inside += found.low <= error <= found.high
    assert above >= 190
    assert inside >= 180


def test_the_rate_of_wrong_loans() -> None:
    """Clopper and Pearson: none of 59 wrong, two-sided 90 %: at most 1 − 0.05^(1/59) = 4.9508 %."""
    assert wrong_rate(0, 59, 0.90) == (0.0, pytest.approx(0.049508, abs=1e-6))
    low, high = wrong_rate(5, 50)
    assert (low, high) == (pytest.approx(0.03328, abs=1e-5), pytest.approx(0.21814, abs=1e-5))


def test_what_cannot_be_sampled_is_said() -> None:
    with pytest.raises(UsageError):
        at_random([unit(1, "1")], 0, "s")
    with pytest.raises(UsageError, match="twice"):
        at_random([unit(1, "1"), unit(1, "2")], 1, "s")
    with pytest.raises(UsageError, match="below zero"):
        by_money([unit(1, "-1")], 1, "s")
    with pytest.raises(UsageError, match="no sample size"):
        by_risk([unit(1, "1", "high")], {"low": 3}, "s")
    with pytest.raises(UsageError, match="no result"):
        project_money(by_money([unit(1, "1")], 1, "s"), {})
