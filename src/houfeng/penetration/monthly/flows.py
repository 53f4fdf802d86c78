"""Money that comes back, and money that goes to members of the computed group under another name.

A payment is seen from its payer's account or from its payee's, or from both; the same payer, payee, day and amount
count once. Days decide the order, as the two banks' clocks need not agree: a later leg is of the same day or after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Views
from houfeng.penetration.monthly.signs import Sign


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a round trip may take, over which days it may begin, from how many yuan each leg counts; and how many
    days of outflow are looked at, from which percent of it."""

    days: int = 10
    within: int = 40
    floor: Decimal = Decimal(1_000_000)
    outflow_days: int = 90
    outflow_share: Decimal = Decimal(10)


def payments_sql(views: Views, as_of: date, since: date) -> str:
    """SQL of payments (payer, payee, day, amount in yuan) between named parties from `since` on."""
    flows = views.select("account_flow", as_of=as_of)
    return (
        f"SELECT DISTINCT CASE direction WHEN 'out' THEN enterprise_id ELSE counterparty_id END AS payer,"
        " CASE direction WHEN 'out' THEN counterparty_id ELSE enterprise_id END AS payee,"
        f" CAST(occurred_at AS DATE) AS day, amount FROM ({flows}) WHERE occurred_at >= DATE '{since}'"
        " AND counterparty_id IS NOT NULL AND enterprise_id <> counterparty_id AND direction IN ('in', 'out')"
    )


def round_trips(views: Views, as_of: date, engine: Engine, terms: Terms | None = None) -> list[Sign]:
    """Money that a firm pays and has back within so many days, straight or by way of one firm more.

    Of each firm and partner (the first one paid) the largest trip is told: its amount is that of its smallest leg, a
    leg being what one party paid another on one day.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    terms = terms or Terms()
    since = as_of - timedelta(days=terms.within)
    legs = (
        f"SELECT payer, payee, day, sum(amount) AS amount FROM ({payments_sql(views, as_of, since)}) GROUP BY ALL"
        f" HAVING sum(amount) >= {terms.floor}"
    )
    engine.keep("_legs", legs)
    sql = f"""
WITH trip AS (
  SELECT a.payer AS firm, a.payee AS partner, a.day, b.day - a.day AS days, least(a.amount, b.amount) AS amount,
    2 AS firms FROM _legs a JOIN _legs b ON b.payer = a.payee AND b.payee = a.payer
    AND b.day BETWEEN a.day AND a.day + {terms.days}
  UNION ALL
  SELECT a.payer, a.payee, a.day, c.day - a.day, least(a.amount, b.amount, c.amount), 3 FROM _legs a
    JOIN _legs b ON b.payer = a.payee AND b.payee <> a.payer AND b.day BETWEEN a.day AND a.day + {terms.days}
    JOIN _legs c ON c.payer = b.payee AND c.payee = a.payer AND c.day BETWEEN b.day AND a.day + {terms.days})
SELECT firm, partner, day, days, amount, firms FROM trip
QUALIFY row_number() OVER (PARTITION BY firm, partner ORDER BY amount DESC, days, day, firms) = 1 ORDER BY 1, 2"""
    return [
        Sign(firm, "round_trip", partner, occurred_on=day, days=days, amount=amount, firms=firms)
        for firm, partner, day, days, amount, firms in engine.rows(sql)
    ]


def group_outflows(
    views: Views, as_of: date, members: pa.Table, engine: Engine, terms: Terms | None = None
) -> list[Sign]:
    """Firms that pay much of their outflow to members of their group whom the bank did not mark as related.

    Args:
        views: the book.
        as_of: the day.
        members: group_id and enterprise_id of the computed groups.
        engine: runs the questions.
        terms: days and percent.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    terms = terms or Terms()
    engine.connection.register("_members", members)
    since = as_of - timedelta(days=terms.outflow_days)
    sql = f"""
WITH flow AS (SELECT enterprise_id, counterparty_id, coalesce(counterparty_kind, '') AS marked, amount
  FROM ({views.select("account_flow", as_of=as_of)}) WHERE direction = 'out' AND occurred_at >= DATE '{since}'),
whole AS (SELECT enterprise_id, sum(amount) AS total FROM flow GROUP BY 1),
related AS (SELECT f.enterprise_id, a.group_id, sum(f.amount) AS amount, count(DISTINCT f.counterparty_id) AS firms
  FROM flow f JOIN _members a ON a.enterprise_id = f.enterprise_id
  JOIN _members b ON b.group_id = a.group_id AND b.enterprise_id = f.counterparty_id
  WHERE f.marked <> 'group' AND f.counterparty_id <> f.enterprise_id GROUP BY ALL)
SELECT enterprise_id, group_id, firms, CAST(amount AS DECIMAL(20,2)),
  CAST(round(100.0 * amount / total, 5) AS DECIMAL(10,5)) FROM related JOIN whole USING (enterprise_id)
WHERE amount * 100 >= total * {terms.outflow_share} ORDER BY 1, 2"""
    return [
        Sign(firm, "group_outflow", group, firms=firms, amount=amount, share=share)
        for firm, group, firms, amount, share in engine.rows(sql)
    ]
