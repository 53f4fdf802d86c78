"""Every macro on one page, for who builds pages and who judges how they look."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.web import DeskDep, allowed, page

router = APIRouter()
COLUMNS = (
    Column("name", Text("对象", "Name"), "link", href="url", sub="code"),
    Column("tier", Text("等级", "Tier"), "tier"),
    Column("amount", Text("敞口", "Exposure"), "money"),
    Column("rate", Text("利率", "Rate"), "percent"),
    Column("share", Text("占比", "Share"), "share"),
    Column("day", Text("日期", "Day"), "date"),
)
TIERS = (Choice("red", Text("红", "Red")), Choice("orange", Text("橙", "Orange")))
FILTERS = (Filter("tier", Text("等级", "Tier"), TIERS), Filter("since", Text("从", "From"), kind="date"))
CHART: dict[str, Any] = {
    "grid": {"left": 50, "right": 20, "top": 14, "bottom": 24},
    "tooltip": {"trigger": "axis", "renderMode": "richText"},
    "xAxis": {"type": "category", "data": ["1", "2", "3", "4", "5", "6"]},
    "yAxis": {"type": "value"},
    "series": [{"type": "line", "data": [18, 22, 21, 27, 38, 47], "itemStyle": {"color": "#1f4b5f"}}],
}
WHY = [
    {
        "text": Text("近 90 天流向同一集团 ÷ 全部流出", "outflow to the group ÷ all outflow, 90 days"),
        "holds": True,
        "value": "47.2% > 30%",
        "parts": [{"text": Text("流向集团", "to the group"), "value": "8,412.60", "href": "/patterns"}],
    },
    {"text": Text("例外 E1：集团内统一结算账户", "exception E1: a cash pool of the group"), "holds": False},
]


@router.get("/patterns", name="patterns", dependencies=[allowed(Permission.MANAGE_SYSTEM)])
def patterns(request: Request, desk: DeskDep) -> Response:
    """The patterns."""
    ask = ListRequest.of(request, COLUMNS, FILTERS)
    rows = [_row(n, tier, desk.clock().date()) for n, tier in enumerate(("red", "orange", "yellow", "blue", ""))]
    listing = Listing(COLUMNS, rows, 245, ask)
    return page(request, "house/patterns.html", listing=listing, option=CHART, why=WHY, now=desk.clock())


def _row(n: int, tier: str, day: Any) -> dict[str, Any]:
    return {
        "name": f"示例机械 {n:04}",
        "code": "914104020000000000",
        "url": "/patterns",
        "tier": tier,
        "amount": Decimal(180_000_000 - n * 31_234_567),
        "rate": Decimal("3.85"),
        "share": Decimal("0.412"),
        "day": day,
    }
