"""Expected loss against sums over every set of defaults, and the sampler against the chances it draws from."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, kstest, multivariate_normal

from houfeng.errors import InputError
from houfeng.penetration.contagion.falling import draw, fraction, mixed
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.montecarlo import Interval, _classes, asset_losses, expected
from houfeng.penetration.contagion.prepared import Prepared
from houfeng.penetration.contagion.system import System

GRAPH = Guarantees.of(
    {"a": 50.0, "b": 60.0, "c": 45.0, "d": 30.0, "e": 200.0},
    [("la", "a", "X", 80), ("lb", "b", "X", 50), ("lc", "c", "Y", 40), ("ld", "d", "Y", 20), ("le", "e", "X", 90)],
    [("la", "b", 80), ("lb", "c", 50), ("lc", "a", 40), ("ld", "e", 20), ("le", "c", 30), ("le", "d", 60)],
)
CHANCE = np.array([0.3, 0.2, 0.05, 0.4, 0.02])
TERMS = Terms(lgd=0.5)


def exactly(correlation: float) -> tuple[float, np.ndarray]:
    """The expectation over all 32 sets of defaults, the common factor integrated by Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    asked = Prepared(GRAPH, TERMS)
    loss, falls = 0.0, np.zeros(5)
    sets = [np.array(one, bool) for one in itertools.product([False, True], repeat=5)]
    answers = [asked.fall(np.flatnonzero(one)) if one.any() else None for one in sets]
    for z, weight in zip(nodes, weights / weights.sum(), strict=True):
        given = ndtr((ndtri(CHANCE) - np.sqrt(correlation) * z) / np.sqrt(1 - correlation))
        for one, answer in zip(sets, answers, strict=True):
            if answer is not None:
                likely = weight * np.prod(np.where(one, given, 1 - given))
                loss += likely * answer.loss
                falls += likely * answer.down
    return loss, falls


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_expected_loss_equals_the_sum_over_all_defaults(correlation: float) -> None:
    loss, falls = exactly(correlation)
    found = expected(GRAPH, CHANCE, scenarios=60_000, seed=7, correlation=correlation, terms=TERMS, level=0.999)
    assert found.expected.low < loss < found.expected.high
    assert found.expected.high - found.expected.low < 0.05 * loss
    assert found.falls == pytest.approx(falls, abs=0.01)
    assert found.by_bank.sum() == pytest.approx(found.expected.mean)
    assert found.alone == pytest.approx(0.5 * float(GRAPH.balance @ CHANCE[GRAPH.borrower]))
    assert found.first.mean() == pytest.approx(CHANCE.sum(), abs=0.02)
    assert found.quantile(0.99) <= found.shortfall(0.99) <= found.loss.max()


def test_the_same_seed_gives_the_same_on_any_number_of_workers() -> None:
    asked = {"scenarios": 1000, "correlation": 0.2, "terms": TERMS}
    one, two = (expected(GRAPH, CHANCE, seed=3, workers=count, **asked) for count in (1, 2))
    assert one.loss.tolist() == two.loss.tolist()
    assert one.by_bank.tolist() == two.by_bank.tolist()
    assert one.falls.tolist() == two.falls.tolist()
    assert expected(GRAPH, CHANCE, seed=4, **asked).loss.tolist() != one.loss.tolist()
    assert "seed 3" in one.text.en


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    loss, _ = exactly(0.0)
    found = [expected(GRAPH, CHANCE, scenarios=400, seed=n, correlation=0.0, terms=TERMS) for n in range(300)]
    holds = sum(one.expected.low <= loss <= one.expected.high for one in found)
    assert 0.91 * 300 <= holds <= 0.985 * 300


def test_two_firms_default_together_as_the_normal_law_says() -> None:
    pair = Guarantees.of({"a": 1.0, "b": 1.0}, [("x", "a", "X", 1), ("y", "b", "X", 1)], [])
    found = expected(pair, np.array([0.1, 0.2]), scenarios=100_000, seed=1, correlation=0.4, terms=Terms(lgd=1.0))
    both = multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]]).cdf(ndtri([0.1, 0.2]))
    assert (found.first == 2).mean() == pytest.approx(both, abs=5 * np.sqrt(both / 100_000))


def test_the_sampler_draws_each_firm_with_its_chance() -> None:
    chance = np.concatenate([np.linspace(0, 1, 60), np.full(40, 0.03), [1.0, 1.0, 0.0]])
    pool = _classes(chance)
    queue = np.empty(len(chance), np.int32)
    count = np.zeros(len(chance))
    rounds = 20_000
    for seed in np.random.default_rng(2).integers(0, 2**64, rounds, np.uint64):
        found = queue[: draw(*pool, 0.0, 0.0, seed, queue)]
        assert len(set(found.tolist())) == len(found)
        count[found] += 1
    inner = (chance > 0) & (chance < 1)
    assert (count[chance == 0] == 0).all()
    assert (count[chance == 1] == rounds).all()
    off = (count - rounds * chance)[inner] ** 2 / (rounds * chance * (1 - chance))[inner]
    assert off.sum() < chi2.ppf(0.9999, inner.sum())


def test_the_numbers_are_evenly_spread() -> None:
    state, bits = mixed(np.uint64(1234567))
    assert int(bits) == 6457827717110365317  # SplitMix64 of seed 1234567, as published with the algorithm
    drawn = []
    for _ in range(20_000):
        state, bits = mixed(np.uint64(state))  # Python would hand the number on as a signed one
        drawn.append(fraction(np.uint64(bits)))
    assert kstest(drawn, "uniform").pvalue > 0.001


def test_asset_losses_keep_the_mean_and_the_correlation() -> None:
    system = System.of([("A", 10, 1), ("B", 5, 1)], [])
    rows = np.concatenate(
        list(asset_losses(system, np.array([0.2, 0.1]), scenarios=40_000, seed=5, correlation=0.5, block=1000))
    )
    assert rows.shape == (40_000, 2)
    assert rows.mean(axis=0) == pytest.approx([0, 0], abs=0.05)
    left = np.log(1 - rows / system.external_assets)
    assert left.std(axis=0) == pytest.approx([0.2, 0.1], rel=0.02)
    assert np.corrcoef(left.T)[0, 1] == pytest.approx(0.5, abs=0.02)


def test_what_is_asked_is_checked() -> None:
    with pytest.raises(InputError) as told:
        expected(GRAPH, CHANCE + 1, scenarios=0, seed=1, correlation=1.0)
    assert len(told.value.problems) == 3
    assert Interval.of(np.array([2.0]), 0.95).high == float("inf")
