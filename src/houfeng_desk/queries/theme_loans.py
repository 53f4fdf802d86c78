"""The notes behind a figure of the cube: each with its tags, why it has them, and what it counts for.

The list is read from the same statement the figure was summed from (`houfeng.themes.tagging`), so the amounts of all
its rows add up to the figure, to the fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.engine.duckdb import Engine
from houfeng.errors import NotFoundError, Text, did_you_mean
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Bit, Views
from houfeng.packs.roads.sql import literal, name
from houfeng.themes.cube import ALL
from houfeng.themes.dimensions import dimension
from houfeng.themes.shares import LOANS
from houfeng.themes.tagging import COUNTED, Tagging, compile_tagging

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
_FIELDS = ("loan.matures_on", "loan.use_industry", "quality")
KEY = ("institution_id", "contract_no", "note_no")


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

    rows: list[dict[str, Any]]
    total: int
    counted: Decimal


@dataclass
class LoanList:
    """Lists the notes of one period under one pack, as far as `views` reach."""

    views: Views
    pack: Pack
    as_of: date
    known: date

    def page(
        self, drill: Drill, *, sort: str = "counted", down: bool = True, page: int = 1, size: int | None = 20
    ) -> Notes:
        """The notes of `drill`, of a page of `size` rows (nothing: all rows).

        Raises:
            NotFoundError: the theme does not exist.
            UsageError: a dimension does not exist.
        """
        tagging = self._tagging(drill)
        base = self._base(tagging, drill)
        order = (
            f"{SORTS.get(sort, 'counted')} {'DESC' if down else 'ASC'} NULLS LAST, institution_id, note_no, contract_no"
        )
        limit = "" if size is None else f" LIMIT {size} OFFSET {(page - 1) * size}"
        with Engine() as engine:
            engine.keep("notes", base)
            ((total, counted),) = engine.rows("SELECT count(*), coalesce(sum(counted), 0) FROM notes")
            found = engine.table(f"{self._named()} ORDER BY {order}{limit}").to_pylist()
        return Notes([self._told(row, tagging) for row in found], total, counted)

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
        tagging = self._tagging(Drill(ALL, {}))
        only = " AND ".join(f"{name(one)} = {literal(value)}" for one, value in key.items())
        with Engine() as engine:
            found = engine.table(f"SELECT * FROM ({tagging.statement.sql}) WHERE {only} LIMIT 1").to_pylist()
        return self._tags(found[0], tagging) if found else []

    def _tagging(self, drill: Drill) -> Tagging:
        paths = [path for one in drill.where for path in dimension(one).paths]
        found = compile_tagging(self.views, self.pack, self.as_of, self.known, fields=[*_FIELDS, *paths])
        known = [theme.name for theme in found.themes]
        if drill.theme not in (ALL, *known):
            near = did_you_mean(drill.theme, known)
            raise NotFoundError(Text(f"没有专题 {drill.theme}。{near.zh}", f"no theme {drill.theme}. {near.en}"))
        return found

    def _base(self, tagging: Tagging, drill: Drill) -> str:
        """SQL of the notes asked for, each with what it counts for."""
        if drill.theme == ALL:
            held = f"coalesce({name(COUNTED)}, FALSE)" if COUNTED in tagging.statement.items else "TRUE"
            counted = tagging.plain
        else:
            held, counted = f"coalesce({name(drill.theme)}, FALSE)", tagging.amounts[drill.theme]
        parts = [held]
        for one, codes in drill.where.items():
            parts.append(f"({dimension(one).sql}) IN ({', '.join(literal(code) for code in codes)})")
        inner = f"SELECT *, {tagging.plain} AS balance, {counted} AS counted FROM ({tagging.statement.sql})"
        return f"{inner} WHERE {' AND '.join(parts)}"

    def _named(self) -> str:
        banks = self.views.select("institution", as_of=self.as_of, columns=["institution_id", "name"])
        firms = self.views.select("enterprise", as_of=self.as_of, columns=["enterprise_id", "name"])
        return (
            'SELECT notes.*, "loan.matures_on" AS matures_on, "loan.use_industry" AS use_industry, '
            "coalesce(banks.name, notes.institution_id) AS institution_name, "
            "coalesce(firms.name, notes.borrower_id) AS borrower_name "
            f"FROM notes LEFT JOIN ({banks}) AS banks USING (institution_id) "
            f"LEFT JOIN ({firms}) AS firms ON firms.enterprise_id = notes.borrower_id"
        )

    def _told(self, row: Mapping[str, Any], tagging: Tagging) -> dict[str, Any]:
        wanted = (
            *KEY, "institution_name", "borrower_id", "borrower_name", "use_industry", "balance", "counted", "rate",
            "quality", "matures_on",
        )  # fmt: skip
        return {one: row[one] for one in wanted} | {"tags": self._tags(row, tagging)}

    def _tags(self, row: Mapping[str, Any], tagging: Tagging) -> list[Tag]:
        """The themes a note carries, then those an exception took from it."""
        held = _bits(row, tagging)
        own, taken = [], []
        for theme in tagging.themes:
            if row[theme.name]:
                own.append(Tag(theme.name, theme.label, theme.tag, theme.reference, Text("", "")))
            elif Bit(theme.name, "") in held:
                for one in theme.exemptions:
                    if Bit(theme.name, one.label) in held:
                        reference = one.reference or theme.reference
                        taken.append(Tag(theme.name, theme.label, theme.tag, reference, one.text))
        return own + taken


def _bits(row: Mapping[str, Any], tagging: Tagging) -> set[Bit]:
    statement = tagging.statement
    return {
        bit
        for place, bit in enumerate(statement.bits)
        if (row[statement.bit_columns[place // 63]] or 0) >> (place % 63) & 1
    }
