"""The best total of very many classes: an assignment by prices, and a bound.

Whatever the prices of capacity, what all classes would gain at them, with the capacities paid for, is a bound no
assignment exceeds. Prices start at nothing and go down the slope of that bound, up where too much is asked for and down
where too little, in steps that grow smaller. The assignment is deferred acceptance by net value, where a product keeps
those who would lose most by going elsewhere. It is not proved best; how far it can be from the best is known and told.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from houfeng.matching.assign.market import Floats, Ints, Market
from houfeng.matching.assign.proposing import deferred_acceptance, fill

CLASSES = 12_000
"""Markets with more classes come here: the exact programme would take minutes."""
STEPS = 200
FIRST_STEP, LAST_STEP = 0.1, 0.002
"""As parts of the spread of values."""


def priced(given: Market) -> tuple[Ints, Floats, float]:
    """The entry of each need, the prices of products, and the bound."""
    prices, bound = tightened(given)
    net = given.values - prices[given.products]
    owners = given.owners
    order = np.lexsort((-net, owners))
    sorted_net = net[order]
    last = np.append(owners[1:] != owners[:-1], True)
    following = np.where(last, 0.0, np.append(sorted_net[1:], 0.0))
    by_net = replace(
        given,
        priority=np.zeros(given.needs),
        products=given.products[order],
        lifts=sorted_net - np.maximum(following, 0.0),
    )
    found = deferred_acceptance(by_net)
    queue = np.argsort(-given.sizes, kind="stable")
    fill(by_net, queue, found.entry, found.room)
    return np.where(found.entry >= 0, order[found.entry], -1), prices, bound


def tightened(given: Market) -> tuple[Floats, float]:
    """The prices with the lowest bound among the steps, and the bound."""
    classes, owners, capacities = len(given.starts) - 1, given.owners, given.capacities.astype(np.float64)
    supply = np.bincount(given.classes, given.sizes, classes).astype(np.float64)
    filled = np.diff(given.starts) > 0
    spread = float(np.ptp(given.values)) or float(np.abs(given.values).max()) if len(given.values) else 0.0
    prices = np.zeros(len(capacities))
    best, least = prices, np.inf
    for turn in range(STEPS):
        net = given.values - prices[given.products]
        most = np.zeros(classes)
        most[filled] = np.maximum(0.0, np.maximum.reduceat(net, given.starts[:-1][filled]))
        bound = float((supply * most).sum() + (capacities * prices).sum())
        if bound < least:
            best, least = prices, bound
        asked = np.flatnonzero((net == most[owners]) & (net > 0))
        demand = np.bincount(given.products[asked], supply[owners[asked]], len(capacities))
        slope = np.clip((demand - capacities) / np.maximum(1.0, capacities), -1.0, 1.0)
        step = spread * FIRST_STEP * (LAST_STEP / FIRST_STEP) ** (turn / STEPS)
        prices = np.maximum(0.0, prices + step * slope)
    return best, least
