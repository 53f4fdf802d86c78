"""Orders of events and members' rows, in SQL: A then B, A without B, and the rows of whoever belongs to a key."""

from __future__ import annotations

from houfeng.book.model import Kind, Time, kinds
from houfeng.packs.membership import Membership
from houfeng.packs.model import Mark, Measure
from houfeng.packs.roads.measures import (
    DAY,
    WindowBounds,
    compared,
    condition_sql,
    instant_sql,
    key_columns,
    measure_sql,
)
from houfeng.packs.roads.sql import SqlWriter, name


def membered_sql(members: Membership, kind: Kind, rows: str, list_sql: str) -> str:
    """`rows` (with the member in `_k0`) as rows of each group the member belongs to, the group in `_k0`.

    `list_sql` gives the members of the day of evaluation; an event counts if the member had joined by its day.
    """
    group, member = name(members.group), name(members.member)
    joined = f"SELECT {group} AS g, {member} AS m, min(coalesce(valid_from, DATE '0001-01-01')) AS joined"
    by_day = f" AND CAST(r.{name(kind.time_field)} AS DATE) >= m.joined" if kind.time is Time.EVENT else ""
    return (
        f"SELECT r.* REPLACE (m.g AS _k0) FROM ({rows}) r"
        f" JOIN ({joined} FROM ({list_sql}) GROUP BY g, m) m ON r._k0 = m.m{by_day}"
    )


def _latest_sql(measure: Measure, mark: Mark, marks: str, bounds: WindowBounds, writer: SqlWriter) -> str:
    """The latest marking instant of each key in the window: the keys and `_a`."""
    keys = key_columns(measure.by)
    known = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    latest = f"max({instant_sql(kinds()[mark.source])}) AS _a"
    where = f"{known} AND {condition_sql(mark, bounds, writer)}"
    return f"SELECT {', '.join(keys)}, {latest} FROM ({marks}) WHERE {where} GROUP BY {', '.join(keys)}"


def _same_key(measure: Measure) -> str:
    return " AND ".join(f"r.{key} = a.{key}" for key in key_columns(measure.by))


def narrowed_sql(measure: Measure, rows: str, marks: str, bounds: WindowBounds, writer: SqlWriter) -> str:
    """The rows from the latest `after` event of their key on; none where there is no such event."""
    assert measure.after is not None
    latest = _latest_sql(measure, measure.after, marks, bounds, writer)
    instant = instant_sql(kinds()[measure.source])
    return f"SELECT r.* FROM ({rows}) r JOIN ({latest}) a ON {_same_key(measure)} WHERE {instant} >= a._a"


def after_sql(
    measure: Measure, item: str, rows: str, marks: str, bounds: WindowBounds, writer: SqlWriter
) -> tuple[str, str]:
    """The measure of a sequence per key, and the expression of its value: unknown where nothing came before."""
    assert measure.after is not None
    keys = ", ".join(f"a.{key}" for key in key_columns(measure.by))
    latest = _latest_sql(measure, measure.after, marks, bounds, writer)
    on = f"{_same_key(measure)} AND {instant_sql(kinds()[measure.source])} >= a._a"
    parts, value = measure_sql(measure, item, bounds, writer)
    sql = f"SELECT {keys}, {', '.join(parts)} FROM ({latest}) a LEFT JOIN ({rows}) r ON {on} GROUP BY {keys}"
    return sql, f"CASE WHEN {{a}}.{key_columns(measure.by)[0]} IS NOT NULL THEN {value} END"


def without_sql(
    measure: Measure, item: str, rows: str, marks: str, bounds: WindowBounds, writer: SqlWriter
) -> tuple[str, str]:
    """The earliest event per key that no `without` event has followed, and the expression of the days since."""
    assert measure.without is not None
    keys = ", ".join(f"r.{key}" for key in key_columns(measure.by))
    answered = _latest_sql(measure, measure.without, marks, bounds, writer)
    instant, column = instant_sql(kinds()[measure.source]), name(item)
    where = f"{condition_sql(measure, bounds, writer)} AND (a._a IS NULL OR {instant} > a._a)"
    joined = f"({rows}) r LEFT JOIN ({answered}) a ON {_same_key(measure)}"
    sql = f"SELECT {keys}, min({instant}) AS {column} FROM {joined} WHERE {where} GROUP BY {keys}"
    return sql, compared(measure, f"(({bounds.until} - {{a}}.{column}) // {DAY})")
