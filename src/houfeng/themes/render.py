"""A report as text: tables a terminal shows straight, though Chinese characters take two columns.

What a figure looks like is decided here once, for the terminal and the workbook: money in 亿元 or 万元 with two
decimals and the unit in the header, counts whole, rates with five decimals, percentages with two, and a dash for what
cannot be said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from houfeng.errors import Text, UsageError
from houfeng.themes.cube import ALL
from houfeng.themes.measures import PERCENT_STEP, Measure, Unit, Value, quotient
from houfeng.themes.report import Report, Row, Table

NOTHING = "-"
ON_PAPER = ("data", "method", "rival")
"""Notes that stand beside the figures wherever they are shown."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit of money: its name and how many yuan it is."""

    name: str
    label: Text
    yuan: Decimal


SCALES = {
    scale.name: scale
    for scale in (
        Scale("yi", Text("亿元", "100 million yuan"), Decimal(100_000_000)),
        Scale("wan", Text("万元", "10,000 yuan"), Decimal(10_000)),
        Scale("yuan", Text("元", "yuan"), Decimal(1)),
    )
}


def scale_of(report: Report, name: str = "auto") -> Scale:
    """The unit called `name`; `auto` is 亿元 from 100 亿元 of all loans on, else 万元.

    Raises:
        UsageError: there is no such unit.
    """
    if name in SCALES:
        return SCALES[name]
    if name != "auto":
        raise UsageError(
            Text(f"没有单位 {name}，有：auto, {', '.join(SCALES)}", f"no unit {name}: auto, yi, wan, yuan")
        )
    row = report.tables[0].find(ALL)
    balance = row.values.get("balance") if row else None
    return SCALES["yi" if balance is not None and balance >= 100 * SCALES["yi"].yuan else "wan"]


def header(measure: Measure, scale: Scale, lang: str) -> str:
    """The header of a measure's column, with the unit of money."""
    label = measure.label.get(lang)
    if measure.unit is not Unit.MONEY:
        return label
    return f"{label} ({scale.label.en})" if lang == "en" else f"{label}（{scale.label.zh}）"


def figure(value: Value, measure: Measure, scale: Scale) -> str:
    """A figure as people read it."""
    if value is None:
        return NOTHING
    if measure.unit is Unit.MONEY:
        return f"{quotient(Decimal(value), scale.yuan, PERCENT_STEP):,}"
    return f"{value:,}"


def title(report: Report, lang: str) -> str:
    """The title: what, and for which day."""
    day = report.as_of
    if lang == "en":
        return f"{report.pack.label.get('en')}, {day.isoformat()}"
    return f"{report.pack.label.zh}（{day.year}年{day.month}月末）"


def particulars(report: Report, scale: Scale, lang: str) -> list[tuple[str, str]]:
    """What the figures rest on, as pairs of label and text."""
    en = lang == "en"
    pack = report.pack
    pairs = [
        ("Period" if en else "报告期", report.as_of.isoformat()),
        ("Unit" if en else "单位", f"{scale.label.get(lang)}" + (", %" if en else "、户、笔、%")),
        ("Book as known at" if en else "账簿截至所知", f"{report.known_at:%Y-%m-%d %H:%M:%S}"),
        ("Policy as known at" if en else "政策截至所知", f"{report.policy_known_at:%Y-%m-%d %H:%M:%S}"),
        ("Pack" if en else "政策包", f"{pack.name} {pack.version} ({pack.digest[:16]})"),
    ]
    if report.where:
        told = "; ".join(f"{name}={','.join(codes)}" for name, codes in report.where.items())
        pairs.append(("Filter" if en else "筛选", told))
    if report.readings:
        told = "; ".join(f"{name}={label}" for name, label in report.readings.items())
        pairs.append(("Other readings" if en else "另用读法", told))
    if "compare" in report.periods:
        pairs.append(("Compared with" if en else "对比期", report.periods["compare"].isoformat()))
    if report.synthetic:
        pairs.append(("Data" if en else "数据", "synthetic" if en else "模拟数据"))
    return pairs


def rows_of(table: Table, *, components: bool) -> list[Row]:
    """The rows shown: of a breakdown, without `components`, all loans, the total and each article only."""
    return [row for row in table.rows if row.headline or components or not table.by]


def indented(row: Row, lang: str) -> str:
    """The label of a line; a component stands two places in."""
    return row.label.get(lang) if row.headline else "  " + row.label.get(lang)


def render(report: Report, *, lang: str = "zh", unit: str = "auto", components: bool = False) -> str:
    """The whole report as text."""
    scale = scale_of(report, unit)
    lines = [title(report, lang), *(f"{name}: {text}" for name, text in particulars(report, scale, lang))]
    for table in report.tables:
        lines += ["", *_table(table, report, scale, lang, components)]
    notes = [note.text.get(lang) for note in report.notes if note.about in ON_PAPER]
    partial = sum(note.about == "partial" for note in report.notes)
    if partial:
        notes.append(
            f"{partial} themes are partial (*); the workbook says why." if lang == "en"
            else f"有 {partial} 个专题的名单未全（带 * 的），缘由见工作簿“说明”。"
        )  # fmt: skip
    lines += ["", *(f"{number}. {text}" for number, text in enumerate(notes, 1))]
    return "\n".join(lines) + "\n"


def _table(table: Table, report: Report, scale: Scale, lang: str, components: bool) -> list[str]:
    partial = {theme.name for theme in report.pack.themes() if any(theme.partial)}
    heads = [label.get(lang) for label in table.labels] + ["Theme" if lang == "en" else "专题"]
    texts = len(heads)
    heads += [header(measure, scale, lang) for measure in report.measures]
    lines: list[list[str]] = []
    for row in rows_of(table, components=components):
        star = "*" if row.theme in partial else ""
        told = [*(name.get(lang) for name in row.names), indented(row, lang) + star]
        lines.append(told + [figure(row.values[m.name], m, scale) for m in report.measures])
    return aligned(heads, lines, texts)


def aligned(heads: Sequence[str], lines: Sequence[Sequence[Any]], texts: int) -> list[str]:
    """Lines of a table: the first `texts` columns to the left, figures to the right."""
    widths = [max([width(head), *(width(line[n]) for line in lines)]) for n, head in enumerate(heads)]
    rule = ["-" * wide for wide in widths]
    shown = []
    for line in (heads, rule, *lines):
        padded = []
        for n, (text, wide) in enumerate(zip(line, widths, strict=True)):
            space = " " * (wide - width(text))
            padded.append(text + space if n < texts else space + text)
        shown.append("  ".join(padded).rstrip())
    return shown


def width(text: str) -> int:
    """Columns a terminal needs: wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )
