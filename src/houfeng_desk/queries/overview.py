"""What the overview and the board show of the market: its figures, the five articles, the cities.

They are those of `houfeng themes report` for the same book, day and scope; nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from houfeng.errors import Text, UsageError
from houfeng.office.access import Scope
from houfeng.office.alerts import reading
from houfeng.office.scope import stem
from houfeng.themes.measures import MEASURES, Unit, Value
from houfeng.themes.render import NOTHING, Scale, figure, scale_of
from houfeng.themes.report import ARTICLES
from houfeng_desk.charts.map import GRID, City, by_tier, by_value
from houfeng_desk.queries.figures import TOTAL, Months

MAPPED = ("balance", "share", "rate", "npl_ratio", "growth_year", "growth_month")
"""Figures the map can show of a theme."""

FIVE = Text("五篇大文章（去重）", "Five articles (each note once)")

SHORT = {
    "all": Text("各项贷款", "All loans"),
    TOTAL: Text("五篇合计", "Five articles"),
    "tech": Text("科技金融", "Technology"),
    "green": Text("绿色金融", "Green"),
    "inclusive": Text("普惠金融", "Inclusive"),
    "pension": Text("养老金融", "Pension"),
    "digital": Text("数字金融", "Digital"),
}


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure of the head: its value as people read it, its unit, what moved, and a share of one for a bar."""

    name: str
    label: Text
    value: str
    unit: Text
    moves: tuple[Text, ...]
    href: str
    done: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """One of the five articles: its balance, share, growth, and balance a year before, in the scale's unit."""

    name: str
    label: Text
    balance: Decimal
    before: Decimal | None
    share: Value
    year: Value
    month: Value


def kpis(months: Months) -> list[Kpi]:
    """The figures of the month, each beside the month and the year before."""
    scale = scale_of(months.now)
    loans, five = months.row(), months.row(TOTAL)
    assert loans is not None
    assert five is not None
    unit = scale.label
    npl = figure(loans.values["npl"], MEASURES["npl"], scale)
    return [
        Kpi("loans", Text("各项贷款余额", "All loans"), _told(months, "balance", scale), unit, _grown(loans.values),
            "/themes"),
        Kpi("five", FIVE, _told(months, "balance", scale, TOTAL), unit,
            (Text(f"占比 {five.values['share']}%", f"{five.values['share']}% of all"), *_grown(five.values)[:1]),
            "/themes", _part(five.values["share"])),
        Kpi("rate", Text("加权平均利率", "Weighted mean rate"), _places(loans.values["rate"], 2), Text("%", "%"),
            _points(months, "rate"), "/themes?measures=rate"),
        Kpi("npl", Text("不良贷款率", "NPL ratio"), _told(months, "npl_ratio", scale), Text("%", "%"),
            (*_shifts(months, "npl_ratio"), Text(f"不良余额 {npl} {unit.zh}", f"non-performing {npl} ({unit.en})")),
            "/themes?measures=npl_ratio"),
    ]  # fmt: skip


def _told(months: Months, measure: str, scale: Scale, theme: str = "all") -> str:
    return figure(months.value(measure, theme), MEASURES[measure], scale)


def _part(share: Value) -> Decimal | None:
    return None if share is None else Decimal(share) / 100


def arrow(value: Value) -> str:
    """Up, down or level, for the eye; the word beside it says against what."""
    return "↑" if value is not None and value > 0 else "↓" if value is not None and value < 0 else "→"


def _grown(values: Mapping[str, Value]) -> tuple[Text, ...]:
    """Growth on the year and the month; what cannot be said is said to be so."""
    told = []
    for name, zh, en in (("growth_year", "同比", "on the year"), ("growth_month", "环比", "on the month")):
        value = values.get(name)
        if value is None:
            told.append(Text(f"{zh} {NOTHING}（无可比期）", f"{en} {NOTHING} (nothing to compare)"))
        else:
            told.append(Text(f"{zh} {arrow(value)} {abs(value)}%", f"{arrow(value)} {abs(value)}% {en}"))
    return tuple(told)


def _points(months: Months, measure: str) -> tuple[Text, ...]:
    """How a rate moved, in basis points."""
    told = []
    for period, zh, en in (("month", "比上月", "on the month"), ("year", "比上年同月", "on the year")):
        now, then = months.value(measure), months.value(measure, period=period)
        if now is None or then is None:
            told.append(Text(f"{zh} {NOTHING}", f"{en} {NOTHING}"))
            continue
        moved = ((Decimal(now) - Decimal(then)) * 100).quantize(Decimal("0.1"))
        told.append(Text(f"{zh} {arrow(moved)} {abs(moved)} 个基点", f"{arrow(moved)} {abs(moved)} bp {en}"))
    return tuple(told)


def _shifts(months: Months, measure: str) -> tuple[Text, ...]:
    """How a ratio moved, in percentage points."""
    told = []
    for period, zh, en in (("month", "比上月", "on the month"), ("year", "比上年同月", "on the year")):
        now, then = months.value(measure), months.value(measure, period=period)
        if now is None or then is None:
            told.append(Text(f"{zh} {NOTHING}", f"{en} {NOTHING}"))
            continue
        moved = Decimal(now) - Decimal(then)
        told.append(Text(f"{zh} {arrow(moved)} {abs(moved)} 个百分点", f"{arrow(moved)} {abs(moved)} pp {en}"))
    return tuple(told)


def _places(value: Value, places: int) -> str:
    return NOTHING if value is None else f"{Decimal(value):.{places}f}"


def articles(months: Months) -> tuple[Scale, list[Article]]:
    """The five articles in the order of the documents; a note in two of them counts in both."""
    scale = scale_of(months.now)
    found = []
    for name in ARTICLES:
        row, before = months.row(name), months.value("balance", name, "year")
        if row is None:
            continue
        values = row.values
        found.append(
            Article(
                name,
                SHORT.get(name, row.label),
                Decimal(values["balance"] or 0) / scale.yuan,
                None if before is None else Decimal(before) / scale.yuan,
                values["share"],
                values["growth_year"],
                values["growth_month"],
            )
        )
    return scale, found


@dataclass(frozen=True)
class MapAsked:
    """What the map shows: alerts, or a figure of a theme."""

    theme: str = ""
    measure: str = "balance"

    @classmethod
    def of(cls, asked: str) -> MapAsked:
        """From the address: `alerts` or nothing, or `THEME:MEASURE`.

        Raises:
            UsageError: there is no such figure.
        """
        if asked in ("", "alerts"):
            return cls()
        theme, _, measure = asked.partition(":")
        if theme not in SHORT or (measure or "balance") not in MAPPED:
            raise UsageError(Text(f"地图没有指标 {asked[:40]}", f"the map has no figure {asked[:40]}"))
        return cls(theme, measure or "balance")

    @property
    def word(self) -> str:
        """As it stands in the address."""
        return f"{self.theme}:{self.measure}" if self.theme else "alerts"

    def title(self, months: Months | None) -> Text:
        """What the tiles say, with the unit."""
        if not self.theme:
            return Text("各市未解除预警：最高等级与条数", "Open alerts by city: gravest tier and number")
        measure, theme = MEASURES[self.measure], SHORT[self.theme]
        unit = ""
        if measure.unit is Unit.MONEY and months is not None:
            unit = scale_of(months.now).label.zh
        zh = f"{theme.zh}：{measure.label.zh}" + (f"（{unit}）" if unit else "")
        return Text(
            zh, f"{theme.en}: {measure.label.en}" + (" (100m yuan)" if unit == "亿元" else " (10k yuan)" * bool(unit))
        )


def map_choices() -> list[tuple[str, Text]]:
    """What the map can show, for the select."""
    found = [("alerts", Text("未解除预警", "Open alerts"))]
    for theme, label in SHORT.items():
        for one in MAPPED if theme != "all" else ("balance", "rate", "npl_ratio", "growth_year"):
            measure = MEASURES[one]
            told = Text(f"{label.zh} · {measure.label.zh}", f"{label.en} · {measure.label.en}")
            found.append((f"{theme}:{one}", told))
    return found


def cities(asked: MapAsked, months: Months | None, counts: Sequence[reading.Open], scope: Scope) -> dict[str, City]:
    """The tiles."""
    if not asked.theme:
        open_ones = ((one.region, one.tier, one.number) for one in counts)
        return by_tier(open_ones, "/alerts?state=open&region={code}", lambda code: touches(scope, code))
    rows = {row.codes[0]: row for row in months.cities.rows if row.theme == asked.theme} if months is not None else {}
    values = {code: rows[code].values[asked.measure] for code in GRID if code in rows}
    scale = scale_of(months.now) if months is not None else None
    texts = {code: figure(value, MEASURES[asked.measure], scale) for code, value in values.items()} if scale else {}
    return by_value(values, texts, "/enterprises?region={code}")


def touches(scope: Scope, city: str) -> bool:
    """Whether a scope has to do with a city: with all of it, or with a district in it."""
    if scope.regions is None:
        return True
    stems = [stem(code) for code in scope.regions]
    return any(city.startswith(one) or one.startswith(stem(city)) for one in stems)
