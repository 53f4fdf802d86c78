"""The five-article cube as the desk asks for it: rows and columns of dimensions and themes, measures, a comparison.

Every figure is one that `houfeng themes report` gives for its own cell; nothing is added up here. A total line or
column is a cell of its own (each note counted once), so that it need not be the sum of what stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from houfeng.book.snapshot import Snapshot
from houfeng.clock import month_end, parse_day
from houfeng.engine.duckdb import Engine
from houfeng.errors import Text, UsageError
from houfeng.packs.model import Pack
from houfeng.themes.cube import ALL
from houfeng.themes.dimensions import dimension, dimensions
from houfeng.themes.measures import GROUPS, MEASURES, PERCENT_STEP, Cell, Measure, Unit, Value, quotient
from houfeng.themes.render import Scale, figure, header, scale_of
from houfeng.themes.report import KeptMonths, Report, Row, ordered, report

THEME = "theme"
"""The axis of themes, which stands among the rows or among the columns."""
MOST_AXES = 3
STANDARD = ("balance", "share", "rate", "borrowers", "notes")
THEN = {"month": "month", "year": "year", "ytd": "ytd"}
CHANGES = ("growth_year", "growth_month", "growth_ytd", "growth_compare", "change", "known_change", "known_growth")
"""Measures that say a movement: shown with an arrow and a word, never by colour alone."""
DRILLS = frozenset({"balance", "share", "rate", "borrowers", "notes", "npl", "npl_ratio", "credit_share"})
"""Measures whose cell leads to the notes it is made of."""

KNOWN_MEASURES = (
    Measure("known_balance", Text("另一所知时点余额", "Balance as known then"), Unit.MONEY, lambda cell: None),
    Measure("known_change", Text("修订额", "Revised by"), Unit.MONEY, lambda cell: None),
    Measure("known_growth", Text("修订%", "Revised, %"), Unit.PERCENT, lambda cell: None),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to see. `compare` is empty, month, year, ytd, a period such as 2025-06, or `known`."""

    rows: tuple[str, ...] = (THEME,)
    columns: tuple[str, ...] = ()
    measures: tuple[str, ...] = STANDARD
    compare: str = ""
    known: datetime | None = None
    where: Mapping[str, tuple[str, ...]] | None = None
    components: bool = True
    unit: str = "auto"
    readings: Mapping[str, str] | None = None

    def check(self) -> None:
        """See that every axis exists and stands once.

        Raises:
            UsageError: an axis does not exist or stands twice, or there are too many.
        """
        axes = [*self.rows, *self.columns]
        for axis in axes:
            if axis != THEME:
                dimension(axis)
        if len(set(axes)) != len(axes):
            raise UsageError(Text("行与列里有重复的维度", "an axis stands twice among rows and columns"))
        if len([axis for axis in axes if axis != THEME]) > MOST_AXES:
            raise UsageError(Text(f"最多选 {MOST_AXES} 个维度", f"choose at most {MOST_AXES} dimensions"))

    @property
    def row_dims(self) -> tuple[str, ...]:
        """The dimensions among the rows."""
        return tuple(axis for axis in self.rows if axis != THEME)

    @property
    def column_dims(self) -> tuple[str, ...]:
        """The dimensions among the columns."""
        return tuple(axis for axis in self.columns if axis != THEME)

    @property
    def across(self) -> bool:
        """Whether themes stand side by side instead of one below the other."""
        return THEME in self.columns

    def earlier(self, as_of: date) -> date | None:
        """The period compared with, or nothing."""
        first = as_of.replace(day=1)
        match self.compare:
            case "" | "known":
                return None
            case "month":
                return month_end(first.replace(year=first.year - (first.month == 1), month=(first.month - 2) % 12 + 1))
            case "year":
                return month_end(date(as_of.year - 1, as_of.month, 1))
            case "ytd":
                return date(as_of.year - 1, 12, 31)
            case other:
                return parse_day(other)


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: the value, how it is written, and where it moved. `drill` names the notes it is made of, if it can."""

    value: Value
    text: str
    move: str = ""
    drill: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of figures: a measure, under the codes (and theme) of a group."""

    measure: Measure
    label: Text
    codes: tuple[str, ...]
    theme: str


@dataclass(frozen=True, slots=True)
class Group:
    """Columns side by side under one head."""

    label: Text
    span: int
    total: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `theme` is empty where themes stand across; a total line has no codes though there are dimensions."""

    theme: str
    label: Text
    tag: str
    headline: bool
    partial: Text
    total: bool
    codes: tuple[str, ...]
    names: tuple[Text, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Grid:
    """The whole table with the report it came from."""

    ask: Ask
    report: Report
    scale: Scale
    heads: tuple[Text, ...]
    groups: tuple[Group, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    before: date | None
    lacking: date | None
    labels: Mapping[tuple[tuple[str, ...], str], Text]

    def heading(self, column: Column, lang: str) -> str:
        """The head of a column; with its unit, unless one measure is all the grid shows and its caption says it."""
        if self.single:
            return column.label.get(lang)
        return header(replace(column.measure, label=column.label), self.scale, lang)

    @property
    def single(self) -> bool:
        """Whether all columns are of one measure, told apart by their codes or themes."""
        wide = self.ask.across or bool(self.ask.column_dims)
        return wide and len({column.measure.name for column in self.columns}) == 1

    def caption(self, lang: str) -> str:
        """The measure and unit of a grid of one measure; empty for others."""
        return header(self.columns[0].measure, self.scale, lang) if self.single and self.columns else ""

    def group_label(self, column: Column) -> Text:
        """The codes and theme a column stands under."""
        return self.labels[(column.codes, column.theme)]


def choices() -> dict[str, Any]:
    """What can be chosen, for the form: axes, measures by group, units."""
    groups = {
        "basic": Text("基本", "Basic"),
        "growth": Text("增速", "Growth"),
        "flows": Text("当月发放", "Lent in the month"),
        "first": Text("首贷", "First loans"),
        "guarantee": Text("担保方式", "Guarantee"),
        "quality": Text("质量", "Quality"),
    }
    axes = {THEME: Text("专题", "Theme"), **{name: one.label for name, one in dimensions().items()}}
    measures = [(label, [(one, MEASURES[one].label) for one in GROUPS[name]]) for name, label in groups.items()]
    return {"axes": axes, "measures": measures}


def count(
    snapshot: Snapshot, pack: Pack, as_of: date, ask: Ask, engine: Engine | None = None, kept: KeptMonths | None = None
) -> tuple[Report, date | None, date | None]:
    """The report behind a grid, the period compared with, and the period wanted that the book does not have.

    Raises:
        UsageError: an axis, a measure or the period does not exist.
    """
    ask.check()
    before = ask.earlier(as_of)
    held = {entry.period for entry in snapshot.submissions("loan_balance")}
    lacking = before if before is not None and before not in held else None
    compared = None if lacking else before
    by = ["+".join(dims) for dims in breakdowns(ask) if dims]
    found = report(
        snapshot,
        pack,
        as_of=as_of,
        by=by,
        measures=_asked(ask),
        where=ask.where,
        readings=ask.readings,
        compare=compared,
        engine=engine,
        kept=kept,
    )
    return found, compared, lacking


def _asked(ask: Ask) -> tuple[str, ...]:
    measures = ask.measures or STANDARD
    return ("balance", *measures) if ask.compare == "known" and "balance" not in measures else measures


def breakdowns(ask: Ask) -> list[tuple[str, ...]]:
    """The breakdowns a grid needs: the cells, then totals of lines, of columns, of all."""
    rows, columns = ask.row_dims, ask.column_dims
    return list(dict.fromkeys([(*rows, *columns), rows, columns, ()]))


def grid(found: Report, ask: Ask, before: date | None, lacking: date | None, then: Report | None = None) -> Grid:
    """Lay a report out in rows and columns. `then` is the same question as known at another moment."""
    laying = _Laying(found, ask, then)
    heads = [dimension(one).label for one in ask.row_dims]
    if not ask.across:
        heads.append(Text("专题", "Theme"))
    columns = laying.columns()
    groups, lines = laying.groups(columns), tuple(laying.lines(columns))
    labels = {(one.codes, one.theme): laying.group_label(one.codes, one.theme) for one in columns}
    return Grid(ask, found, laying.scale, tuple(heads), groups, columns, lines, before, lacking, labels)


class _Laying:
    def __init__(self, found: Report, ask: Ask, then: Report | None) -> None:
        self.report, self.ask = found, ask
        self.scale = scale_of(found, ask.unit)
        self.measures = (*found.measures, *(KNOWN_MEASURES if then is not None else ()))
        self.cells = _by_cell(found)
        self.then = _by_cell(then) if then is not None else {}
        self.themes = [one for one in ordered(found.pack) if ask.components or one is None or _head(one)]
        self.names = _names(found)

    def columns(self) -> tuple[Column, ...]:
        """Groups of codes (the total first), within them themes where they stand across, within them measures."""
        wide = [(), *self._codes(self.ask.column_dims)] if self.ask.column_dims else [()]
        themes = [theme.name if theme else ALL for theme in self.themes] if self.ask.across else [""]
        many = len(self.measures) > 1 or not (self.ask.across or self.ask.column_dims)
        return tuple(
            Column(measure, measure.label if many else self.group_label(codes, theme), codes, theme)
            for codes in wide
            for theme in themes
            for measure in self.measures
        )

    def groups(self, columns: Sequence[Column]) -> tuple[Group, ...]:
        """The heads above the heads; none where there is nothing to tell apart or a group is one column."""
        if len(self.measures) == 1 or not (self.ask.across or self.ask.column_dims):
            return ()
        keys = list(dict.fromkeys((column.codes, column.theme) for column in columns))
        total = bool(self.ask.column_dims)
        return tuple(
            Group(self.group_label(codes, theme), len(self.measures), total and not codes) for codes, theme in keys
        )

    def group_label(self, codes: tuple[str, ...], theme: str) -> Text:
        """What a group of columns is called."""
        parts = [self.names[pair] for pair in zip(self.ask.column_dims, codes, strict=False)]
        if self.ask.column_dims and not codes:
            parts = [Text("合计", "Total")]
        if theme:
            parts.append(self._theme(theme)[0])
        return Text(" / ".join(part.zh for part in parts), " / ".join(part.en for part in parts))

    def _theme(self, name: str) -> tuple[Text, str, bool, Text]:
        one = next((theme for theme in self.themes if theme is not None and theme.name == name), None)
        if one is None:
            return Text("各项贷款", "All loans"), "", True, Text("", "")
        return one.label, one.tag, _head(one), one.partial

    def lines(self, columns: Sequence[Column]) -> Iterable[Line]:
        dims = self.ask.row_dims
        keys: list[tuple[str, ...]] = [(), *self._codes(dims)] if dims else [()]
        themes = [""] if self.ask.across else [theme.name if theme else ALL for theme in self.themes]
        for codes in keys:
            names = tuple(self.names[pair] for pair in zip(dims, codes, strict=False))
            total = bool(dims) and not codes
            for theme in themes:
                label, tag, headline, partial = self._theme(theme or ALL)
                figures = tuple(self._figure(codes, theme, column) for column in columns)
                yield Line(theme, label, tag, headline or self.ask.across, partial, total, codes, names, figures)

    def _codes(self, dims: tuple[str, ...]) -> list[tuple[str, ...]]:
        table = next(table for table in self.report.tables if table.by == dims)
        return list(dict.fromkeys(row.codes for row in table.rows))

    def _figure(self, codes: tuple[str, ...], theme: str, column: Column) -> Figure:
        by = (*(self.ask.row_dims if codes else ()), *(self.ask.column_dims if column.codes else ()))
        cell = (*codes, *column.codes)
        one = theme or column.theme
        measure = column.measure
        if measure in KNOWN_MEASURES:
            value = self._revised(by, cell, one, measure.name)
        else:
            row = self.cells.get((by, cell, one))
            value = row.values[measure.name] if row is not None else measure.of(Cell({}, {}, {}, {}))
        drill = {THEME: one, **dict(zip(by, cell, strict=True))} if measure.name in DRILLS and value else None
        return Figure(value, figure(value, measure, self.scale), _move(measure, value), drill)

    def _revised(self, by: tuple[str, ...], cell: tuple[str, ...], theme: str, name: str) -> Value:
        """What the balance was as known then, and by how much it has been revised since."""
        now, then = self.cells.get((by, cell, theme)), self.then.get((by, cell, theme))
        was = _money(then.values.get("balance")) if then is not None else Decimal(0)
        if name == "known_balance":
            return was
        change = (_money(now.values.get("balance")) if now is not None else Decimal(0)) - was
        return change if name == "known_change" else quotient(change, was, PERCENT_STEP, 100)


def _money(value: Value | None) -> Decimal:
    return Decimal(value) if value is not None else Decimal(0)


def _by_cell(found: Report) -> dict[tuple[tuple[str, ...], tuple[str, ...], str], Row]:
    return {(table.by, row.codes, row.theme): row for table in found.tables for row in table.rows}


def _names(found: Report) -> dict[tuple[str, str], Text]:
    return {
        (one, code): name
        for table in found.tables
        for row in table.rows
        for one, code, name in zip(table.by, row.codes, row.names, strict=True)
    }


def _head(theme: Any) -> bool:
    return not theme.tag or theme.tag == theme.article


def _move(measure: Measure, value: Value) -> str:
    if measure.name not in CHANGES or value is None:
        return ""
    return "up" if value > 0 else "down" if value < 0 else "same"
