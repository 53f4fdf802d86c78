"""Shares known only as ranges, or not at all: bounds of who owns what in the end, and which stake to clear up first.

The greatest share is exact, not a sum of greatest stakes: each enterprise's stakes lie within their bounds and within
the whole together, and each enterprise gives what is left to the holder through whom most is the owner's. That choice
is a Markov decision process whose least fixed point is the answer (Puterman, Markov Decision Processes, 1994, §7.2).
The least share gives every stake its least, the rest to holders unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from houfeng.penetration.climbing import greatest, layout
from houfeng.penetration.graph import UNIT, Holdings
from houfeng.penetration.integrated import Penetration


@dataclass(frozen=True, slots=True)
class Bounds:
    """What share (of one) of an enterprise is at least and at most a holder's."""

    holder: str
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Missing:
    """A stake that is not known exactly (percent), and the most of the enterprise asked about that it may move."""

    holder: str
    enterprise: str
    low: Decimal
    high: Decimal
    moves: float


class Uncertain:
    """Bounds over one graph; keeps the workspace between questions. Not for several threads."""

    def __init__(self, holdings: Holdings) -> None:
        """The graph to ask about."""
        self.holdings = holdings
        self._least = Penetration(holdings, holdings.low)
        self._local = np.full(holdings.size, -1, np.int32)

    def of(self, enterprise: str, holders: Sequence[str] | None = None) -> tuple[Bounds, ...]:
        """The bounds of `holders` in `enterprise` (by default of everybody above it whom nobody holds), most first.

        Raises:
            NotFoundError: no holding names one of them.
            InputError: a ring above owns itself wholly.
        """
        by, graph = self.holdings.by_held, self.holdings
        target = graph.place(enterprise)
        nodes, claims, loops = self._least.shares(target)
        least = {int(node): float(c / n) for node, c, n in zip(nodes, claims, loops, strict=True)}
        above, members, begin = layout(by.start, by.stop, by.order, graph.holder, graph.high, target, self._local)
        value = np.empty(len(above))
        asked = [graph.place(name) for name in holders] if holders is not None else above[graph.owners[above]]
        found = []
        for who in asked:
            if self._local[who] < 0:  # nowhere above
                found.append(Bounds(graph.names([who])[0], 0.0, 0.0))
                continue
            self._most(int(self._local[who]), above, members, begin, value)
            found.append(Bounds(graph.names([who])[0], least[int(who)], float(value[0])))
        self._local[above] = -1
        return tuple(sorted(found, key=lambda one: (-one.most, one.holder)))

    def missing(self, enterprise: str) -> tuple[Missing, ...]:
        """The inexact stakes above `enterprise`, the one that may move most of it first.

        Raises:
            NotFoundError: no holding names it.
        """
        by, graph = self.holdings.by_held, self.holdings
        above, members, begin = layout(
            by.start, by.stop, by.order, graph.holder, graph.high, graph.place(enterprise), self._local
        )
        value = np.empty(len(above))
        found = []
        for i, node in enumerate(above):
            stakes = [s for s in by.order[by.start[node] : by.start[node + 1]] if graph.uncertain[s]]
            if not stakes:
                continue
            self._most(i, above, members, begin, value)
            through = float(value[0])
            for s in stakes:
                low, high = int(graph.low[s]), int(graph.high[s])
                who, held = graph.names([graph.holder[s], node])
                found.append(Missing(who, held, _percent(low), _percent(high), (high - low) / UNIT * through))
        self._local[above] = -1
        return tuple(sorted(found, key=lambda one: (-one.moves, one.enterprise, one.holder)))

    def _most(self, whose: int, above: object, members: object, begin: object, value: object) -> None:
        by, graph = self.holdings.by_held, self.holdings
        greatest(
            by.start, by.stop, by.order, graph.holder, graph.low, graph.high, UNIT, above, members, begin, self._local,
            whose, value,
        )  # fmt: skip


def _percent(units: int) -> Decimal:
    return Decimal(units) * 100 / UNIT
