"""Economic dependence, from what the book holds: income, spending, and guarantees that would break the guarantor.

The test is the dependent party's (银监会令〔2018〕1号, annex): half of its income or spending with one party, or a
guarantee above its net assets. It is made for clients that owe one bank more than 5 percent of its tier-1 capital.
All percentages are parameters. A common source of repayment or of funding cannot be seen in the record kinds there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.penetration.graph import Views
from houfeng.penetration.groups import Link

TRADE = "trade"
"""The category of account flows that are income from, or spending with, a counterparty."""


@dataclass(frozen=True, slots=True)
class Test:
    """Percentages of the test: of income or spending, of net assets, and of a bank's tier-1 capital to be tested."""

    share: Decimal = Decimal(50)
    net_assets: Decimal = Decimal(100)
    exposure: Decimal = Decimal(5)
    days: int = 365


def dependence(views: Views, as_of: date, test: Test | None = None, engine: Engine | None = None) -> list[Link]:
    """The links of dependence on `as_of`, by dependent, party and reason.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    test = test or Test()
    if engine is None:
        with Engine() as own:
            return dependence(views, as_of, test, own)
    tested = _tested(views, as_of, test)
    found = engine.rows(f"{_trade(views, as_of, test, tested)} ORDER BY 1, 2, 3")
    links = [Link(reason, party, who, _traded(reason, party, who, share)) for who, party, reason, share in found]
    broken = engine.rows(f"{_guarantees(views, as_of, test, tested)} ORDER BY 1, 2")
    return links + [
        Link("guarantee", party, who, _breaks(who, party, amount, own)) for who, party, amount, own in broken
    ]


def _tested(views: Views, as_of: date, test: Test) -> str:
    """SQL of the clients whose loans at some bank pass the exposure; nobody at a bank whose capital is not known."""
    balances, banks = (views.select(kind, as_of=as_of) for kind in ("loan_balance", "institution"))
    return (
        "SELECT DISTINCT borrower_id AS enterprise_id FROM (SELECT borrower_id, institution_id, "
        f"sum(balance_cny) AS owed FROM ({balances}) GROUP BY ALL) JOIN ({banks}) b USING (institution_id) "
        f"WHERE owed * 100 > b.tier1_capital * {test.exposure}"
    )


def _trade(views: Views, as_of: date, test: Test, tested: str) -> str:
    """SQL (dependent, party, reason, percent) of parties with so much of a client's income or spending."""
    flows = views.select("account_flow", as_of=as_of)
    return (
        f"WITH flow AS (SELECT enterprise_id, counterparty_id, direction, amount FROM ({flows}) "
        f"JOIN ({tested}) USING (enterprise_id) WHERE occurred_at >= DATE '{as_of}' - INTERVAL {test.days} DAY "
        f"AND category = '{TRADE}'), "
        "whole AS (SELECT enterprise_id, direction, sum(amount) AS total FROM flow GROUP BY ALL), "
        "part AS (SELECT enterprise_id, direction, counterparty_id, sum(amount) AS amount FROM flow "
        "WHERE counterparty_id <> enterprise_id GROUP BY ALL) "
        "SELECT enterprise_id, counterparty_id, CASE direction WHEN 'in' THEN 'income' ELSE 'spending' END, "
        "CAST(100 * amount / total AS DECIMAL(9, 2)) FROM part JOIN whole USING (enterprise_id, direction) "
        f"WHERE amount * 100 >= total * {test.share} AND total > 0"
    )


def _guarantees(views: Views, as_of: date, test: Test, tested: str) -> str:
    """SQL (guarantor, borrower, guaranteed, net assets) of guarantees for one borrower above the guarantor's means."""
    given, statements = (views.select(kind, as_of=as_of) for kind in ("guarantee", "financial_statement"))
    return (
        "SELECT guarantor_id, borrower_id, sum(coalesce(amount_cny, amount)) AS amount, any_value(net_assets) FROM "
        f"({given}) g JOIN ({statements}) f ON f.enterprise_id = g.guarantor_id "
        f"WHERE g.guarantee_type = 'C' AND g.borrower_id <> g.guarantor_id "
        f"AND g.borrower_id IN (SELECT enterprise_id FROM ({tested})) GROUP BY ALL "
        f"HAVING sum(coalesce(amount_cny, amount)) * 100 > any_value(net_assets) * {test.net_assets}"
    )


def _traded(reason: str, party: str, who: str, share: Decimal) -> Text:
    if reason == "income":
        return Text(f"{who} 的收入 {share}% 来自 {party}", f"{share} % of the income of {who} comes from {party}")
    return Text(f"{who} 的支出 {share}% 付给 {party}", f"{share} % of the spending of {who} goes to {party}")


def _breaks(who: str, party: str, amount: Decimal, own: Decimal) -> Text:
    return Text(
        f"{who} 为 {party} 担保 {amount:,.2f} 元，超过其净资产 {own:,.2f} 元",
        f"{who} stands surety for {party} with {amount:,.2f} yuan, above its net assets of {own:,.2f}",
    )
