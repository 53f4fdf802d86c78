"""Charts of one alert: each indicator of its rule over time, with its window, its thresholds and the alert's steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from houfeng.errors import Text
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition
from houfeng.watch.operations.words import STEP_TEXTS, TIER_NAMES
from houfeng.watch.reference.series import Series
from houfeng_desk.charts.overview import BRAND, INK_2, LINE, TIERS

LARGE = Decimal(100_000)
WAN = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Mark:
    """A step of the alert: what, when, to which tier."""

    what: str
    at: datetime
    tier: str


@dataclass(frozen=True)
class Picture:
    """A chart with what must be said of it."""

    title: Text
    unit: Text
    option: dict[str, Any]
    table: dict[str, Any]
    window: Text


def picture(series: Series, marks: Sequence[Mark], lang: str) -> Picture:
    """The chart of one indicator. Money of some size is shown in 万元."""
    scale, unit = scale_of(series)
    points = _steps([(at, _scaled(value, scale)) for at, value in series.points])
    lines = [
        {
            "yAxis": float(line.value / scale),
            "name": f"{TIER_NAMES[line.tier].get(lang)} {line.compare} {_plain(line.value / scale)}",
            "lineStyle": {"color": TIERS[line.tier], "type": "dashed", "width": 1.5},
            "label": {"formatter": "{b}", "position": "insideEndTop", "color": TIERS[line.tier], "fontSize": 11},
        }
        for line in series.thresholds
    ]
    opened = marks[0].at if marks else None
    return Picture(
        Text(*(label or series.item.name for label in series.item.label)),
        unit,
        _option(points, lines, _areas(series, opened, lang), _moments(marks, points, lang)),
        {"heads": [_time(lang), series.item.label.get(lang) + f"（{unit.get(lang)}）" * bool(unit.zh)], "rows": [
            [f"{at:%Y-%m-%d %H:%M:%S}", _plain(value) if value is not None else None] for at, value in points
        ]},
        _window(series.window_days),
    )  # fmt: skip


def scale_of(series: Series) -> tuple[Decimal, Text]:
    """What values are divided by, and the unit's name."""
    item: Definition = series.item
    money = item.unit == "CNY" or (item.type is T.DECIMAL and item.scale == 2)
    known = [abs(Decimal(str(value))) for _, value in series.points if value is not None]
    if money and max(known, default=Decimal(0)) >= LARGE:
        return WAN, Text("万元", "10,000 yuan")
    if item.unit == "CNY":
        return Decimal(1), Text("元", "yuan")
    units = {"percent": Text("%", "%"), "day": Text("天", "days"), "ratio": Text("倍", "ratio")}
    return Decimal(1), units.get(item.unit, Text(item.unit, item.unit))


def _option(
    points: Sequence[tuple[datetime, Decimal | None]], lines: list[Any], areas: list[Any], moments: list[Any]
) -> dict[str, Any]:
    return {
        "grid": {"left": 8, "right": 24, "top": 28, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "time",
            "axisLabel": {"color": INK_2, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": LINE}},
        },
        "yAxis": {
            "type": "value",
            "scale": False,
            "axisLabel": {"color": INK_2},
            "splitLine": {"lineStyle": {"color": LINE}},
        },
        "series": [
            {
                "type": "line",
                "step": "end",
                "showSymbol": False,
                "lineStyle": {"color": BRAND, "width": 1.8},
                "itemStyle": {"color": BRAND},
                "data": [[f"{at:%Y-%m-%dT%H:%M:%S}", None if v is None else float(v)] for at, v in points],
                "markLine": {"symbol": "none", "silent": True, "data": lines},
                "markArea": {"silent": True, "data": areas},
            },
            {"type": "scatter", "symbolSize": 11, "z": 6, "data": moments},
        ],
    }


def _areas(series: Series, opened: datetime | None, lang: str) -> list[Any]:
    """The stretch the indicator looked back over when the alert opened."""
    if opened is None or not series.window_days or not series.points:
        return []
    first = max(series.points[0][0], opened - timedelta(days=series.window_days))
    label = _window(series.window_days).get(lang)
    look = {"color": "rgba(139,107,53,.10)"}
    return [
        [
            {
                "name": label,
                "xAxis": f"{first:%Y-%m-%dT%H:%M:%S}",
                "itemStyle": look,
                "label": {"color": INK_2, "fontSize": 11, "position": "insideTopLeft"},
            },
            {"xAxis": f"{opened:%Y-%m-%dT%H:%M:%S}"},
        ]
    ]


def _moments(marks: Sequence[Mark], points: Sequence[tuple[datetime, Decimal | None]], lang: str) -> list[Any]:
    shapes = {"opened": "triangle", "escalated": "diamond", "cleared": "circle"}
    found = []
    for mark in marks:
        value = next((v for at, v in reversed(points) if at <= mark.at), None)
        found.append(
            {
                "name": f"{STEP_TEXTS[mark.what].get(lang)} {TIER_NAMES[mark.tier].get(lang)}",
                "value": [f"{mark.at:%Y-%m-%dT%H:%M:%S}", float(value) if value is not None else 0],
                "symbol": shapes[mark.what],
                "itemStyle": {"color": TIERS[mark.tier] if mark.what != "cleared" else "#486454"},
                "label": {"show": True, "formatter": "{b}", "position": "top", "color": INK_2, "fontSize": 11},
            }
        )
    return found


def _steps(points: Sequence[tuple[datetime, Decimal | None]]) -> list[tuple[datetime, Decimal | None]]:
    """Points at which the value changes, and the last before a change: the same line with far fewer points."""
    kept = []
    for number, (at, value) in enumerate(points):
        before = points[number - 1][1] if number else object()
        after = points[number + 1][1] if number + 1 < len(points) else object()
        if value != before or value != after:
            kept.append((at, value))
    return kept


def _scaled(value: Any, scale: Decimal) -> Decimal | None:
    return None if value is None else Decimal(str(value)) / scale


def _plain(value: Decimal) -> str:
    text = f"{value.quantize(Decimal('0.0001'), ROUND_HALF_UP):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _window(days: float) -> Text:
    if not days:
        return Text("当日口径，无窗口", "as of each day, no window")
    told = f"{days:,.0f}" if days >= 10 else f"{days:g}"
    return Text(f"窗口 {told} 天", f"window of {told} days")


def _time(lang: str) -> str:
    return "时刻" if lang == "zh" else "Moment"
