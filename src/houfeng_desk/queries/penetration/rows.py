"""Rows about some firms only: the book's kinds narrowed to identifiers before anything else reads them.

Whole-graph questions of `houfeng.penetration` take views; `Within` gives them views in which only the neighbourhood of
a firm exists, read by index where the book has copies, so that a page never reads the whole table of holdings.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from houfeng.book.connection import scratch
from houfeng.engine.duckdb import Engine
from houfeng.engine.faults import telling
from houfeng.packs.roads.sql import literal
from houfeng.packs.roads.sql import name as named
from houfeng_desk.reader import Reader

Row = dict[str, Any]
MOST_ROWS = 20_000
"""Rows one step of a walk reads; a walk that would need more says that it stopped."""


class Within:
    """Scoped views in which some kinds hold rows about some firms only; fits `houfeng.penetration.graph.Views`."""

    def __init__(self, reader: Reader) -> None:
        """Nothing is narrowed yet."""
        self.connection: duckdb.DuckDBPyConnection = scratch()
        self.engine = Engine.over(self.connection)
        self.day = reader.as_of
        self._views = reader.indexed(self.connection)
        self._snapshot = reader.snapshot
        self._only: dict[str, str] = {}
        self._lock = threading.Lock()
        self._tables = 0

    def narrow(self, kind: str, fields: Sequence[str], identifiers: Collection[str]) -> None:
        """From here on `kind` has only rows with one of `identifiers` in one of `fields`."""
        listed = ", ".join(literal(one) for one in sorted(identifiers)) or "NULL"
        self._only[kind] = " OR ".join(f"{named(field)} IN ({listed})" for field in fields)

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind`; see `houfeng.book.snapshot`."""
        if kind not in self._only:
            return self._views.select(kind, as_of=as_of, exact=exact, columns=columns)
        rows = self._views.select(kind, as_of=as_of, exact=exact)
        chosen = "*" if columns is None else ", ".join(named(column) for column in columns)
        return f"SELECT {chosen} FROM ({rows}) WHERE {self._only[kind]}"

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of `sql` by column."""
        with self._lock, telling():
            cursor = self.connection.execute(sql, list(parameters))
            columns = [column[0] for column in cursor.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def about(
        self, kind: str, field: str, identifiers: Iterable[str], *, where: str = "TRUE", most: int = MOST_ROWS
    ) -> list[Row]:
        """Rows of `kind` on the day whose `field` is one of `identifiers`."""
        wanted = sorted(set(identifiers))
        if not wanted or not self.reported(kind):
            return []
        listed = ", ".join(literal(one) for one in wanted)
        rows = self._views.select(kind, as_of=self.day)
        inside = f"SELECT * FROM ({rows}) WHERE {named(field)} IN ({listed})"
        sql = f"SELECT * FROM ({inside}) WHERE {where} ORDER BY ALL LIMIT {most}"
        return self.rows(sql)

    def reported(self, kind: str) -> bool:
        """Whether anybody has reported rows of a kind at all."""
        return bool(self._snapshot.submissions(kind))


def column(rows: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    """The values of one column that are there."""
    return [row[name] for row in rows if row[name]]
