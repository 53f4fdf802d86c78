"""Charts of the enterprise page: exposure by bank, an indicator beside its thresholds, what makes up the risk index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.packs.contribution import Composition
from houfeng_desk.queries.enterprise.indicators import Series
from houfeng_desk.queries.enterprise.lending import Exposure

BANKS = 8
"""Banks with a colour of their own; the rest are put together."""

INK, PAPER, LINE, SOFT = "#1d2733", "#ffffff", "#1f4b5f", "#55606e"
GRID, AXIS, BRONZE = "#efede7", "#e3e1da", "#8b6b35"
SERIES = ("#1f4b5f", "#8b6b35", "#4f8a8b", "#b08d57", "#2f6b4f", "#7a5c86", "#99744a", "#5b7fa6", "#8a93a0")
TIER = {"red": "#b42318", "orange": "#b85c00", "yellow": "#8a6d00", "blue": "#1d5fa8"}
FONT = {"fontFamily": "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"}
WAN = Decimal(10_000)


def _base() -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": FONT,
        "tooltip": {"trigger": "axis", "confine": True, "renderMode": "richText"},
    }


def _months(months: Sequence[date]) -> dict[str, Any]:
    return {
        "type": "category",
        "data": [f"{month:%Y-%m}" for month in months],
        "axisLabel": {"color": SOFT, "hideOverlap": True},
        "axisLine": {"lineStyle": {"color": AXIS}},
        "axisTick": {"show": False},
    }


def _values(name: str = "") -> dict[str, Any]:
    return {
        "type": "value",
        "name": name,
        "nameTextStyle": {"color": SOFT, "align": "left"},
        "axisLabel": {"color": SOFT, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": GRID}},
    }


def exposure_chart(exposure: Exposure, unit: str, others: str) -> dict[str, Any]:
    """Balances by bank in 万元, stacked; banks beyond the first few stand together under `others`."""
    shown = [(name, values) for _, name, values in exposure.banks[:BANKS]]
    rest = [values for _, _, values in exposure.banks[BANKS:]]
    if rest:
        shown.append(
            (others, tuple(sum((v or Decimal(0) for v in column), Decimal(0)) for column in zip(*rest, strict=True)))
        )
    return _base() | {
        "color": list(SERIES),
        "legend": {"type": "scroll", "bottom": 0, "icon": "roundRect", "itemWidth": 12, "textStyle": {"color": SOFT}},
        "grid": {"left": 8, "right": 12, "top": 30, "bottom": 34, "containLabel": True},
        "xAxis": _months(exposure.months),
        "yAxis": _values(unit),
        "series": [
            {
                "type": "bar",
                "name": name,
                "stack": "all",
                "barMaxWidth": 26,
                "data": [None if value is None else float(round(value / WAN, 2)) for value in values],
            }
            for name, values in shown
        ],
    }


def indicator_chart(months: Sequence[date], series: Series, label: str, unit: str) -> dict[str, Any]:
    """An indicator over the months with a stepped line for each threshold; money in 万元, which `unit` says."""
    lines = [
        {
            "type": "line",
            "name": f"{threshold.rule_id} {threshold.shown_sign}",
            "step": "middle",
            "symbol": "none",
            "lineStyle": {"color": TIER.get(threshold.tier, BRONZE), "width": 1.5, "type": "dashed"},
            "itemStyle": {"color": TIER.get(threshold.tier, BRONZE)},
            "endLabel": {
                "show": True,
                "formatter": f"{threshold.rule_id}",
                "color": TIER.get(threshold.tier, BRONZE),
                "fontSize": 11,
            },
            "data": [_figure(value, money=series.money) for value in threshold.values],
        }
        for threshold in series.thresholds
    ]
    return _base() | {
        "grid": {"left": 8, "right": 48, "top": 28 if series.money else 16, "bottom": 6, "containLabel": True},
        "xAxis": _months(months),
        "yAxis": _values(unit if series.money else ""),
        "series": [
            {
                "type": "line",
                "name": label,
                "data": [_figure(value, money=series.money) for value in series.values],
                "symbolSize": 5,
                "lineStyle": {"color": LINE, "width": 2},
                "itemStyle": {"color": LINE},
                "areaStyle": {"color": "#e6eef1", "opacity": 0.6},
            },
            *lines,
        ],
    }


def risk_chart(made_of: Composition, lang: str) -> dict[str, Any]:
    """The terms of the risk index as bars, the largest first."""
    terms = [term for term in made_of.terms if term.drop] or list(made_of.terms)
    return _base() | {
        "tooltip": {"trigger": "item", "confine": True, "renderMode": "richText"},
        "grid": {"left": 4, "right": 40, "top": 2, "bottom": 2, "containLabel": True},
        "xAxis": {"show": False, "type": "value"},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [short(term.label.get(lang) or term.text) for term in terms],
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"color": INK},
        },
        "series": [
            {
                "type": "bar",
                "barWidth": 10,
                "data": [round(term.drop, 1) for term in terms],
                "itemStyle": {"color": BRONZE},
                "label": {"show": True, "position": "right", "color": SOFT},
            }
        ],
    }


def short(label: str) -> str:
    """A term's label without the words all of them share."""
    return label.removesuffix("类得分").removeprefix("Category score: ").capitalize()


def _figure(value: Any, *, money: bool) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    return round(float(value) / float(WAN), 2) if money else round(float(value), 4)
