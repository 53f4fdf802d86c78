"""Flows of classes become needs again: each whole, at one product, the banks' higher ranked first."""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled
from houfeng.matching.assign.market import Floats, Ints, Market, Smalls, Truths
from houfeng.matching.assign.proposing import capped, hold
from houfeng.matching.assign.transport import Parts, Transport


@compiled  # type: ignore[untyped-decorator]
def _by_flows(
    order: Ints,
    sizes: Ints,
    classes: Smalls,
    parts: Ints,
    starts: Ints,
    products: Smalls,
    flows: Ints,
    served: Ints,
    room: Ints,
    cap_starts: Ints,
    cap_members: Smalls,
    covers: Truths,
    cap_left: Ints,
) -> Ints:
    """Each need, in `order`, takes the first entry of its class whose flow it fits whole, while its part is served."""
    entry = np.full(len(sizes), -1, np.int64)
    for need in order:
        size, part = sizes[need], parts[need]
        if served[part] < size:
            continue
        for at in range(starts[classes[need]], starts[classes[need] + 1]):
            fits = flows[at] >= size and room[products[at]] >= size
            if fits and not capped(need, products[at], size, cap_starts, cap_members, covers, cap_left):
                entry[need] = at
                hold(need, products[at], size, cap_starts, cap_members, covers, cap_left)
                flows[at] -= size
                served[part] -= size
                room[products[at]] -= size
                break
    return entry


@compiled  # type: ignore[untyped-decorator]
def _pieces(
    entry: Ints,
    order: Ints,
    first: Ints,
    entries: Ints,
    owners: Smalls,
    sizes: Ints,
    products: Smalls,
    room: Ints,
    cap_starts: Ints,
    cap_members: Smalls,
    covers: Truths,
    cap_left: Ints,
) -> None:
    """Place who is left over: along `entries` (best first), the needs of the entry's class that still fit.

    `order` holds needs by class, those of class c at first[c]..first[c + 1] − 1.
    """
    for at in entries:
        owner, product = owners[at], products[at]
        for k in range(first[owner], first[owner + 1]):
            need = order[k]
            fits = entry[need] < 0 and sizes[need] <= room[product]
            if fits and not capped(need, product, sizes[need], cap_starts, cap_members, covers, cap_left):
                entry[need] = at
                room[product] -= sizes[need]
                hold(need, product, sizes[need], cap_starts, cap_members, covers, cap_left)


def placed(given: Market, cut: Parts, solved: Transport, floor_prices: Floats) -> Ints:
    """The entry of each need, or −1: first by the flows, then what is left over where it still fits.

    Members of floors with a price go before others of their class.
    """
    urgent = np.zeros(len(cut.supply))
    for inside, price in zip(cut.inside, floor_prices, strict=True):
        urgent += inside * price
    order = np.lexsort((-given.priority, -urgent[cut.of_need], given.classes))
    room, caps = given.capacities.copy(), (*given.caps.arrays, given.caps.room.copy())
    entry: Ints = _by_flows(
        order,
        given.sizes,
        given.classes,
        cut.of_need,
        given.starts,
        given.products,
        _units(solved.flows),
        _units(solved.served),
        room,
        *caps,
    )
    waiting = entry < 0
    if not waiting.any():
        return entry
    classes = len(given.starts) - 1
    smallest = np.full(classes, np.iinfo(np.int64).max)
    np.minimum.at(smallest, given.classes[waiting], given.sizes[waiting])
    most = np.zeros(classes)
    np.maximum.at(most, given.classes[waiting], urgent[cut.of_need[waiting]])
    left = order[waiting[order]]
    first = np.concatenate([[0], np.cumsum(np.bincount(given.classes[left], minlength=classes))]).astype(np.int64)
    entries = _candidates(given, solved.prices, most, smallest, room)
    _pieces(entry, left, first, entries, given.owners, given.sizes, given.products, room, *caps)
    return entry


def _units(flows: Floats) -> Ints:
    """Whole units, forgiving the rounding of the solver."""
    return np.floor(flows + 1e-6 * np.maximum(1.0, flows)).astype(np.int64)


def _candidates(given: Market, prices: Floats, urgent: Floats, smallest: Ints, room: Ints) -> Ints:
    """Entries where a need that is left over may fit, by what they are worth above the product's price."""
    owners = given.owners
    able = (smallest[owners] <= room[given.products]) & (given.values + urgent[owners] > 0)
    entries = np.flatnonzero(able)
    net = given.values[entries] - prices[given.products[entries]] + urgent[owners[entries]]
    return entries[np.lexsort((-given.values[entries], -net))]
