"""Groups of connected clients: who stands or falls together, each link with its reason.

Two clients are connected where one controls the other, or depends on it so that its trouble becomes the other's
(商业银行大额风险暴露管理办法, 银监会令〔2018〕1号, articles 4 and 5 and annex). Links chain. Holders on an exempt list
(state organs, widely held funds) connect nobody: what they hold is left out before control is computed, so that an
enterprise below them heads a group of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from houfeng.errors import Text
from houfeng.penetration.control import HALF, control
from houfeng.penetration.graph import Holdings

CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Link:
    """Why two clients are connected: `child` is controlled by, or depends on, `parent`."""

    reason: str
    parent: str
    child: str
    text: Text


@dataclass(frozen=True, slots=True)
class Group:
    """Clients connected with each other; `tree` are links that join every member to the head, nearest first."""

    head: str
    members: tuple[str, ...]
    tree: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a group between two days: `joined` and `left` against the group it shares most members with."""

    head: str
    before: str
    joined: tuple[str, ...]
    left: tuple[str, ...]


def control_links(holdings: Holdings, *, exempt: Set[str] = frozenset(), line: Decimal = HALF) -> list[Link]:
    """One link from every controlled enterprise to its controller, exempt holders left out.

    Args:
        exempt: ids of holders that connect nobody.
        line: percent of the votes that must be exceeded.
    """
    graph = without(holdings, exempt)
    found = control(graph, line)
    children = np.flatnonzero(found.direct >= 0)
    parents, names = graph.names(found.direct[children]), graph.names(children)
    return [
        Link(CONTROL, parent, child, Text(f"{parent} 控制 {child}", f"{parent} controls {child}"))
        for parent, child in zip(parents, names, strict=True)
    ]


def without(holdings: Holdings, exempt: Set[str]) -> Holdings:
    """The graph without the stakes of `exempt` holders."""
    if not exempt:
        return holdings
    out = np.array([name in exempt for name in holdings.ids.to_pylist()])
    kept = ~out[holdings.holder]
    columns = ("holder", "held", "low", "high", "votes_low", "votes_high")
    return replace(holdings, **{name: getattr(holdings, name)[kept] for name in columns})


def groups(links: Sequence[Link], clients: Set[str] | None = None) -> tuple[Group, ...]:
    """The groups that `links` make, largest first.

    Args:
        links: of control and of dependence.
        clients: who counts as a member; by default everybody named. A group has two members at least.
    """
    names = sorted({name for link in links for name in (link.parent, link.child)})
    if not names:
        return ()
    place = {name: number for number, name in enumerate(names)}
    ends = np.array([[place[link.parent], place[link.child]] for link in links])
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(names), len(names)))
    _, label = connected_components(graph, directed=False)
    inside: dict[int, list[Link]] = {}
    for link, number in zip(links, label[ends[:, 0]].tolist(), strict=True):
        inside.setdefault(number, []).append(link)
    found = [_group(own) for own in inside.values()]
    kept = [
        replace(one, members=tuple(name for name in one.members if clients is None or name in clients)) for one in found
    ]
    return tuple(sorted((one for one in kept if len(one.members) > 1), key=lambda one: (-len(one.members), one.head)))


def _group(links: list[Link]) -> Group:
    """A tree from the head: whoever is no link's child, else whoever has most links; ties by id."""
    near: dict[str, list[Link]] = {}
    for link in links:
        near.setdefault(link.parent, []).append(link)
        near.setdefault(link.child, []).append(link)
    children = {link.child for link in links}
    head = min(near, key=lambda name: (name in children, -len(near[name]), name))
    reached, tree, queue = {head}, [], [head]
    for name in queue:
        for link in sorted(near[name], key=lambda one: (one.reason != CONTROL, one.reason, one.parent, one.child)):
            other = link.child if link.parent == name else link.parent
            if other not in reached:
                reached.add(other)
                tree.append(link)
                queue.append(other)
    return Group(head, tuple(sorted(reached)), tuple(tree))


def changes(before: Iterable[Group], after: Iterable[Group]) -> tuple[Change, ...]:
    """What changed: each group against the earlier one it shares most members with; groups that ended have no head."""
    of = {name: group for group in before for name in group.members}
    old = {group.head: group for group in of.values()}
    found, met = [], set()
    for group in after:
        shared: dict[str, int] = {}
        for name in group.members:
            if name in of:
                shared[of[name].head] = shared.get(of[name].head, 0) + 1
        nearest = max(shared, key=lambda head: (shared[head], head), default="")
        met.add(nearest)
        then = set(old[nearest].members) if nearest else set()
        joined, left = set(group.members) - then, then - set(group.members)
        if joined or left:
            found.append(Change(group.head, nearest, tuple(sorted(joined)), tuple(sorted(left))))
    ended = (group for head, group in sorted(old.items()) if head not in met)
    return (*found, *(Change("", group.head, (), group.members) for group in ended))
