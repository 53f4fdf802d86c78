"""Very many classes: within the bound, which is a bound, and near it."""

from __future__ import annotations

import pytest

from houfeng.matching.assign import best
from houfeng.matching.assign.checking import broken
from houfeng.matching.assign.market import worth
from houfeng.matching.assign.priced import priced
from matching.assign.assign_samples import random_market


@pytest.mark.parametrize("seed", range(4))
def test_against_the_exact_bound(seed: int) -> None:
    made = random_market(seed, 5000, 15, places=False, classes=60)
    made.capacities[:] = 700
    entry, prices, bound = priced(made)
    exact = best(made)
    assert not broken(made, entry)
    assert (prices >= 0).all()
    assert exact.bound is not None
    assert bound >= exact.bound * (1 - 1e-9)  # never below what the exact programme proves
    assert worth(made, entry) <= exact.bound * (1 + 1e-9)
    assert worth(made, entry) >= 0.97 * exact.bound
