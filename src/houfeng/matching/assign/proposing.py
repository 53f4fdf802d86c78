"""Deferred acceptance in one pass over arrays, compiled: needs propose in the order of their lists.

A product holds the best who have come, as long as they fit, and sends the rest away; who is sent away goes on. Its
cutoff is the best it ever sent away, and only rises: who does not stand above it need not ask. The outcome does not
depend on the order in which needs are taken. The held stand in one skew heap per product, worst at the root, made of
two links per need, since no need is held twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from houfeng.engine.compiling import compiled
from houfeng.matching.assign.market import Floats, Ints, Market, Smalls

NOWHERE = -1


@compiled  # type: ignore[untyped-decorator]
def _merge(a: int, b: int, left: Smalls, right: Smalls, score: Floats) -> int:
    """The heap of two heaps, worst at the root; among equals the later need is the worse."""
    root, parent = -1, -1
    while a >= 0 and b >= 0:
        if score[b] < score[a] or (score[b] == score[a] and b > a):
            a, b = b, a
        if parent < 0:
            root = a
        else:
            left[parent] = a
        rest = right[a]
        right[a] = left[a]
        parent, a = a, rest
    tail = a if a >= 0 else b
    if parent < 0:
        return tail
    left[parent] = tail
    return root


@compiled  # type: ignore[untyped-decorator]
def propose(
    order: Ints,
    sizes: Ints,
    classes: Smalls,
    priority: Floats,
    starts: Ints,
    products: Smalls,
    lifts: Floats,
    capacities: Ints,
) -> tuple[Ints, Ints, Floats, Ints, int]:
    """Run it: the entry each need ends at (or −1), room left, each product's cutoff (score, need), asks that counted.

    Shapes: order, sizes, classes, priority [needs]; starts [classes + 1]; products, lifts [entries]; capacities.
    """
    needs, count = len(sizes), len(capacities)
    place = np.empty(needs, np.int64)
    for i in range(needs):
        place[i] = starts[classes[i]]
    entry = np.full(needs, -1, np.int64)
    score = np.zeros(needs)
    left, right = np.full(needs, -1, np.int32), np.full(needs, -1, np.int32)
    roots = np.full(count, -1, np.int64)
    room = capacities.copy()
    cut_score, cut_need = np.full(count, -np.inf), np.full(count, needs, np.int64)
    free = np.empty(needs + 1, np.int64)
    asks = 0
    for first in order:
        free[0], waiting = first, 1
        while waiting:
            waiting -= 1
            need = free[waiting]
            end = starts[classes[need] + 1]
            at = place[need]
            while at < end:
                product = products[at]
                own = priority[need] + lifts[at]
                cut = cut_score[product]
                if own > cut or (own == cut and need < cut_need[product]):
                    break
                at += 1
            place[need] = at + 1
            if at >= end:
                continue
            asks += 1
            entry[need], score[need] = at, own
            left[need], right[need] = -1, -1
            roots[product] = _merge(roots[product], need, left, right, score)
            room[product] -= sizes[need]
            while room[product] < 0:
                worst = roots[product]
                roots[product] = _merge(left[worst], right[worst], left, right, score)
                room[product] += sizes[worst]
                entry[worst] = -1
                cut_score[product], cut_need[product] = score[worst], worst
                free[waiting] = worst
                waiting += 1
    return entry, room, cut_score, cut_need, asks


@compiled  # type: ignore[untyped-decorator]
def fill(order: Ints, entry: Ints, room: Ints, sizes: Ints, classes: Smalls, starts: Ints, products: Smalls) -> int:
    """Give room that is left to needs that got nothing, in `order`, each the best that fits; how many got some."""
    placed = 0
    for need in order:
        if entry[need] >= 0:
            continue
        for at in range(starts[classes[need]], starts[classes[need] + 1]):
            if room[products[at]] >= sizes[need]:
                entry[need] = at
                room[products[at]] -= sizes[need]
                placed += 1
                break
    return placed


class Outcome(NamedTuple):
    """What deferred acceptance gives: the entry of each need, room left, each product's cutoff, how many asks it took.

    The cutoff is the best (score, need) a product sent away: −∞ where it sent away nobody.
    """

    entry: Ints
    room: Ints
    cut_score: Floats
    cut_need: Ints
    asks: int


def deferred_acceptance(given: Market) -> Outcome:
    """`propose` over a market; the ones banks rank high go first, which spares most of the sending away."""
    order = np.argsort(-given.priority, kind="stable")
    return Outcome(
        *propose(
            order,
            given.sizes,
            given.classes,
            given.priority,
            given.starts,
            given.products,
            given.lifts,
            given.capacities,
        )
    )
