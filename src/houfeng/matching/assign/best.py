"""The best total: needs assigned so that the sum of their values is as high as it can be, by HiGHS.

All needs of a class are worth the same per unit anywhere, so the programme is a transport problem of classes and
products: how much of class c goes to product p. It is solved exactly by column generation: only columns that look
good at rough prices go in, and what HiGHS's duals show to be missing is added until nothing is. Its value is a bound
no assignment exceeds.

Then classes become needs again, none cut in pieces. With places (all sizes 1, no floors) the solution is whole anyway
and the result is the best. With money a need may have been cut at the edge of a product: small markets are solved
again with whole needs (branch and bound, proved); in large ones the pieces are placed where they fit, and the result
says by `bound` how far from the best it can be at most. Caps (a limit on one group, over several products) are further
rows; classes are split so that the needs of one class stand under the same caps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from houfeng.matching.assign.infeasible import refuse
from houfeng.matching.assign.market import Assignment, Floats, Floor, Ints, Market, Truths, divided, reached, worth
from houfeng.matching.assign.priced import CLASSES, priced
from houfeng.matching.assign.transport import Parts, Transport, parts, relaxed
from houfeng.matching.assign.whole import placed
from houfeng.matching.highs import Programme, solve

SMALL = 20_000
"""Pairs of need and product up to which whole needs are solved by branch and bound."""
TRIES = 5
"""How often whole needs are placed anew where a floor is missed by a piece."""
ALIKE = 1e-9
"""Relative difference of value and bound below which a result is the best: the rounding of doubles."""


def best(given: Market, floors: Sequence[Floor] = (), *, seconds: float = 20.0) -> Assignment:
    """The assignment with the highest total value that meets every floor.

    Raises:
        InputError: the floors cannot be met; each that fails is named with how far it can come.
        EnvironmentFault: HiGHS cannot be used in this process.
    """
    if not len(given.caps.room):
        return _best(given, floors, seconds)
    split, _ = divided(given, given.classes.astype(np.int64) * (given.needs + 1) + given.caps.signatures())
    found = _best(split, floors, seconds)
    offset = found.entry - split.starts[split.classes]
    return replace(found, entry=np.where(found.entry >= 0, given.starts[given.classes] + offset, -1))


def _best(given: Market, floors: Sequence[Floor], seconds: float) -> Assignment:
    if not floors and len(given.starts) - 1 > CLASSES and _pairs(given) > SMALL:
        return _finished(given, *priced(given), np.zeros(0))
    cut = parts(given, [floor.members for floor in floors])
    solved = relaxed(given, cut, [floor.least for floor in floors])
    if solved.short.any():
        refuse(given, cut, floors, solved.short)
    bound = solved.bound
    entry = _whole(given, cut, floors, solved)
    if _pairs(given) <= SMALL and (entry is None or not _proved(worth(given, entry), bound)):
        entry, bound = _branched(given, cut, floors, seconds)
    elif entry is None:
        refuse(given, cut, floors, solved.short)
    return _finished(given, entry, solved.prices, bound, solved.floor_prices)


def _finished(given: Market, entry: Ints, prices: Floats, bound: float, floor_prices: Floats) -> Assignment:
    got = entry >= 0
    used = np.zeros(len(given.capacities), np.int64)
    np.add.at(used, given.products[entry[got]], given.sizes[got])
    value = worth(given, entry)
    return Assignment(
        "best",
        entry,
        given.capacities - used,
        value,
        exact=_proved(value, bound),
        prices=prices,
        floor_prices=floor_prices,
        bound=bound,
        cap_room=given.caps.left(given, entry),
    )


def _proved(value: float, bound: float) -> bool:
    return value >= bound - ALIKE * max(1.0, abs(bound))


def _pairs(given: Market) -> int:
    return int(np.diff(given.starts)[given.classes].sum())


def _whole(given: Market, cut: Parts, floors: Sequence[Floor], solved: Transport) -> Ints | None:
    """Whole needs from the flows of classes; where pieces miss a floor, its members go first and it is raised a little.

    Nothing where that does not help within a few tries.
    """
    leasts = [floor.least for floor in floors]
    urgent = solved.floor_prices.copy()
    greatest = float(np.abs(given.values).max()) if len(given.values) else 1.0
    for _ in range(TRIES):
        entry = placed(given, cut, solved, urgent)
        missing = [floor.least - reached(given, entry, floor.members) for floor in floors]
        if all(short <= 0 for short in missing):
            return entry
        leasts = [least + max(0, short) for least, short in zip(leasts, missing, strict=True)]
        urgent = urgent + np.where(np.array(missing) > 0, greatest, 0.0)
        tried = relaxed(given, cut, leasts)
        solved = solved if tried.short.any() else tried
    return None


def _branched(given: Market, cut: Parts, floors: Sequence[Floor], seconds: float) -> tuple[Ints, float]:
    """Whole needs by branch and bound: a column per need and product of its list.

    Raises:
        InputError: no assignment of whole needs meets the floors, or none was found in time.
    """
    lengths = np.diff(given.starts)[given.classes]
    needs = np.repeat(np.arange(given.needs), lengths)
    ends = np.cumsum(lengths)
    entries = np.arange(len(needs)) - np.repeat(ends - lengths, lengths) + given.starts[given.classes[needs]]
    unit = float(given.sizes.max()) if given.needs else 1.0
    sizes = given.sizes[needs] / unit
    count, rows = len(given.capacities), given.needs + len(given.capacities)
    places = np.arange(len(needs))
    member = [floor.members[needs] for floor in floors]
    under = [_under(given, cap, needs, entries) for cap in range(len(given.caps.room))]
    columns = np.concatenate([places, places, *(np.flatnonzero(one) for one in (*member, *under))])
    order = np.argsort(columns, kind="stable")
    row = np.concatenate(
        [
            needs,
            given.needs + given.products[entries],
            *(np.full(int(one.sum()), rows + k) for k, one in enumerate((*member, *under))),
        ]
    )
    value = np.concatenate([np.ones(len(needs)), sizes, *(sizes[one] for one in (*member, *under))])
    capacities = given.capacities / unit
    least = np.array([floor.least / unit for floor in floors])
    found = solve(
        Programme(
            given.values[entries] * sizes,
            np.ones(len(needs)),
            np.concatenate([np.full(given.needs + count, -np.inf), least - 1e-9, np.full(len(under), -np.inf)]),
            np.concatenate(
                [np.ones(given.needs), capacities + 1e-9, np.full(len(floors), np.inf), given.caps.room / unit + 1e-9]
            ),
            np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=len(needs)))]).astype(np.int64),
            row[order].astype(np.int64),
            value[order],
            places,
        ),
        seconds=seconds,
    )
    if len(found.columns) != len(needs) or found.status not in ("Optimal", "Time limit reached"):
        refuse(given, cut, floors, np.zeros(len(floors)))
    entry = np.full(given.needs, -1, np.int64)
    chosen = found.columns > 0.5
    entry[needs[chosen]] = entries[chosen]
    return entry, found.bound * unit


def _under(given: Market, cap: int, needs: Ints, entries: Ints) -> Truths:
    """Which pairs of need and entry a cap holds down."""
    caps, inside = given.caps, np.zeros(given.needs, np.bool_)
    inside[np.repeat(np.arange(given.needs), np.diff(caps.starts))[caps.members == cap]] = True
    found: Truths = inside[needs] & caps.covers[cap, given.products[entries]]
    return found
