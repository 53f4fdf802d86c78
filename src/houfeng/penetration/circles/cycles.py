"""Simple cycles (循环担保 told one by one) and joint groups (联保): lists that may be long, so both have an end.

A circle of thirty firms may hold more simple cycles than there are loans in the country. Both searches stop at a number
of answers and of steps that the caller gives, and say whether they came to the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.penetration.circles.graph import Guarantees
from houfeng.penetration.circles.rings import Rings, mutual


@dataclass(frozen=True, slots=True)
class Listed:
    """What was found, each list of firms in order; `complete` says that there is no more within the bounds."""

    found: tuple[tuple[str, ...], ...]
    complete: bool


class _Spent(Exception):
    """No steps are left."""


class _Steps:
    def __init__(self, most: int) -> None:
        self.left = most

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _Spent


def simple_cycles(graph: Guarantees, *, longest: int = 8, most: int = 1000, steps: int = 1_000_000) -> Listed:
    """Every way round in which nobody comes twice, of up to `longest` firms, as guarantor → borrower → …

    Each begins with its first firm by id. They come by first firm, then in order.
    """
    rings = Rings.of(graph)
    order = np.flatnonzero(rings.sizes > 1)
    near = {int(n): [int(b) for b in _borrowers(graph, int(n)) if rings.label[b] == rings.label[n]] for n in order}
    back: dict[int, list[int]] = {n: [] for n in near}
    for node, others in near.items():
        for other in others:
            back[other].append(node)
    found: list[tuple[str, ...]] = []
    spent = _Steps(steps)
    try:
        for root in sorted(near):
            for path in _round(root, near, back, longest, spent):
                if len(found) == most:
                    return Listed(tuple(found), False)
                found.append(tuple(graph.names(path)))
    except _Spent:
        return Listed(tuple(found), False)
    return Listed(tuple(found), True)


def _borrowers(graph: Guarantees, node: int) -> Sequence[int]:
    start = graph.by_guarantor.start
    listed: list[int] = graph.borrower[start[node] : start[node + 1]].tolist()
    return listed


def _round(
    root: int, near: dict[int, list[int]], back: dict[int, list[int]], longest: int, spent: _Steps
) -> Iterator[list[int]]:
    """The cycles whose smallest node is `root`; a step is made only where the way home is still short enough."""
    home = _distances(root, back, longest)
    path, on = [root], {root}
    turns = [iter(near[root])]
    while turns:
        spent.take()
        node = next(turns[-1], None)
        if node is None:
            turns.pop()
            on.discard(path.pop())
        elif node == root:
            yield list(path)
        elif node not in on and len(path) + home.get(node, longest + 1) <= longest:
            path.append(node)
            on.add(node)
            turns.append(iter(near[node]))


def _distances(root: int, back: dict[int, list[int]], longest: int) -> dict[int, int]:
    """How many steps each node greater than `root` needs to come to it, over such nodes, if no more than `longest`."""
    far, queue = {root: 0}, deque([root])
    while queue:
        node = queue.popleft()
        for other in back[node]:
            if other > root and other not in far and far[node] < longest:
                far[other] = far[node] + 1
                queue.append(other)
    return far


def joint_groups(graph: Guarantees, *, least: int = 3, most: int = 1000, steps: int = 1_000_000) -> Listed:
    """Firms of which everyone guarantees everyone, none of them within a larger such group (联保小组), largest first.

    Bron and Kerbosch with the pivot of Tomita, over mutual pairs only (Theoretical Computer Science 363, 2006).
    """
    near: dict[str, set[str]] = {}
    for left, right in mutual(graph):
        near.setdefault(left, set()).add(right)
        near.setdefault(right, set()).add(left)
    found: list[tuple[str, ...]] = []
    spent, complete = _Steps(steps), True
    try:
        for group in _cliques(near, spent):
            if len(group) >= least:
                if len(found) == most:
                    complete = False
                    break
                found.append(tuple(sorted(group)))
    except _Spent:
        complete = False
    return Listed(tuple(sorted(found, key=lambda one: (-len(one), one))), complete)


def _cliques(near: dict[str, set[str]], spent: _Steps) -> Iterator[list[str]]:
    stack: list[tuple[list[str], set[str], set[str]]] = [([], set(near), set())]
    while stack:
        spent.take()
        chosen, free, done = stack.pop()
        if not free and not done:
            yield chosen
            continue
        pivot = max(sorted(free | done), key=lambda one: len(near[one] & free))
        for name in sorted(free - near[pivot], reverse=True):
            stack.append(([*chosen, name], free & near[name], done & near[name]))
            free = free - {name}
            done = done | {name}
