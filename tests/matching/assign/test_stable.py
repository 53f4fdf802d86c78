"""The stable way: nobody and no product would both rather be together; of all such, the one needs like best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings

from houfeng.errors import InputError, UsageError
from houfeng.matching.assign import assign, market, stable
from houfeng.matching.assign.checking import blocking_pairs, broken, passed_over
from houfeng.matching.assign.proposing import deferred_acceptance
from houfeng.matching.assign.reserves import STEPS, expanded
from matching.assign.assign_samples import floor, random_market, ranks_of, seeds, stable_ones


def test_by_hand() -> None:
    """Three firms, two places. A and B both want 0 most; the bank of 0 ranks B first, so A goes to 1."""
    made = market([1, 1, 1], [[0, 1], [0, 1], [0, 1]], [1, 1], priority=[2.0, 3.0, 1.0])
    result = stable(made)
    assert result.products(made).tolist() == [1, 0, -1]
    assert result.exact
    assert result.room.tolist() == [0, 0]


@settings(max_examples=150, deadline=None)
@over(seeds)
def test_no_pair_blocks_with_places(seed: int) -> None:
    for ties in (False, True):
        made = random_market(seed, 30, 6, places=True, ties=ties, classes=9)
        result = stable(made)
        assert not broken(made, result.entry)
        assert blocking_pairs(made, result.entry) == []


@settings(max_examples=40, deadline=None)
@over(seeds)
def test_no_stable_assignment_is_better_for_any_need(seed: int) -> None:
    made = random_market(seed, 5, 3, places=True)
    found = ranks_of(made, stable(made).entry)
    others = [ranks_of(made, one) for one in stable_ones(made)]
    assert found in others
    assert all(mine <= theirs for other in others for mine, theirs in zip(found, other, strict=True))


@settings(max_examples=100, deadline=None)
@over(seeds)
def test_with_money_nobody_is_passed_over_and_little_is_left(seed: int) -> None:
    made = random_market(seed, 30, 6, places=False, ties=True)
    result = stable(made)
    assert not broken(made, result.entry)
    assert passed_over(made, result.entry) == 0
    refused = np.isfinite(result.cut_score)  # type: ignore[arg-type]
    first = result.cut_need[refused]  # type: ignore[index]
    assert (result.room[refused] < made.sizes[first]).all()


@settings(max_examples=60, deadline=None)
@over(seeds)
def test_the_order_of_asking_changes_nothing(seed: int) -> None:
    made = random_market(seed, 40, 6, places=False)
    shuffled = np.random.default_rng(seed).permutation(made.needs)
    other = replace(made, sizes=made.sizes[shuffled], classes=made.classes[shuffled], priority=made.priority[shuffled])
    assert (stable(made).entry[shuffled] == stable(other).entry).all()


@settings(max_examples=60, deadline=None)
@over(seeds)
def test_filling_only_adds(seed: int) -> None:
    made = random_market(seed, 30, 5, places=False)
    plain, filled = stable(made), stable(made, filling=True)
    kept = plain.entry >= 0
    assert (filled.entry[kept] == plain.entry[kept]).all()
    assert not broken(made, filled.entry)
    assert (filled.entry >= 0).sum() - kept.sum() == filled.filled
    for need in np.flatnonzero(filled.entry < 0):  # nothing that is left would fit anywhere on its list
        listed = made.products[made.starts[made.classes[need]] : made.starts[made.classes[need] + 1]]
        assert (filled.room[listed] < made.sizes[need]).all()


def test_a_floor_is_met_by_a_small_reserve() -> None:
    lists = [[0]] * 10
    made = market([1] * 10, lists, [5], priority=[float(10 - i) for i in range(10)])
    members = [i >= 6 for i in range(10)]
    assert not (stable(made).entry[6:] >= 0).any()
    wanted = floor(members, 2)
    result = stable(made, [wanted])
    assert (result.entry[6:8] >= 0).all()
    assert (result.entry[:3] >= 0).all()
    assert result.room.tolist() == [0]
    assert 0.3 < result.reserved[0] <= 0.5


@settings(max_examples=40, deadline=None)
@over(seeds)
def test_with_reserves_each_counter_is_stable(seed: int) -> None:
    made = random_market(seed, 20, 4, places=True, classes=6)
    members = (np.arange(20) % 3 == 0).tolist()
    counters, _ = expanded(made, [floor(members, 1)], [STEPS // 2])
    assert blocking_pairs(counters, deferred_acceptance(counters).entry) == []


def test_an_impossible_floor_is_named() -> None:
    made = market([1, 1], [[0], []], [1])
    with pytest.raises(InputError) as raised:
        stable(made, [floor([False, True], 1)])
    assert [problem.code for problem in raised.value.problems] == ["assign.floor"]
    assert "comes to 0" in raised.value.render("en")


def test_what_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(InputError) as raised:
        market([0, 1], [[0], [7]], [-1], priority=[1.0])
    assert len(raised.value.problems) == 4
    with pytest.raises(InputError):
        market([1], [[0, 0]], [1])


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(UsageError):
        assign(market([1], [[0]], [1]), "fair")
