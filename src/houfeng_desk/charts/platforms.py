"""Charts of a platform: the ladder by month, the plan against what was done, the ladder before and after a swap."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from houfeng.errors import Text
from houfeng.platforms.ladder import Ladder
from houfeng.platforms.plan import Progress

SOFT, GRID, AXIS = "#55606e", "#efede7", "#e3e1da"
BRAND, BRONZE, RED, GREY = "#1f4b5f", "#8b6b35", "#b42318", "#9aa7ad"
COLOURS = {"bank_loan": BRAND, "bond": "#4f8a8b", "nonstandard": BRONZE, "offshore": "#7a5c86", "other": GREY}
FONT = {"fontFamily": "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"}


def _wan(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value / 10_000, 2))


def _frame(categories: list[str], unit: str) -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": FONT,
        "tooltip": {"trigger": "axis", "confine": True, "renderMode": "richText"},
        "legend": {"bottom": 0, "icon": "roundRect", "itemWidth": 12, "textStyle": {"color": SOFT}},
        "grid": {"left": 8, "right": 16, "top": 32, "bottom": 34, "containLabel": True},
        "xAxis": {
            "type": "category",
            "data": categories,
            "axisLabel": {"color": SOFT, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": AXIS}},
            "axisTick": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "name": unit,
            "nameTextStyle": {"color": SOFT, "align": "left"},
            "axisLabel": {"color": SOFT, "hideOverlap": True},
            "splitLine": {"lineStyle": {"color": GRID}},
        },
    }


def ladder_chart(found: Ladder, classes: Mapping[str, Text], months: int, mean: str, unit: str, lang: str) -> Any:
    """What falls due by month, stacked by class; a dashed line at the mean of the first `months` months."""
    used = [name for name in classes if any(rung.amounts.get(name) for rung in found.rungs)]
    option = _frame([f"{rung.month:%Y-%m}" for rung in found.rungs], unit)
    series: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": classes[name].get(lang),
            "stack": "all",
            "barMaxWidth": 22,
            "itemStyle": {"color": COLOURS[name]},
            "data": [_wan(rung.amounts.get(name)) or 0 for rung in found.rungs],
        }
        for name in used
    ]
    looked = found.rungs[:months]
    level = _wan(sum((rung.total for rung in looked), Decimal(0)) / len(looked)) if looked else None
    if level:
        data = [level if place < len(looked) else None for place in range(len(found.rungs))]
        line = {"type": "dashed", "color": RED, "width": 1.5}
        series.append(
            {
                "type": "line",
                "name": mean,
                "symbol": "none",
                "data": data,
                "lineStyle": line,
                "itemStyle": {"color": RED},
            }
        )
    return option | {"series": series}


def plan_chart(found: Progress, planned: str, actual: str, sums: tuple[str, str], unit: str) -> Any:
    """Quarters planned and done as bars, and the sums since the beginning as lines."""
    option = _frame([f"{one.quarter:%Y-%m}" for one in found.quarters], unit)
    told = [one.over or one.told for one in found.quarters]
    last = max((place for place, one in enumerate(found.quarters) if one.told), default=-1)
    series = [
        {
            "type": "bar",
            "name": planned,
            "barMaxWidth": 16,
            "itemStyle": {"color": "#d8cdb8"},
            "data": [_wan(one.planned) for one in found.quarters],
        },
        {
            "type": "bar",
            "name": actual,
            "barMaxWidth": 16,
            "itemStyle": {"color": BRAND},
            "data": [_wan(one.actual) if known else None for one, known in zip(found.quarters, told, strict=True)],
        },
        {
            "type": "line",
            "name": sums[0],
            "symbol": "none",
            "lineStyle": {"color": BRONZE, "type": "dashed"},
            "itemStyle": {"color": BRONZE},
            "data": [_wan(one.planned_so_far) for one in found.quarters],
        },
        {
            "type": "line",
            "name": sums[1],
            "symbolSize": 5,
            "lineStyle": {"color": "#2f6b4f"},
            "itemStyle": {"color": "#2f6b4f"},
            "data": [_wan(one.actual_so_far) if place <= last else None for place, one in enumerate(found.quarters)],
        },
    ]
    return option | {"series": series}


def swap_chart(before: Ladder, after: Ladder, names: tuple[str, str], unit: str) -> Any:
    """The months of the ladder before and after, side by side."""
    option = _frame([f"{rung.month:%Y-%m}" for rung in before.rungs], unit)
    pairs = ((before, names[0], "#d8cdb8"), (after, names[1], BRAND))
    series = [
        {
            "type": "bar",
            "name": name,
            "barMaxWidth": 12,
            "itemStyle": {"color": colour},
            "data": [_wan(rung.total) for rung in found.rungs],
        }
        for found, name, colour in pairs
    ]
    return option | {"series": series}
