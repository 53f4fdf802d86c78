"""The tabs of penetration on the page of one enterprise: links as graph and tables, groups, circles, what falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from houfeng.errors import Text
from houfeng_desk.charts import penetration as charts
from houfeng_desk.formats import wan
from houfeng_desk.locale import gettext as _
from houfeng_desk.pages.penetration.around import addresses
from houfeng_desk.queries.enterprise import links as tables
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.penetration.above import above
from houfeng_desk.queries.penetration.around import LINKS, Node, around_of, links_asked
from houfeng_desk.queries.penetration.circles import circles_of
from houfeng_desk.queries.penetration.fall import CHOICES, DEFAULTS, LABELS, PERCENTS, asked_of, fall, reach
from houfeng_desk.queries.penetration.groups import groups_of
from houfeng_desk.queries.penetration.lent import Lent
from houfeng_desk.queries.penetration.parties import Party
from houfeng_desk.queries.penetration.path import find, no_such, way

if TYPE_CHECKING:
    from houfeng_desk.pages.risk.enterprise import Asked

LONGEST = 100


def links_tab(asked: Asked) -> dict[str, Any]:
    """The graph, the path of control, the owners in the end, a way to another firm, and the same as tables."""
    query, firm = asked.request.query_params, asked.firm
    types = links_asked(query.get("links", ""))
    row = register_row(asked.reader, firm)
    found = tables.links(asked.reader, firm)
    party = Party(firm.id, firm.id, row["name"] or "", False, True, key=firm.id)
    near = around_of(found, Node(firm.id, party, "enterprise", firm.id), types)
    over = above(asked.reader, firm.id, row.get("controller_id")) if types != "guarantee" else None
    chart = charts.graph_chart(near, over, addresses(asked.request, types))
    return {
        "links": found,
        "most": tables.MOST,
        "types": types,
        "choices": LINKS,
        "above": over,
        "chart": chart,
        "legend": charts.LEGEND,
        "drawn": len(chart["nodes"]),
        **_way(asked, types, query.get("to", "").strip()[:LONGEST]),
    }


def _way(asked: Asked, types: str, text: str) -> dict[str, Any]:
    """The way to the firm of that name or code; several firms of that name are offered."""
    none: dict[str, Any] = {"to": text, "way": None, "way_chart": None, "way_said": None, "offered": []}
    if not text:
        return none
    found = find(asked.reader, text)
    if not found:
        return none | {"way_said": no_such(text)}
    if len(found) > 1:
        return none | {"offered": found, "way_said": Text("符合的有几家，选一家：", "several fit; choose one:")}
    end = found[0]["enterprise_id"]
    if end == asked.firm.id:
        return none | {"way_said": Text("这就是本企业。", "this is the firm itself")}
    walked = way(asked.reader, asked.firm.id, end, types)
    if walked.nodes:
        chart = charts.way_chart(walked, addresses(asked.request, types))
        return none | {"way": walked, "way_chart": chart, "way_to": found[0]}
    told = (
        Text(
            "两家之间没有股权或担保相连（在您的范围内）。", "no holdings or guarantees connect the two (in your scope)"
        )
        if walked.whole
        else Text("范围太大，没有找到相连的路径。", "too many links; no way was found")
    )
    return none | {"way_said": told}


def group_tab(asked: Asked) -> dict[str, Any]:
    """The groups the firm belongs to."""
    found = groups_of(asked.reader, asked.firm.id)
    return {
        "own_groups": [
            (one, charts.bank_chart([(line.bank, line.amount) for line in one.lent.banks], _("万元")), _banks(one.lent))
            for one in found
        ],
    }


def circle_tab(asked: Asked) -> dict[str, Any]:
    """The circles of guarantees the firm stands in."""
    address = addresses(asked.request, "guarantee")
    return {
        "own_circles": [
            (one, charts.circle_chart(one.nodes, one.edges, asked.firm.id, address))
            for one in circles_of(asked.reader, asked.firm.id)
        ],
    }


def fall_tab(asked: Asked) -> dict[str, Any]:
    """What falls with the firm, where few firms can be reached; else the offer to compute it as a job."""
    wanted = asked_of({name: asked.request.query_params.get(name, "") for name in DEFAULTS})
    reached = reach(asked.reader, asked.firm.id, wanted)
    found = fall(asked.reader, asked.firm.id, wanted, reached) if reached.whole else None
    return {
        "found": found,
        "reached": reached,
        "values": wanted.values,
        "choices": CHOICES,
        "labels": LABELS,
        "percents": tuple(PERCENTS),
    }


def _banks(lent: Lent) -> dict[str, Any]:
    """The figures of the chart of banks."""
    return {"heads": [_("机构"), _("余额（万元）")], "rows": [[one.bank, wan(one.amount)] for one in lent.banks]}
