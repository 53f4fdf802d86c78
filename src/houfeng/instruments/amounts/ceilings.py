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
    over = f"SELECT {group} FROM {table} GROUP BY ALL HAVING sum({column}) > min({limit})"
    if not keys:
        return f"SELECT * REPLACE ({cut}) FROM {table}"
    same = " AND ".join(f"t.{key} IS NOT DISTINCT FROM o.{key}" for key in keys)
    return (
        f"WITH o AS MATERIALIZED ({over}) "
        f"SELECT t.* FROM {table} t ANTI JOIN o ON {same} "
        f"UNION ALL BY NAME SELECT * REPLACE ({cut}) FROM (SELECT t.* FROM {table} t SEMI JOIN o ON {same})"
    )
