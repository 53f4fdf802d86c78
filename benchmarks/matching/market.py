"""A market of the size the issue names: needs with attributes, products with conditions, costs, capacities.

Made up, and always the same for a seed. Needs have round amounts, a term, a size, a guarantee, an industry group and a
city; products have limits on each, a rate and a fee. Nothing is drawn pair by pair: eligibility and cost follow from
the attributes, as in life, so that needs with the same attributes are alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from houfeng.errors import Text
from houfeng.matching.assign.market import Caps, Floats, Ints, Market, Truths

AMOUNTS = np.array([5, 10, 20, 30, 50, 80, 100, 150, 200, 300, 500, 800, 1000]) * 10_000
TERMS = np.array([6, 12, 24, 36])
SIZES, GUARANTEES, INDUSTRIES, CITIES = 4, 5, 8, 18


class Asks(NamedTuple):
    """Attributes of needs, a column each; and the order of banks among equals."""

    attributes: Ints
    priority: Floats


class Offers(NamedTuple):
    """Attributes of products."""

    least: Ints
    most: Ints
    months: Ints
    sizes: Truths
    guarantees: Truths
    industries: Truths
    cities: Truths
    rate: Floats
    fee: Floats
    share: Floats


def asks(needs: int, seed: int) -> Asks:
    """So many needs."""
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, len(AMOUNTS) + 1)
    columns = [
        rng.choice(len(AMOUNTS), needs, p=weight / weight.sum()),
        rng.choice(len(TERMS), needs, p=[0.2, 0.5, 0.2, 0.1]),
        rng.choice(SIZES, needs, p=[0.02, 0.08, 0.4, 0.5]),
        rng.choice(GUARANTEES, needs, p=[0.4, 0.25, 0.25, 0.05, 0.05]),
        rng.integers(0, INDUSTRIES, needs),
        rng.integers(0, CITIES, needs),
    ]
    return Asks(np.stack(columns, axis=1), np.round(rng.random(needs), 3))


def offers(products: int, seed: int) -> Offers:
    """So many products."""
    rng = np.random.default_rng(seed + 1)
    local = rng.random((products, CITIES)) < 0.1
    local[rng.random(products) < 0.35] = True
    return Offers(
        rng.choice(AMOUNTS[:6], products),
        rng.choice(AMOUNTS[5:], products),
        rng.choice(TERMS[1:], products),
        rng.random((products, SIZES)) < [0.3, 0.4, 0.8, 0.7],
        rng.random((products, GUARANTEES)) < 0.45,
        rng.random((products, INDUSTRIES)) < 0.6,
        local,
        rng.normal(4.5, 0.9, products).clip(2.8, 9).round(2),
        (rng.choice([0, 0, 0, 0.1, 0.2, 0.5], products)),
        rng.lognormal(0, 1, products),
    )


def build(asked: Asks, offered: Offers, fill: float) -> Market:
    """The market: classes of needs that are alike, the eligible products of each by all-in cost.

    Capacities come to `fill` of what is asked for. The cost is the rate plus the fee spread over the term (the simple
    rate, which orders products of one term nearly as the compound one; the benchmark is of assigning, not of pricing).
    """
    bases = np.array([len(AMOUNTS), len(TERMS), SIZES, GUARANTEES, INDUSTRIES, CITIES])
    code = np.ravel_multi_index(tuple(asked.attributes.T), tuple(bases))
    used = np.bincount(code, minlength=int(bases.prod())) > 0
    codes = np.flatnonzero(used)
    places = np.cumsum(used) - 1
    amount, term, size, guarantee, industry, city = np.unravel_index(codes, tuple(bases))
    money, months = AMOUNTS[amount], TERMS[term]
    right = (offered.least <= AMOUNTS[:, None]) & (AMOUNTS[:, None] <= offered.most)
    long = TERMS[:, None] <= offered.months
    open_to = offered.sizes.T[size] & offered.guarantees.T[guarantee]
    open_to &= offered.industries.T[industry]
    open_to &= offered.cities.T[city]
    open_to &= right[amount]
    open_to &= long[term]
    owners, products = np.nonzero(open_to)
    cost = offered.rate[None, :] + offered.fee[None, :] * 12 / TERMS[:, None]
    order = np.argsort(cost, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(offered.rate))[None, :].repeat(len(TERMS), 0), 1)
    key = owners * len(offered.rate) + rank[term[owners], products]
    sort = np.argsort(key, kind="stable")
    products, owners = products[sort], owners[sort]
    starts = np.concatenate([[0], np.cumsum(open_to.sum(axis=1))]).astype(np.int64)
    sizes = (money[places[code]] * 100).astype(np.int64)
    total = int(sizes.sum() * fill)
    del months
    return Market(
        sizes,
        places[code].astype(np.int32),
        asked.priority,
        starts,
        products.astype(np.int32),
        (np.arange(len(products)) - starts[owners]).astype(np.int32),
        (12.0 - cost[term[owners], products]) / 100,
        np.zeros(len(products)),
        (offered.share / offered.share.sum() * total).astype(np.int64),
    )


def grouped(given: Market, percent: float, seed: int) -> Market:
    """The same market with so many percent of the needs in groups of four: each group has a joint limit at all banks of
    half of what it asks for, and a limit at each of three banks of a third of it; a bank has ten products."""
    rng = np.random.default_rng(seed + 2)
    groups, products = int(given.needs * percent / 100) // 4, len(given.capacities)
    members = rng.permutation(given.needs)[: groups * 4].reshape(groups, 4)
    banks = max(3, products // 10)
    chosen = np.stack([rng.permutation(banks)[:3] for _ in range(groups)])
    of_bank = np.arange(banks)[:, None] == np.arange(products) % banks
    covers = np.concatenate([np.ones((groups, products), np.bool_), *(of_bank[chosen[:, k]] for k in range(3))])
    asked = given.sizes[members].sum(axis=1)
    room = np.concatenate([asked // 2, *[asked // 3] * 3])
    places = np.arange(groups)[:, None] + np.arange(4) * groups
    per_need = np.zeros(given.needs, np.int64)
    per_need[members] = 4
    need = np.repeat(members.ravel(), 4)
    bounds = np.repeat(places, 4, axis=0).ravel()
    starts = np.concatenate([[0], np.cumsum(per_need)]).astype(np.int64)
    order = np.argsort(need, kind="stable")
    label = Text("一组", "a group")
    caps = Caps((label,) * (groups * 4), starts, bounds[order].astype(np.int32), covers, room)
    return replace(given, caps=caps)
