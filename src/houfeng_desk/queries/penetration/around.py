"""One step around a firm as a graph: who holds it, what it holds, who stands surety for it, for whom it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from houfeng.errors import NotFoundError, Text, UsageError
from houfeng_desk.queries.enterprise import links as tables
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import firm_of, not_found
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.penetration.parties import Party
from houfeng_desk.reader import Reader

Side = Literal["holders", "held", "guarantors", "guaranteed"]
SIDES: tuple[Side, ...] = ("holders", "held", "guarantors", "guaranteed")
LINKS = {
    "all": Text("股权与担保", "Holdings and guarantees"),
    "holding": Text("只看股权", "Holdings only"),
    "guarantee": Text("只看担保", "Guarantees only"),
}
STEP = 10
"""Neighbours shown on one side at once; the rest are counted, and shown when asked for."""
SKIP = 10_000


@dataclass(frozen=True)
class Node:
    """A party in the graph. `opens` is the identifier by which it can be expanded, empty where it cannot be."""

    key: str
    party: Party
    kind: str
    opens: str = ""


@dataclass(frozen=True)
class Edge:
    """A link from the holder to the enterprise held, or from the guarantor to the borrower.

    `share` is in words, a range where only that is known; `amount` in yuan, over `contracts` guarantees.
    """

    source: str
    target: str
    type: Literal["holding", "guarantee"]
    share: str = ""
    amount: Decimal | None = None
    contracts: int = 0
    valid_from: date | None = None
    proof: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Around:
    """The neighbours of `centre` by side, from `skip` on; `more` says how many of a side are not shown yet."""

    centre: Node
    nodes: dict[Side, tuple[Node, ...]]
    edges: tuple[Edge, ...]
    more: dict[Side, int]
    skip: int = 0


def links_asked(value: str) -> str:
    """Which types of links an address asks for.

    Raises:
        UsageError: there is no such type.
    """
    if value and value not in LINKS:
        raise UsageError(Text(f"没有这种关系：{value[:40]}", f"there is no such type of link: {value[:40]}"))
    return value or "all"


def around(reader: Reader, identifier: str, types: str = "all", skip: int = 0, side: str = "") -> Around:
    """The neighbours of a firm, or of a person for who sees persons; only of `side` where one is named.

    Raises:
        NotFoundError: there is nobody of that identifier whom the viewer may know of.
    """
    firm = firm_of(reader, identifier)
    try:
        name = register_row(reader, firm)["name"] or ""
        here = Node(identifier, Party(identifier, identifier, name, False, True, key=identifier), "enterprise")
    except NotFoundError:
        if not (words.is_person(identifier) and words.sees_persons(reader.viewer)):
            raise
        names = tables.named(reader, [identifier])
        here = Node(identifier, Party(identifier, identifier, names, True, False, key=identifier), "person")
    found = around_of(tables.links(reader, firm), here, types, skip, side)
    if here.kind == "person" and not found.edges and not skip:
        raise not_found()
    return found


def around_of(links: tables.Links, centre: Node, types: str = "all", skip: int = 0, side: str = "") -> Around:
    """The graph of what the tables say."""
    wanted: dict[Side, Sequence[tables.Holding | tables.Guaranteed]] = {
        "holders": links.holders if types != "guarantee" else (),
        "held": links.held if types != "guarantee" else (),
        "guarantors": tuple(one for one in links.guarantors if not one.own) if types != "holding" else (),
        "guaranteed": links.guaranteed if types != "holding" else (),
    }
    nodes, edges, more = dict[Side, tuple[Node, ...]](), list[Edge](), dict[Side, int]()
    for one in SIDES:
        if side and one != side:
            nodes[one], more[one] = (), 0
            continue
        pairs = _merged(wanted[one], centre.key, one)
        shown = pairs[skip : skip + STEP]
        nodes[one] = tuple(node for node, _ in shown)
        edges += [edge for _, edge in shown]
        more[one] = max(0, len(pairs) - skip - STEP)
    return Around(centre, nodes, tuple(edges), more, skip)


def node_of(party: Party, key: str, kind: str) -> Node:
    """A party as a node: firms in scope can be expanded, persons by who sees them."""
    return Node(key, party, "outside" if party.outside else kind, party.id if party.known or party.person else "")


def _merged(found: Sequence[tables.Holding | tables.Guaranteed], centre: str, side: Side) -> list[tuple[Node, Edge]]:
    """One node and edge for each party, the links of one pair put together; outside the scope each stands alone."""
    inward = side in ("holders", "guarantors")
    by_party: dict[str, list[tables.Holding | tables.Guaranteed]] = {}
    for number, one in enumerate(found):
        key = one.party.key or f"out-{centre}-{side}-{number}"
        by_party.setdefault(key, []).append(one)
    pairs = []
    for key, rows in by_party.items():
        first = rows[0]
        kind = _kind(first)
        ends = (key, centre) if inward else (centre, key)
        pairs.append((node_of(first.party, key, kind), _edge(ends, rows)))
    return pairs


def _kind(one: tables.Holding | tables.Guaranteed) -> str:
    if one.party.person:
        return "person"
    kind = str(one.row.get("holder_kind") or "enterprise") if isinstance(one, tables.Holding) else "enterprise"
    return kind if isinstance(one, tables.Holding) and not one.party.known and kind != "person" else "enterprise"


def _edge(ends: tuple[str, str], rows: Sequence[tables.Holding | tables.Guaranteed]) -> Edge:
    first = rows[0]
    since = min((row.row["valid_from"] for row in rows if row.row["valid_from"]), default=None)
    origin = f"{first.source.reporter} #{first.source.row}" if first.source.submission_id else ""
    if isinstance(first, tables.Holding):
        told = " + ".join(dict.fromkeys(one.share for one in rows if isinstance(one, tables.Holding)))
        return Edge(*ends, "holding", share=told, valid_from=since, origin=origin)
    return Edge(*ends, "guarantee", amount=summed(rows), contracts=len(rows), valid_from=since, origin=origin)


def summed(rows: Iterable[tables.Holding | tables.Guaranteed]) -> Decimal | None:
    """What guarantees come to; nothing where no amount is known."""
    amounts = [tables.amount_of(one.row) for one in rows]
    told = [one for one in amounts if one is not None]
    return sum(told, Decimal(0)) if told else None
