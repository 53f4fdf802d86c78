"""One debtor, one class: the rules of 《商业银行金融资产风险分类办法》(2023年第1号令) across notes and banks.

P05: bad at one bank and pass at another. P06: more than 20 percent of the debts at all banks more than 90 days
overdue, and notes that are not bad. P07: more than 10 percent of the claims at one bank bad, and others there that are
not. Natural persons are left out: the rules are for debtors that are not retail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Views

BAD = "quality IN ('FQ03', 'FQ04', 'FQ05')"


@dataclass(frozen=True, slots=True)
class Lines:
    """Percent of the debts at all banks overdue past `days` (P06), and of the claims at one bank that are bad (P07)."""

    overdue: Decimal = Decimal(20)
    bad: Decimal = Decimal(10)
    days: int = 90


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Notes of `enterprise` at `institution` that should stand lower, `amount` yuan in all; `share` is the figure."""

    rule: str
    enterprise: str
    institution: str
    amount: Decimal
    share: Decimal | None


def _notes(views: Views, as_of: date) -> str:
    persons = views.select("person", as_of=as_of)
    return (
        f"SELECT borrower_id, institution_id, balance_cny, quality, overdue_days FROM"
        f" ({views.select('loan_balance', as_of=as_of)}) WHERE balance_cny > 0 AND borrower_id IS NOT NULL"
        f" AND borrower_id NOT IN (SELECT person_id FROM ({persons}))"
    )


def standings_sql(views: Views, as_of: date, days: int = 90) -> str:
    """SQL of every debtor with a bad or long overdue note, at every bank it owes: claims, bad, overdue, share bad."""
    return (
        f"WITH notes AS ({_notes(views, as_of)}), flawed AS (SELECT DISTINCT borrower_id FROM notes"
        f" WHERE {BAD} OR overdue_days > {days})"
        " SELECT borrower_id AS enterprise_id, institution_id, CAST(sum(balance_cny) AS DECIMAL(20,2)) AS claims,"
        f" CAST(coalesce(sum(balance_cny) FILTER ({BAD}), 0) AS DECIMAL(20,2)) AS bad,"
        f" CAST(coalesce(sum(balance_cny) FILTER (overdue_days > {days}), 0) AS DECIMAL(20,2)) AS overdue_90,"
        f" CAST(round(100.0 * coalesce(sum(balance_cny) FILTER ({BAD}), 0) / sum(balance_cny), 5) AS DECIMAL(10,5))"
        " AS bad_share FROM notes WHERE borrower_id IN (SELECT borrower_id FROM flawed) GROUP BY ALL ORDER BY 1, 2"
    )


def inconsistencies(views: Views, as_of: date, engine: Engine, lines: Lines | None = None) -> tuple[Inconsistency, ...]:
    """Where banks' classes of one debtor do not go together on `as_of`, by rule, debtor and bank.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    lines = lines or Lines()
    engine.keep("_notes", _notes(views, as_of))
    p05 = (
        "SELECT 'P05', n.borrower_id, n.institution_id, sum(n.balance_cny), NULL FROM _notes n WHERE n.quality = 'FQ01'"
        f" AND EXISTS (FROM _notes o WHERE o.borrower_id = n.borrower_id AND o.institution_id <> n.institution_id"
        f" AND o.{BAD}) GROUP BY ALL"
    )
    late = f"sum(balance_cny) FILTER (overdue_days > {lines.days})"
    p06 = (
        f"WITH whole AS (SELECT borrower_id, 100.0 * {late} / sum(balance_cny) AS share FROM _notes GROUP BY 1"
        f" HAVING {late} * 100 > sum(balance_cny) * {lines.overdue})"
        " SELECT 'P06', borrower_id, institution_id, sum(balance_cny), any_value(share) FROM _notes JOIN whole"
        f" USING (borrower_id) WHERE NOT coalesce({BAD}, false) GROUP BY ALL"
    )
    bad = f"sum(balance_cny) FILTER ({BAD})"
    p07 = (
        f"SELECT 'P07', borrower_id, institution_id, sum(balance_cny) - {bad}, 100.0 * {bad} / sum(balance_cny)"
        f" FROM _notes GROUP BY ALL HAVING {bad} * 100 > sum(balance_cny) * {lines.bad} AND {bad} < sum(balance_cny)"
    )
    rows = [row for sql in (p05, p06, p07) for row in engine.rows(sql)]
    found = [
        Inconsistency(rule, firm, bank, amount, None if share is None else Decimal(share).quantize(Decimal("0.01")))
        for rule, firm, bank, amount, share in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.rule, one.enterprise, one.institution)))
