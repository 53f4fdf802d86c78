"""Clearing against a plain iteration, an enumeration of who fails, and what must hold for all systems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.penetration.contagion.clearing import External, clear
from houfeng.penetration.contagion.montecarlo import asset_losses, clear_many
from houfeng.penetration.contagion.system import System

Drawn = tuple[System, np.ndarray, External]


@st.composite
def systems(draw: st.DrawFn, least_debt: int = 0) -> Drawn:
    """Up to six banks with whole-number sheets, claims of up to three ranks, losses, and a rank of external debt."""
    size = draw(st.integers(1, 6))
    names = [f"b{n}" for n in range(size)]
    number = st.integers(0, 8)
    sheets = [(name, draw(number), draw(st.integers(least_debt, 8))) for name in names]
    pairs = [(a, b) for a in names for b in names if a != b]
    claims = [
        (*pair, draw(st.integers(0, 9)), draw(st.integers(-1, 1)))
        for pair in (draw(st.lists(st.sampled_from(pairs), max_size=10)) if pairs else [])
    ]
    loss = np.array([draw(st.integers(0, 10)) for _ in names], float)
    return System.of(sheets, claims), loss, draw(st.sampled_from(External))


def tiers(system: System, external: External) -> list[list[tuple[float, dict[int, float]]]]:
    """For each bank its debts in order of payment, as (total, by lender); -1 is the outside."""
    found = []
    for bank in range(system.size):
        by_rank: dict[int, dict[int, float]] = {}
        for lender, borrower, amount, rank in zip(
            system.lender, system.borrower, system.amount, system.rank, strict=True
        ):
            if borrower == bank and amount > 0:
                by_rank.setdefault(int(rank), {})[int(lender)] = float(amount)
        if system.external_debt[bank] > 0:
            rank = 0 if external is External.EQUAL else -99
            by_rank.setdefault(rank, {})[-1] = float(system.external_debt[bank])
        found.append([(sum(by_rank[rank].values()), by_rank[rank]) for rank in sorted(by_rank)])
    return found


def received(assets: list[float], owed: list[list[tuple[float, dict[int, float]]]]) -> list[float]:
    """What everybody gets when each bank pays what it has, tier by tier."""
    got = [0.0] * len(assets)
    for bank, debts in enumerate(owed):
        left = max(0.0, assets[bank])
        for total, lenders in debts:
            due = min(total, left)
            left -= due
            for lender, amount in lenders.items():
                if lender >= 0:
                    got[lender] += due * amount / total
    return got


def iterated(system: System, loss: np.ndarray, external: External, full: bool, rounds: int = 500) -> list[float]:
    """Assets after many rounds of the plain map, from everything paid or from nothing paid."""
    owed = tiers(system, external)
    own = system.external_assets - loss
    assets = [float(one) + (1e9 if full else -1e9) for one in own]
    for _ in range(rounds):
        got = received(assets, owed)
        assets = [float(a + b) for a, b in zip(own, got, strict=True)]
    return assets


@settings(max_examples=60, deadline=None)
@given(systems())
def test_it_is_the_greatest_fixed_point(drawn: Drawn) -> None:
    system, loss, external = drawn
    found = clear(system, loss, external)
    got = received(found.assets.tolist(), tiers(system, external))
    assert found.assets == pytest.approx(system.external_assets - loss + got, abs=1e-7)
    top = iterated(system, loss, external, full=True)
    assert found.assets == pytest.approx(top, abs=0.02)  # rings empty slowly, and the plain rounds are few
    assert (found.assets <= np.array(top) + 1e-9).all()
    assert found.gap < 1e-9


@settings(max_examples=60, deadline=None)
@given(systems())
def test_unique_means_that_from_nothing_paid_the_same_comes_out(drawn: Drawn) -> None:
    system, loss, external = drawn
    found = clear(system, loss, external)
    least = np.array(iterated(system, loss, external, full=False))
    if found.unique:
        assert found.exact
        assert least == pytest.approx(found.assets, abs=0.02)
    else:
        assert (least < found.assets - 1e-6).any()


@settings(max_examples=60, deadline=None)
@given(systems(least_debt=1))
def test_equal_external_debt_everywhere_makes_it_unique(drawn: Drawn) -> None:
    """Every yuan a bank pays of its ordinary debts leaks to the outside; only other ranks can go in circles."""
    system, loss, _ = drawn
    plain = System.from_columns(
        system.ids, system.external_assets, system.external_debt, system.lender, system.borrower, system.amount
    )
    found = clear(plain, loss, External.EQUAL)
    assert found.unique
    assert found.exact


@settings(max_examples=60, deadline=None)
@given(systems(), st.integers(0, 5))
def test_more_loss_leaves_nobody_with_more(drawn: Drawn, more: int) -> None:
    system, loss, external = drawn
    worse = loss.copy()
    worse[more % system.size] += 1 + more
    assert (clear(system, worse, external).assets <= clear(system, loss, external).assets + 1e-8).all()


@settings(max_examples=60, deadline=None)
@given(systems(), st.randoms(use_true_random=False))
def test_the_order_of_banks_changes_nothing(drawn: Drawn, random: object) -> None:
    system, loss, external = drawn
    order = list(range(system.size))
    random.shuffle(order)  # type: ignore[attr-defined]
    names = [system.ids[at] for at in order]
    claims = zip(system.lender, system.borrower, system.amount, system.rank, strict=True)
    other = System.of(
        [(system.ids[at], system.external_assets[at], system.external_debt[at]) for at in order],
        [(system.ids[a], system.ids[b], float(c), int(d)) for a, b, c, d in claims],
    )
    mine, theirs = clear(system, loss, external), clear(other, loss[order], external)
    assert other.ids == tuple(names)
    assert theirs.assets == pytest.approx(mine.assets[order], abs=1e-8)
    assert theirs.unique == mine.unique


@settings(max_examples=60, deadline=None)
@given(systems())
def test_money_is_kept(drawn: Drawn) -> None:
    """What all have is what they had outside and what they pay each other: nothing appears or is lost."""
    system, loss, external = drawn
    found = clear(system, loss, external)
    assert found.assets.sum() == pytest.approx(float((system.external_assets - loss).sum() + found.claims.sum()))
    assert (found.claims <= system.amount + 1e-9).all()


def test_who_fails_by_enumeration() -> None:
    """Five banks, one rank: of all sets of failing banks only one makes its own linear solution true."""
    rng = np.random.default_rng(5)
    names = [str(n) for n in range(5)]
    claims = [(a, b, float(rng.integers(1, 9))) for a in names for b in names if a != b]
    system = System.of([(name, float(rng.integers(5, 20)), 12.0) for name in names], claims)
    owes = system.owes + system.external_debt
    part = system.matrix.toarray() / owes  # lender × borrower: of a yuan the borrower pays
    loss = np.array([6.0, 0, 0, 3, 0])
    own, true = system.external_assets - loss, []
    for fails in itertools.product([False, True], repeat=5):
        inner = np.where(fails, part, 0.0)
        assets = np.linalg.solve(np.eye(5) - inner, own + part @ np.where(fails, 0.0, owes))
        if all((assets[n] < owes[n]) == fails[n] for n in range(5)) and (assets >= 0).all():
            true.append(assets)
    assert len(true) == 1
    found = clear(system, loss)
    assert found.assets == pytest.approx(true[0], abs=1e-9)
    assert 0 < found.fallen.sum() < 5


def test_seniority_by_hand() -> None:
    """D has 6 and owes 4 secured to S, 4 ordinary to O and 4 outside, 5 subordinated to J."""
    banks = [("D", 6, 4), ("S", 0, 0), ("O", 0, 0), ("J", 0, 0)]
    system = System.of(banks, [("S", "D", 4, -1), ("O", "D", 4, 0), ("J", "D", 5, 1)])
    equal = clear(system)
    assert dict(zip(system.ids, equal.assets, strict=True)) == pytest.approx({"D": 6, "S": 4, "O": 1, "J": 0})
    senior = clear(system, external=External.SENIOR)
    assert dict(zip(system.ids, senior.assets, strict=True)) == pytest.approx({"D": 6, "S": 2, "O": 0, "J": 0})


def test_a_ring_without_outside_is_not_unique() -> None:
    ring = System.of([("A", 0, 0), ("B", 0, 0)], [("A", "B", 10), ("B", "A", 10)])
    found = clear(ring)
    assert not found.unique
    assert found.paid.tolist() == [10, 10]
    assert "not unique" in found.text.en
    drained = clear(ring, np.array([1.0, 0.0]))  # A owes 1 before all: round by round nothing is left
    assert drained.unique
    assert drained.paid == pytest.approx([0, 0])


@pytest.mark.parametrize("leak", [1e-2, 1e-6, 1e-9])
def test_a_ring_that_empties_slowly_is_solved_and_not_waited_for(leak: float) -> None:
    """A and B owe each other 10 and the outside a trifle, and have nothing: each round leaves a little less."""
    ring = System.of([("A", 0, leak), ("B", 0, leak)], [("A", "B", 10), ("B", "A", 10)])
    found = clear(ring)
    assert found.exact
    assert found.unique
    assert found.assets == pytest.approx([0, 0], abs=1e-12)
    assert found.steps < 2000
    given_up = clear(ring, most=3)
    assert given_up.exact  # three steps are enough to see which tier everybody is in


def test_many_at_once_equal_one_by_one() -> None:
    rng = np.random.default_rng(1)
    names = [str(n) for n in range(40)]
    claims = [(a, b, float(rng.integers(1, 20))) for a in names for b in rng.choice(names, 4) if a != b]
    system = System.of([(name, float(rng.integers(20, 60)), 30.0) for name in names], claims)
    drawn = {"scenarios": 60, "seed": 3, "correlation": 0.4, "block": 25}
    sigma = np.full(40, 0.3)
    many = clear_many(system, asset_losses(system, sigma, **drawn), workers=2)
    again = clear_many(system, asset_losses(system, sigma, **drawn), workers=1)
    assert many.short.tolist() == again.short.tolist()
    assert many.unpaid.tolist() == again.unpaid.tolist()
    one = [clear(system, loss) for loss in np.concatenate(list(asset_losses(system, sigma, **drawn)))]
    assert many.defaults.tolist() == [int(single.fallen.sum()) for single in one]
    assert many.short == pytest.approx([(single.owed - single.paid).sum() for single in one], rel=1e-6)
    assert many.falls.tolist() == np.sum([single.fallen for single in one], axis=0).tolist()
    assert many.undone == 0
    assert max(many.defaults) > 3
