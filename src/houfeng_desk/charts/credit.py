"""Charts of a model: how scores lie, how probabilities hold, how the population moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from houfeng.errors import Text

INK, BRONZE, GREY = "#1f4b5f", "#8b6b35", "#9aa7ad"


def distribution(found: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The share of good and of bad rows at each score."""
    names = [f"{low}" for low in found["edges"][:-1]]
    series = []
    for key, text, colour in (("good", Text("好", "Good"), INK), ("bad", Text("坏", "Bad"), BRONZE)):
        total = sum(found[key]) or 1
        shares = [round(100 * n / total, 2) for n in found[key]]
        series.append({"type": "bar", "name": text.get(lang), "data": shares, "itemStyle": {"color": colour}})
    return {
        "grid": {"left": 8, "right": 16, "top": 32, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "left": 0},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": names},
        "yAxis": {"type": "value", "axisLabel": {"formatter": "{value}%"}},
        "series": series,
    }


def calibration(models: Mapping[str, Any], names: Mapping[str, Text], lang: str) -> dict[str, Any]:
    """What was said against what was seen, by bands; on the diagonal both are the same."""
    most = max(
        (b[key] for m in models.values() for b in m["calibration"]["bands"] for key in ("said", "seen")), default=1
    )
    top = round(100 * min(1.0, most * 1.05), 1)
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": Text("完全准确", "Perfect").get(lang),
            "data": [[0, 0], [top, top]],
            "symbol": "none",
            "lineStyle": {"type": "dashed", "color": GREY},
            "itemStyle": {"color": GREY},
        }
    ]
    for (key, one), colour in zip(models.items(), (INK, BRONZE), strict=False):
        points = [[round(100 * b["said"], 2), round(100 * b["seen"], 2)] for b in one["calibration"]["bands"]]
        line = {"type": "line", "name": names[key].get(lang), "data": points, "symbolSize": 7}
        series.append({**line, "itemStyle": {"color": colour}, "lineStyle": {"color": colour}})
    said, seen = Text("预测（%）", "Said (%)").get(lang), Text("实际（%）", "Seen (%)").get(lang)
    return {
        "grid": {"left": 32, "right": 24, "top": 40, "bottom": 28, "containLabel": True},
        "legend": {"top": 0, "left": 0},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "name": said, "nameLocation": "middle", "nameGap": 26, "max": top},
        "yAxis": {"type": "value", "name": seen, "nameLocation": "middle", "nameGap": 36, "max": top},
        "series": series,
    }


def months(found: list[Mapping[str, Any]], watch: float, act: float, lang: str) -> dict[str, Any]:
    """The PSI of the score by month, with the two bounds."""
    bounds = [
        {"yAxis": watch, "name": Text("关注", "watch").get(lang), "lineStyle": {"color": BRONZE}},
        {"yAxis": act, "name": Text("须复核", "review").get(lang), "lineStyle": {"color": "#a33a2a"}},
    ]
    mark = {"silent": True, "symbol": "none", "data": bounds, "label": {"formatter": "{b}", "position": "insideEndTop"}}
    return {
        "grid": {"left": 8, "right": 24, "top": 16, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [one["name"] for one in found]},
        "yAxis": {"type": "value", "max": round(max([act * 1.2, *(one["psi"] for one in found)]), 2)},
        "series": [
            {
                "type": "line",
                "name": "PSI",
                "data": [round(one["psi"], 4) for one in found],
                "symbolSize": 7,
                "itemStyle": {"color": INK},
                "markLine": mark,
            }
        ],
    }
