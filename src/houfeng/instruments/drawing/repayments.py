"""Early repayments: when a note was paid back in full, or what was left of it day by day.

The day of a repayment does not count any more (domain §12). What a bank recovered stands in its loan flows.
"""

from __future__ import annotations

from datetime import date

from houfeng.instruments.amounts.shape import FIRST_DAY, LAST_DAY, STEPS, Prepayment
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import literal

NOTE = "institution_id, contract_no, note_no"
_NUMBER = f"hash({NOTE})"
_WANTED = ("institution_id", "contract_no", "note_no", "direction", "occurred_on", "ended_on", "amount")


def repaid_sql(items: str, views: Views, as_of: date, rule: Prepayment) -> str:
    """SQL of what was paid back of the rows of the table `items`: `item`, its rowid, and its end or its `steps`.

    `principal` (fen) of a row is the note's; where it is unknown, only a note's stated end is seen. Of a note that paid
    for several purchases, each falls in proportion. Few notes are paid back early: only they are looked at.
    """
    flows = views.select("loan_flow", as_of=as_of, columns=_WANTED)
    daily = (
        f"SELECT {NOTE}, occurred_on AS day, CAST(sum(amount) * 100 AS BIGINT) AS paid, min(ended_on) AS ended "
        f"FROM ({flows}) WHERE direction = '0' GROUP BY {NOTE}, occurred_on"
    )
    # by one number first: three texts of every item are much dearer to compare, and few are of a note paid back
    seen = f"{_NUMBER} IN (SELECT {_NUMBER} FROM daily)"
    paid = f"SELECT rowid AS item, {NOTE}, principal, base FROM {items} WHERE {seen}"
    found = f"SELECT * FROM ({paid}) SEMI JOIN daily USING ({NOTE})"
    run = (
        f"SELECT {NOTE}, n.principal, day, ended, "
        f"sum(paid) OVER (PARTITION BY {NOTE} ORDER BY day) AS gone, "
        f"lead(day) OVER (PARTITION BY {NOTE} ORDER BY day) AS following "
        f"FROM daily JOIN (SELECT {NOTE}, max(principal) AS principal FROM found GROUP BY {NOTE}) n USING ({NOTE})"
    )
    told = f"WITH daily AS MATERIALIZED ({daily}), found AS MATERIALIZED ({found}), run AS ({run})"
    if rule is Prepayment.TO_REPAYMENT:
        whole = "least(min(day) FILTER (gone >= principal), min(ended)) AS repaid"
        ends = f"SELECT {NOTE}, {whole} FROM run GROUP BY {NOTE}"
        return f"{told} SELECT item, repaid FROM found JOIN ({ends}) USING ({NOTE})"
    left = "CAST(CAST(greatest(0, r.principal - gone) AS HUGEINT) * i.base // r.principal AS BIGINT)"
    after = f"{{since: day, until: coalesce(following, {literal(LAST_DAY)}), left_fen: {left}}}"
    before = f"{{since: {literal(FIRST_DAY)}, until: min(day), left_fen: any_value(i.base)}}"
    steps = f"CAST(list_prepend({before}, list({after} ORDER BY day)) AS {STEPS}) AS steps"
    return f"{told} SELECT i.item, {steps} FROM run r JOIN found i USING ({NOTE}) WHERE r.principal > 0 GROUP BY i.item"


def timed_sql(items: str, repaid: str, rule: Prepayment) -> str:
    """SQL of the rows of `items`, their counted time or their `steps` told by the table `repaid` of `repaid_sql`."""
    if rule is Prepayment.CONTRACT:
        return f"SELECT * EXCLUDE (principal) FROM {items}"
    joined = f"FROM {items} i LEFT JOIN {repaid} r ON i.rowid = r.item"
    if rule is Prepayment.TO_REPAYMENT:
        return f"SELECT i.* EXCLUDE (principal) REPLACE (least(counted_to, r.repaid) AS counted_to) {joined}"
    return f"SELECT i.* EXCLUDE (principal), r.steps {joined}"
