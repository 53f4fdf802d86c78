"""The tables behind a claim: everything judged once, the items counted, what is refused kept with its masks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import duckdb
import pyarrow as pa

from houfeng.engine.faults import telling
from houfeng.errors import Text, UsageError
from houfeng.instruments.amounts.counting import RESULT, count_amounts, counting_sql, yuan
from houfeng.instruments.amounts.shape import KEY, ORDER, Prepayment
from houfeng.instruments.drawing.history import with_history
from houfeng.instruments.drawing.judged import Judged
from houfeng.instruments.drawing.listing import Listing, Taken, listing
from houfeng.instruments.drawing.repayments import repaid_sql, timed_sql
from houfeng.packs.grants import Instrument
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import literal, name

Refusals = Literal["near", "all", "none"]
_NEAR = "failed = 0 OR bit_count(failed) = 1"
_SHOWN = (*KEY, "borrower_id", "disbursed_on")


@dataclass
class Tables:
    """The temporary tables of one drawing; they go when it ends."""

    connection: duckdb.DuckDBPyConnection
    prefix: str
    made: list[str] = field(default_factory=list)
    counted: str = ""
    out: str = ""

    def make(self, step: str, sql: str) -> str:
        """Hold the rows of `sql`."""
        table = f"{self.prefix}_{step}"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
        self.made.append(table)
        return table

    def given(self, step: str, rows: Collection[Sequence[Any]], names: Sequence[str]) -> str:
        """Hold rows of texts that were handed in."""
        columns = {one: pa.array([row[at] for row in rows], pa.string()) for at, one in enumerate(names)}
        self.connection.register(f"{self.prefix}_given", pa.table(columns))
        table = self.make(step, f"SELECT DISTINCT * FROM {self.prefix}_given")
        self.connection.unregister(f"{self.prefix}_given")
        return table

    def drop(self) -> None:
        """Let the tables go."""
        for table in self.made:
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")

    def lines(self, institution_id: str) -> list[tuple[Any, ...]]:
        """The counted items of an institution, in order of disbursement, then listing."""
        return self._rows(", ".join(RESULT), self.counted, institution_id)

    def refused(self, institution_id: str) -> list[tuple[Any, ...]]:
        """What is refused, with its masks."""
        if not self.out:
            return []
        columns = f"{', '.join(_SHOWN)}, {yuan('base')}, failed, unknown, ahead, held"
        return self._rows(columns, self.out, institution_id)

    def _rows(self, columns: str, table: str, institution_id: str) -> list[tuple[Any, ...]]:
        where = f"WHERE institution_id = {literal(institution_id)}" if institution_id else ""
        with telling():
            return self.connection.execute(
                f"SELECT {columns} FROM {table} {where} ORDER BY {', '.join(ORDER)}"
            ).fetchall()


def check_period(first: date, last: date) -> None:
    """Whether a period has its first day first.

    Raises:
        UsageError: it is turned.
    """
    if last < first:
        raise UsageError(
            Text(f"期间颠倒：{first} 至 {last}", f"the period is turned: {first} to {last}; give its first day first")
        )


@contextmanager
def drawn_tables(
    connection: duckdb.DuckDBPyConnection,
    views: Views,
    pack: Pack,
    instrument: Instrument,
    first: date,
    last: date,
    known: date,
    *,
    institution_id: str = "",
    taken: Iterable[Taken] = (),
    asked: Collection[Sequence[str]] | None = None,
    refusals: Refusals = "near",
    judged: Mapping[str, Judged] | None = None,
) -> Iterator[Tables]:
    """The tables of one drawing; without an institution, those of all of them. `judged`: as in `listing`."""
    tables = Tables(connection, f"draw_{instrument.name}")
    try:
        with telling():
            claimed = [Taken(*row) for row in taken]
            held = tables.given("taken", claimed, Taken._fields) if claimed else ""
            wanted = tables.given("asked", list(asked), KEY) if asked is not None else ""
            seen = with_history(views)
            whole = not wanted and refusals == "none"
            within = (first, last) if whole else None
            found = listing(seen, pack, instrument, last, known, taken=held, judged=judged, within=within)
            sql = _kept(found, institution_id, wanted, refusals)
            kept = f"({sql})" if whole else tables.make("kept", sql)
            chosen = f"SELECT * EXCLUDE (eligible, failed, unknown, ahead, held, chosen) FROM {kept} WHERE chosen"
            items, repaid = tables.make("items", chosen), ""
            # what is lent once, on disbursement, is not made less by an early repayment
            rule = found.prepayment if found.shape.over_time else Prepayment.CONTRACT
            if rule is not Prepayment.CONTRACT:
                repaid = tables.make("repaid", repaid_sql(items, seen, last, rule))
            timed, label = f"({timed_sql(items, repaid, rule)})", f"{tables.prefix}_counted"
            if whole:  # of all banks, too many to hold twice
                sql, made = counting_sql(connection, timed, found.shape, first, last, label=label)
                tables.made += made
                tables.counted = f"({sql})"
            else:
                tables.counted = count_amounts(connection, timed, found.shape, first, last, label=label)
                tables.made.append(tables.counted)
            if wanted or refusals != "none":
                tables.out = tables.make("refused", _refused(found, kept, tables.counted, wanted, first, last))
        yield tables
    finally:
        tables.drop()


def _kept(found: Listing, institution_id: str, wanted: str, refusals: Refusals) -> str:
    """SQL of the rows worth keeping: what is chosen, and what may be told as refused.

    Where a ceiling is shared by all banks, the items of the others are kept too: they use it up.
    """
    own = "held IS NULL" if not found.shape.over_time else f"coalesce(held = {literal(found.instrument.name)}, TRUE)"
    chosen = f"coalesce(eligible, FALSE) AND {own} AND (ahead IS NULL OR held IS NOT NULL)"
    here = f"institution_id = {literal(institution_id)}" if institution_id else "TRUE"
    shared = any("institution_id" not in ceiling.by for ceiling in found.shape.ceilings)
    mine = "" if shared or not institution_id else f" AND {here}"
    also = "FALSE"
    if wanted:
        keys = " AND ".join(f"w.{name(key)} = l.{name(key)}" for key in KEY)
        also = f"EXISTS (SELECT 1 FROM {wanted} w WHERE {keys})"
    elif refusals != "none":
        also = f"{here} AND ({_NEAR})" if refusals == "near" else here
    return f"SELECT * FROM (SELECT *, {chosen} AS chosen FROM ({found.sql}) l) l WHERE (chosen{mine}) OR ({also})"


def _refused(found: Listing, kept: str, counted: str, wanted: str, first: date, last: date) -> str:
    """SQL of what is refused: asked for and got nothing; or of the period, and not among the items."""
    same = " AND ".join(f"c.{name(key)} = j.{name(key)}" for key in KEY)
    without = f"SELECT * FROM {kept} j WHERE NOT EXISTS (SELECT 1 FROM {counted} c WHERE {same})"
    if wanted:
        asked = " AND ".join(f"w.{name(key)} = j.{name(key)}" for key in KEY)
        return f"{without} AND EXISTS (SELECT 1 FROM {wanted} w WHERE {asked})"
    days = f"{literal(first)} AND {literal(last)}"
    if not found.shape.over_time:
        return f"{without} AND NOT chosen AND coalesce(disbursed_on BETWEEN {days}, TRUE)"
    now = f"coalesce(counted_from <= {literal(last)} AND counted_to > {literal(first)}, TRUE)"
    return f"{without} AND NOT chosen AND {now}"
