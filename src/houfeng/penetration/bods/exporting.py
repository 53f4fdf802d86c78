"""The rows of the book that a package carries, as of one day."""

from __future__ import annotations

from datetime import date
from typing import Any

from houfeng.engine.duckdb import Engine
from houfeng.penetration.bods.rows import FIELDS, Package, Row
from houfeng.penetration.bods.writing import not_written
from houfeng.penetration.graph import Views

FRAME = ("valid_from", "valid_to")
"""Of persons and enterprises these say how long a row of the book holds, not anything about them."""


def package_of(views: Views, as_of: date, engine: Engine | None = None) -> Package:
    """Persons, enterprises, holdings and control interests on `as_of`, with notes on what a package cannot carry.

    Of persons and enterprises, those that hold, are held, or are a registered controller.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    if engine is None:
        with Engine() as own:
            return package_of(views, as_of, own)
    rows = {kind: _rows(engine, views.select(kind, as_of=as_of)) for kind in FIELDS}
    ends = {row[end] for kind in ("holding", "control_interest") for row in rows[kind] for end in ENDS}
    ends |= {
        row["controller_id"] for row in rows["enterprise"] if row["enterprise_id"] in ends and "controller_id" in row
    }
    for kind in ("person", "enterprise"):
        rows[kind] = [row for row in rows[kind] if row[f"{kind}_id"] in ends]
    kept = {
        kind: tuple({f: v for f, v in row.items() if f in FIELDS[kind]} for row in own) for kind, own in rows.items()
    }
    order = ("person", "enterprise", "holding", "control_interest")
    persons, enterprises, holdings, interests = (kept[kind] for kind in order)
    return Package(persons, enterprises, holdings, interests, not_written(rows))


ENDS = ("holder_id", "enterprise_id")


def _rows(engine: Engine, sql: str) -> list[Row]:
    table = engine.table(sql)
    fields = [name for name in table.column_names if not name.startswith("_")]
    out: tuple[str, ...] = FRAME if not {"holder_id"} & set(fields) else ()
    rows: list[dict[str, Any]] = table.select([name for name in fields if name not in out]).to_pylist()
    return [{field: value for field, value in row.items() if value is not None} for row in rows]
