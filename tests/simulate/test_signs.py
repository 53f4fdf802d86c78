"""Defaults have causes that can be seen before them, and quiet firms mostly do not show them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from houfeng.simulate.province import simulate

FIRST_OVERDUE = """
    CREATE TABLE late AS SELECT borrower_id AS id, min(period) AS day FROM balances
    WHERE overdue_days > 0 GROUP BY borrower_id HAVING min(period) BETWEEN DATE '2025-08-01' AND DATE '2026-01-31'"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder: Path = tmp_path_factory.mktemp("signs")
    simulate(folder, enterprises=10_000, seed=3, months=13, end=date(2026, 1, 31))
    connection = duckdb.connect()
    names = {
        "balances": "loan_balance",
        "flows": "account_flow",
        "records": "public_record",
        "figures": "financial_statement",
    }
    for name, kind in names.items():
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/*/{kind}/*.parquet')")
    connection.execute(FIRST_OVERDUE)
    return connection


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    value = connection.execute(sql).fetchall()[0][0]
    assert value is not None
    return float(value)


def test_enough_firms_miss_a_payment_but_not_too_many(seen: duckdb.DuckDBPyConnection) -> None:
    late = one(seen, "SELECT count(*) FROM late")
    borrowers = one(seen, "SELECT count(DISTINCT borrower_id) FROM balances")
    assert 40 < late < 0.06 * borrowers
    bad = one(
        seen, "SELECT sum(balance) FILTER (quality >= 'FQ03') / sum(balance) FROM balances WHERE period = '2026-01-31'"
    )
    assert 0.004 < bad < 0.06


RATIO = """
    WITH m AS (SELECT enterprise_id AS id, last_day(occurred_at::DATE) AS month, sum(amount) AS amount FROM flows
               WHERE {what} GROUP BY ALL),
         d AS (SELECT id, day FROM ({who})),
         near AS (SELECT id, avg(amount) AS mean FROM m JOIN d USING (id)
                  WHERE month >= day - INTERVAL 70 DAY AND month < day GROUP BY id),
         far AS (SELECT id, avg(amount) AS mean FROM m JOIN d USING (id)
                 WHERE month < day - INTERVAL 190 DAY GROUP BY id)
    SELECT median(near.mean / far.mean) FROM near JOIN far USING (id)"""
LATE = "SELECT id, day FROM late"
QUIET = (
    "SELECT DISTINCT enterprise_id AS id, DATE '2025-11-30' AS day FROM flows WHERE enterprise_id NOT IN "
    "(SELECT borrower_id FROM balances WHERE overdue_days > 0)"
)


def test_inflows_fall_before_the_first_missed_payment(seen: duckdb.DuckDBPyConnection) -> None:
    falling = one(seen, RATIO.format(what="direction = 'in'", who=LATE))
    quiet = one(seen, RATIO.format(what="direction = 'in'", who=QUIET))
    assert falling < 0.75
    assert 0.85 < quiet < 1.25


def test_wages_are_missed_before_it(seen: duckdb.DuckDBPyConnection) -> None:
    sql = """
        SELECT count(DISTINCT (f.enterprise_id, last_day(f.occurred_at::DATE))) * 1.0 / (2 * count(DISTINCT w.id))
        FROM (SELECT DISTINCT enterprise_id AS id, day FROM flows JOIN late ON late.id = enterprise_id) w
        LEFT JOIN flows f ON f.enterprise_id = w.id AND f.category = 'payroll'
          AND f.occurred_at::DATE > w.day - INTERVAL 92 DAY AND last_day(f.occurred_at::DATE) < w.day"""
    assert one(seen, sql) < 0.7


@pytest.mark.parametrize("record", ["lawsuit_defendant", "tax_arrears", "social_insurance_arrears", "labour_case"])
def test_records_pile_up_before_it(seen: duckdb.DuckDBPyConnection, record: str) -> None:
    """Share of firms with such a record in the three months before, against firms that never paid late."""
    hit = one(
        seen,
        f"""SELECT count(DISTINCT r.enterprise_id) * 1.0 / (SELECT count(*) FROM late WHERE id LIKE '9%')
        FROM records r JOIN late ON late.id = r.enterprise_id
        WHERE record_type = '{record}' AND occurred_on BETWEEN day - INTERVAL 120 DAY AND day - INTERVAL 31 DAY""",
    )
    quiet = one(
        seen,
        f"""SELECT count(DISTINCT enterprise_id) * 1.0 / (SELECT count(DISTINCT borrower_id) FROM balances)
        FROM records WHERE record_type = '{record}' AND occurred_on BETWEEN '2025-08-01' AND '2025-10-31'
        AND enterprise_id IN (SELECT borrower_id FROM balances)
        AND enterprise_id NOT IN (SELECT borrower_id FROM balances WHERE overdue_days > 0)""",
    )
    assert hit > 5 * quiet
    assert hit > 0.15


def test_figures_worsen_before_it(seen: duckdb.DuckDBPyConnection) -> None:
    """Margin of the last statement before the missed payment, against that of the others."""
    late = one(
        seen,
        """SELECT avg(net_profit / revenue) FROM figures f JOIN late ON late.id = f.enterprise_id
        WHERE f.period < day AND f.period >= day - INTERVAL 95 DAY""",
    )
    rest = one(seen, "SELECT avg(net_profit / revenue) FROM figures WHERE period = '2025-09-30'")
    assert late < rest - 0.02


def test_signs_also_come_without_a_default(seen: duckdb.DuckDBPyConnection) -> None:
    """A desk must live with false alarms: some sued firms never pay late."""
    sued = one(seen, "SELECT count(DISTINCT enterprise_id) FROM records WHERE record_type = 'lawsuit_defendant'")
    paid = one(
        seen,
        """SELECT count(DISTINCT enterprise_id) FROM records WHERE record_type = 'lawsuit_defendant'
        AND enterprise_id NOT IN (SELECT borrower_id FROM balances WHERE overdue_days > 0)""",
    )
    assert paid > 0.1 * sued
