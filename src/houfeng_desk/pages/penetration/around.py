"""`/enterprises/{id}/around`: the neighbours of one node of the graph, for the script that grows it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from houfeng.errors import Text, UsageError
from houfeng.office.access import Permission
from houfeng_desk.charts import penetration as charts
from houfeng_desk.locale import gettext as _
from houfeng_desk.locale import speak
from houfeng_desk.queries.penetration.around import SIDES, SKIP, around, links_asked
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import ReaderDep, allowed, keep, whole

router = APIRouter()


@router.get("/enterprises/{enterprise_id}/around", name="around", dependencies=[allowed(Permission.SEE_MARKET)])
def neighbours(request: Request, reader: ReaderDep, enterprise_id: str) -> Response:
    """Nodes and links round a firm (or a person, for who sees persons), a bounded number from `skip` on."""
    speak(lang_of(request))
    asked = request.query_params
    side, skip = asked.get("side", ""), whole(asked.get("skip", "0") or "0", "skip", SKIP)
    if side and side not in SIDES:
        raise UsageError(Text(f"没有这一侧：{side[:40]}", f"there is no such side: {side[:40]}"))
    types = links_asked(asked.get("links", ""))
    found = around(reader, enterprise_id, types, skip, side)
    chart = charts.graph_chart(found, None, addresses(request, types))
    shown = sum(len(nodes) for nodes in found.nodes.values())
    chart["nodes"] = [one for one in chart["nodes"] if not one.get("centre")]
    return JSONResponse(chart | {"said": _("已显示 %(n)s 个相邻主体，再点一次打开企业页。") % {"n": shown}})


def addresses(request: Request, types: str) -> charts.Address:
    """Addresses of nodes with the times of the question carried along."""

    def address(what: str, asked: dict[str, Any]) -> str:
        node = quote(str(asked["node"]), safe="")
        if what == "page":
            return keep(request, f"/enterprises/{node}?tab=links")
        links = None if types == "all" else types
        return keep(request, f"/enterprises/{node}/around", links=links, side=asked.get("side"), skip=asked.get("skip"))

    return address
