"""Eligibility: yes, no and unknown with reasons; both roads agree; the acceptance sheet's policy rows hold."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.connection import connect
from houfeng.engine.duckdb import Engine
from houfeng.errors import UsageError
from houfeng.instruments.definitions import (
    excludes,
    excluding,
    find_instrument,
    instruments_over,
    lending_terms,
    order_of,
    shares_of,
)
from houfeng.instruments.eligibility import Answer, State, answer_of, judge, judge_sql, reasons
from houfeng.packs.cases import RowViews
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.grants import certain, condition_item, grant_items
from houfeng.packs.roads.world import World, build_rows
from instruments.grant_samples import AS_OF, provinces
from nightly import share

KNOWN = date(2026, 3, 31)


@cache
def pack() -> Pack:
    """Tools and subsidies together."""
    return load_pack("entitlements")


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(memory="512MB", threads=1)


def judged(
    connection: duckdb.DuckDBPyConnection, rows: dict[str, list[dict[str, Any]]], kind: str, of: Pack
) -> list[dict[str, Any]]:
    """The rows of the statement over all instruments of a kind."""
    names = [one.name for one in instruments_over(of, kind)]
    cursor = connection.execute(judge_sql(RowViews(connection, rows), of, names, AS_OF, KNOWN).sql)
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@settings(max_examples=share(12, 60), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=provinces(), readings=st.data())
def test_both_roads_agree(
    connection: duckdb.DuckDBPyConnection, rows: dict[str, list[dict[str, Any]]], readings: st.DataObject
) -> None:
    """The masks of the statement are what the explaining evaluator says of each condition, under any readings."""
    entries = pack().interpretations
    chosen = {
        name: readings.draw(st.sampled_from(sorted(entries[name].readings)))
        for name in readings.draw(st.lists(st.sampled_from(sorted(entries)), max_size=3, unique=True))
    }
    read = pack().with_readings(chosen)
    tools = instruments_over(read, "loan")
    items = grant_items(read, tools)
    evaluator = Evaluator(items, World.of(AS_OF, KNOWN, rows))
    found = {row["contract_no"]: row for row in judged(connection, rows, "loan", read)}
    with localcontext(EXACT):
        for loan in rows["loan"]:
            for tool in tools:
                values = [
                    evaluator.item(items.items[("loan", condition_item(tool.name, one.name))], loan).value
                    for one in tool.conditions
                ]
                row = found[loan["contract_no"]]
                assert row[f"{tool.name}_failed"] == sum((v is False) << n for n, v in enumerate(values))
                assert row[f"{tool.name}_unknown"] == sum((v is None) << n for n, v in enumerate(values))
                whole = evaluator.item(items.items[("loan", tool.name)], loan).value
                assert row[tool.name] is whole
                answer = answer_of(row[f"{tool.name}_failed"], row[f"{tool.name}_unknown"])
                assert answer is {True: Answer.YES, False: Answer.NO, None: Answer.UNKNOWN}[whole]
                for one, value in zip(tool.conditions, values, strict=True):
                    assert value is not None or not certain(items, one.when)


def test_reasons_in_words() -> None:
    """Bits become conditions in the order written, each with clause, who holds the fact, and what would change it."""
    tool = pack().instruments["sme_subsidy_2026"]
    names = [one.name for one in tool.conditions]
    failed, unknown = 1 << names.index("field"), 1 << names.index("private")
    found = reasons(pack(), tool.name, failed, unknown)
    assert [(one.condition, one.state) for one in found] == [("private", State.UNKNOWN), ("field", State.FAILED)]
    assert found[0].holder.zh == "市场监管部门（控股情况）"
    assert "产业链名单" in found[1].changes.zh
    assert found[0].reference == "财金〔2026〕4号：中小微民营企业"
    assert [one.state for one in reasons(pack(), tool.name, failed, 0, met=True)].count(State.MET) == len(names) - 1


def test_every_condition_says_all() -> None:
    """Every shipped condition has words in both languages, a clause, a holder and a change."""
    for grant in (*pack().instruments.values(), *pack().entitlements.values()):
        for one in grant.conditions:
            texts = (one.label, one.holder, one.changes)
            assert all(text.zh and text.en and text.zh != text.en for text in texts), (grant.name, one.name)
            assert one.reference, (grant.name, one.name)


def test_a_table_or_a_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Rows come as a table, or go to a file that says what its bits mean; fields and expressions ride along."""
    given = {"loan": {"principal": 100, "contract_no": "C", "disbursed_on": date(2026, 2, 2), "product": "F023"}}
    _, rows = build_rows(given, AS_OF)
    views, tool = RowViews(connection, rows), pack().instruments["sme_subsidy_2026"]
    assert tool.base is not None
    assert tool.points is not None
    extra = {"base": tool.base, "points": tool.points}
    engine = Engine.over(connection)
    moment = datetime(2026, 3, 31, 12)
    table = judge(views, pack(), [tool.name], AS_OF, moment, engine=engine, fields=["borrower_id"], columns=extra)
    assert not isinstance(table, int)
    (row,) = table.to_pylist()
    assert (row["base"], row["points"], row[tool.name]) == (Decimal(100), Decimal("1.5"), None)
    out = tmp_path / "judged.parquet"
    assert judge(views, pack(), [tool.name], AS_OF, moment, engine=engine, out=out) == 1
    about = pq.read_schema(out).metadata
    assert about[b"houfeng.bits.sme_subsidy_2026"].decode().split(",") == [one.name for one in tool.conditions]


def test_what_cannot_be_judged(connection: duckdb.DuckDBPyConnection) -> None:
    """A wrong name tells the nearest; two kinds at once are refused."""
    views = RowViews(connection, {})
    with pytest.raises(UsageError, match="sme_subsidy_2026"):
        judge_sql(views, pack(), ["sme_subsidy_2027"], AS_OF, KNOWN)
    with pytest.raises(UsageError, match="consumer_purchase, loan"):
        judge_sql(views, pack(), ["sme_subsidy_2026", "consumer_subsidy_2026"], AS_OF, KNOWN)
    with pytest.raises(UsageError, match="relending"):
        find_instrument(pack(), "smal_relending")


@pytest.mark.parametrize(
    ("day", "known", "rate"),
    [
        (date(2026, 1, 20), date(2026, 1, 14), Decimal("1.50")),
        (date(2026, 1, 20), date(2026, 1, 16), Decimal("1.25")),
        (date(2026, 1, 18), date(2026, 1, 31), Decimal("1.50")),
    ],
)
def test_relending_rate_by_day_and_knowledge(day: date, known: date, rate: Decimal) -> None:
    """The acceptance rows of the one-year rate, as a term of the tool itself."""
    terms = lending_terms(pack(), pack().instruments["small_relending"], day, known)
    assert terms is not None
    assert terms.rate == rate


def test_terms_quotas_and_pools() -> None:
    """The shared ceiling, the private quota inside it, and the reading that takes rediscount out."""
    day = date(2026, 2, 1)
    private = lending_terms(pack(), pack().instruments["private_relending"], day, day)
    assert private is not None
    assert (private.quota, private.pool, private.pool_quota) == (Decimal(10**12), "agri_small", 35 * Decimal(10**11))
    assert (private.term_months, private.extensions, private.cadence) == (12, 2, "on_application")
    apart = pack().with_readings({"rediscount_pool": "apart"})
    for read, pool in ((pack(), "agri_small"), (apart, "")):
        bills = lending_terms(read, read.instruments["rediscount"], day, day)
        assert bills is not None
        assert bills.pool == pool
    assert lending_terms(pack(), pack().instruments["sme_subsidy_2026"], day, day) is None
    assert shares_of(pack(), pack().instruments["services_subsidy_2026"], day, day) == {"central": Decimal(90)}


def test_who_comes_first() -> None:
    """Of tools and of subsidies one each; the order is stated, and a reading may turn it."""
    sme, equipment = (pack().instruments[name] for name in ("sme_subsidy_2026", "equipment_subsidy_2026"))
    assert equipment in excluding(pack(), sme, AS_OF, KNOWN)
    turned = pack().with_readings({"subsidy_order": "sme_first"})
    assert equipment not in excluding(turned, sme, AS_OF, KNOWN)
    assert sme in excluding(turned, equipment, AS_OF, KNOWN)
    assert all(one.exclusive == "subsidy" for one in excluding(pack(), sme, AS_OF, KNOWN))
    several = pack().with_readings({"one_tool": "several"})
    tech = pack().instruments["tech_relending"]
    assert excluding(several, tech, AS_OF, KNOWN) == []
    assert excludes(pack(), tech, AS_OF, KNOWN)
    assert not excludes(pack(), pack().instruments["city_scheme_sample"], AS_OF, KNOWN)
    orders = [
        order_of(pack(), one, AS_OF, KNOWN) for one in pack().instruments.values() if one.exclusive == "relending"
    ]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize(
    ("principal", "first", "matures", "by_hand"),
    [
        (5_000_000, True, date(2027, 1, 2), Decimal(200_000)),
        (40_000_000, True, date(2027, 1, 2), Decimal(1_000_000)),
        (5_000_000, False, date(2027, 1, 2), Decimal(150_000)),
        (5_000_000, True, date(2029, 1, 2), Decimal(200_000)),  # month 25 and on: nothing more
    ],
)
def test_city_scheme_of_the_acceptance_sheet(
    connection: duckdb.DuckDBPyConnection, principal: int, first: bool, matures: date, by_hand: Decimal
) -> None:
    """2 points for a first loan, 1.5 otherwise, 24 months, a million a firm: read off the pack's own terms."""
    given = {"loan": {"principal": principal, "is_first_loan": first, "disbursed_on": date(2025, 1, 2)}}
    given["loan"]["matures_on"] = matures
    _, rows = build_rows(given, AS_OF)
    tool = pack().instruments["city_scheme_sample"]
    assert tool.counts is not None
    assert tool.base is not None
    assert tool.points is not None
    columns = {"since": tool.counts.first, "until": tool.counts.end, "base": tool.base, "points": tool.points}
    columns |= {"days": tool.counts.days, "limit": tool.caps[0].limit}
    engine = Engine.over(connection)
    table = judge(RowViews(connection, rows), pack(), [tool.name], AS_OF, KNOWN, engine=engine, columns=columns)
    assert not isinstance(table, int)
    (row,) = table.to_pylist()
    days = (row["until"] - row["since"]).days
    assert (days, row["days"], tool.caps[0].by) == (730, "act/365", ("borrower_id",))
    assert min(row["limit"], row["base"] * row["points"] / 100 * days / 365) == by_hand
