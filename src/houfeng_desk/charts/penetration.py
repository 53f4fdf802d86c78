"""The graph of a firm's links: owners above, what it holds below, guarantors left, the guaranteed right.

The options are drawn by static/js/graph.js, which also asks for more when a node is clicked. Places are in pixels of a
wide screen, round the firm at nought; the browser fits them to its own width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from houfeng.errors import Text
from houfeng_desk.formats import wan
from houfeng_desk.locale import gettext as _
from houfeng_desk.locale import say
from houfeng_desk.queries.penetration.above import Above
from houfeng_desk.queries.penetration.around import SIDES, Around, Edge, Node, Side
from houfeng_desk.queries.penetration.path import Way

INK, SOFT, LINE, BRONZE, RED = "#1d2733", "#55606e", "#1f4b5f", "#8b6b35", "#a8231b"
SHAPES = {"person": "circle", "state": "diamond", "foreign": "diamond", "fund": "diamond", "outside": "emptyCircle"}
FILL = {"person": BRONZE, "state": RED, "foreign": RED, "fund": RED, "outside": "#8a93a0", "more": "#646d79"}
ROW, COLUMN = 118, 62
"""Room of a node beside the next in a row, and above the next in a column."""
UP, ACROSS = 210, 430
MANY = 5
"""From so many on, neighbours stand in two lines."""

Address = Callable[[str, dict[str, Any]], str]


def graph_chart(around: Around, above: Above | None, address: Address) -> dict[str, Any]:
    """The firm in the middle, its neighbours round it, and the path of control above it."""
    nodes = {around.centre.key: _node(around.centre, 0, 0, address, centre=True)}
    nodes |= {one["id"]: one for one in neighbours(around, address)}
    edges = [edge_option(one, proof=above is not None and (one.source, one.target) in above.steps)
             for one in around.edges]  # fmt: skip
    if above is not None:
        climbed, steps = _climb(above, nodes, address)
        nodes |= climbed
        edges += [one for one in steps if not _drawn(one, edges)]
    return {"nodes": list(nodes.values()), "links": edges, "words": words()}


def neighbours(around: Around, address: Address) -> list[dict[str, Any]]:
    """The nodes round a firm, with places relative to it, and one on each side that stands for those not shown."""
    found = []
    for side in SIDES:
        places = _places(side, len(around.nodes[side]) + bool(around.more[side]))
        found += [_node(one, *places[at], address) for at, one in enumerate(around.nodes[side])]
        if around.more[side]:
            found.append(_more(around, side, places[-1], address))
    return found


def way_chart(way: Way, address: Address) -> dict[str, Any]:
    """A way from left to right."""
    gap = 190
    start = -gap * (len(way.nodes) - 1) // 2
    nodes = [_node(one, start + gap * at, 0 if at % 2 else -26, address) for at, one in enumerate(way.nodes)]
    return {"nodes": nodes, "links": [edge_option(one.edge, proof=True) for one in way.hops], "words": words()}


def words() -> dict[str, str]:
    """What the script says."""
    return {"fault": _("没有读到，请稍后再点一次。"), "nothing": _("没有更多关系"), "label": _("关系图")}


def edge_option(edge: Edge, *, proof: bool = False) -> dict[str, Any]:
    """A link: holdings whole, guarantees dashed, the path of control thick."""
    holding = edge.type == "holding"
    told = edge.share if holding else f"{wan(edge.amount)}{_('万元')}" if edge.amount is not None else _("金额不明")
    what = _("持股") if holding else _("担保")
    since = f"{_('自')} {edge.valid_from}" if edge.valid_from else ""
    many = f"{edge.contracts} {_('笔')}" if edge.contracts > 1 else ""
    return {
        "source": edge.source,
        "target": edge.target,
        "type": edge.type,
        "text": told,
        "tip": " · ".join(one for one in (f"{what} {told}", many, since, edge.origin) if one),
        "lineStyle": {
            "color": RED if proof and holding else LINE if holding else BRONZE,
            "width": 2.6 if proof else 1.3,
            "type": "solid" if holding else "dashed",
        },
    }


def _node(node: Node, x: int, y: int, address: Address, *, centre: bool = False) -> dict[str, Any]:
    label = say(node.party.label)
    expand = address("around", {"node": node.opens}) if node.opens else ""
    page = address("page", {"node": node.party.id}) if node.party.known else ""
    return {
        "id": node.key,
        "name": label,
        "x": x,
        "y": y,
        "symbol": SHAPES.get(node.kind, "roundRect"),
        "symbolSize": [30, 22] if centre else 16,
        "itemStyle": {"color": INK if centre else FILL.get(node.kind, LINE)},
        "tip": " · ".join(dict.fromkeys(one for one in (label, node.party.shown_id) if one)),
        "expand": "" if centre else expand,
        "href": page,
        "centre": centre,
    }


def _more(around: Around, side: Side, place: tuple[int, int], address: Address) -> dict[str, Any]:
    asked = {
        "node": around.centre.opens or around.centre.key,
        "side": side,
        "skip": around.skip + len(around.nodes[side]),
    }
    return {
        "id": f"more-{around.centre.key}-{side}",
        "name": _("还有 %(n)s 户") % {"n": around.more[side]},
        "x": place[0],
        "y": place[1],
        "symbol": "triangle",
        "symbolSize": 13,
        "itemStyle": {"color": FILL["more"]},
        "tip": _("点开显示"),
        "expand": address("around", asked),
        "more": True,
        "href": "",
        "of": around.centre.key,
    }


def _places(side: Side, count: int) -> list[tuple[int, int]]:
    """Places of `count` neighbours on a side; many stand in two lines."""
    lines = 2 if count > MANY else 1
    found = []
    for at in range(count):
        line, place = at % lines, at // lines
        in_line = -(-(count - line) // lines)
        along = place - (in_line - 1) / 2
        if side in ("holders", "held"):
            far = UP + line * 84
            found.append((round(along * ROW * (1.05 if lines > 1 else 1.4)), -far if side == "holders" else far))
        else:
            far = ACROSS + line * 165
            found.append((-far if side == "guarantors" else far, round(along * COLUMN * (1.15 if lines > 1 else 1.5))))
    return found


def _climb(
    above: Above, drawn: dict[str, dict[str, Any]], address: Address
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """The path of control: parties of the proof that are not drawn yet, each above what it holds."""
    nodes, edges = dict[str, dict[str, Any]](), list[dict[str, Any]]()
    for step in reversed(above.proof):
        if not step.enterprise.key:
            continue
        below = drawn.get(step.enterprise.key) or nodes.get(step.enterprise.key)
        for at, (who, votes) in enumerate(step.holds):
            if not who.key or below is None:
                continue
            if who.key not in drawn and who.key not in nodes:
                kind = "person" if who.person else "enterprise"
                opens = who.id if who.known or who.person else ""
                x, y = int(below["x"]) + at * ROW, int(below["y"]) - 150
                nodes[who.key] = _node(Node(who.key, who, kind, opens), x, y, address)
            told = Edge(who.key, step.enterprise.key, "holding", share=f"{votes.normalize():f}%")
            edges.append(edge_option(told, proof=True))
    return nodes, edges


def _drawn(edge: dict[str, Any], edges: Iterable[dict[str, Any]]) -> bool:
    ends = (edge["source"], edge["target"], edge["type"])
    return any((one["source"], one["target"], one["type"]) == ends for one in edges)


def bank_chart(rows: Sequence[tuple[str, Any]], unit: str) -> dict[str, Any]:
    """Amounts by bank as bars, the largest first."""
    shown = rows[:12]
    return {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True, "renderMode": "richText"},
        "grid": {"left": 4, "right": 70, "top": 24, "bottom": 2, "containLabel": True},
        "xAxis": {"type": "value", "name": unit, "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [name for name, _value in shown],
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"color": INK, "width": 150, "overflow": "truncate"},
        },
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 14,
                "data": [float(round(value / 10_000, 2)) for _name, value in shown],
                "itemStyle": {"color": LINE},
                "label": {"show": True, "position": "right", "color": SOFT},
            }
        ],
    }


LEGEND = (
    ("person", Text("● 自然人", "● person")),
    ("enterprise", Text("■ 企业", "■ enterprise")),
    ("state", Text("◆ 国资、境外、基金", "◆ state, foreign, fund")),
    ("outside", Text("○ 范围外", "○ outside your scope")),
    ("more", Text("▲ 还有更多", "▲ more")),
)
"""Shapes in words."""


def circle_chart(nodes: Sequence[Node], edges: Iterable[Edge], centre: str, address: Address) -> dict[str, Any]:
    """The members of a circle in a ring, with the guarantees between them."""
    wide = 150 + 26 * len(nodes)
    drawn = []
    for at, one in enumerate(nodes):
        turn = 2 * math.pi * at / max(1, len(nodes)) - math.pi / 2
        x, y = round(wide * 1.7 * math.cos(turn)), round(wide * math.sin(turn))
        drawn.append(_node(one, x, y, address, centre=one.key == centre))
    return {"nodes": drawn, "links": [edge_option(one) for one in edges], "words": words()}
