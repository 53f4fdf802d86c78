"""DebtRank and Furfine against walks written out plainly, and what must hold for all systems."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotFoundError
from houfeng.penetration.contagion.debtrank import linear, nonlinear, original
from houfeng.penetration.contagion.furfine import each_fails, furfine
from houfeng.penetration.contagion.system import System


@st.composite
def shocked(draw: st.DrawFn) -> tuple[System, np.ndarray]:
    """Up to six banks of different equity, one perhaps without any, and losses."""
    size = draw(st.integers(2, 6))
    names = [f"b{n}" for n in range(size)]
    pairs = [(a, b) for a in names for b in names if a != b]
    claims = [(*pair, draw(st.integers(1, 9))) for pair in draw(st.lists(st.sampled_from(pairs), max_size=12))]
    inside = System.of([(name, 0, 0) for name in names], claims)
    equity = [draw(st.integers(0, 20)) for _ in names]
    gap = inside.owed_to - inside.owes - np.array(equity)
    sheets = [(name, max(0, -one), max(0, one)) for name, one in zip(names, gap.tolist(), strict=True)]
    return System.of(sheets, claims), np.array([draw(st.integers(0, 12)) for _ in names], float)


def plain(system: System, loss: np.ndarray, alpha: float, lgd: float, rounds: int = 600) -> list[float]:
    """h by increments, as Bardoscia et al. write it: what is new in a borrower's distress passes on."""
    claims = list(zip(system.lender.tolist(), system.borrower.tolist(), system.amount.tolist(), strict=True))
    equity = system.equity.tolist()
    h = [min(1.0, loss[i] / e) if e > 0 else 1.0 for i, e in enumerate(equity)]
    before = [0.0] * len(h)
    for _ in range(rounds):
        passed = [
            a * math.exp(alpha * (a - 1)) - (b * math.exp(alpha * (b - 1))) for a, b in zip(h, before, strict=True)
        ]
        after = list(h)
        for lender, borrower, amount in claims:
            if equity[lender] > 0:
                after[lender] += lgd * amount / equity[lender] * passed[borrower]
        h, before = [min(1.0, one) for one in after], h
    return h


@settings(max_examples=60, deadline=None)
@given(shocked(), st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from([1.0, 0.6]))
def test_distress_equals_the_plain_walk(drawn: tuple[System, np.ndarray], alpha: float, lgd: float) -> None:
    system, loss = drawn
    found = nonlinear(system, loss, alpha, lgd)
    # a loss above equity passes on as 1 in both; the plain walk nears a slow fixed point from below
    assert (np.array(plain(system, loss, alpha, lgd)) <= found.distress + 1e-9).all()
    assert found.distress == pytest.approx(plain(system, loss, alpha, lgd), abs=2e-3)
    assert found.gap < 1e-9


@settings(max_examples=60, deadline=None)
@given(shocked(), st.integers(0, 5))
def test_monotone_in_the_shock_and_in_the_loss_given_default(drawn: tuple[System, np.ndarray], more: int) -> None:
    system, loss = drawn
    worse = loss.copy()
    worse[more % system.size] += 1
    assert (linear(system, loss).distress <= linear(system, worse).distress + 1e-9).all()
    assert (linear(system, loss, lgd=0.5).equity >= linear(system, loss).equity - 1e-9).all()
    assert (original(system, loss).distress <= linear(system, loss).distress + 1e-9).all()
    assert (furfine(system, loss).lost <= furfine(system, worse).lost + 1e-12).all()
    assert (furfine(system, loss).fallen <= (linear(system, loss).distress >= 1 - 1e-9)).all()


@settings(max_examples=60, deadline=None)
@given(shocked(), st.randoms(use_true_random=False))
def test_the_order_of_banks_changes_nothing(drawn: tuple[System, np.ndarray], random: object) -> None:
    system, loss = drawn
    order = list(range(system.size))
    random.shuffle(order)  # type: ignore[attr-defined]
    claims = zip(system.lender, system.borrower, system.amount, strict=True)
    other = System.of(
        [(system.ids[at], system.external_assets[at], system.external_debt[at]) for at in order],
        [(system.ids[a], system.ids[b], float(c)) for a, b, c in claims],
    )
    assert linear(other, loss[order]).distress == pytest.approx(linear(system, loss).distress[order], abs=1e-9)
    assert original(other, loss[order]).distress == pytest.approx(original(system, loss).distress[order], abs=1e-9)
    assert furfine(other, loss[order]).round.tolist() == furfine(system, loss).round[order].tolist()


def test_equity_given_apart_is_the_measure_of_both_sides() -> None:
    """Lender L has 10, borrower B has 4 (sheets say 7 and 1): a loss of 2 is half of B, half of the claim of 3."""
    pair = System.of([("L", 9, 5), ("B", 8, 4)], [("L", "B", 3)])
    equity = np.array([10.0, 4.0])
    found = linear(pair, np.array([0.0, 2.0]), equity=equity)
    assert found.distress == pytest.approx([0.15, 0.5])
    assert found.equity == pytest.approx([8.5, 2.0])
    assert original(pair, np.array([0.0, 2.0]), equity=equity).distress == pytest.approx([0.15, 0.5])


def test_the_original_is_not_monotone() -> None:
    """C lends B, B lends A: half of A's equity lost reaches C as 0.25, but not when B had lost a little before."""
    chain = System.of([("A", 15, 0), ("B", 10, 5), ("C", 5, 0)], [("B", "A", 5), ("C", "B", 5)])
    assert chain.equity.tolist() == [10, 5, 10]
    alone = original(chain, np.array([5.0, 0.0, 0.0]))
    both = original(chain, np.array([5.0, 0.1, 0.0]))
    assert alone.distress == pytest.approx([0.5, 0.5, 0.25])
    assert both.distress == pytest.approx([0.5, 0.52, 0.01])
    assert linear(chain, np.array([5.0, 0.1, 0.0])).distress == pytest.approx([0.5, 0.52, 0.26])


def test_an_unstable_ring_ends_at_one() -> None:
    """Two banks that lend each other five times their equity: any loss takes all (leverage above 1)."""
    system = System.of([("A", 1, 0), ("B", 1, 0)], [("A", "B", 5), ("B", "A", 5)])
    found = linear(system, np.array([0.01, 0.0]))
    assert found.distress.tolist() == [1, 1]
    assert found.equity == pytest.approx([1 - 0.01 - 5, 1 - 5])


def test_a_bank_without_equity_has_fallen_from_the_start() -> None:
    system = System.of([("L", 4, 1), ("B", 1, 1)], [("L", "B", 1)])
    found = linear(system, np.zeros(2))
    assert found.distress == pytest.approx([1 / 4, 1])
    assert original(system, np.zeros(2)).distress == pytest.approx([1 / 4, 1])


def test_a_cascade_by_hand() -> None:
    """A falls; B (equity 3) loses 0.6·6, C (equity 2) only 0.6·3; B's fall costs C 0.6·2 more, and D nothing."""
    system = System.of(
        [("A", 12, 1), ("B", 0, 0), ("C", 0, 0), ("D", 5, 0)], [("B", "A", 6), ("C", "A", 3), ("C", "B", 2)]
    )
    equity = np.array([2.0, 3.0, 2.0, 5.0])
    found = furfine(system, failed=["A"], lgd=0.6, equity=equity)
    assert found.round.tolist() == [0, 1, 2, -1]
    assert found.lost == pytest.approx([0, 3.6, 3.0, 0])
    assert found.rounds == 2
    exactly = furfine(system, failed=["A"], lgd=0.5, equity=equity)  # B loses exactly its 3, and stands
    assert exactly.round.tolist() == [0, -1, -1, -1]
    assert [int(one.fallen.sum()) for one in each_fails(system, 0.6, equity)] == [3, 1, 1, 1]


def test_all_that_is_wrong_is_told_at_once() -> None:
    system = System.of([("A", 1, 0)], [])
    with pytest.raises(InputError) as told:
        nonlinear(system, np.array([-1.0]), -2.0, 1.5)
    codes = [problem.code for problem in told.value.problems]
    assert codes == ["contagion.loss_below_zero", "contagion.lgd_no_part", "contagion.alpha_below_zero"]
    with pytest.raises(InputError) as told:
        System.of([("A", -1, 0), ("A", 1, 0)], [("A", "A", 1), ("A", "X", -1)])
    assert {problem.code for problem in told.value.problems} == {
        "contagion.bank_twice", "contagion.sheet_below_zero", "contagion.claim_on_itself",
        "contagion.claim_of_nobody", "contagion.claim_below_zero",
    }  # fmt: skip
    with pytest.raises(NotFoundError, match="no bank Z"):
        system.column({"Z": 1.0})
