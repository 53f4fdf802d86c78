"""The transport problem of classes and products, solved exactly by column generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from houfeng.matching.assign.market import Floats, Ints, Market, Smalls, Truths
from houfeng.matching.highs import Programme, Solution, solve

FIRST = 6
"""Columns of each class that go in at first: the best at rough prices."""
ROUNDS = 60
TOLERANCE = 1e-9
"""How much better than its price a column must look to be added; relative to the greatest value."""


class Parts(NamedTuple):
    """Classes cut into parts that lie wholly inside or outside every floor.

    `of_need`: the part of each need; `classes`, `supply`: of each part; `inside`: per floor, whether the part is in it.
    All parts of a class share its list, so it is enough to know how much of each part is served somewhere. Caps are of
    whole classes (see `houfeng.matching.assign.best`): `bound` says which entries each holds down.
    """

    of_need: Ints
    classes: Ints
    supply: Floats
    inside: list[Truths]
    bound: Bound


class Bound(NamedTuple):
    """What of the lists caps hold down: entries with the cap of each (`rows`), and the room of each cap."""

    entries: Ints
    rows: Ints
    room: Floats


def _bound(given: Market) -> Bound:
    """The entries under caps, where all needs of a class stand under the same ones."""
    caps, entries, rows = given.caps, [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    if len(caps.room):
        classes, first = np.unique(given.classes, return_index=True)
        for owner, need in zip(classes.tolist(), first.tolist(), strict=True):
            there = np.arange(given.starts[owner], given.starts[owner + 1])
            for cap in caps.members[caps.starts[need] : caps.starts[need + 1]].tolist():
                held = there[caps.covers[cap, given.products[there]]]
                entries.append(held)
                rows.append(np.full(len(held), cap))
    return Bound(np.concatenate(entries), np.concatenate(rows), caps.room.astype(np.float64))


def parts(given: Market, floors: Sequence[Truths]) -> Parts:
    """The parts of a market's classes under floors, given as who is a member."""
    key = given.classes.astype(np.int64)
    for members in floors:
        key = key * 2 + members
    _, first, of_need = np.unique(key, return_index=True, return_inverse=True)
    supply = np.bincount(of_need, given.sizes, len(first)).astype(np.float64)
    inside = [members[first] for members in floors]
    return Parts(of_need, given.classes[first].astype(np.int64), supply, inside, _bound(given))


class Transport(NamedTuple):
    """How much of each entry flows (units) and how much of each part is served; what prices say; what is missing of
    each floor; and the bound."""

    flows: Floats
    served: Floats
    prices: Floats
    floor_prices: Floats
    short: Floats
    bound: float


def relaxed(given: Market, cut: Parts, leasts: Sequence[int]) -> Transport:
    """The best flows of classes to products. Floors that cannot be met are missed by as little as may be (`short`)."""
    greatest = float(np.abs(given.values).max()) if len(given.values) else 1.0
    return _generate(given, cut, given.values, np.zeros(len(cut.supply)), leasts, 1e3 * max(greatest, 1e-9))


def furthest(given: Market, cut: Parts, floor: int) -> float:
    """The most units the members of a floor can get when nothing else counts."""
    alone = cut._replace(inside=[])
    return _generate(given, alone, np.zeros(len(given.products)), cut.inside[floor].astype(float), [], 1.0).bound


def _generate(
    given: Market, cut: Parts, values: Floats, bonus: Floats, leasts: Sequence[int], penalty: float
) -> Transport:
    owners = given.owners
    unit = max(1.0, float(given.sizes.max()) if given.needs else 1.0)
    problem = _Problem(given, owners, cut, values, bonus, unit, np.asarray(leasts, np.float64) / unit, penalty)
    supply = np.bincount(cut.classes, cut.supply, len(given.starts) - 1).astype(np.float64)
    chosen = _promising(given, values, _rough_prices(given, values, supply))
    tolerance = TOLERANCE * max(1e-12, float(np.abs(values).max()) if len(values) else 0.0, float(bonus.max(initial=0)))
    while True:
        columns = np.flatnonzero(chosen)
        found = problem.solved(columns)
        of_class, of_product, of_floor, of_entry = problem.duals(found)
        better = (values - of_class[owners] - of_product[given.products] - of_entry > tolerance) & ~chosen
        if not better.any():
            break
        chosen |= better
    flows = np.zeros(len(owners))
    flows[columns] = found.columns[: len(columns)] * unit
    rest = found.columns[len(columns) :] * unit
    served, missing = rest[: len(cut.supply)], rest[len(cut.supply) :]
    short = np.where(missing > 1e-6 * unit, missing, 0.0)
    return Transport(flows, served, np.maximum(0.0, of_product), np.maximum(0.0, -of_floor), short, found.value * unit)


class _Problem(NamedTuple):
    """The programme over a choice of entries: flows, then what is served of each part, then what each floor misses."""

    given: Market
    owners: Smalls
    cut: Parts
    values: Floats
    bonus: Floats
    unit: float
    leasts: Floats
    penalty: float

    def solved(self, columns: Ints) -> Solution:
        """The restricted programme: of each class as much flows as is served; products, floors and caps keep their
        limits."""
        classes, count, floors = len(self.given.starts) - 1, len(self.given.capacities), len(self.leasts)
        served = len(columns) + np.arange(len(self.cut.supply))
        extra = len(columns) + len(served) + np.arange(floors)
        places, bound = np.arange(len(columns)), self.cut.bound
        at = np.searchsorted(columns, bound.entries)
        there = np.append(columns, -1)[at] == bound.entries
        column = np.concatenate([places, places, served, *(served[one] for one in self.cut.inside), extra, at[there]])
        row = np.concatenate(
            [
                self.owners[columns],
                classes + self.given.products[columns],
                self.cut.classes,
                *(np.full(int(one.sum()), classes + count + k) for k, one in enumerate(self.cut.inside)),
                classes + count + np.arange(floors),
                classes + count + floors + bound.rows[there],
            ]
        )
        value, room = np.ones(len(row)), bound.room / self.unit
        value[2 * len(columns) : 2 * len(columns) + len(served)] = -1.0
        order = np.argsort(column, kind="stable")
        total = len(columns) + len(served) + floors
        return solve(
            Programme(
                np.concatenate([self.values[columns], self.bonus, np.full(floors, -self.penalty)]),
                np.concatenate([np.full(len(columns), np.inf), self.cut.supply / self.unit, np.full(floors, np.inf)]),
                np.concatenate(
                    [np.zeros(classes), np.full(count, -np.inf), self.leasts, np.full(len(bound.room), -np.inf)]
                ),
                np.concatenate([np.zeros(classes), self.given.capacities / self.unit, np.full(floors, np.inf), room]),
                np.concatenate([[0], np.cumsum(np.bincount(column, minlength=total))]).astype(np.int64),
                row[order].astype(np.int64),
                value[order],
            )
        )

    def duals(self, found: Solution) -> tuple[Floats, Floats, Floats, Floats]:
        """Of classes, products and floors; and of entries, those of the caps that hold them down."""
        classes, count, bound = len(self.given.starts) - 1, len(self.given.capacities), self.cut.bound
        ends = np.cumsum([classes, count, len(self.leasts)])
        of_class, of_product, of_floor, of_cap = np.split(found.row_duals, ends)
        of_entry = np.bincount(bound.entries, of_cap[bound.rows], len(self.owners)).astype(np.float64)
        return of_class, of_product, of_floor, of_entry


def _rough_prices(given: Market, values: Floats, supply: Floats) -> Floats:
    """Prices at which demand roughly fits: raised where too much is asked for, lowered where too little."""
    prices = np.zeros(len(given.capacities))
    filled = np.diff(given.starts) > 0
    if not len(values):
        return prices
    owners, capacities = given.owners, np.maximum(1.0, given.capacities.astype(np.float64))
    spread = max(float(np.ptp(values)), 1e-12)
    for turn in range(ROUNDS):
        net = values - prices[given.products]
        most = np.full(len(given.starts) - 1, -np.inf)
        most[filled] = np.maximum.reduceat(net, given.starts[:-1][filled])
        asked = (net == most[owners]) & (net > 0)
        demand = np.bincount(given.products[asked], supply[owners[asked]], len(prices))
        step = spread * 0.1 / (1 + 0.2 * turn)
        prices = np.maximum(0.0, prices + step * np.clip((demand - capacities) / capacities, -1.0, 3.0))
    return prices


def _promising(given: Market, values: Floats, prices: Floats) -> Truths:
    """The first few entries of each class at those prices."""
    net, owners = values - prices[given.products], given.owners
    order = np.lexsort((-net, owners))
    place = np.empty(len(net), np.int64)
    place[order] = np.arange(len(net)) - given.starts[owners]
    chosen: Truths = place < FIRST
    return chosen
