"""Quotas as their page shows them: the tree of the viewer's scope, the pace of each, what moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from houfeng.claims import quota
from houfeng.claims.pace import Pace, daily, pace
from houfeng.claims.tables import Quota
from houfeng.claims.terms import terms_on
from houfeng.errors import Text
from houfeng.office.access import Viewer

KINDS = {"pool": Text("共用额度", "Pool"), "tool": Text("工具", "Tool"), "bank": Text("机构", "Bank")}


@dataclass(frozen=True)
class Line:
    """One quota with how deep it stands and how fast it is used."""

    quota: Quota
    depth: int
    pace: Pace

    @property
    def label(self) -> Text:
        """Its name."""
        return Text(self.quota.label_zh, self.quota.label_en)

    @property
    def taken(self) -> Decimal | None:
        """The part of the ceiling that is taken."""
        if not self.quota.ceiling:
            return None
        return (self.quota.used + self.quota.frozen) / self.quota.ceiling


def tree(session: Session, viewer: Viewer, today: date) -> list[Line]:
    """The quotas of the viewer's scope, each below its parent."""
    days = terms_on(today).pace_days
    found = quota.seen(session, viewer)
    depths: dict[int, int] = {}
    lines = []
    for one in found:
        depths[one.id] = depths.get(one.parent_id or 0, -1) + 1
        lines.append(Line(one, depths[one.id], pace(one, quota.moves(session, one), today, days)))
    return lines


def busiest(tree: Sequence[Line]) -> Line | None:
    """The quota of which the greatest part is taken: what the page shows unless another is asked for."""
    return max(tree, key=lambda line: (line.taken or 0, -line.quota.id), default=None)


def chart(session: Session, one: Quota, today: date, found: Pace, lang: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The option of the run-rate chart and its table: used, frozen and ceiling by day, and the pace carried on."""
    rows = daily(one, quota.moves(session, one))
    used, frozen, ceiling, ahead = (
        Text("已使用", "Used").get(lang),
        Text("冻结", "Frozen").get(lang),
        Text("额度", "Ceiling").get(lang),
        Text("按日均推算", "At this pace").get(lang),
    )
    none = Decimal(0)
    before = (rows[0][0] - timedelta(days=1), rows[0][1], none, none) if rows else (today, none, none, none)
    last = rows[-1] if rows else before
    marks = [before, *rows, (today, *last[1:])]
    series: list[dict[str, Any]] = [
        _steps(used, [(day, taken) for day, _, taken, _ in marks], "#1f4b5f", area=True),
        _steps(frozen, [(day, taken + held) for day, _, taken, held in marks], "#8b6b35"),
    ]
    if one.ceiling is not None:
        series.append(_steps(ceiling, [(day, top) for day, top, _, _ in marks], "#a8231b", dashed=True))
    if found.ends is not None and one.ceiling is not None:
        line = {"type": "line", "name": ahead, "symbol": "none", "lineStyle": {"type": "dotted", "color": "#55606e"}}
        points = [[today.isoformat(), _wan(one.used)], [found.ends.isoformat(), _wan(one.ceiling - one.frozen)]]
        series.append({**line, "itemStyle": {"color": "#55606e"}, "data": points})
    unit = Text("万元", "10,000 yuan").get(lang)
    option = {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 48, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "left": 0},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time", "minInterval": 86_400_000},
        "yAxis": {"type": "value", "name": unit, "axisLabel": {"hideOverlap": True}},
        "series": series,
    }
    heads = [Text("日期", "Day").get(lang), *(f"{name} ({unit})" for name in (ceiling, used, frozen))]
    table = {"heads": heads, "rows": [[str(day), _wan(top), _wan(u), _wan(f)] for day, top, u, f in rows]}
    return option, table


def _steps(name: str, points: list[tuple[date, Decimal]], colour: str, **look: bool) -> dict[str, Any]:
    line = {"color": colour, "type": "dashed" if look.get("dashed") else "solid"}
    made: dict[str, Any] = {
        "type": "line",
        "name": name,
        "step": "end",
        "symbol": "none",
        "lineStyle": line,
        "itemStyle": {"color": colour},
        "data": [[day.isoformat(), _wan(amount)] for day, amount in points],
    }
    if look.get("area"):
        made["areaStyle"] = {"color": colour, "opacity": 0.12}
    return made


def _wan(amount: Decimal) -> float:
    return float((amount / 10_000).quantize(Decimal("0.01")))
