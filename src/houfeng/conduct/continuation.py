"""New shells that go on (脱壳经营): firms founded around the time another fell behind, at its address or telephone,
and how many of the old one's customers it has. Findings by day, not alerts: a rule cannot look across firms.

An address or a telephone that many firms share (an agent's, an incubator's) says nothing and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from houfeng.conduct.reading import Asked

WINDOW_DAYS = 183
"""Days around the first day overdue in which a new firm counts: half a year, after the pattern."""
MOST_AT_ONE_PLACE = 20
CUSTOMER_DAYS = 365


@dataclass(frozen=True)
class Continuation:
    """An old firm that fell behind and a new one that may go on for it."""

    old_id: str
    old_name: str
    new_id: str
    new_name: str
    overdue_since: date
    founded_on: date
    same_address: bool
    same_phone: bool
    customers: int  # of the new firm
    shared: int  # thereof customers of the old one before
    debt: Decimal

    @property
    def share(self) -> float | None:
        """The part of the new firm's customers that were the old one's; nothing where it has none."""
        return self.shared / self.customers if self.customers else None


def continuations(
    asked: Asked, as_of: date, *, window_days: int = WINDOW_DAYS, most: int = MOST_AT_ONE_PLACE,
    customer_days: int = CUSTOMER_DAYS,
) -> list[Continuation]:  # fmt: skip
    """All pairs of the book on a day, those with most shared customers first."""
    found = [Continuation(**row) for row in asked.rows(_sql(asked, as_of, window_days, most, customer_days))]
    return sorted(found, key=lambda one: (-one.shared, -one.debt, one.old_id, one.new_id))


def _sql(asked: Asked, as_of: date, window_days: int, most: int, customer_days: int) -> str:
    firms, loans, invoices = (asked.select(kind, as_of=as_of) for kind in ("enterprise", "loan_balance", "invoice"))
    since = as_of - timedelta(days=customer_days)
    return f"""
WITH firm AS (SELECT enterprise_id AS id, any_value(name) AS name, min(founded_on) AS founded_on,
                     nullif(trim(any_value(registered_address)), '') AS address,
                     nullif(trim(any_value(phone)), '') AS phone FROM ({firms}) GROUP BY 1),
loans AS ({loans}),
behind AS (SELECT borrower_id AS id, CAST(DATE '{as_of}' AS DATE) - CAST(max(overdue_days) AS INTEGER) AS since,
                  CAST(sum(balance_cny) AS DECIMAL(20,2)) AS debt FROM loans
           WHERE balance > 0 GROUP BY 1 HAVING max(overdue_days) > 0),
lone_address AS (SELECT address FROM firm WHERE address IS NOT NULL GROUP BY 1 HAVING count(*) <= {int(most)}),
lone_phone AS (SELECT phone FROM firm WHERE phone IS NOT NULL GROUP BY 1 HAVING count(*) <= {int(most)}),
pair AS (
  SELECT o.id AS old_id, n.id AS new_id, true AS by_address, false AS by_phone FROM firm o JOIN firm n
    ON o.address = n.address AND o.id <> n.id WHERE o.address IN (SELECT address FROM lone_address)
      AND o.id IN (SELECT id FROM behind)
  UNION ALL
  SELECT o.id, n.id, false, true FROM firm o JOIN firm n ON o.phone = n.phone AND o.id <> n.id
   WHERE o.phone IN (SELECT phone FROM lone_phone) AND o.id IN (SELECT id FROM behind)),
met AS (SELECT old_id, new_id, bool_or(by_address) AS same_address, bool_or(by_phone) AS same_phone
        FROM pair GROUP BY 1, 2),
sold AS (SELECT DISTINCT seller_id, buyer_id FROM ({invoices}) WHERE issued_on > DATE '{since}'
         AND coalesce(status, 'valid') <> 'void')
SELECT m.old_id, coalesce(o.name, m.old_id) AS old_name, m.new_id, coalesce(n.name, m.new_id) AS new_name,
       CAST(b.since AS DATE) AS overdue_since, n.founded_on, m.same_address, m.same_phone,
       CAST((SELECT count(*) FROM sold s WHERE s.seller_id = m.new_id) AS INTEGER) AS customers,
       CAST((SELECT count(*) FROM sold s JOIN sold t ON t.buyer_id = s.buyer_id AND t.seller_id = m.old_id
             WHERE s.seller_id = m.new_id) AS INTEGER) AS shared, b.debt
FROM met m JOIN firm o ON o.id = m.old_id JOIN firm n ON n.id = m.new_id JOIN behind b ON b.id = m.old_id
WHERE abs(n.founded_on - CAST(b.since AS DATE)) <= {int(window_days)}
"""


def plain(one: Continuation) -> dict[str, Any]:
    """A finding as plain values."""
    told = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return {name: value if isinstance(value, int | str | bool) else str(value) for name, value in told.items()}
