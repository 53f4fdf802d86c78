"""The chart beside the cube: bars of the first figure, by what stands in the lines, with what is compared beside it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from houfeng.errors import Text
from houfeng.themes.cube import ALL
from houfeng.themes.measures import Unit
from houfeng.themes.render import header
from houfeng_desk.queries.themes import Column, Grid, Line

MOST = 14
SERIES = ("#1f4b5f", "#8b6b35", "#5d8aa0", "#b99a63", "#7d8c95", "#c9bfa9")


class Series(NamedTuple):
    """One row of bars."""

    name: str
    values: tuple[float | None, ...]


def chart(found: Grid, lang: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The option of the chart and the table of its figures; nothing where there is nothing to draw."""
    lines = _lines(found)
    places = _places(found)
    if not lines or not places:
        return None
    measure = found.columns[places[0]].measure
    yuan = found.scale.yuan if measure.unit is Unit.MONEY else Decimal(1)
    names = [_name(found, line, lang) for line in lines]
    series = [
        Series(_series(found, found.columns[at], lang), tuple(_value(line, at, yuan) for line in lines))
        for at in places
    ]
    unit = found.scale.label.get(lang) if measure.unit is Unit.MONEY else ""
    suffix = "" if not unit else f"（{unit}）" if lang == "zh" else f" ({unit})"
    table = {
        "heads": ["", *(f"{one.name}{suffix}" for one in series)],
        "rows": [[name, *(line.figures[at].text for at in places)] for name, line in zip(names, lines, strict=True)],
    }
    return option(names, series), table


def option(names: Sequence[str], series: Sequence[Series]) -> dict[str, Any]:
    """Horizontal bars, the first on top."""
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 30 if len(series) > 1 else 24, "bottom": 8, "containLabel": True},
        "legend": {"show": len(series) > 1, "top": 0, "right": 0, "itemHeight": 10, "itemWidth": 14, "type": "scroll"},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {
            "type": "value",
            "splitNumber": 4,
            "axisLabel": {"hideOverlap": True},
            "splitLine": {"lineStyle": {"color": "#efede7"}},
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": list(names),
            "axisTick": {"show": False},
            "axisLabel": {"width": 110, "overflow": "truncate"},
        },
        "series": [
            {
                "name": one.name,
                "type": "bar",
                "barMaxWidth": 16,
                "itemStyle": {"color": SERIES[number % len(SERIES)]},
                "data": list(one.values),
            }
            for number, one in enumerate(series)
        ],
    }


def _lines(found: Grid) -> list[Line]:
    """The lines that are drawn: headline themes over everything, or the total of the five in each cell of the lines."""
    if found.ask.across:
        return [line for line in found.lines if not line.total or not found.ask.row_dims][:MOST]
    if not found.ask.row_dims:
        return [line for line in found.lines if line.headline and line.theme != ALL][:MOST]
    themes = [line.theme for line in found.lines if line.headline and line.theme != ALL]
    first = themes[0] if themes else ALL
    return [line for line in found.lines if not line.total and line.theme == first][:MOST]


def _places(found: Grid) -> list[int]:
    """The columns that are drawn: one measure, in each group of columns; what it is compared with beside it."""
    measures = [column.measure.name for column in found.columns]
    first = next((name for name in measures if name == "balance"), measures[0] if measures else "")
    places = [n for n, column in enumerate(found.columns) if column.measure.name == first]
    grouped = found.ask.across or bool(found.ask.column_dims)
    if grouped:
        inner = [n for n in places if found.columns[n].codes or not found.ask.column_dims]
        return [n for n in inner if found.columns[n].theme not in (ALL, "five_articles")][: len(SERIES)]
    return places + [n for n, name in enumerate(measures) if name in ("balance_compare", "known_balance")]


def _name(found: Grid, line: Line, lang: str) -> str:
    names = [name.get(lang) for name in line.names]
    return " / ".join(names) if names and found.ask.row_dims else line.label.get(lang)


def _series(found: Grid, column: Column, lang: str) -> str:
    if found.ask.across or found.ask.column_dims:
        return found.group_label(column).get(lang)
    return column.measure.label.get(lang)


def _value(line: Line, at: int, yuan: Decimal) -> float | None:
    value = line.figures[at].value
    return None if value is None else round(float(Decimal(value) / yuan), 4)


def title(found: Grid) -> Text:
    """What the chart shows, with its unit."""
    places = _places(found)
    if not places:
        return Text("", "")
    measure = found.columns[places[0]].measure
    told = Text(*(header(measure, found.scale, lang) for lang in ("zh", "en")))
    if found.ask.across or not found.ask.row_dims:
        return told
    themes = [line for line in found.lines if line.headline and line.theme != ALL]
    of = themes[0].label if themes else Text("各项贷款", "All loans")
    return Text(f"{of.zh}：{told.zh}", f"{of.en}: {told.en}")
