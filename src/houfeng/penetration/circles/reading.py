"""What the book says of firms in a guarantee graph: net assets, what they owe, and to which bank."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

import pyarrow as pa

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Views


def net_assets(views: Views, as_of: date, engine: Engine) -> dict[str, Decimal]:
    """By firm, of the latest statement; the least where several reporters say so.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    rows = views.select("financial_statement", as_of=as_of)
    sql = f"SELECT enterprise_id, min(net_assets) FROM ({rows}) WHERE net_assets IS NOT NULL GROUP BY 1"
    return dict(engine.rows(sql))


def debts(views: Views, as_of: date, engine: Engine) -> dict[str, Decimal]:
    """What each borrower owes all banks, in yuan.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    rows = views.select("loan_balance", as_of=as_of)
    sql = f"SELECT borrower_id, sum(balance_cny) FROM ({rows}) WHERE balance_cny > 0 GROUP BY 1"
    return {firm: owed for firm, owed in engine.rows(sql) if firm is not None}


def lent_by_bank(
    views: Views, as_of: date, firms: Collection[str], engine: Engine
) -> tuple[tuple[str, int, Decimal], ...]:
    """What each institution has lent to these firms together: (institution, firms, yuan), the most first.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    engine.connection.register("_firms", pa.table({"firm": pa.array(sorted(firms), pa.string())}))
    rows = views.select("loan_balance", as_of=as_of)
    sql = (
        "SELECT institution_id, count(DISTINCT borrower_id), CAST(sum(balance_cny) AS DECIMAL(20,2)) AS owed FROM"
        f" ({rows}) WHERE balance_cny > 0 AND borrower_id IN (SELECT firm FROM _firms) GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    return tuple(engine.rows(sql))
