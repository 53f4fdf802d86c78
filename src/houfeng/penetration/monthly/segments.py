"""Sections of industry and cities as debtors: how much of their loans is bad, and how much a quarter before was.

For the rule that an industry's or a region's bad share jumps (C03 of the catalogue). Only enterprises of the register
count; each stands where the register has it on the day, for the quarter before as well, so that nobody's move from one
segment to another looks like a jump.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from houfeng.book.model import code_lists
from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Views
from houfeng.penetration.monthly.partners import months_before
from houfeng.penetration.monthly.quality import BAD
from houfeng.themes.dimensions import SECTIONS, city, common_region

QUARTER = 3
"""Months."""
INDUSTRY, REGION = "HFS-I-", "HFS-R-"
"""How the ids of segments begin; a section's letter or a city's code follows."""


def segments(views: Views, as_of: date, engine: Engine) -> list[dict[str, Any]]:
    """Rows of the kind `credit_segment`, by id; shares in percent, the earlier one nothing where nothing was lent.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    cities = code_lists()["henan_region"].members
    listed = ", ".join(f"'{code}'" for code in sorted(cities))
    firms = views.select("enterprise", as_of=as_of)
    sql = f"""
WITH firm AS (SELECT enterprise_id, industry, region, {city("region")} AS city FROM ({firms})),
segment AS (
  SELECT enterprise_id, '{INDUSTRY}' || left(industry, 1) AS segment_id, region FROM firm
  WHERE left(industry, 1) BETWEEN 'A' AND 'T'
  UNION ALL SELECT enterprise_id, '{REGION}' || city, city FROM firm WHERE city IN ({listed})),
now AS ({_sums(views, as_of)}), before AS ({_sums(views, months_before(as_of, QUARTER))})
SELECT segment_id, list(DISTINCT region) FILTER (region IS NOT NULL) AS regions, count(now.firm) AS firms,
  CAST(sum(now.balance) AS DECIMAL(20,2)) AS balance, CAST(sum(now.bad) AS DECIMAL(20,2)) AS bad,
  {_share("now")} AS bad_share, {_share("before")} AS bad_share_before
FROM segment LEFT JOIN now ON now.firm = enterprise_id LEFT JOIN before ON before.firm = enterprise_id
GROUP BY 1 HAVING count(now.firm) > 0 ORDER BY 1"""
    names = {INDUSTRY + code: text.zh for code, text in SECTIONS.items()}
    names |= {REGION + code: text.zh for code, text in cities.items()}
    return [
        {
            **{name: value for name, value in row.items() if name != "regions"},
            "name": f"{names[row['segment_id']]}贷款",
            "basis": "industry" if row["segment_id"].startswith(INDUSTRY) else "region",
            "region": common_region(row["regions"] or []),
        }
        for row in engine.table(sql).to_pylist()
    ]


def _sums(views: Views, day: date) -> str:
    """SQL of each borrower's loans, and the bad ones of them."""
    return (
        f"SELECT borrower_id AS firm, sum(balance_cny) AS balance, coalesce(sum(balance_cny) FILTER ({BAD}), 0) AS bad"
        f" FROM ({views.select('loan_balance', as_of=day)}) WHERE balance_cny > 0 GROUP BY 1"
    )


def _share(side: str) -> str:
    return f"CAST(round(100.0 * sum({side}.bad) / nullif(sum({side}.balance), 0), 5) AS DECIMAL(10,5))"
