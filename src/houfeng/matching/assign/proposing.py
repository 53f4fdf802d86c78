"""Deferred acceptance in one pass over arrays, compiled: needs propose in the order of their lists.

A product holds the best who have come, as long as they fit, and sends the rest away; who is sent away goes on. Its
cutoff is the best it ever sent away, and only rises: who does not stand above it need not ask. The outcome does not
depend on the order in which needs are taken. The held stand in one skew heap per product, worst at the root, made of
two links per need, since no need is held twice.

Where the market has caps (`Caps`: a limit on one group), a need that is accepted holds room under its caps as long as
it is held; one whose caps have no room is refused there. Who comes first holds first, so under caps the order counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from houfeng.engine.compiling import compiled
from houfeng.matching.assign.market import Floats, Ints, Market, Smalls, Truths

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
def capped(need: int, product: int, size: int, starts: Ints, members: Smalls, covers: Truths, room: Ints) -> bool:
    """Whether a bound the need stands under has no room for it at the product (or a counter of the product)."""
    if len(room) == 0:
        return False
    for k in range(starts[need], starts[need + 1]):
        bound = members[k]
        if covers[bound, product % covers.shape[1]] and room[bound] < size:
            return True
    return False


@compiled  # type: ignore[untyped-decorator]
def hold(need: int, product: int, size: int, starts: Ints, members: Smalls, covers: Truths, room: Ints) -> None:
    """Take `size` of the bounds the need stands under at the product; what is below zero is given back."""
    if len(room) == 0:
        return
    for k in range(starts[need], starts[need + 1]):
        bound = members[k]
        if covers[bound, product % covers.shape[1]]:
            room[bound] -= size


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
    cap_starts: Ints,
    cap_members: Smalls,
    covers: Truths,
    cap_room: Ints,
) -> tuple[Ints, Ints, Floats, Ints, int, int]:
    """Run it: the entry each need ends at (or −1), room left, each product's cutoff (score, need), asks that counted,
    and how many a cap refused.

    Shapes: order, sizes, classes, priority [needs]; starts [classes + 1]; products, lifts [entries]; capacities; caps
    as in `Caps`.
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
    asks, refused, cap_left = 0, 0, cap_room.copy()
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
                    if not capped(need, product, sizes[need], cap_starts, cap_members, covers, cap_left):
                        break
                    refused += 1
                at += 1
            place[need] = at + 1
            if at >= end:
                continue
            asks += 1
            entry[need], score[need] = at, own
            left[need], right[need] = -1, -1
            roots[product] = _merge(roots[product], need, left, right, score)
            room[product] -= sizes[need]
            hold(need, product, sizes[need], cap_starts, cap_members, covers, cap_left)
            while room[product] < 0:
                worst = roots[product]
                roots[product] = _merge(left[worst], right[worst], left, right, score)
                room[product] += sizes[worst]
                hold(worst, product, -sizes[worst], cap_starts, cap_members, covers, cap_left)
                entry[worst] = -1
                cut_score[product], cut_need[product] = score[worst], worst
                free[waiting] = worst
                waiting += 1
    return entry, room, cut_score, cut_need, asks, refused


@compiled  # type: ignore[untyped-decorator]
def _fill(
    order: Ints,
    entry: Ints,
    room: Ints,
    sizes: Ints,
    classes: Smalls,
    starts: Ints,
    products: Smalls,
    cap_starts: Ints,
    cap_members: Smalls,
    covers: Truths,
    cap_left: Ints,
) -> int:
    placed = 0
    for need in order:
        if entry[need] >= 0:
            continue
        for at in range(starts[classes[need]], starts[classes[need] + 1]):
            fits = room[products[at]] >= sizes[need]
            if fits and not capped(need, products[at], sizes[need], cap_starts, cap_members, covers, cap_left):
                entry[need] = at
                room[products[at]] -= sizes[need]
                hold(need, products[at], sizes[need], cap_starts, cap_members, covers, cap_left)
                placed += 1
                break
    return placed


class Outcome(NamedTuple):
    """What deferred acceptance gives: the entry of each need, room left, each product's cutoff, how many asks it took
    and how many of them a cap refused.

    The cutoff is the best (score, need) a product sent away: −∞ where it sent away nobody.
    """

    entry: Ints
    room: Ints
    cut_score: Floats
    cut_need: Ints
    asks: int
    refused: int = 0


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
            *given.caps.arrays,
            given.caps.room,
        )
    )


def fill(given: Market, order: Ints, entry: Ints, room: Ints) -> int:
    """Give room that is left to needs that got nothing, in `order`, each the best that fits; how many got some."""
    left = given.caps.left(given, entry)
    count: int = _fill(
        order, entry, room, given.sizes, given.classes, given.starts, given.products, *given.caps.arrays, left
    )
    return count
