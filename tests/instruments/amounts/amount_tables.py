"""The oracle's items as the statement's table, and its answer back as a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa

from houfeng.book.connection import scratch
from houfeng.instruments.amounts.counting import RESULT, count_amounts
from houfeng.instruments.amounts.shape import LAST_DAY, Shape
from instruments.amounts.amount_oracle import Item

SCALE = 4
_STEP = pa.struct([("since", pa.date32()), ("until", pa.date32()), ("left_fen", pa.int64())])


def table(items: Sequence[Item], limits: Sequence[str] = ()) -> pa.Table:
    """The columns the statement wants."""

    def steps(item: Item) -> list[dict[str, object]] | None:
        if not item.repaid:
            return None
        days = [date(1, 1, 1), *sorted(item.repaid)]
        ends = [*sorted(item.repaid), LAST_DAY]
        return [{"since": a, "until": b, "left_fen": fen(item.left(a))} for a, b in zip(days, ends, strict=True)]

    names = ("institution_id", "contract_no", "note_no", "item_no", "borrower_id")
    columns = {n: pa.array([getattr(i, n) for i in items], pa.string()) for n in names}
    for n in ("disbursed_on", "counted_from", "counted_to"):
        columns[n] = pa.array([getattr(i, n) for i in items], pa.date32())
    columns["base"] = pa.array([fen(i.base) for i in items], pa.int64())
    columns["points"] = pa.array([int(i.points.scaleb(SCALE)) for i in items], pa.int64())
    columns["steps"] = pa.array([steps(i) for i in items], pa.list_(_STEP))
    for limit in limits:
        wanted = [i.limits[limit] for i in items]
        columns[limit] = pa.array([None if v is None else fen(v) for v in wanted], pa.int64())
    return pa.table(columns)


def fen(yuan: Decimal) -> int:
    return int(yuan.scaleb(2))


def count(
    items: Sequence[Item], shape: Shape, first: date, last: date, limits: Sequence[str] = ()
) -> dict[tuple[object, ...], Decimal]:
    """What the statement pays for each item."""
    return {place: row["amount"] for place, row in counted_rows(items, shape, first, last, limits).items()}


def counted_rows(
    items: Sequence[Item], shape: Shape, first: date, last: date, limits: Sequence[str] = ()
) -> dict[tuple[object, ...], dict[str, object]]:
    """The statement's rows by place."""
    connection = scratch()
    connection.register("given", table(items, limits))
    made = count_amounts(connection, "given", shape, first, last)
    rows = connection.execute(f"SELECT {', '.join(RESULT)} FROM {made}").fetchall()
    _drop(connection, made)
    found = [dict(zip(RESULT, row, strict=True)) for row in rows]
    return {(r["disbursed_on"], r["institution_id"], r["contract_no"], r["note_no"], r["item_no"]): r for r in found}


def _drop(connection: duckdb.DuckDBPyConnection, made: str) -> None:
    connection.execute(f"DROP TABLE {made}")
    connection.unregister("given")
