"""Whether an assignment is what it says: nothing over capacity, nobody passed over, floors met. Written without the
solver's arrays, one need at a time, so that it can judge the solver; and a compiled count for large markets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from houfeng.matching.assign.market import Floor, Ints, Market, reached


class Blocking(NamedTuple):
    """A need and a product that would both rather be together than as they are."""

    need: int
    product: int


def blocking_pairs(given: Market, entry: Ints, limit: int = 1000) -> list[Blocking]:
    """Pairs that break stability, up to `limit`.

    The need is eligible there and strictly prefers it (by rank); the product has room for it, or has room once needs
    it ranks strictly lower are sent away.
    """
    held: list[list[tuple[float, int]]] = [[] for _ in given.capacities]
    used = [0] * len(given.capacities)
    for need, at in enumerate(entry.tolist()):
        if at >= 0:
            product = int(given.products[at])
            held[product].append((float(given.priority[need] + given.lifts[at]), int(given.sizes[need])))
            used[product] += int(given.sizes[need])
    found: list[Blocking] = []
    for need, at in enumerate(entry.tolist()):
        first, end = given.starts[given.classes[need]], given.starts[given.classes[need] + 1]
        for other in range(first, end):
            if at >= 0 and given.ranks[other] >= given.ranks[at]:
                break
            product = int(given.products[other])
            score = float(given.priority[need] + given.lifts[other])
            lower = sum(size for own, size in held[product] if own < score)
            if used[product] - lower + int(given.sizes[need]) <= int(given.capacities[product]):
                found.append(Blocking(need, product))
                if len(found) >= limit:
                    return found
    return found


def passed_over(given: Market, entry: Ints) -> int:
    """How many (need, product) pairs see somebody ranked strictly lower served where the need would rather be."""
    lowest = np.full(len(given.capacities), np.inf)
    got = np.flatnonzero(entry >= 0)
    np.minimum.at(lowest, given.products[entry[got]], given.priority[got] + given.lifts[entry[got]])
    count = 0
    for need, at in enumerate(entry.tolist()):
        first = int(given.starts[given.classes[need]])
        end = int(given.starts[given.classes[need] + 1])
        ranks = given.ranks[first:end]
        wanted = end - first if at < 0 else int(np.searchsorted(ranks, given.ranks[at]))
        there = given.products[first : first + wanted]
        count += int((given.priority[need] + given.lifts[first : first + wanted] > lowest[there]).sum())
    return count


def broken(given: Market, entry: Ints, floors: Sequence[Floor] = ()) -> list[str]:
    """What is wrong with an assignment in itself: entries of another's list, capacity or cap passed, a floor missed."""
    wrong: list[str] = []
    got = np.flatnonzero(entry >= 0)
    classes = given.classes[got]
    if ((entry[got] < given.starts[classes]) | (entry[got] >= given.starts[classes + 1])).any():
        wrong.append("a need stands at an entry of another's list")
    used = np.zeros(len(given.capacities), np.int64)
    np.add.at(used, given.products[entry[got]], given.sizes[got])
    wrong += [f"product {p} lends {used[p]} of {given.capacities[p]}" for p in np.flatnonzero(used > given.capacities)]
    wrong += [f"cap {c} by {-left}" for c, left in enumerate(given.caps.left(given, entry)) if left < 0]
    wrong += [f"floor {f.name}" for f in floors if reached(given, entry, f.members) < f.least]
    return wrong
