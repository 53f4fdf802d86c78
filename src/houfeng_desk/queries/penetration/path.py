"""The shortest way between two firms over holdings and guarantees, searched from both ends at once.

A way passes only what the viewer may see: firms of the scope, persons and organs of state. Nobody learns through a way
that two firms have an owner or a guarantor outside the scope in common.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from houfeng.errors import Text
from houfeng_desk.queries.enterprise.identity import Sources
from houfeng_desk.queries.enterprise.links import amount_of, share_of
from houfeng_desk.queries.penetration.around import Edge, Node, node_of
from houfeng_desk.queries.penetration.parties import ORGANS, Parties, firms_in_scope
from houfeng_desk.queries.penetration.rows import MOST_ROWS, Row, Within
from houfeng_desk.reader import Reader

LONGEST, MOST = 12, 20_000
"""Links of a way, and parties looked at, before the search gives up and says so."""
NEAR = 8
"""Firms offered where a name fits several."""


@dataclass(frozen=True)
class Hop:
    """One link of a way: from the holder or guarantor to whom it holds or guarantees, and where the record stands."""

    source: Node
    target: Node
    edge: Edge


@dataclass(frozen=True)
class Way:
    """A shortest way as nodes in order and the link between each two; empty where there is none."""

    nodes: tuple[Node, ...] = ()
    hops: tuple[Hop, ...] = ()
    whole: bool = True
    """Whether everything was searched: else there may be a way that was not found."""


@dataclass(frozen=True)
class _Link:
    source: str
    target: str
    type: Literal["holding", "guarantee"]
    row: Row


def find(reader: Reader, text: str) -> list[Row]:
    """Firms of the scope by code or name: one where it fits exactly, else those whose name contains it."""
    text = text.strip()
    if not text or len(text) > 100:
        return []
    exact = reader.rows(
        "SELECT enterprise_id, name FROM enterprise WHERE enterprise_id = ? OR name = ? ORDER BY 1 LIMIT 2",
        [text.upper(), text],
    )
    if exact:
        return exact
    return reader.rows(
        "SELECT enterprise_id, name FROM enterprise WHERE contains(name, ?) ORDER BY length(name), 1 LIMIT ?",
        [text, NEAR],
    )


def way(reader: Reader, start: str, end: str, types: str = "all") -> Way:
    """The shortest way from one firm of the scope to another over links of these types."""
    if start == end:
        return Way()
    search = _Search(reader, types)
    came: tuple[dict[str, _Link | None], ...] = ({start: None}, {end: None})
    fronts = [{start}, {end}]
    for _ in range(LONGEST):
        if not fronts[0] or not fronts[1]:
            return Way(whole=search.whole)
        at = 0 if len(fronts[0]) <= len(fronts[1]) else 1
        mine, other = came[at], came[1 - at]
        reached = search.step(fronts[at], mine)
        met = sorted(name for name in reached if name in other)
        if met:
            return _told(reader, search, came, min(met, key=lambda name: (_depth(other, name), name)))
        fronts[at] = reached
        if len(mine) + len(other) > MOST:
            break
    return Way(whole=False)


class _Search:
    def __init__(self, reader: Reader, types: str) -> None:
        self.reader, self.within, self.whole = reader, Within(reader), True
        self.people: set[str] = set()
        self.organs: dict[str, str] = {}
        self.types = [one for one in ("holding", "guarantee") if types in ("all", one)]

    def step(self, front: Collection[str], came: dict[str, _Link | None]) -> set[str]:
        """The parties one link from `front` that were not reached before; `came` learns by which link."""
        fresh: dict[str, _Link] = {}
        for link in self._links(front):
            for here, there in ((link.source, link.target), (link.target, link.source)):
                if here in came and here in front and there not in came:
                    fresh.setdefault(there, link)
        if not self.reader.viewer.scope.everything:
            free = self.people | set(self.organs)
            seen = firms_in_scope(self.reader, fresh.keys() - free) | free
            fresh = {name: link for name, link in fresh.items() if name in seen}
        came.update(fresh)
        return set(fresh)

    def _links(self, front: Collection[str]) -> list[_Link]:
        found = []
        for kind in self.types:
            ends = ("holder_id", "enterprise_id") if kind == "holding" else ("guarantor_id", "borrower_id")
            where = f"{ends[0]} <> {ends[1]}"
            for end in ends:
                rows = self.within.about(kind, end, front, where=where)
                self.whole = self.whole and len(rows) < MOST_ROWS
                for row in sorted(rows, key=lambda row: (row[ends[0]], row[ends[1]])):
                    if kind == "holding":
                        self._note(row)
                    found.append(_Link(row[ends[0]], row[ends[1]], _type(kind), row))
        return found

    def _note(self, row: Row) -> None:
        if row["holder_kind"] == "person":
            self.people.add(row["holder_id"])
        elif row["holder_kind"] in ORGANS:
            self.organs[row["holder_id"]] = row["holder_kind"]


def _type(kind: str) -> Literal["holding", "guarantee"]:
    return "holding" if kind == "holding" else "guarantee"


def _depth(came: dict[str, _Link | None], name: str) -> int:
    return len(_back(came, name))


def _back(came: dict[str, _Link | None], name: str) -> list[_Link]:
    """The links from `name` back to where its side began."""
    found = []
    link = came[name]
    while link is not None:
        found.append(link)
        name = link.source if link.target == name else link.target
        link = came[name]
    return found


def _told(reader: Reader, search: _Search, came: tuple[dict[str, _Link | None], ...], met: str) -> Way:
    links = [*reversed(_back(came[0], met)), *_back(came[1], met)]
    names = {end for link in links for end in (link.source, link.target)}
    parties, sources = Parties(reader, names, search.people), Sources(reader)

    def node(name: str) -> Node:
        kind = "person" if name in search.people else search.organs.get(name, "enterprise")
        party = parties.of(name, kind if kind != "enterprise" else "")
        return node_of(party, party.key, "person" if party.person else kind)

    hops = [Hop(node(one.source), node(one.target), _edge(one, node, sources)) for one in links]
    order = [hops[0].source if hops[0].source.key == _first(came[0]) else hops[0].target]
    for hop in hops:
        order.append(hop.target if hop.source.key == order[-1].key else hop.source)
    return Way(tuple(order), tuple(hops), search.whole)


def _first(came: dict[str, _Link | None]) -> str:
    return next(iter(came))


def _edge(link: _Link, node: Any, sources: Sources) -> Edge:
    row = link.row
    source = sources.of(link.type, row)
    origin = f"{source.reporter} #{source.row}" if source.submission_id else ""
    ends = node(link.source).key, node(link.target).key
    if link.type == "holding":
        return Edge(*ends, "holding", share=share_of(row), valid_from=row["valid_from"], proof=True, origin=origin)
    return Edge(
        *ends, "guarantee", amount=amount_of(row), contracts=1, valid_from=row["valid_from"], proof=True, origin=origin
    )


def no_such(text: str) -> Text:
    """The same words for a firm that does not exist and for one outside the scope."""
    return Text(
        f"没有“{text}”这家企业，或不在您的权限范围内。",
        f"there is no enterprise “{text}”, or not in your scope",
    )
