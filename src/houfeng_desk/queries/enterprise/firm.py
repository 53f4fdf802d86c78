"""The rows about one enterprise, fetched once: every page of it, its indicators and its explanation read from here.

A question about one firm would scan the rows of all firms again for every indicator. So the rows of each kind that name
the firm are put into a small table of memory when they are first asked for, and packs are compiled over those tables.
The rows come from the scoped views of the reader and nowhere else: what the viewer may not see is not in them.
"""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar, cast

import duckdb

from houfeng.book.connection import quoted, scratch
from houfeng.book.draft import ROW
from houfeng.book.model import Kind, Time, Type, kinds
from houfeng.book.storage.tables import SUBMISSION
from houfeng.engine.faults import telling
from houfeng.errors import NotFoundError, Text
from houfeng.packs.model import Definition
from houfeng.packs.roads.compile import Compiler, Views
from houfeng.packs.roads.reach import Explained
from houfeng.packs.roads.sql import name
from houfeng.packs.roads.world import World
from houfeng_desk.reader import Reader

NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "enterprise": ("enterprise_id",),
    "enterprise_status": ("enterprise_id",),
    "loan": ("borrower_id",),
    "loan_balance": ("borrower_id",),
    "loan_flow": ("borrower_id",),
    "credit_line": ("enterprise_id",),
    "guarantee": ("borrower_id", "guarantor_id"),
    "collateral": ("owner_id",),
    "holding": ("enterprise_id", "holder_id"),
    "account_flow": ("enterprise_id",),
    "invoice": ("seller_id", "buyer_id"),
    "public_record": ("enterprise_id",),
    "registration_change": ("enterprise_id",),
    "financial_statement": ("enterprise_id",),
    "group_member": ("enterprise_id",),
    "circle_member": ("enterprise_id",),
    "ultimate_controller": ("enterprise_id",),
    "debtor_standing": ("enterprise_id",),
    "penetration_finding": ("enterprise_id",),
    "joint_credit": ("enterprise_id",),
    "list_membership": ("member_id",),
    "programme_participation": ("enterprise_id",),
}
"""The kinds whose rows are kept, and the fields that name the firm in them. Others are read whole: they are small."""

Row = dict[str, Any]
T = TypeVar("T")


class Firm:
    """The rows about one enterprise as a set of views, like those of the book; safe to share between requests."""

    def __init__(self, reader: Reader, enterprise_id: str) -> None:
        self.id = enterprise_id
        self.lock = threading.RLock()
        self.connection: duckdb.DuckDBPyConnection = scratch()
        self._views: Views = reader.indexed(self.connection)
        self._snapshot = reader.snapshot
        self._kept: set[str] = set()
        self._made: dict[Hashable, Any] = {}

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind` in force for `as_of` that name the firm; see `houfeng.book.snapshot`."""
        if kind not in NAMED_BY or not self.reported(kind):
            return self._views.select(kind, as_of=as_of, exact=exact, columns=columns)
        shape = kinds()[kind]
        if as_of is not None and shape.time is Time.EVENT:
            table, where = self._table(kind, None, exact=False), f" WHERE {_happened(shape, as_of, exact)}"
        else:
            table, where = self._table(kind, as_of, exact=exact), ""
        wanted = shape.fields if columns is None else [shape.field(column).name for column in dict.fromkeys(columns)]
        return f"SELECT {', '.join(name(column) for column in (*wanted, '_submission', '_row'))} FROM {table}{where}"

    def reported(self, kind: str) -> bool:
        """Whether anybody has reported rows of a kind at all: no table is made for the others."""
        return self.once(("reported", kind), lambda: bool(self._snapshot.submissions(kind)))

    def _table(self, kind: str, as_of: date | None, *, exact: bool) -> str:
        """The table that keeps the rows of a kind as of a day, filled when it is first asked for."""
        table = _named_for(kind, as_of, exact=exact)
        with self.lock:
            if table not in self._kept:
                rows = self._views.select(kind, as_of=as_of, exact=exact)
                with telling():
                    self.connection.execute(
                        f"CREATE TEMP TABLE {table} AS SELECT * FROM ({rows}) WHERE {self._named(kind)}"
                    )
                self._kept.add(table)
        return table

    def rows(self, sql: str, parameters: Sequence[Any] = (), *, wide: bool = False) -> list[Row]:
        """The answer to SQL over what `select` gave.

        A `wide` statement over few rows is run as it is written: to improve it takes longer than to run it.
        """
        with self.lock, telling():
            if wide:
                self.connection.execute("PRAGMA disable_optimizer")
            try:
                cursor = self.connection.execute(sql, list(parameters))
                columns = [column[0] for column in cursor.description or ()]
                return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            finally:
                if wide:
                    self.connection.execute("PRAGMA enable_optimizer")

    def of(self, kind: str, *, as_of: date | None = None, where: str = "TRUE", order: str = "") -> list[Row]:
        """The rows of `kind`, whole, for which `where` holds."""
        ordered = f" ORDER BY {order}" if order else ""
        return self.rows(f"SELECT * FROM ({self.select(kind, as_of=as_of)}) WHERE {where}{ordered}")

    def held(self, kind: str, as_of: date | None = None) -> list[Row]:
        """The rows of a kind, whole, read once and shared: nobody may change them.

        Only for kinds of few rows; what statements ask of too is read from their table.
        """
        return self.once(("held", kind, as_of), lambda: self._read(kind, as_of))

    def _read(self, kind: str, as_of: date | None) -> list[Row]:
        if not self.reported(kind):
            return []
        if kind not in NAMED_BY or _named_for(kind, as_of, exact=False) in self._kept:
            return self.of(kind, as_of=as_of)
        return self.rows(f"SELECT * FROM ({self._views.select(kind, as_of=as_of)}) WHERE {self._named(kind)}")

    def world(self, pack: Explained, kind: str, wanted: Sequence[Definition], day: date, known: date) -> World | None:
        """All rows that the items `wanted` over `kind` reach on a day, in memory, for the evaluator of packs: with the
        fields they read, in the order of their arrival. Nothing where they reach beyond what is kept of a firm.

        `pack` is one with items for all it can explain, see `houfeng.packs.roads.reach`.
        """
        reach = pack.reach(Compiler(pack.pack, self, day, known), kind, wanted)
        if not reach.fields.keys() <= NAMED_BY.keys():
            return None
        return World(day, known, rows={one: self._reached(one, day, reach.columns(one)) for one in reach.fields})

    def _reached(self, kind: str, day: date, columns: Sequence[str]) -> list[Row]:
        if not self.reported(kind):
            return []
        fields = [*columns, SUBMISSION, ROW]
        if kinds()[kind].time is Time.EVENT:  # there may be many, and of most fields nobody asks
            found = self.rows(f"SELECT * FROM ({self.select(kind, as_of=day, columns=columns)})")
        else:
            found = [{field: row[field] for field in fields} for row in self.held(kind, day)]
        return sorted(found, key=lambda row: (row[SUBMISSION], row[ROW]))

    def counted(self, wanted: Sequence[str]) -> Iterator[tuple[str, str, int]]:
        """Of the kinds `wanted`: which submissions name the firm, and in how many rows, in order."""
        reported = [kind for kind in wanted if self.reported(kind)]
        asked = " UNION ALL ".join(
            f"SELECT {place} AS place, _submission AS submission, count(*) AS n"
            f" FROM ({self._views.select(kind, columns=NAMED_BY[kind])}) WHERE {self._named(kind)} GROUP BY 2"
            for place, kind in enumerate(reported)
        )
        for row in self.rows(f"{asked} ORDER BY 1, 2") if asked else ():
            yield reported[row["place"]], row["submission"], row["n"]

    def _named(self, kind: str) -> str:
        """The condition that a row names the firm."""
        return "(" + " OR ".join(f"{name(field)} = '{quoted(self.id)}'" for field in NAMED_BY[kind]) + ")"

    def once(self, what: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once: nothing known as of a moment ever changes."""
        with self.lock:
            if what not in self._made:
                self._made[what] = make()
            return cast(T, self._made[what])


def _named_for(kind: str, as_of: date | None, *, exact: bool) -> str:
    """The name of the table of a kind's rows as of a day."""
    return name(f"{kind} {as_of or 'ever'}{' exact' if exact else ''}")


def _happened(kind: Kind, day: date, exact: bool) -> str:
    """The condition on events up to a day's end, or on that day."""
    when = name(kind.time_field)
    if kind.fields[kind.time_field].type is not Type.DATE:
        when = f"CAST({when} AS DATE)"
    return f"{when} {'=' if exact else '<='} DATE '{day.isoformat()}'"


def not_found() -> NotFoundError:
    """The same words for a firm that does not exist and for one outside the scope."""
    return NotFoundError(
        Text("没有这家企业，或不在您的权限范围内。", "there is no such enterprise, or not in your scope")
    )


LONGEST = 60
"""Signs of an identifier at the most."""

FIRMS = 48
"""Firms whose rows are kept: the tabs of a page ask for the same again."""

_firms: OrderedDict[tuple[int, str], tuple[Views, Firm]] = OrderedDict()
_lock = threading.Lock()
atexit.register(_firms.clear)  # DuckDB would rather be let go of before the interpreter is


def firm_of(reader: Reader, enterprise_id: str) -> Firm:
    """The rows about a firm in the reader's views; those of the same snapshot and scope are shared.

    Raises:
        NotFoundError: it is no identifier at all.
    """
    if len(enterprise_id) > LONGEST or not enterprise_id.isprintable():
        raise not_found()
    key = (id(reader.views), enterprise_id)
    with _lock:
        held = _firms.get(key)
        if held is None or held[0] is not reader.views:
            held = (reader.views, Firm(reader, enterprise_id))
            _firms[key] = held
        _firms.move_to_end(key)
        while len(_firms) > FIRMS:
            _firms.popitem(last=False)
        return held[1]
