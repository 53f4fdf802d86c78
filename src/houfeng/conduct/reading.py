"""The rows of a portrait from views of the book: the book itself, what a scope may see of it, or one firm's own tables.

Rows are found in `views` and nowhere else, so that what a scope holds back is in no portrait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import duckdb

from houfeng.book.connection import quoted
from houfeng.book.model import kinds
from houfeng.book.storage.manifest import Submission
from houfeng.conduct.portrait import Mark, Portrait, Source, portrait
from houfeng.conduct.shapes import SHAPES, SUMMED
from houfeng.engine.faults import telling
from houfeng.packs.roads.compile import Views

YEAR = timedelta(days=365)


class Asked(Protocol):
    """What gives SQL of kinds and answers to SQL over them."""

    def select(self, kind: str, *, as_of: date | None = None) -> str:
        """SQL of the rows of a kind in force."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The answer to SQL."""


class Histories(Protocol):
    """What knows the submissions of a kind."""

    def history(self, kind: str) -> tuple[Submission, ...]:
        """All submissions of a kind."""


@dataclass(frozen=True)
class BookAsked:
    """Views of a whole book on a connection; each kind is looked through once."""

    views: Views
    connection: duckdb.DuckDBPyConnection

    def select(self, kind: str, *, as_of: date | None = None) -> str:
        """SQL of the rows of a kind in force."""
        return self.views.select(kind, as_of=as_of)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The answer to SQL over what `select` gave."""
        with telling():
            cursor = self.connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def rows_of(asked: Asked, enterprise_id: str, as_of: date) -> dict[str, list[dict[str, Any]]]:
    """The rows that name the firm, of each kind that is told row by row."""
    found = {}
    for kind, shape in SHAPES.items():
        either = " OR ".join(f"\"{name}\" = '{quoted(enterprise_id)}'" for name in shape.firm)
        found[kind] = asked.rows(f"SELECT * FROM ({asked.select(kind, as_of=as_of)}) WHERE {either}")
    return found


def sums_of(asked: Asked, enterprise_id: str, as_of: date) -> dict[str, list[dict[str, Any]]]:
    """Of the kinds with many rows of a firm: the count and the sum of a year by submission."""
    found = {}
    for kind, (firm, amount) in SUMMED.items():
        when = f'CAST("{kinds()[kind].time_field}" AS DATE)'
        found[kind] = asked.rows(
            f"SELECT _submission, min(_row) AS _row, count(*) AS n, CAST(sum({amount}) AS DECIMAL(38,2)) AS total,"
            f" min({when}) AS first, max({when}) AS last FROM ({asked.select(kind, as_of=as_of)})"
            f" WHERE \"{firm}\" = '{quoted(enterprise_id)}' AND {when} > DATE '{as_of - YEAR}' GROUP BY _submission"
        )
    return found


class Sources:
    """Finds the submission of a row. Only rows that may be seen are asked about."""

    def __init__(self, histories: Histories, names: Mapping[str, str]) -> None:
        """`names` are those of institutions by their code."""
        self._histories, self._names = histories, names
        self._by_kind: dict[str, dict[str, Submission]] = {}

    def __call__(self, kind: str, row: Mapping[str, Any]) -> Source:
        """Where a row stands in the book."""
        if kind not in self._by_kind:
            self._by_kind[kind] = {one.submission_id: one for one in self._histories.history(kind)}
        submission = str(row["_submission"])
        entry = self._by_kind[kind].get(submission)
        own = kinds()[kind].reporter_field
        reporter = str(row.get(own) or "") or (entry.reporter if entry is not None else "")
        name = self._names.get(reporter, reporter)
        received, period = (entry.received_at, entry.period) if entry is not None else (None, None)
        return Source(submission, int(row["_row"]), reporter, name, received, period)


def by_reporter(kind: str, sums: list[dict[str, Any]], sources: Sources) -> list[dict[str, Any]]:
    """Sums by submission put together by reporter; the newest submission stands for all."""
    own = kinds()[kind].reporter_field
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(sums, key=lambda one: (one["last"], one["_submission"])):
        reporter = sources(kind, row).reporter
        held = found.get(reporter)
        if held is None:
            found[reporter] = row | {"submissions": 1, own: reporter} if own else row | {"submissions": 1}
            continue
        held |= {"_submission": row["_submission"], "_row": row["_row"], "last": row["last"]}
        held |= {"n": held["n"] + row["n"], "total": held["total"] + row["total"]}
        held |= {"first": min(held["first"], row["first"]), "submissions": held["submissions"] + 1}
    return [found[reporter] for reporter in sorted(found)]


def read(
    asked: Asked, histories: Histories, enterprise_id: str, as_of: date, names: Mapping[str, str],
    marks: Mapping[str, Mark] | None = None, *, persons: bool = False,
) -> Portrait:  # fmt: skip
    """The portrait of a firm as these views have it."""
    sources = Sources(histories, names)
    rows = rows_of(asked, enterprise_id, as_of)
    sums = {kind: by_reporter(kind, found, sources) for kind, found in sums_of(asked, enterprise_id, as_of).items()}
    return portrait(enterprise_id, as_of, rows, sums, sources, marks, persons=persons)
