"""Circles of guarantees (strongly connected: every member's fall may reach every other), mutual pairs, and chains."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from houfeng.penetration.circles.graph import Guarantees, starts, yuan
from houfeng.penetration.graph import Index, Ints


class Form(StrEnum):
    """What a circle looks like."""

    MUTUAL = "mutual"
    """Two firms guarantee each other (互保)."""
    RING = "ring"
    """Each guarantees exactly the next (循环担保)."""
    JOINT = "joint"
    """Everybody guarantees everybody (联保)."""
    WEB = "web"
    """Several rings grown together."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Firms that stand in one circle; `guarantees` pairs of them with `amount` yuan, those between members only."""

    members: tuple[str, ...]
    form: Form
    guarantees: int
    amount: Decimal


@dataclass(frozen=True)
class Rings:
    """The circles of a graph: `label[n]` is the number of the component of node `n`."""

    graph: Guarantees
    label: Index

    @classmethod
    def of(cls, graph: Guarantees) -> Rings:
        """Find them."""
        shape = (graph.size, graph.size)
        edges = coo_array((np.ones(len(graph.guarantor), np.int8), (graph.guarantor, graph.borrower)), shape)
        _, label = connected_components(edges, connection="strong") if graph.size else (0, np.zeros(0, np.int32))
        return cls(graph, label)

    @cached_property
    def sizes(self) -> Ints:
        """How many firms stand in the component of each node; 1 for who stands in no circle."""
        return np.bincount(self.label)[self.label] if len(self.label) else np.zeros(0, np.int64)

    def circles(self, least: int = 2) -> tuple[Circle, ...]:
        """The circles of `least` members at least, largest first."""
        places = np.flatnonzero(self.sizes >= max(2, least))
        order = places[np.argsort(self.label[places], kind="stable")]
        cuts = np.flatnonzero(np.diff(self.label[order])) + 1
        found = [self._circle(part) for part in np.split(order, cuts) if len(part)]
        return tuple(sorted(found, key=lambda one: (-len(one.members), one.members)))

    @cached_property
    def _inside(self) -> tuple[Ints, Ints]:
        """Of each component, how many pairs run between its members, and for how much."""
        own = self.label[self.graph.guarantor]
        within = own == self.label[self.graph.borrower]
        count = int(self.label.max()) + 1 if len(self.label) else 0
        amounts = np.zeros(count, np.int64)
        np.add.at(amounts, own[within], self.graph.amount[within])
        return np.bincount(own[within], minlength=count), amounts

    def _circle(self, places: Ints) -> Circle:
        which = int(self.label[places[0]])
        pairs, amounts = self._inside
        return Circle(
            tuple(self.graph.names(np.sort(places))),
            _form(len(places), int(pairs[which])),
            int(pairs[which]),
            yuan(int(amounts[which])),
        )


def _form(members: int, pairs: int) -> Form:
    """What strongly connected firms look like, by how many of them guarantee each other."""
    if members == 2:
        return Form.MUTUAL
    if pairs == members:
        return Form.RING
    return Form.JOINT if pairs == members * (members - 1) else Form.WEB


def circles(graph: Guarantees, least: int = 2) -> tuple[Circle, ...]:
    """The circles of `least` members at least, largest first."""
    return Rings.of(graph).circles(least)


def mutual(graph: Guarantees) -> tuple[tuple[str, str], ...]:
    """Pairs of firms that guarantee each other (互保), each once."""
    size = np.int64(graph.size)
    up = graph.guarantor < graph.borrower
    there = graph.guarantor[up] * size + graph.borrower[up]
    back = graph.borrower[~up] * size + graph.guarantor[~up]
    both = np.intersect1d(there, back, assume_unique=True)
    return tuple(zip(graph.names(both // max(size, 1)), graph.names(both % max(size, 1)), strict=True))


def depths(graph: Guarantees, rings: Rings | None = None) -> Ints:
    """Of each firm, how many steps the longest chain of borrowers below it has: from how far away trouble may come.

    A circle counts as one firm, so that every chain ends: what stands in a circle has the depth of the circle.
    """
    label = (rings or Rings.of(graph)).label
    count = int(label.max()) + 1 if len(label) else 0
    above, below = label[graph.guarantor].astype(np.int64), label[graph.borrower].astype(np.int64)
    links = np.unique((above * count + below)[above != below])
    above, below = links // max(count, 1), links % max(count, 1)
    order = np.argsort(below, kind="stable")
    start, above = starts(below[order].astype(np.int32), count), above[order]
    waiting = np.bincount(above, minlength=count)
    depth = np.zeros(count, np.int64)
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        lengths = start[ready + 1] - start[ready]
        at = np.repeat(start[ready] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        reached = above[at]
        np.maximum.at(depth, reached, np.repeat(depth[ready], lengths) + 1)
        np.subtract.at(waiting, reached, 1)
        ready = np.unique(reached[waiting[reached] == 0])
    return depth[label]


def chain(graph: Guarantees, firm: str, rings: Rings | None = None) -> tuple[tuple[str, ...], ...]:
    """The longest chain of borrowers below `firm`, itself first; a circle is one step with all its members.

    Raises:
        NotFoundError: no guarantee names it.
    """
    rings = rings or Rings.of(graph)
    depth = depths(graph, rings)
    at, steps = int(rings.label[graph.place(firm)]), []
    while True:
        places = np.flatnonzero(rings.label == at)
        steps.append(tuple(graph.names(places)))
        height = int(depth[places[0]])
        if height == 0:
            return tuple(steps)
        out = graph.borrower[np.isin(graph.guarantor, places)]
        at = int(rings.label[out[depth[out] == height - 1][0]])
