"""Signs that somebody should look at: rings of holdings, firms at one address, changes shortly before trouble.

The patterns are those of domain reference §5.5 (恶意逃废债) as far as the book's kinds show them; all spans and numbers
are arguments. A sign is a reason to ask, never a judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Holdings, Views


@dataclass(frozen=True, slots=True)
class Sign:
    """Something found about `enterprise`; `finding` is a member of the code list `penetration_finding`.

    `subject` is the ring, address, counterparty or person. Fields that a finding has no use for are empty.
    """

    enterprise: str
    finding: str
    subject: str
    occurred_on: date | None = None
    firms: int | None = None
    lending: int | None = None
    amount: Decimal | None = None
    share: Decimal | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Spans:
    """How long before the first day overdue a change is a sign, and from how many firms a shared address is told."""

    person: int = 90
    capital: int = 180
    moved: int = 180
    firms: int = 3


def ownership_rings(holdings: Holdings) -> list[Sign]:
    """Enterprises that hold each other in a ring, each once; the ring is named by its first enterprise."""
    size = holdings.size
    if not size:
        return []
    some = (holdings.high > 0) & (holdings.holder != holdings.held)
    edges = coo_array((np.ones(int(some.sum()), np.int8), (holdings.holder[some], holdings.held[some])), (size, size))
    _, label = connected_components(edges, connection="strong")
    count = np.bincount(label)
    places = np.flatnonzero(count[label] > 1)
    first: dict[int, str] = {}
    found = []
    for name, number in zip(holdings.names(places), label[places].tolist(), strict=True):
        ring = first.setdefault(number, name)
        found.append(Sign(name, "ownership_ring", ring, firms=int(count[number])))
    return found


def shared_places(views: Views, as_of: date, engine: Engine, spans: Spans | None = None) -> list[Sign]:
    """Firms with loans at an address, or with a telephone, that so many firms with loans share.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    spans = spans or Spans()
    firms, balances = (views.select(kind, as_of=as_of) for kind in ("enterprise", "loan_balance"))
    found = []
    for finding, field in (("shared_address", "registered_address"), ("shared_phone", "phone")):
        sql = f"""
WITH lent AS (SELECT DISTINCT borrower_id FROM ({balances}) WHERE balance > 0),
firm AS (SELECT enterprise_id, left(regexp_replace({field}, '\\s', '', 'g'), 200) AS place,
  enterprise_id IN (SELECT borrower_id FROM lent) AS lends FROM ({firms})),
place AS (SELECT place, count(*) AS firms, count(*) FILTER (lends) AS lending FROM firm WHERE place <> '' GROUP BY 1
  HAVING count(*) FILTER (lends) >= {spans.firms})
SELECT enterprise_id, place, firms, lending FROM firm JOIN place USING (place) WHERE lends ORDER BY 1, 2"""
        found += [
            Sign(who, finding, where, firms=count, lending=lending) for who, where, count, lending in engine.rows(sql)
        ]
    return found


def before_overdue(views: Views, as_of: date, engine: Engine, spans: Spans | None = None) -> list[Sign]:
    """Changes of controller, representative or capital shortly before the first day of an overdue that still runs.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    spans = spans or Spans()
    changes, balances = (views.select(kind, as_of=as_of) for kind in ("registration_change", "loan_balance"))
    sql = f"""
WITH late AS (SELECT borrower_id AS enterprise_id, min(period - CAST(overdue_days AS INTEGER)) AS since
  FROM ({balances}) WHERE overdue_days > 0 AND balance > 0 GROUP BY 1),
change AS (SELECT c.*, l.since - c.changed_on AS days FROM ({changes}) c JOIN late l USING (enterprise_id)
  WHERE c.changed_on < l.since)
SELECT enterprise_id, 'person_before_overdue' AS finding, item, max(changed_on), min(days), NULL, NULL FROM change
WHERE item IN ('controller', 'legal_representative') AND days <= {spans.person} GROUP BY ALL
UNION ALL
SELECT enterprise_id, 'capital_before_overdue', item, arg_max(changed_on, (before_value - after_value, changed_on)),
  arg_max(days, (before_value - after_value, changed_on)), max(before_value - after_value),
  max(CAST(round(100.0 * (before_value - after_value) / before_value, 5) AS DECIMAL(10,5))) FROM change
WHERE item = 'capital' AND after_value < before_value AND before_value > 0 AND days <= {spans.capital} GROUP BY ALL
ORDER BY 1, 2, 3"""
    return [
        Sign(who, finding, item, occurred_on=day, amount=amount, share=share, days=days)
        for who, finding, item, day, days, amount, share in engine.rows(sql)
    ]


def controllers_moved(
    views: Views, as_of: date, now: Iterable[tuple[str, str]], engine: Engine, spans: Spans | None = None
) -> list[Sign]:
    """Firms with loans whose computed controller is not the one kept for half a year ago (or kept first of all).

    Args:
        views: the book, with what was kept before.
        as_of: the day.
        now: (enterprise, controller) as computed for `as_of`.
        engine: runs the questions.
        spans: how far back.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    day = as_of - timedelta(days=(spans or Spans()).moved)
    kept, balances = views.select("ultimate_controller", as_of=day), views.select("loan_balance", as_of=as_of)
    before = engine.rows(
        f"SELECT enterprise_id, controller_id FROM ({kept}) WHERE enterprise_id IN"
        f" (SELECT borrower_id FROM ({balances}) WHERE balance > 0) ORDER BY 1, 2"
    )
    today: dict[str, set[str]] = {}
    for firm, who in now:
        today.setdefault(firm, set()).add(who)
    gone = [(firm, who) for firm, who in before if who not in today.get(firm, set())]
    return [Sign(firm, "controller_moved", who) for firm, who in gone]
