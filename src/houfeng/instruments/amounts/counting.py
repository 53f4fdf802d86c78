"""The money of each item in a period: exact, in whole fen, rounded once for each item over its whole counted time.

What an item has earned by a day is fen × points × days ÷ divisor, rounded half up to the fen; what it earns in a period
is the difference of two such figures. So the claims of any run of periods add up to the one rounded figure of the
whole, however the time is cut. Ceilings on the principal are used in order of disbursement; ceilings on money in order
of time, then of disbursement, so that a later claim never takes back what an earlier one gave.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from houfeng.engine.faults import telling
from houfeng.instruments.amounts.ceilings import above_sql, capped_sql, same_group
from houfeng.instruments.amounts.shape import FIRST_DAY, ITEM, KEY, ORDER, YEAR, Shape
from houfeng.packs.roads.sql import literal, name

RESULT = (
    *KEY, "borrower_id", "disbursed_on", "counted_from", "counted_to", "base", "asked", "amount", "uncapped", "central",
)  # fmt: skip
"""Columns of what comes out. `base` is the principal counted, `asked` before ceilings, both DECIMAL(20,2) like the
amounts; `counted_from` to `counted_to` (exclusive) are the days of the period that count."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of time that the amounts are told apart by; `claimed` where it is of the period asked for."""

    number: int
    since: date
    until: date  # exclusive
    claimed: bool


def cuts(shape: Shape, first: date, last: date, earliest: date) -> list[Cut]:
    """The stretches that matter for the period `first` to `last`, both days counting.

    Ceilings of a calendar year look back to the year's beginning, others to `earliest`; years are told apart where a
    ceiling asks for it.
    """
    end = last + timedelta(days=1)
    yearly = [YEAR in c.by for c in shape.on_amount]
    if not yearly:
        return [Cut(0, first, end, True)]
    start = min(first, max(earliest, FIRST_DAY) if not all(yearly) else date(first.year, 1, 1))
    turns = [date(year, 1, 1) for year in range(start.year + 1, last.year + 1)] if any(yearly) else []
    edges = sorted({start, first, *turns, end})
    return [Cut(n, a, b, a >= first) for n, (a, b) in enumerate(itertools.pairwise(edges))]


def count_amounts(
    connection: duckdb.DuckDBPyConnection, items: str, shape: Shape, first: date, last: date, *, label: str = "counted"
) -> str:
    """Count the items of the table (or query in brackets) `items` for the period; gives the temporary table made.

    It has the columns `RESULT`, a row for each item of which a day of the period counts (of relending: that was
    disbursed in the period), and of `items` every further column.

    Raises:
        EnvironmentFault: not enough memory or disk.
    """
    sql, made = counting_sql(connection, items, shape, first, last, label=label)
    with telling():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {label}_out AS {sql}")
        for table in made:
            connection.execute(f"DROP TABLE {table}")
    return f"{label}_out"


def counting_sql(
    connection: duckdb.DuckDBPyConnection, items: str, shape: Shape, first: date, last: date, *, label: str = "counted"
) -> tuple[str, list[str]]:
    """SQL of what `count_amounts` counts, and the temporary tables it reads, which are the caller's to drop.

    For more items than memory should hold: they are read several times, and what is counted is never held.

    Raises:
        EnvironmentFault: not enough memory or disk.
    """
    run = _Run(connection, shape, label)
    with telling():
        run.look(items)
        found = run.based(items)
        return run.over_time(found, first, last) if shape.over_time else run.at_once(found, first, last), run.made


class _Run:
    """One counting: its temporary tables, named after it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, shape: Shape, label: str) -> None:
        self.connection, self.shape, self.label = connection, shape, label
        self.made: list[str] = []
        self.number = "HUGEINT"
        self.earliest: date | None = None

    def make(self, step: str, sql: str) -> str:
        """Hold the rows of `sql` as a temporary table."""
        table = f"{self.label}_{step}"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
        self.made.append(table)
        return table

    def based(self, items: str) -> str:
        """The items with `counted`: their base after the ceilings of the principal."""
        made = f"SELECT *, greatest(base, 0) AS counted, year(disbursed_on) AS {YEAR} FROM {items}"
        for number, ceiling in enumerate(self.shape.on_base):
            made = capped_sql(self.make(f"base{number}", made), ceiling, "counted", ORDER)
        return f"({made})"

    def at_once(self, found: str, first: date, last: date) -> str:
        """A share of what was disbursed in the period."""
        where = f"disbursed_on BETWEEN {literal(first)} AND {literal(last)}"
        earned = f"CAST({half_up('CAST(counted AS HUGEINT) * points', self.shape.divisor)} AS BIGINT)"
        sql = f"SELECT *, {earned} AS earned FROM {found} WHERE {where}"
        uncapped = "earned"
        if self.shape.on_amount:
            sql = f"SELECT *, earned AS before_caps FROM ({sql})"
            uncapped = "before_caps"
        for number, ceiling in enumerate(self.shape.on_amount):
            sql = capped_sql(self.make(f"amount{number}", sql), ceiling, "earned", ORDER)
        return self._result(f"({sql})", "counted_from", "counted_to", "earned", uncapped)

    def over_time(self, found: str, first: date, last: date) -> str:
        """Base × points × days, of the days in the period."""
        shape, end = self.shape, literal(last + timedelta(days=1))
        begin = literal(first)
        since, until = f"greatest(counted_from, {begin})", f"least(counted_to, {end})"
        where = f"counted_from < {end} AND counted_to > {begin} AND counted_to > counted_from"
        earned = f"{self._earned(end)} - {self._earned(begin)}"
        if not shape.on_amount:
            return self._result(f"(SELECT *, {earned} AS earned FROM {found} WHERE {where})", since, until, "earned")
        if shape.on_base:
            found = self.make("based", f"SELECT * FROM {found}")
        stretches = cuts(shape, first, last, self.earliest or first)
        free, above = self._apart(found, stretches)
        told = self._segments(above, stretches)
        for place, ceiling in enumerate(shape.on_amount):
            told = capped_sql(self.make(f"amount{place}", told), ceiling, "earned", ("seg", *ORDER))
        told = self.make("capped", told)
        keys = ", ".join((*KEY, "borrower_id"))
        named = {name(key) for key in (*KEY, "borrower_id")}
        rest = ", ".join(f"any_value({c}) AS {c}" for c in self._columns(above) if c not in named)
        sums = "CAST(sum(earned) AS BIGINT) AS earned, CAST(sum(before_caps) AS BIGINT) AS before_caps"
        grouped = f"SELECT {keys}, {rest}, {sums} FROM {told} WHERE claimed GROUP BY {keys}"
        whole = f"SELECT *, {earned} AS earned, earned AS before_caps FROM ({free}) WHERE {where}"
        return self._result(f"({whole} UNION ALL BY NAME {grouped})", since, until, "earned", "before_caps")

    def _apart(self, found: str, stretches: Sequence[Cut]) -> tuple[str, str]:
        """SQL of the items that no ceiling on money can touch, and the table of the others.

        What the items of a group earn in all stretches is told without telling the stretches apart; only where that is
        above the ceiling (of a calendar year: above that of one year) has anything to be put in order.
        """
        ends = self._earned(literal(stretches[-1].until)), self._earned(literal(stretches[0].since))
        rows = f"(SELECT *, {ends[0]} - {ends[1]} AS earned FROM {found})"
        free, touched = f"SELECT t.* FROM {found} t", []
        for place, ceiling in enumerate(self.shape.on_amount):
            by = [key for key in ceiling.by if key != YEAR]
            table = self.make(f"over{place}", above_sql(rows, by, ceiling.limit, "earned"))
            same = same_group("t", f"o{place}", by)
            touched.append(f"{free} SEMI JOIN {table} o{place} ON {same}")
            free += f" ANTI JOIN {table} o{place} ON {same}"
        return free, self.make("above", " UNION ALL ".join(touched))

    def _segments(self, table: str, stretches: Sequence[Cut]) -> str:
        """The items once for each stretch they count in, with what they earn there."""
        rows = ", ".join(
            f"({c.number}, {literal(c.since)}, {literal(c.until)}, {literal(c.claimed)})" for c in stretches
        )
        earned = f"{self._earned('c.until')} - {self._earned('c.since')}"
        return (
            f"SELECT i.* EXCLUDE ({YEAR}), c.seg, c.claimed, year(c.since) AS {YEAR}, "
            f"{earned} AS earned, earned AS before_caps FROM {table} i "
            f"JOIN (VALUES {rows}) c(seg, since, until, claimed) "
            f"ON i.counted_from < c.until AND i.counted_to > c.since AND i.counted_to > i.counted_from"
        )

    def _earned(self, day: str) -> str:
        """SQL of the fen an item has earned before `day`, rounded half up."""
        end = f"least(counted_to, {day})"
        if self.shape.follows_balance:
            one = "least(counted, s.left_fen) * "
            one += f"greatest(0, least(s.until, {end}) - greatest(s.since, counted_from))"
            days = f"coalesce(list_sum(list_transform(steps, lambda s: {one})), 0)"
            money = f"CASE WHEN steps IS NULL THEN counted * greatest(0, {end} - counted_from) ELSE {days} END"
            product = f"CAST({money} AS {self.number}) * points"
        else:
            product = f"CAST(counted AS {self.number}) * points * greatest(0, {end} - counted_from)"
        return f"CAST({half_up(product, self.shape.divisor)} AS BIGINT)"

    def look(self, items: str) -> None:
        """What the counting needs to know beforehand: the first day counted, and whether short numbers suffice.

        BIGINT where every product surely fits is several times faster than HUGEINT.
        """
        bounds = "max(base)::HUGEINT, max(points)::HUGEINT, max(counted_to - counted_from)::HUGEINT, min(counted_from)"
        ((*most, self.earliest),) = self.connection.execute(f"SELECT {bounds} FROM {items}").fetchall()
        base, points, days = (max(value or 0, 1) for value in most)
        self.number = "BIGINT" if 2 * base * points * days + self.shape.divisor < 2**62 else "HUGEINT"

    def _columns(self, table: str) -> list[str]:
        return [name(row[0]) for row in self.connection.execute(f"DESCRIBE {table}").fetchall()]

    def _result(self, rows: str, since: str, until: str, amount: str, uncapped: str = "") -> str:
        """The columns of `RESULT`, and whatever else the items carry."""
        shape = self.shape
        central = amount
        if shape.central is not None:
            places = max(0, -int(shape.central.as_tuple().exponent))
            units = int(shape.central.scaleb(places))
            central = half_up(f"CAST({amount} AS HUGEINT) * {units}", 100 * 10**places)
        known = {*ITEM, YEAR, "counted", "earned", "before_caps", "seg", "claimed", "steps"}
        further = [c for c in self._columns(rows) if c.strip('"') not in known]
        columns = [*KEY, "borrower_id", "disbursed_on", f"{since} AS counted_from", f"{until} AS counted_to"]
        columns += [f"{yuan('counted')} AS base", f"{yuan('greatest(base, 0)')} AS asked", f"{yuan(amount)} AS amount"]
        columns += [f"{yuan(uncapped or amount)} AS uncapped", f"{yuan(central)} AS central", *further]
        return f"SELECT {', '.join(columns)} FROM {rows}"


def half_up(product: str, divisor: int) -> str:
    """SQL of `product` ÷ `divisor`, of whole numbers not below zero, rounded half up."""
    return f"((2 * ({product}) + {divisor}) // {2 * divisor})"


def yuan(fen: str) -> str:
    """SQL of fen as money."""
    return f"CAST(CAST({fen} AS DECIMAL(20,0)) * CAST(0.01 AS DECIMAL(3,2)) AS DECIMAL(20,2))"
