"""Large exposures and joint credit by group: who has lent how much to whom together, against which limit.

Limits and lines are 《商业银行大额风险暴露管理办法》(银监会令〔2018〕1号) and 银保监发〔2018〕24号, as arguments: they
are law as of a day, not constants. Only loans and interbank balances count; other exposures stand in no record kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Views
from houfeng.penetration.groups import Group


@dataclass(frozen=True, slots=True)
class Limits:
    """Percent: of net capital for the loans of one client, of net tier-1 capital for the rest; `large` is only told."""

    large: Decimal = Decimal("2.5")
    loans: Decimal = Decimal(10)
    single: Decimal = Decimal(15)
    group: Decimal = Decimal(20)
    interbank: Decimal = Decimal(25)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an institution has lent to a group or client; `over` says that `limit` percent is passed.

    `share` is nothing where the institution's capital is not known.
    """

    basis: str
    institution: str
    client: str
    amount: Decimal
    share: Decimal | None
    limit: Decimal
    over: bool


@dataclass(frozen=True, slots=True)
class Joint:
    """A client financed by several banks. `limit` is the joint limit where one is agreed, `used` its part in percent.

    `duty` is "must" or "may" where joint credit must or may be set up, else empty; `state` is "none" (no limit agreed),
    "normal" or "warning".
    """

    client: str
    lenders: int
    finance: Decimal
    duty: str
    limit: Decimal | None
    used: Decimal | None
    state: str


@dataclass(frozen=True, slots=True)
class JointTerms:
    """From how many lenders and how much finance joint credit must, or may, be set up; the warning in percent."""

    lenders: int = 3
    must: Decimal = Decimal(5_000_000_000)
    may: Decimal = Decimal(2_000_000_000)
    warning: Decimal = Decimal(90)


MEMBERS = pa.schema([("group_id", pa.string()), ("enterprise_id", pa.string()), ("reported", pa.bool_())])


def members_of(groups: Iterable[tuple[str, Group]], reported: Iterable[tuple[str, str]] = ()) -> pa.Table:
    """Members as the questions here want them: of computed groups by id, and of reported lists as (group, member)."""
    rows = [(name, member, False) for name, group in groups for member in group.members]
    rows += [(name, member, True) for name, member in reported]
    return pa.table([pa.array(column) for column in zip(*rows, strict=True)] or [[], [], []], schema=MEMBERS)


def reported_members(views: Views, as_of: date, engine: Engine, own: str) -> list[tuple[str, str]]:
    """Members of the lists that others have reported; groups whose id begins with `own` are Houfeng's."""
    sql = f"SELECT DISTINCT group_id, enterprise_id FROM ({views.select('group_member', as_of=as_of)}) ORDER BY 1, 2"
    return [(group, who) for group, who in engine.rows(sql) if not group.startswith(own)]


_OWED = (
    "SELECT institution_id, borrower_id, CAST(sum(balance_cny) AS DECIMAL(20,2)) AS owed FROM ({balances})"
    " WHERE balance_cny > 0 AND borrower_id IS NOT NULL GROUP BY ALL"
)


def exposures_sql(views: Views, as_of: date) -> str:
    """SQL over the registered table `_members`: what each institution has lent to each group, for the book.

    `known_share` is the largest share that could be seen without looking through: of a single member, or of a reported
    group that shares a member.
    """
    balances, banks = (views.select(kind, as_of=as_of) for kind in ("loan_balance", "institution"))
    return f"""
WITH owed AS MATERIALIZED ({_OWED.format(balances=balances)}),
lent AS MATERIALIZED (
  SELECT group_id, institution_id, any_value(reported) AS reported, count(*) AS members, sum(owed) AS exposure,
    max(owed) AS largest
  FROM _members JOIN owed ON borrower_id = enterprise_id GROUP BY ALL),
overlap AS (
  SELECT DISTINCT a.group_id, b.group_id AS other FROM _members a JOIN _members b USING (enterprise_id)
  WHERE b.reported AND NOT a.reported),
seen AS (
  SELECT o.group_id, l.institution_id, max(l.exposure) AS exposure FROM overlap o JOIN lent l ON l.group_id = o.other
  GROUP BY ALL)
SELECT l.group_id, l.institution_id, l.members, CAST(l.exposure AS DECIMAL(20,2)) AS exposure,
  {_share("l.exposure")} AS tier1_share,
  {_share("CASE WHEN l.reported THEN l.exposure ELSE greatest(l.largest, coalesce(s.exposure, 0)) END")} AS known_share,
  l.reported AS is_reported
FROM lent l LEFT JOIN seen s USING (group_id, institution_id)
LEFT JOIN ({banks}) b ON b.institution_id = l.institution_id ORDER BY 1, 2"""


def _share(amount: str, capital: str = "b.tier1_capital") -> str:
    return (
        f"CASE WHEN {capital} > 0 THEN CAST(least(99999, round(100.0 * ({amount}) / {capital}, 5))"
        " AS DECIMAL(10,5)) END"
    )


def large_exposures(
    views: Views, as_of: date, members: pa.Table, engine: Engine, limits: Limits | None = None
) -> tuple[Exposure, ...]:
    """Exposures from the large line on, those over a limit first, then by share; unknown capital last.

    Args:
        views: the book.
        as_of: the day.
        members: as `members_of` gives them.
        engine: runs the questions.
        limits: percentages.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    limits = limits or Limits()
    engine.connection.register("_members", members)
    balances, banks, interbank = (
        views.select(kind, as_of=as_of) for kind in ("loan_balance", "institution", "interbank_exposure")
    )
    owed = _OWED.format(balances=balances)
    by_group = (
        "SELECT institution_id, group_id, sum(owed) AS owed FROM owed JOIN _members ON borrower_id = enterprise_id"
    )
    between = f"SELECT lender_id, borrower_id, sum(amount) AS owed FROM ({interbank}) GROUP BY ALL"
    asked = (
        ("loans", "SELECT institution_id, borrower_id AS client, owed FROM owed", "net_capital", limits.loans),
        ("single", "SELECT institution_id, borrower_id AS client, owed FROM owed", "tier1_capital", limits.single),
        ("group", f"{by_group} GROUP BY ALL", "tier1_capital", limits.group),
        ("interbank", between, "tier1_capital", limits.interbank),
    )
    found = []
    for basis, rows, capital, limit in asked:
        line = limit if basis == "loans" else min(limits.large, limit)
        sql = (
            f"WITH owed AS ({owed}), lent(institution_id, client, owed) AS ({rows}) "
            f"SELECT institution_id, client, CAST(owed AS DECIMAL(20,2)), {_share('owed', f'b.{capital}')} AS share "
            f"FROM lent LEFT JOIN ({banks}) b USING (institution_id) WHERE b.{capital} IS NULL OR b.{capital} <= 0 "
            f"OR owed * 100 > b.{capital} * {line} OR (owed * 100 = b.{capital} * {line} AND '{basis}' <> 'loans')"
        )
        for bank, client, amount, share in engine.rows(sql):
            over = share is not None and share > limit
            found.append(Exposure(basis, bank, client, amount, share, limit, over))
    return tuple(sorted(found, key=_order))


def _order(one: Exposure) -> tuple[bool, Decimal, str, str, str]:
    return not one.over, -(one.share if one.share is not None else Decimal(-1)), one.basis, one.institution, one.client


def joint_credit(
    views: Views, as_of: date, members: pa.Table, engine: Engine, terms: JointTerms | None = None
) -> tuple[Joint, ...]:
    """Groups and single clients with so many lenders and so much finance, or with a joint limit; the largest first.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    terms = terms or JointTerms()
    engine.connection.register("_members", members)
    balances, agreed = (views.select(kind, as_of=as_of) for kind in ("loan_balance", "joint_credit"))
    sql = f"""
WITH owed AS ({_OWED.format(balances=balances)}),
limits AS (SELECT coalesce(group_id, enterprise_id) AS client, sum(limit_total) AS agreed FROM ({agreed}) GROUP BY 1),
finance AS (
  SELECT group_id AS client, count(DISTINCT institution_id) AS lenders, sum(owed) AS owed
  FROM owed JOIN _members ON borrower_id = enterprise_id GROUP BY 1
  UNION ALL SELECT borrower_id, count(DISTINCT institution_id), sum(owed) FROM owed
  WHERE borrower_id NOT IN (SELECT enterprise_id FROM _members) OR borrower_id IN (SELECT client FROM limits)
  GROUP BY 1)
SELECT client, coalesce(lenders, 0), CAST(coalesce(owed, 0) AS DECIMAL(20,2)), CAST(agreed AS DECIMAL(20,2))
FROM finance FULL JOIN limits USING (client)
WHERE agreed IS NOT NULL OR (lenders >= {terms.lenders} AND owed >= {terms.may}) ORDER BY 3 DESC, 1"""
    return tuple(_joint(terms, *row) for row in engine.rows(sql))


def _joint(terms: JointTerms, client: str, lenders: int, finance: Decimal, limit: Decimal | None) -> Joint:
    enough = lenders >= terms.lenders
    duty = "must" if enough and finance >= terms.must else "may" if enough and finance >= terms.may else ""
    if not limit:
        return Joint(client, lenders, finance, duty, None, None, "none")
    state = "warning" if finance * 100 >= limit * terms.warning else "normal"
    return Joint(client, lenders, finance, duty, limit, (100 * finance / limit).quantize(Decimal("0.01")), state)
