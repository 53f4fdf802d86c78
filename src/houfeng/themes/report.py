"""The statistics of a pack's themes for a period: tables of typed rows, with all that must be said beside them.

A report is computed from one snapshot of the book, under one pack, and says both; asked again with the same moments it
gives the same figures. It has one table for everything and one for each breakdown asked for; every table has a line for
all loans, and every figure is computed for its own cell, so that no line is the sum of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa

from houfeng.book.snapshot import Snapshot
from houfeng.clock import month_end
from houfeng.engine.duckdb import Engine
from houfeng.errors import Text, UsageError, did_you_mean
from houfeng.packs.model import Definition, Pack
from houfeng.themes.cube import ALL, Cells, Cube
from houfeng.themes.dimensions import Dimension, breakdown, dimension
from houfeng.themes.flows import FlowViews
from houfeng.themes.measures import DEFAULT, Cell, Measure, Unit, Value, chosen
from houfeng.themes.notes import Basis, Note, write_notes
from houfeng.themes.shares import LOANS, shares
from houfeng.themes.tagging import loan_themes

ARTICLES = ("tech", "green", "inclusive", "pension", "digital")
"""The five articles, in the order the documents name them."""

ALL_LABEL = Text("各项贷款", "All loans")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a theme in one cell of a breakdown.

    `theme` is `all` for all loans. `codes` and `names` are those of the breakdown's dimensions; `values` maps a
    measure's name to yuan, percent or a count, nothing where it cannot be said. `headline` marks all loans, the total
    and each article, beside their components.
    """

    theme: str
    tag: str
    label: Text
    headline: bool
    codes: tuple[str, ...]
    names: tuple[Text, ...]
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one breakdown; `by` is empty for the table of everything."""

    by: tuple[str, ...]
    labels: tuple[Text, ...]
    rows: tuple[Row, ...]

    def find(self, theme: str, *codes: str) -> Row | None:
        """The row of a theme in a cell."""
        return next((row for row in self.rows if row.theme == theme and row.codes == codes), None)


@dataclass(frozen=True)
class Report:
    """Tables, and what must be said beside them."""

    pack: Pack
    as_of: date
    known_at: datetime
    policy_known_at: datetime
    synthetic: bool
    measures: tuple[Measure, ...]
    periods: Mapping[str, date]  # earlier periods compared with: year, month, ytd, compare
    where: Mapping[str, tuple[str, ...]]
    readings: Mapping[str, str]
    tables: tuple[Table, ...]
    notes: tuple[Note, ...]

    def arrow(self) -> pa.Table:
        """All rows of all tables: `by`, `codes`, `names`, `theme`, `tag`, `label`, and a column for each measure.

        Money is DECIMAL(38,2) yuan, rates DECIMAL(12,5) and percentages DECIMAL(18,2) percent.
        """
        types = {
            Unit.MONEY: pa.decimal128(38, 2),
            Unit.RATE: pa.decimal128(12, 5),
            Unit.PERCENT: pa.decimal128(18, 2),
            Unit.COUNT: pa.int64(),
        }
        rows = [(table, row) for table in self.tables for row in table.rows]
        columns: dict[str, pa.Array] = {
            "by": pa.array(["+".join(table.by) for table, _ in rows], pa.string()),
            "codes": pa.array(["+".join(row.codes) for _, row in rows], pa.string()),
            "names": pa.array(["/".join(name.zh for name in row.names) for _, row in rows], pa.string()),
            "theme": pa.array([row.theme for _, row in rows], pa.string()),
            "tag": pa.array([row.tag for _, row in rows], pa.string()),
            "label": pa.array([row.label.zh for _, row in rows], pa.string()),
        }
        for measure in self.measures:
            columns[measure.name] = pa.array([row.values[measure.name] for _, row in rows], types[measure.unit])
        return pa.table(columns)


class KeptMonths(Protocol):
    """Who may have the notes of a month tagged already."""

    def cube(
        self, engine: Engine, views: Snapshot, pack: Pack, as_of: date, known: date, taken: Sequence[str]
    ) -> Cube | None:
        """The cube of a month for `engine`, with every dimension; nothing where it is not kept."""


def report(
    snapshot: Snapshot,
    pack: Pack,
    *,
    as_of: date,
    known_at: datetime | None = None,
    by: Sequence[str] = (),
    measures: Sequence[str] = DEFAULT,
    where: Mapping[str, Sequence[str]] | None = None,
    readings: Mapping[str, str] | None = None,
    compare: date | None = None,
    engine: Engine | None = None,
    kept: KeptMonths | None = None,
) -> Report:
    """Count the themes of `pack` over the loan balances of the period `as_of`.

    Each entry of `by` is one breakdown: a dimension, or several crossed (`region+institution`); see `dimensions`.
    `where` keeps only notes whose code of a dimension is among those given. `readings` computes with other readings of
    the pack's clauses. `compare` is an earlier period to compare with. `known_at` is when the policy is known as of,
    by default the snapshot's moment. `kept` may have months that need not be counted again.

    Raises:
        UsageError: the period is not in the book (it says which are), or a name does not exist.
        InputError: the book would count notes twice.
        EnvironmentFault: memory or disk does not suffice.
    """
    question = _Question(
        snapshot,
        pack.with_readings(readings or {}),
        as_of,
        known_at or snapshot.known_at,
        tuple(dict.fromkeys(breakdown(one) for one in by)),
        chosen(measures, compare is not None),
        {one: tuple(codes) for one, codes in (where or {}).items()},
        compare,
        kept,
    )
    question.check()
    if engine is not None:
        return question.answer(engine, readings or {})
    with Engine() as own:
        return question.answer(own, readings or {})


@dataclass(frozen=True)
class _Question:
    snapshot: Snapshot
    pack: Pack
    as_of: date
    known_at: datetime
    by: tuple[tuple[str, ...], ...]
    measures: tuple[Measure, ...]
    where: Mapping[str, tuple[str, ...]]
    compare: date | None
    kept: KeptMonths | None

    def check(self) -> None:
        for one in self.where:
            dimension(one)
        if not loan_themes(self.pack):
            raise UsageError(
                Text(f"政策包 {self.pack.name} 没有贷款余额的专题", f"the pack {self.pack.name} has no themes of loans")
            )
        for period in (self.as_of, *([self.compare] if self.compare else [])):
            check_period(self.snapshot, period)

    def answer(self, engine: Engine, readings: Mapping[str, str]) -> Report:
        now = self._cube(engine, self.as_of, "now")
        flow = self._flow(engine)
        wanted = {m.then for m in self.measures if m.then}
        held = periods(self.snapshot)
        then = {one: day for one, day in self._earlier().items() if one in wanted and day in held}
        cubes = {day: self._cube(engine, day, f"then_{day:%Y%m%d}") for day in set(then.values())}
        earlier = {one: cubes[day] for one, day in then.items()}
        tables = [self._table(engine, by, now, flow, earlier) for by in ((), *self.by)]
        basis = Basis(self.snapshot, self.pack, self.as_of, now.quality, flow is not None, then, wanted, readings)
        return Report(
            self.pack, self.as_of, self.snapshot.known_at, self.known_at, self.snapshot.synthetic, self.measures, then,
            self.where, dict(readings), tuple(tables), tuple(write_notes(basis, flow.quality if flow else None)),
        )  # fmt: skip

    def _earlier(self) -> dict[str, date]:
        first = self.as_of.replace(day=1)
        found = {
            "year": month_end(date(self.as_of.year - 1, self.as_of.month, 1)),
            "month": first - timedelta(days=1),
            "ytd": date(self.as_of.year - 1, 12, 31),
        }
        return found | ({"compare": self.compare} if self.compare else {})

    @property
    def _dims(self) -> list[str]:
        return [*(one for by in self.by for one in by), *self.where]

    def _cube(self, engine: Engine, day: date, label: str) -> Cube:
        known, taken = self.known_at.date(), shares(self.snapshot, day)
        if self.kept is not None and (found := self.kept.cube(engine, self.snapshot, self.pack, day, known, taken)):
            return found
        return Cube.build(engine, self.snapshot, self.pack, day, known, self._dims, label, taken)

    def _flow(self, engine: Engine) -> Cube | None:
        if not any(measure.flow for measure in self.measures):
            return None
        views = FlowViews(self.snapshot, self.as_of.replace(day=1), self.as_of)
        return Cube.build(engine, views, self.pack, self.as_of, self.known_at.date(), self._dims, "flow")

    def _table(
        self, engine: Engine, by: tuple[str, ...], now: Cube, flow: Cube | None, earlier: Mapping[str, Cube]
    ) -> Table:
        sums = {"amount", "notes", *(one for measure in self.measures for one in measure.sums)}
        cells = now.cells(by, sums, self.where)
        flows = (
            flow.cells(by, {"amount", *(one for m in self.measures for one in m.flow)}, self.where) if flow else Cells()
        )
        then = {one: cube.cells(by, {"amount"}, self.where) for one, cube in earlier.items()}
        dims = [dimension(one) for one in by]
        names = institution_names(engine, self.snapshot, self.as_of) if "institution" in by else {}
        rows = []
        for codes in sorted({codes for codes, _ in (*cells, *flows)}, key=lambda c: _rank(dims, c)):
            told = tuple(dim.text(code, names) for dim, code in zip(dims, codes, strict=True))
            every = cells.get((codes, ALL), {})
            for theme in ordered(self.pack):
                key = (codes, theme.name if theme else ALL)
                before = {one: _amount(there, key) for one, there in then.items()}
                cell = Cell(cells.get(key, {}), every, flows.get(key, {}), before)
                values = {measure.name: measure.of(cell) for measure in self.measures}
                rows.append(_row(theme, codes, told, values))
        return Table(by, tuple(dim.label for dim in dims), tuple(rows))


def _amount(cells: Cells, key: tuple[tuple[str, ...], str]) -> Decimal:
    amount: Decimal = cells.get(key, {}).get("amount", Decimal(0))
    return amount


def _row(theme: Definition | None, codes: tuple[str, ...], names: tuple[Text, ...], values: dict[str, Value]) -> Row:
    if theme is None:
        return Row(ALL, "", ALL_LABEL, True, codes, names, values)
    return Row(theme.name, theme.tag, theme.label, headline(theme), codes, names, values)


def headline(theme: Definition) -> bool:
    """Whether the theme is an article's total or the total of all, beside its components."""
    return not theme.tag or theme.tag == theme.article


def ordered(pack: Pack) -> list[Definition | None]:
    """All loans (nothing), totals that are no article's, then each article followed by its components."""
    themes = loan_themes(pack)
    heads = [theme for theme in themes if headline(theme)]
    articles = [*ARTICLES, *dict.fromkeys(theme.article for theme in themes if theme.article not in ARTICLES)]
    totals = [theme for theme in heads if theme.article not in ARTICLES]
    rest: list[Definition] = []
    for article in articles:
        own = [theme for theme in themes if theme.article == article and theme not in totals]
        rest += sorted(own, key=lambda theme: not headline(theme))
    return [None, *totals, *rest]


def _rank(dims: Sequence[Dimension], codes: tuple[str, ...]) -> tuple[Any, ...]:
    """Codes in the order of their list; what is not in it after; what was not reported last."""
    ranks: list[Any] = []
    for dim, code in zip(dims, codes, strict=True):
        listed = list(dim.labels)
        ranks.append((code == "", listed.index(code) if code in dim.labels else len(listed), code))
    return tuple(ranks)


def periods(snapshot: Snapshot) -> list[date]:
    """The periods for which the book has loan balances, in order."""
    return sorted({entry.period for entry in snapshot.submissions(LOANS) if entry.period is not None})


def check_period(snapshot: Snapshot, period: date) -> None:
    """See that the book has loan balances of `period`.

    Raises:
        UsageError: it has none; says which periods it has.
    """
    held = periods(snapshot)
    if period in held:
        return
    listed = ", ".join(day.isoformat() for day in held[-12:]) or "-"
    near = did_you_mean(period.isoformat(), [day.isoformat() for day in held]) if held else Text("", "")
    raise UsageError(
        Text(
            f"账簿里没有 {period} 的贷款余额（截至 {snapshot.known_at:%Y-%m-%d %H:%M} 所知）。有：{listed}。{near.zh}",
            f"the book has no loan balances of {period} (as known at {snapshot.known_at:%Y-%m-%d %H:%M}). "
            f"It has: {listed}. {near.en}",
        )
    )


def institution_names(engine: Engine, snapshot: Snapshot, as_of: date) -> dict[str, str]:
    """Names of institutions by their id, as of a day."""
    sql = snapshot.select("institution", as_of=as_of, columns=["institution_id", "name"])
    return {str(one): str(label) for one, label in engine.rows(f"SELECT institution_id, name FROM ({sql})") if label}
