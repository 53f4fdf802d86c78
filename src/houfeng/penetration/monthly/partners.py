"""Signs among a firm's partners: lenders that leave while others stay, and a customer it lives by that is bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Views
from houfeng.penetration.monthly.quality import BAD
from houfeng.penetration.monthly.signs import Sign


@dataclass(frozen=True, slots=True)
class Ties:
    """Months back lenders are compared with; days of invoices, and from which percent of sales a customer is told."""

    months: int = 3
    days: int = 365
    sales: Decimal = Decimal(20)
    overdue: int = 90


def months_before(day: date, months: int) -> date:
    """The same day so many months before; from the last day of a month the last day."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    at_end = (day + timedelta(days=1)).day == 1
    return last if at_end else first.replace(day=min(day.day, last.day))


def lenders_left(views: Views, as_of: date, engine: Engine, ties: Ties | None = None) -> list[Sign]:
    """Borrowers that two lenders or more have left while those that stayed lend more.

    `firms` is how many left, `amount` what they had lent, `share` its part of all loans then.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    day = months_before(as_of, (ties or Ties()).months)
    then, now = (
        f"SELECT borrower_id, institution_id, sum(balance_cny) AS lent_{name} FROM"
        f" ({views.select('loan_balance', as_of=when)}) WHERE balance_cny > 0 AND borrower_id IS NOT NULL GROUP BY ALL"
        for name, when in (("then", day), ("now", as_of))
    )
    sql = f"""
WITH lent AS (SELECT borrower_id, institution_id, coalesce(lent_then, 0) AS before, coalesce(lent_now, 0) AS after
  FROM ({then}) FULL JOIN ({now}) USING (borrower_id, institution_id)),
firm AS (SELECT borrower_id, sum(before) AS whole, count(*) FILTER (after = 0) AS gone,
  sum(before) FILTER (after = 0) AS taken, sum(before) FILTER (after > 0) AS stayed, sum(after) AS lent
  FROM lent GROUP BY 1)
SELECT borrower_id, gone, CAST(taken AS DECIMAL(20,2)),
  CAST(round(100.0 * taken / whole, 5) AS DECIMAL(10,5)) FROM firm
WHERE gone >= 2 AND stayed > 0 AND lent > stayed ORDER BY 1"""
    return [
        Sign(firm, "lenders_left", f"{day}", firms=count, amount=amount, share=share)
        for firm, count, amount, share in engine.rows(sql)
    ]


def customers_bad(views: Views, as_of: date, engine: Engine, ties: Ties | None = None) -> list[Sign]:
    """Borrowers that sell much of what they sell to a customer that is bad: its notes are, or it is before the courts.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    ties = ties or Ties()
    since = as_of - timedelta(days=ties.days)
    balances, records, invoices = (
        views.select(kind, as_of=as_of) for kind in ("loan_balance", "public_record", "invoice")
    )
    sql = f"""
WITH owing AS (SELECT DISTINCT borrower_id FROM ({balances}) WHERE balance > 0),
bad AS (SELECT borrower_id AS firm FROM ({balances}) WHERE balance > 0 AND ({BAD} OR overdue_days > {ties.overdue})
  UNION SELECT enterprise_id FROM ({records}) WHERE record_type IN ('dishonest_debtor', 'bankruptcy_filing')
    AND occurred_on > DATE '{since}'),
sold AS (SELECT seller_id, buyer_id, sum(amount) AS amount FROM ({invoices}) WHERE status = 'valid' AND amount > 0
  AND issued_on > DATE '{since}' AND seller_id IN (SELECT borrower_id FROM owing) GROUP BY ALL),
whole AS (SELECT seller_id, sum(amount) AS total FROM sold GROUP BY 1)
SELECT seller_id, buyer_id, CAST(amount AS DECIMAL(20,2)), CAST(round(100.0 * amount / total, 5) AS DECIMAL(10,5))
FROM sold JOIN whole USING (seller_id) WHERE buyer_id IN (SELECT firm FROM bad) AND buyer_id <> seller_id
  AND amount * 100 >= total * {ties.sales} ORDER BY 1, 2"""
    return [
        Sign(seller, "customer_bad", buyer, amount=amount, share=share)
        for seller, buyer, amount, share in engine.rows(sql)
    ]
