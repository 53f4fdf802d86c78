"""Charts of the overview and the board: the five articles, alerts by day and tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

INK, INK_2, LINE, BRAND, BRONZE = "#1d2733", "#55606e", "#efede7", "#1f4b5f", "#8b6b35"
TIERS = {"red": "#a8231b", "orange": "#c96a12", "yellow": "#c9a61b", "blue": "#1d5fa8"}
NIGHT = {"ink": "#dfe9ed", "ink_2": "#93a9b4", "line": "#23424f", "brand": "#5fa3bd", "bronze": "#d9b36c"}
DAY = {"ink": INK, "ink_2": INK_2, "line": LINE, "brand": BRAND, "bronze": BRONZE}


def articles(
    names: Sequence[str],
    now: Sequence[Decimal],
    then: Sequence[Decimal | None],
    labels: Sequence[str],
    legend: tuple[str, str],
    night: bool = False,
) -> dict[str, Any]:
    """Bars of the five articles with a mark where each stood a year before; `labels` stand at the bars' ends.

    Amounts are in the unit of the labels.
    """
    hue = NIGHT if night else DAY
    bars = [
        {"value": float(value), "label": {"show": True, "formatter": label}}
        for value, label in zip(now, labels, strict=True)
    ]
    marks = [[float(value), name] for value, name in zip(then, names, strict=True) if value is not None]
    return {
        "animation": False,
        "textStyle": {"color": hue["ink"]},
        "grid": {"left": 8, "right": 96, "top": 26, "bottom": 4, "containLabel": True},
        "legend": {"top": 0, "right": 0, "itemHeight": 10, "itemWidth": 14, "textStyle": {"color": hue["ink_2"]}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {
            "type": "value",
            "axisLabel": {"color": hue["ink_2"], "hideOverlap": True},
            "splitLine": {"lineStyle": {"color": hue["line"]}},
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": list(names),
            "axisLine": {"lineStyle": {"color": hue["line"]}},
            "axisTick": {"show": False},
            "axisLabel": {"color": hue["ink"]},
        },
        "series": [
            {
                "name": legend[0],
                "type": "bar",
                "barWidth": 14,
                "itemStyle": {"color": hue["brand"]},
                "label": {"position": "right", "color": hue["ink_2"]},
                "data": bars,
            },
            {
                "name": legend[1],
                "type": "scatter",
                "symbol": "rect",
                "symbolSize": [3, 22],
                "itemStyle": {"color": hue["bronze"]},
                "z": 5,
                "data": marks,
            },
        ],
    }


def daily(
    days: Sequence[date], counts: Mapping[str, Sequence[int]], names: Mapping[str, str], night: bool = False
) -> dict[str, Any]:
    """Alerts opened on each day, stacked by tier, the gravest at the bottom; patterns tell tiers apart in print."""
    hue = NIGHT if night else DAY
    return {
        "animation": False,
        "aria": {"enabled": True, "decal": {"show": False}},
        "textStyle": {"color": hue["ink"]},
        "grid": {"left": 4, "right": 8, "top": 28, "bottom": 4, "containLabel": True},
        "legend": {"top": 0, "left": 0, "itemHeight": 10, "itemWidth": 14, "textStyle": {"color": hue["ink_2"]}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "category",
            "data": [f"{day:%m-%d}" for day in days],
            "axisLabel": {"color": hue["ink_2"]},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": hue["line"]}},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": {"color": hue["ink_2"], "hideOverlap": True},
            "splitLine": {"lineStyle": {"color": hue["line"]}},
        },
        "series": [
            {
                "name": names[tier],
                "type": "bar",
                "stack": "alerts",
                "barMaxWidth": 18,
                "itemStyle": {"color": colour},
                "data": list(counts.get(tier, [0] * len(days))),
            }
            for tier, colour in TIERS.items()
        ],
    }  # fmt: skip
