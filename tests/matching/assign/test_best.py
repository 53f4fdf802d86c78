"""The best total: against trying everything, against scipy, and with floors."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings
from scipy.optimize import linear_sum_assignment

from houfeng.errors import EnvironmentFault, InputError
from houfeng.matching.assign import assign, best, market, stable
from houfeng.matching.assign.checking import broken
from houfeng.matching.assign.explain import explain
from houfeng.matching.assign.transport import furthest, parts, relaxed
from matching.assign.assign_samples import best_value, floor, random_market, seeds


@settings(max_examples=40, deadline=None)
@over(seeds)
def test_against_trying_everything(seed: int) -> None:
    made = random_market(seed, 5, 3, places=bool(seed % 2), classes=3 if seed % 3 else None)
    result = best(made)
    assert not broken(made, result.entry)
    assert result.exact
    assert result.value == pytest.approx(best_value(made))


@settings(max_examples=40, deadline=None)
@over(seeds)
def test_with_floors_against_trying_everything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = random_market(seed, 5, 3, places=bool(seed % 2))
    floors = [floor((rng.random(5) < 0.5).tolist(), int(rng.integers(1, 4)), name) for name in ("small", "south")]
    wanted = best_value(made, floors)
    if wanted is None:
        with pytest.raises(InputError) as raised:
            best(made, floors)
        assert {problem.code for problem in raised.value.problems} == {"assign.floor"}
    else:
        result = best(made, floors)
        assert not broken(made, result.entry, floors)
        assert result.value == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(8))
def test_places_against_scipy(seed: int) -> None:
    """Each product split into single places is the assignment problem scipy solves."""
    made = random_market(seed, 60, 7, places=True, classes=12)
    columns = [product for product, capacity in enumerate(made.capacities) for _ in range(int(capacity))]
    worth = np.zeros((made.needs, len(columns) + made.needs))
    for need in range(made.needs):
        for at in range(made.starts[made.classes[need]], made.starts[made.classes[need] + 1]):
            worth[need, [k for k, p in enumerate(columns) if p == made.products[at]]] = made.values[at]
    rows, chosen = linear_sum_assignment(worth, maximize=True)
    result = best(made)
    assert result.exact
    assert result.value == pytest.approx(worth[rows, chosen].sum())


@pytest.mark.parametrize("seed", range(6))
def test_a_larger_market_stays_within_its_bound(seed: int) -> None:
    made = random_market(seed, 6000, 20, places=False, classes=40)
    made.capacities[:] = 500
    result = best(made)
    assert not broken(made, result.entry)
    assert result.bound is not None
    assert result.value <= result.bound * (1 + 1e-9)
    assert result.value >= 0.995 * result.bound
    assert result.value >= stable(made, filling=True).value


def test_shadow_prices_say_what_a_unit_more_brings() -> None:
    lists, values = [[0, 1]] * 4, [[5.0, 2.0], [4.0, 2.0], [3.0, 2.0], [2.5, 2.0]]
    made = market([1] * 4, lists, [2, 1], values=values)
    before = best(made)
    assert before.prices is not None
    made.capacities[0] += 1
    assert best(made).value - before.value == pytest.approx(before.prices[0], abs=1.0)
    assert before.prices[0] > 0


def test_a_floor_costs_its_price() -> None:
    made = market([1] * 4, [[0]] * 4, [2], values=[[4.0], [3.0], [2.0], [1.0]])
    result = best(made, [floor([False, False, True, True], 1)])
    assert result.entry[2] >= 0
    assert result.value == pytest.approx(6.0)
    assert result.floor_prices is not None
    assert result.floor_prices[0] > 0


def test_floors_that_clash_are_named_together() -> None:
    made = market([1, 1], [[0], [0]], [1])
    with pytest.raises(InputError) as raised:
        best(made, [floor([True, False], 1, "north"), floor([False, True], 1, "south")])
    assert "can be met alone" in raised.value.render("en")


def test_how_far_a_floor_can_come() -> None:
    made = market([3, 4, 5], [[0], [0], [0]], [6], values=[[1.0], [9.0], [9.0]])
    cut = parts(made, [np.array([True, False, False])])
    assert furthest(made, cut, 0) == pytest.approx(3.0)
    assert relaxed(made, cut, [3]).short.tolist() == [0.0]
    assert relaxed(made, cut, [5]).short[0] == pytest.approx(2.0)


def test_beside_or_tools_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools", ModuleType("ortools"))
    with pytest.raises(EnvironmentFault, match="OR-tools"):
        assign(market([1], [[0]], [1]), "best")


def test_highs_is_not_loaded_by_looking() -> None:
    import subprocess

    code = "import sys, houfeng.matching.assign, houfeng.matching.run; sys.exit('highspy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_explanations_say_why() -> None:
    made = market(
        [1, 1, 1], [[0, 1], [0, 1], [0]], [1, 1], priority=[2.0, 3.0, 1.0], values=[[5.0, 4.0], [5.0, 1.0], [2.0]]
    )
    told = [explain(made, stable(made), need) for need in range(3)]
    assert [one.product for one in told] == [1, 0, -1]
    assert told[0].better[0].why.en == "its capacity went to needs the bank ranks higher"
    assert told[1].better == ()
    assert "others before it" in told[2].why.en
    total = best(made)
    assert [explain(made, total, need).product for need in range(3)] == [1, 0, -1]
    assert "shadow price" in explain(made, total, 0).better[0].why.en
