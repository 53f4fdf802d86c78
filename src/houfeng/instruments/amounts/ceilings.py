"""Ceilings: what is left of a limit when those before have used it.

Of each item counts what of the limit the items before it have left. A limit that differs from item to item is each
item's own, against what stands before it. Most groups are far below their limit: only those above it are put in order,
the rest pass as they are, which is what makes ten million loans a matter of seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from houfeng.instruments.amounts.shape import Ceiling
from houfeng.packs.roads.sql import name


def capped_sql(table: str, ceiling: Ceiling, column: str, order: Sequence[str]) -> str:
    """SQL of the rows of `table` with `column` (whole fen, not below zero) cut to what `ceiling` leaves of it.

    `order` names the columns by which it is used up; together they name a row. Those whose `by`
    is unknown are a group.
    """
    keys = [name(key) for key in ceiling.by]
    group = ", ".join(keys) or "1"
    limit = name(ceiling.limit)
    before = (
        f"coalesce(sum({column}) OVER (PARTITION BY {group} ORDER BY {', '.join(order)} "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
    )
    left = f"CAST(greatest(0, least({column}, {limit} - {before})) AS BIGINT)"
    cut = f"CASE WHEN {limit} IS NULL THEN {column} ELSE {left} END AS {column}"
    if not keys:
        return f"SELECT * REPLACE ({cut}) FROM {table}"
    same = same_group("t", "o", ceiling.by)
    return (
        f"WITH o AS MATERIALIZED ({above_sql(table, ceiling.by, ceiling.limit, column)}) "
        f"SELECT t.* FROM {table} t ANTI JOIN o ON {same} "
        f"UNION ALL BY NAME SELECT * REPLACE ({cut}) FROM (SELECT t.* FROM {table} t SEMI JOIN o ON {same})"
    )


def above_sql(rows: str, by: Sequence[str], limit: str, column: str) -> str:
    """SQL of the groups of `rows`, those that agree in `by`, whose `column` comes to more than the least limit."""
    group = ", ".join(name(key) for key in by) or "TRUE AS whole"
    return f"SELECT {group} FROM {rows} GROUP BY ALL HAVING sum({column}) > min({name(limit)})"


def same_group(one: str, other: str, by: Sequence[str]) -> str:
    """SQL of whether rows called `one` and `other` agree in `by`."""
    return " AND ".join(f"{one}.{name(key)} IS NOT DISTINCT FROM {other}.{name(key)}" for key in by) or "TRUE"
