"""What a firm's invoices say of it: a dozen numbers, computed in one statement over the invoice files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from houfeng.errors import InputError, Problem, Text, Where
from houfeng.matching.assign.market import Floats

FEATURES = (
    "log_sales",
    "log_purchases",
    "margin",
    "void_sales",
    "void_purchases",
    "refunds",
    "log_customers",
    "log_suppliers",
    "top_customer",
    "active_months",
    "recent",
    "unevenness",
)
FILES = (
    "credit_history_firms.csv",
    "no_credit_history_firms.csv",
    "credit_history_input_invoices.parquet",
    "credit_history_output_invoices.parquet",
    "no_credit_history_input_invoices.parquet",
    "no_credit_history_output_invoices.parquet",
    "rate_churn_2019.csv",
)
RATINGS = ("A", "B", "C")

_SQL = """
WITH sales AS (SELECT *, status = '有效发票' AS good, date_diff('day', date, TIMESTAMP '2020-02-21') AS age
               FROM read_parquet($sales)),
bought AS (SELECT *, status = '有效发票' AS good FROM read_parquet($bought)),
months AS (SELECT firm_id, date_trunc('month', date) AS month, sum(amount) AS amount
           FROM sales WHERE good AND age < 730 GROUP BY ALL),
uneven AS (SELECT firm_id, count(*) / 24.0 AS active,
                  coalesce(stddev_pop(amount) / nullif(avg(abs(amount)), 0), 0) AS cv
           FROM months GROUP BY ALL),
buyers AS (SELECT firm_id, counterparty_id, sum(amount) AS amount FROM sales WHERE good GROUP BY ALL),
top AS (SELECT firm_id, max(amount) / nullif(sum(greatest(amount, 0)), 0) AS share FROM buyers GROUP BY ALL),
s AS (SELECT firm_id, sum(amount) FILTER (good) AS sold, avg(CASE WHEN good THEN 0.0 ELSE 1.0 END) AS void,
             coalesce(-sum(amount) FILTER (good AND amount < 0), 0) AS refunded,
             coalesce(sum(amount) FILTER (good AND amount > 0), 0) AS gross,
             count(DISTINCT counterparty_id) FILTER (good) AS customers,
             coalesce(sum(amount) FILTER (good AND age < 365), 0) AS last,
             coalesce(sum(amount) FILTER (good AND age BETWEEN 365 AND 729), 0) AS before
      FROM sales GROUP BY ALL),
b AS (SELECT firm_id, sum(amount) FILTER (good) AS paid, avg(CASE WHEN good THEN 0.0 ELSE 1.0 END) AS void,
             count(DISTINCT counterparty_id) FILTER (good) AS suppliers FROM bought GROUP BY ALL)
SELECT firm, ln(1 + greatest(coalesce(sold, 0), 0)), ln(1 + greatest(coalesce(paid, 0), 0)),
       greatest(-1, least(1, (coalesce(sold, 0) - coalesce(paid, 0)) / nullif(greatest(sold, paid, 1), 0))),
       coalesce(s.void, 0), coalesce(b.void, 0), refunded / nullif(gross, 0), ln(1 + coalesce(customers, 0)),
       ln(1 + coalesce(suppliers, 0)), coalesce(share, 1), coalesce(active, 0),
       (last - before) / nullif(greatest(last, before, 1), 0), coalesce(cv, 0), coalesce(sold, 0) / 3.3
FROM unnest($firms) AS f(firm) LEFT JOIN s ON s.firm_id = firm LEFT JOIN b ON b.firm_id = firm
LEFT JOIN top ON top.firm_id = firm LEFT JOIN uneven ON uneven.firm_id = firm
"""


@dataclass(frozen=True, eq=False)
class Firms:
    """Firms with their features; `rating` and `default` are empty and −1 where nobody told."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    features: Floats
    sales: Floats
    rating: tuple[str, ...]
    default: Floats

    def known(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Those whose outcome is known."""
        return self.default >= 0


@dataclass(frozen=True, eq=False)
class Contest:
    """The data: firms with and without a credit record, and the share of customers lost by rate and rating."""

    rated: Firms
    unrated: Firms
    rates: Floats
    churn: Floats
    """[rate, rating]"""


def read_contest(folder: Path) -> Contest:
    """Read the folder.

    Raises:
        InputError: with every file that is missing.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            Text("缺少赛题数据文件", "files of the contest are missing"),
            [Problem("contest.file", Text("没有这个文件", "there is no such file"), Where(name)) for name in missing],
        )
    with duckdb.connect() as connection:
        table = connection.execute("SELECT * FROM read_csv($1) ORDER BY loan_rate", [str(folder / FILES[6])]).fetchall()
        rated = _firms(connection, folder, "credit_history")
        unrated = _firms(connection, folder, "no_credit_history")
    values = np.array(table, np.float64)
    return Contest(rated, unrated, values[:, 0], values[:, 1:4])


def _firms(connection: duckdb.DuckDBPyConnection, folder: Path, prefix: str) -> Firms:
    rows = connection.execute(
        "SELECT * FROM read_csv($1, all_varchar = true)", [str(folder / f"{prefix}_firms.csv")]
    ).fetchall()
    ids = [row[0] for row in rows]
    asked = {
        "sales": str(folder / f"{prefix}_output_invoices.parquet"),
        "bought": str(folder / f"{prefix}_input_invoices.parquet"),
        "firms": ids,
    }
    found = {row[0]: row[1:] for row in connection.execute(_SQL, asked).fetchall()}
    values = np.array([[np.nan if v is None else float(v) for v in found[one]] for one in ids])
    told = [row[2:] if len(row) > 2 else (None, None) for row in rows]
    return Firms(
        tuple(ids),
        tuple(row[1].strip() for row in rows),
        np.nan_to_num(values[:, : len(FEATURES)]),
        values[:, len(FEATURES)],
        tuple(rating or "" for rating, _ in told),
        np.array([{"是": 1.0, "否": 0.0}.get(default or "", -1.0) for _, default in told]),
    )
