"""The notes behind a figure of the cube: each with its tags, why it has them, and what it counts for.

The list is read from the same statement the figure was summed from (`houfeng.themes.kept`), so the amounts of all its
rows add up to the figure, to the fen; of a large month from the file that holds what the statement gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.engine.duckdb import Engine
from houfeng.engine.faults import streamed, telling
from houfeng.errors import NotFoundError, Text, did_you_mean
from houfeng.office.scope import ScopedViews
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Bit
from houfeng.packs.roads.sql import literal, name
from houfeng.themes.cube import ALL
from houfeng.themes.dimensions import dimension
from houfeng.themes.kept import KEY, Month, month
from houfeng.themes.shares import LOANS
from houfeng_desk.lists import Streamed
from houfeng_desk.months import Months, shares_of

SORTS = {
    "institution": "institution_name",
    "borrower": "borrower_name",
    "note_no": "note_no",
    "balance": "balance",
    "counted": "counted",
    "rate": "rate",
    "quality": "quality",
    "matures_on": "matures_on",
}
BATCH = 5000
SHOWN = (
    *KEY, "institution_name", "borrower_id", "borrower_name", "use_industry", "balance", "counted", "rate", "quality",
    "matures_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drill:
    """Which notes: those of a theme (`all`: all that count) whose code of each dimension is among those given."""

    theme: str
    where: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Tag:
    """One theme a note carries, or would carry but for an exception: its label, tag and clause."""

    theme: str
    label: Text
    tag: str
    reference: str
    exception: Text


@dataclass(frozen=True, slots=True)
class Notes:
    """A page of notes with the number of all, and what all of them count for, in yuan."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    counted: Decimal


class NotReady(Exception):
    """The month is being tagged. No fault: the page says so and asks again."""


@dataclass
class LoanList:
    """Lists the notes of one period under one pack, as far as `views` reach.

    With `months` a large month is read from its file; `patience` seconds are waited for one that is not made yet.
    """

    views: ScopedViews
    pack: Pack
    as_of: date
    known: date
    months: Months | None = None
    readings: tuple[tuple[str, str], ...] = ()
    patience: float = 0.0

    def page(
        self, drill: Drill, *, sort: str = "counted", down: bool = True, page: int = 1, size: int | None = 20
    ) -> Notes:
        """The notes of `drill`, of a page of `size` rows (nothing: all rows).

        Raises:
            NotFoundError: the theme does not exist.
            UsageError: a dimension does not exist.
            NotReady: the month is being tagged.
        """
        asked = self._month
        _check(asked, drill)
        limit = "" if size is None else f" LIMIT {size} OFFSET {(page - 1) * size}"
        counted = asked.amount(drill.theme)
        direction = f"{'DESC' if down else 'ASC'} NULLS LAST"
        with self._notes(asked, _condition(asked, drill)) as (engine, notes, alias):
            ((total, amount),) = engine.rows(_total(asked, drill, notes, alias))
            sql = self._rows(notes, counted, sort, direction, limit)
            found = [] if size is None else engine.table(sql).to_pylist()
        rows = [self._told(row, asked) for row in found]
        return Notes(
            rows if size is not None else Streamed(int(total), lambda: self._stream(drill, sql)), total, amount
        )

    def _stream(self, drill: Drill, sql: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, some at a time."""
        asked = self._month
        with self._notes(asked, _condition(asked, drill)) as (engine, _, _), telling():
            for batch in streamed(engine.connection.sql(sql).to_arrow_reader(BATCH)):
                yield from (self._told(row, asked) for row in batch.to_pylist())

    def explain(self, key: Mapping[str, str], items: Sequence[str]) -> Explanation:
        """Why the note of this key has these themes, or has them not.

        Raises:
            InputError: there is no such note in the viewer's scope on that day.
        """
        with Engine() as engine:
            explainer = Explainer(self.pack, self.views, engine.connection, self.as_of, self.known)
            return explainer.explain(LOANS, key, items)

    def tags(self, key: Mapping[str, str]) -> list[Tag]:
        """The tags of one note."""
        asked = self._month
        only = " AND ".join(f"{name(one)} = {literal(value)}" for one, value in key.items())
        with self._notes(asked, only) as (engine, notes, _):
            found = engine.table(f"SELECT * FROM {notes} LIMIT 1").to_pylist()
        return self._tags(found[0], asked) if found else []

    @property
    def _month(self) -> Month:
        if self.months is None:
            return month(self.views, self.pack, self.as_of, self.known)
        key = (self.views.snapshot, self.views.scope, self.pack.digest, self.readings, self.as_of, self.known)
        return self.months.month(key, self.views, self.pack, self.as_of, self.known)

    @contextmanager
    def _notes(self, month: Month, where: str) -> Iterator[tuple[Engine, str, str]]:
        """An engine, and there the notes that meet `where`, and the name of the month's file if they are from one."""
        if self.months is not None and self.months.worth(self.views, self.as_of):
            path = self.months.ready(month, shares_of(self.views, self.as_of), self.patience)
            if path is None:
                raise NotReady
            with self.months.reading(path) as (engine, alias):
                yield engine, f"(SELECT * FROM {alias}.notes WHERE {where})", alias
        else:
            with Engine() as engine:
                engine.keep("notes", f"SELECT * FROM ({month.sql}) WHERE {where}")
                yield engine, "notes", ""

    def _rows(self, notes: str, counted: str, sort: str, direction: str, limit: str) -> str:
        """SQL of the rows of a page with their names; names are looked up before sorting only where it is by them."""
        rest = "institution_id, note_no, contract_no"
        columns = f"*, a0 AS balance, {counted} AS counted, borrower AS borrower_id"
        order = SORTS.get(sort, "counted")
        if order != "institution_name":
            first = f"coalesce(borrower_name, borrower) {direction}" if order == "borrower_name" else None
            first = first or f"{order} {direction}"
            notes = f"(SELECT {columns} FROM {notes} ORDER BY {first}, {rest}{limit})"
            columns, limit = "*", ""
        banks = self.views.select("institution", as_of=self.as_of, columns=["institution_id", "name"])
        named = (
            f"SELECT notes.* REPLACE (coalesce(borrower_name, borrower) AS borrower_name), "
            f"coalesce(banks.name, notes.institution_id) AS institution_name "
            f"FROM (SELECT {columns} FROM {notes}) AS notes LEFT JOIN ({banks}) AS banks USING (institution_id)"
        )
        return f"SELECT * FROM ({named}) ORDER BY {order} {direction}, {rest}{limit}"

    def _told(self, row: Mapping[str, Any], month: Month) -> dict[str, Any]:
        return {one: row[one] for one in SHOWN} | {"tags": self._tags(row, month)}

    def _tags(self, row: Mapping[str, Any], month: Month) -> list[Tag]:
        """The themes a note carries, then those an exception took from it."""
        held = _bits(row, month)
        own, taken = [], []
        for theme in month.tagging.themes:
            if month.carries(row, theme.name):
                own.append(Tag(theme.name, theme.label, theme.tag, theme.reference, Text("", "")))
            elif Bit(theme.name, "") in held:
                for one in theme.exemptions:
                    if Bit(theme.name, one.label) in held:
                        reference = one.reference or theme.reference
                        taken.append(Tag(theme.name, theme.label, theme.tag, reference, one.text))
        return own + taken


def _check(month: Month, drill: Drill) -> None:
    known = [theme.name for theme in month.tagging.themes]
    if drill.theme not in (ALL, *known):
        near = did_you_mean(drill.theme, known)
        raise NotFoundError(Text(f"没有专题 {drill.theme}。{near.zh}", f"no theme {drill.theme}. {near.en}"))
    for one in drill.where:
        dimension(one)


def _condition(month: Month, drill: Drill) -> str:
    """SQL: is a note (or a sum of notes) of the theme and the codes asked for."""
    parts = [month.flag(drill.theme)]
    for one, codes in drill.where.items():
        parts.append(f"d_{one} IN ({', '.join(literal(code) for code in codes)})")
    return " AND ".join(parts)


def _total(month: Month, drill: Drill, notes: str, alias: str) -> str:
    """SQL of the number of notes and of what they count for; from the sums of the month's file where they say it."""
    counted = month.amount(drill.theme)
    if not alias or len(drill.where) > 1:
        return f"SELECT count(*), coalesce(sum({counted}), 0) FROM {notes}"
    table, place = f"{alias}.sums_{''.join(drill.where)}", counted.removeprefix("a")
    sums = f"coalesce(sum(notes), 0), coalesce(sum(amount_{place}), 0)"
    return f"SELECT {sums} FROM {table} WHERE {_condition(month, drill)}"


def _bits(row: Mapping[str, Any], month: Month) -> set[Bit]:
    statement = month.tagging.statement
    return {
        bit
        for place, bit in enumerate(statement.bits)
        if (row[statement.bit_columns[place // 63]] or 0) >> (place % 63) & 1
    }
