"""Small random markets, and the plainest possible ways to solve them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from houfeng.errors import Text
from houfeng.matching.assign import Floor, Market, market
from houfeng.matching.assign.checking import blocking_pairs, broken
from houfeng.matching.assign.market import Caps, Ints


def random_market(
    seed: int, needs: int, products: int, *, places: bool, ties: bool = False, classes: int | None = None
) -> Market:
    """A market; with `places` all sizes are 1."""
    rng = np.random.default_rng(seed)
    lists = [
        rng.choice(products, rng.integers(0, products + 1), replace=False).tolist() for _ in range(classes or needs)
    ]
    return market(
        [1] * needs if places else rng.integers(1, 6, needs).tolist(),
        lists,
        rng.integers(0, 4 if places else 10, products).tolist(),
        classes=None if classes is None else rng.integers(0, classes, needs).tolist(),
        priority=rng.integers(0, 3, needs).astype(float).tolist() if ties else rng.permutation(needs).astype(float),
        values=[rng.integers(1, 9, len(one)).astype(float).tolist() for one in lists],
        lifts=[(rng.integers(0, 3, len(one)) / 2).tolist() for one in lists] if ties else None,
        ranks=[sorted(rng.integers(0, 3, len(one)).tolist()) for one in lists] if ties else None,
    )


def with_caps(given: Market, seed: int, count: int = 2) -> Market:
    """The market with some bounds over random needs and products."""
    rng = np.random.default_rng(seed + 1)
    inside = rng.random((given.needs, count)) < 0.6
    caps = Caps(
        tuple(Text(f"上限{n}", f"cap {n}") for n in range(count)),
        np.concatenate([[0], np.cumsum(inside.sum(axis=1))]).astype(np.int64),
        np.nonzero(inside)[1].astype(np.int32),
        rng.random((count, len(given.capacities))) < 0.7,
        rng.integers(0, 8, count),
    )
    return replace(given, caps=caps)


def everything(given: Market, floors: Sequence[Floor] = ()) -> Iterator[Ints]:
    """Every assignment within capacities that meets the floors."""
    choices = [[-1, *range(given.starts[c], given.starts[c + 1])] for c in given.classes]
    for one in itertools.product(*choices):
        entry = np.array(one, np.int64)
        if not broken(given, entry, floors):
            yield entry


def best_value(given: Market, floors: Sequence[Floor] = ()) -> float | None:
    """The highest total, by trying everything; nothing where no assignment meets the floors."""
    values = [
        sum(float(given.sizes[i] * given.values[at]) for i, at in enumerate(one) if at >= 0)
        for one in everything(given, floors)
    ]
    return max(values, default=None)


def stable_ones(given: Market) -> list[Ints]:
    """Every assignment without a blocking pair."""
    return [one for one in everything(given) if not blocking_pairs(given, one)]


def ranks_of(given: Market, entry: Ints) -> list[int]:
    """How each need fared: the rank of what it got, a high number for nothing."""
    return [int(given.ranks[at]) if at >= 0 else 10**6 for at in entry]


def floor(members: Sequence[bool], least: int, name: str = "small") -> Floor:
    """A floor."""
    return Floor(name, Text(f"保底{name}", f"floor {name}"), np.array(members, np.bool_), least)


seeds = st.integers(0, 2**32 - 1)
