"""Close links: who holds so much of whom over all simple ways that neither may back the other's credit.

A close link stands where the products of shares over all ways that pass nobody twice add up to a fifth (another line is
a parameter), or where a third party has such a link to both: the rule for collateral of the Eurosystem (Guideline (EU)
2015/510 of the ECB, article 138), here with the sum over simple paths of its published company-graph examples.

A simple way goes through each ring of holdings once, in one piece. Sums are therefore taken ring by ring: within a ring
every simple way is walked, widest first, as exact fractions; between rings sums multiply. Simple ways may be more than
anybody can walk; past a bound those not walked count nothing in `least` and all they may bring in `most`. Holders above
100 percent are taken as they are, as the examples take them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import count

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from houfeng.penetration.graph import UNIT, Holdings

FIFTH = Decimal(20)

Sums = dict[int, tuple[Fraction, Fraction]]
"""By node: the sum that is certain, and the most it may be."""


@dataclass(frozen=True, slots=True)
class CloseLink:
    """`holder` has `least` to `most` (of one) of `held` over simple ways; the two are equal where all were walked."""

    holder: str
    held: str
    least: Fraction
    most: Fraction

    @property
    def exact(self) -> bool:
        """Whether every simple way was walked."""
        return self.least == self.most


@dataclass(frozen=True, slots=True)
class Common:
    """Two who are closely linked because `third` has a close link to each."""

    first: str
    second: str
    third: str


class CloseLinks:
    """Close links over one graph; what was walked in a ring is kept between questions. Shares are the least known."""

    def __init__(self, holdings: Holdings, *, steps: int = 200_000) -> None:
        """`steps`: how many simple ways are walked from one node within one ring."""
        self.holdings = holdings
        self.steps = steps
        size = holdings.size
        graph = coo_array((np.ones(len(holdings.holder)), (holdings.holder, holdings.held)), (size, size))
        _, self._ring = connected_components(graph, connection="strong")
        self._within: dict[int, Sums] = {}

    def of(self, holder: str, line: Decimal = FIFTH) -> tuple[CloseLink, ...]:
        """The links of `holder` to what it holds, widest first; also those that only may reach the line.

        Raises:
            NotFoundError: no holding names it.
        """
        start = self.holdings.place(holder)
        least = Fraction(line) / 100
        found = [(node, *sums) for node, sums in self._down(start).items() if node != start and sums[1] >= least]
        names = self.holdings.names([node for node, *_ in found])
        links = [CloseLink(holder, name, low, high) for name, (_, low, high) in zip(names, found, strict=True)]
        return tuple(sorted(links, key=lambda one: (-one.least, one.held)))

    def all(self, line: Decimal = FIFTH, holders: Iterable[str] | None = None) -> tuple[CloseLink, ...]:
        """The links of all `holders` (by default of everybody), by holder."""
        if holders is None:
            holders = self.holdings.names(np.unique(self.holdings.holder))
        return tuple(link for holder in holders for link in self.of(holder, line))

    def _down(self, start: int) -> Sums:
        """Sums from `start` to everybody below: rings in an order in which all above come first."""
        members: dict[int, list[int]] = {}
        for node in self._below(start):
            members.setdefault(int(self._ring[node]), []).append(node)
        coming: Sums = {start: (Fraction(1), Fraction(1))}
        found: Sums = {}
        for ring in self._order(members):
            for entry in members[ring]:
                if entry in coming:
                    low, high = coming.pop(entry)
                    for node, (least, most) in self._walked(entry).items():
                        _add(found, node, low * least, high * most)
            for node in members[ring]:
                low, high = found.get(node, (Fraction(0), Fraction(0)))
                for to, share in self._stakes(node):
                    if self._ring[to] != ring and high:
                        _add(coming, to, low * share, high * share)
        return found

    def _below(self, start: int) -> list[int]:
        reached, queue = {start}, [start]
        for node in queue:
            for to, _ in self._stakes(node):
                if to not in reached:
                    reached.add(to)
                    queue.append(to)
        return queue

    def _order(self, members: dict[int, list[int]]) -> list[int]:
        """The rings below, none before one that holds it."""
        waits = dict.fromkeys(members, 0)
        leads: dict[int, list[int]] = {ring: [] for ring in members}
        for ring, nodes in members.items():
            for to in {int(self._ring[to]) for node in nodes for to, _ in self._stakes(node)} - {ring}:
                leads[ring].append(to)
                waits[to] += 1
        order = [ring for ring, number in waits.items() if not number]
        for ring in order:
            for to in leads[ring]:
                waits[to] -= 1
                if not waits[to]:
                    order.append(to)
        return order

    def _walked(self, entry: int) -> Sums:
        """Sums over simple ways within the ring of `entry`, from it to each member (one to itself)."""
        if entry not in self._within:
            self._within[entry] = self._walk(entry)
        return self._within[entry]

    def _walk(self, entry: int) -> Sums:
        """Widest first, so that what is left when the steps run out is little."""
        ring, number = self._ring[entry], count()
        found: Sums = {entry: (Fraction(1), Fraction(1))}
        ways: list[tuple[float, int, Fraction, tuple[int, ...]]] = [(-1.0, next(number), Fraction(1), (entry,))]
        for _ in range(self.steps):
            if not ways:
                return found
            _, _, share, way = heapq.heappop(ways)
            for to, part in self._stakes(way[-1]):
                if self._ring[to] == ring and to not in way:
                    longer = share * part
                    _add(found, to, longer, longer)
                    heapq.heappush(ways, (-float(longer), next(number), longer, (*way, to)))
        return self._with_rest(entry, found, ways)

    def _with_rest(self, entry: int, found: Sums, ways: list[tuple[float, int, Fraction, tuple[int, ...]]]) -> Sums:
        """Add what the ways not walked on may bring at most.

        Seen from its end, a simple way takes one holder of each node it passes: from wherever they start, all that end
        at a node come to no more than the whole, times what each passed is held above the whole.
        """
        members = np.flatnonzero(self._ring == self._ring[entry]).tolist()
        above = Fraction(1)
        for node in members:
            above *= max(Fraction(1), Fraction(int(self.holdings.totals[node]), UNIT))
        rest, passed = sum((share for _, _, share, _ in ways), Fraction(0)), dict[int, Fraction]()
        for _, _, share, way in ways:
            for node in way:
                passed[node] = passed.get(node, Fraction(0)) + share
        for node in members:
            if node != entry:
                least = found.get(node, (Fraction(0), Fraction(0)))[0]
                most = least + (rest - passed.get(node, Fraction(0))) * above
                found[node] = (least, max(least, min(most, above)))
        return found

    def _stakes(self, node: int) -> list[tuple[int, Fraction]]:
        """What a node holds of others: (enterprise, share)."""
        start = self.holdings.by_holder.start
        first, last = int(start[node]), int(start[node + 1])
        held, low = self.holdings.held[first:last].tolist(), self.holdings.low[first:last].tolist()
        return [(to, Fraction(share, UNIT)) for to, share in zip(held, low, strict=True) if share and to != node]


def common(links: Sequence[CloseLink], line: Decimal = FIFTH) -> tuple[Common, ...]:
    """Pairs held by the same third party, where its links to both certainly reach the line."""
    least = Fraction(line) / 100
    by_holder: dict[str, list[str]] = {}
    for link in links:
        if link.least >= least:
            by_holder.setdefault(link.holder, []).append(link.held)
    found = []
    for third, held in sorted(by_holder.items()):
        names = sorted(held)
        found += [Common(one, other, third) for place, one in enumerate(names) for other in names[place + 1 :]]
    return tuple(found)


def _add(sums: Sums, node: int, least: Fraction, most: Fraction) -> None:
    low, high = sums.get(node, (Fraction(0), Fraction(0)))
    sums[node] = (low + least, high + most)
