"""Policy finds the firm: one firm and all firms get the same answers, nearest first, only from policies in force."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings

from houfeng.book.connection import connect
from houfeng.engine.duckdb import Engine
from houfeng.errors import InputError, UsageError
from houfeng.instruments import everyone
from houfeng.instruments.eligibility import Answer, State
from houfeng.instruments.entitlement import (
    answers_sql,
    entitled,
    entitled_sql,
    find_entitlement,
    in_force,
    totals,
)
from houfeng.packs.cases import RowViews
from houfeng.packs.explain import Explainer
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.world import build_rows
from houfeng_cli.main import cli
from instruments.grant_samples import AS_OF, provinces
from nightly import share

KNOWN = AS_OF


@cache
def pack() -> Pack:
    return load_pack("entitlements")


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(memory="512MB", threads=1)


@settings(max_examples=share(5, 60), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=provinces(borrowers=2, notes=2))
def test_one_firm_and_all_firms_agree(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, rows: dict[str, list[dict[str, Any]]]
) -> None:
    """What the wide statement says of a firm is what its own explanation says, and the totals add up."""
    views = RowViews(connection, rows)
    judging = entitled_sql(views, pack(), AS_OF, KNOWN)
    cursor = connection.execute(judging.sql)
    columns = [column[0] for column in cursor.description or ()]
    wide = {row[0]: dict(zip(columns, row, strict=True)) for row in cursor.fetchall()}
    counted: dict[str, list[Answer]] = {}
    for firm in rows["enterprise"]:
        row = wide[firm["enterprise_id"]]
        verdicts = entitled(views, pack(), firm["enterprise_id"], AS_OF, KNOWN, connection=connection)
        assert {verdict.entitlement.name for verdict in verdicts} == set(judging.grants)
        for verdict in verdicts:
            name = verdict.entitlement.name
            counted.setdefault(name, []).append(verdict.answer)
            assert verdict.answer is {True: Answer.YES, False: Answer.NO, None: Answer.UNKNOWN}[row[name]]
            bits = [one.state for one in verdict.reasons]
            assert row[f"{name}_failed"] == sum((state is State.FAILED) << n for n, state in enumerate(bits))
            assert row[f"{name}_unknown"] == sum((state is State.UNKNOWN) << n for n, state in enumerate(bits))
    for policy, answers in totals(connection.execute(answers_sql(judging)).fetchall()).items():
        assert answers == {answer: counted[policy].count(answer) for answer in Answer}
    in_shares(connection, views, judging.grants, tmp_path, wide)


def in_shares(
    connection: duckdb.DuckDBPyConnection, views: Views, names: tuple[str, ...], out: Path, wide: dict[str, Any]
) -> None:
    """All firms in two shares, kept as bits: the same answers, masks and lists as the wide statement's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(everyone, "SHARE", -(-len(wide) // 2))
        judged = everyone.judge_everyone(Engine.over(connection), views, pack(), AS_OF, KNOWN, out)
    assert (judged.rows, len(judged.files)) == (len(wide), min(len(wide), 2))
    policies = [find_entitlement(pack(), one) for one in names]
    cursor = connection.execute(judged.answers(policies).sql)
    columns = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        assert dict(zip(columns, row, strict=True)) == {column: wide[row[0]][column] for column in columns}
    lists = (f"SELECT '{one.name}', * FROM ({judged.eligible(one, ['enterprise_id'])})" for one in policies)
    listed = connection.execute(" UNION ALL ".join(lists)).fetchall()
    assert sorted(listed) == sorted((one, firm) for one in names for firm, row in wide.items() if row[one])


def firm_of(body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of one firm, E1."""
    return build_rows({"enterprise": {"enterprise_id": "E1", **body}}, AS_OF)[1]


def test_the_nearest_first(connection: duckdb.DuckDBPyConnection) -> None:
    """Yes, then unknown, then no; the fewest missing conditions first, with what would change each."""
    body = {"operating_state": "in_operation", "borrower_class": "enterprise", "size": "CS03", "industry": "C2710"}
    verdicts = entitled(
        RowViews(connection, firm_of(body)), pack(), "E1", AS_OF, KNOWN, connection=connection,
        names=["small_credit", "private_credit", "little_giant_credit", "coordination_list", "tech_first_credit"],
    )  # fmt: skip
    told = [(verdict.entitlement.name, verdict.answer, verdict.missing) for verdict in verdicts]
    assert told == [
        ("small_credit", Answer.YES, 0),
        ("private_credit", Answer.UNKNOWN, 1),
        ("little_giant_credit", Answer.NO, 1),
        ("coordination_list", Answer.NO, 2),
        ("tech_first_credit", Answer.NO, 2),
    ]
    assert verdicts[1].unknown[0].holder.zh == "市场监管部门（控股情况）"
    assert verdicts[2].failed[0].changes.zh == "申报专精特新“小巨人”"
    assert [one.condition for one in verdicts[3].failed] == ["need"]
    assert [one.condition for one in verdicts[3].unknown] == ["premises"]


@pytest.mark.parametrize(
    ("day", "known", "inside", "outside"),
    [
        (date(2025, 12, 31), date(2025, 12, 31), "services_interest_2025", "services_interest_2026"),
        (date(2026, 1, 1), date(2026, 3, 31), "services_interest_2026", "services_interest_2025"),
        (date(2026, 12, 31), date(2026, 12, 31), "sme_interest_2026", "equipment_interest_2025"),
        (date(2027, 1, 1), date(2027, 1, 1), "agri_credit", "sme_interest_2026"),
        (date(2026, 1, 15), date(2026, 1, 15), "private_credit", "services_interest_2025"),
    ],
)
def test_only_what_can_be_asked_for(day: date, known: date, inside: str, outside: str) -> None:
    """A policy is offered from its first day to before its last."""
    names = {one.name for one in in_force(pack(), day, known)}
    assert inside in names
    assert outside not in names


def test_private_relending_is_not_offered_before_its_day() -> None:
    """The day is a dated parameter: with the rival reading it begins four days later."""
    day = date(2026, 1, 16)
    assert find_entitlement(pack(), "private_credit") in in_force(pack(), day, day)
    later = pack().with_readings({"private_first_day": "new_rate"})
    assert "private_credit" not in {one.name for one in in_force(later, day, day)}


def test_every_policy_says_what_to_do() -> None:
    """About forty policies, each with benefit, documents to bring and somebody to call, in both languages."""
    policies = pack().entitlements.values()
    assert len(policies) >= 40
    for policy in policies:
        texts = (policy.label, policy.benefit, policy.call, *policy.bring)
        assert policy.bring, policy.name
        assert policy.document, policy.name
        assert all(text.zh and text.en and text.zh != text.en for text in texts), policy.name
    delivered = {policy.delivers for policy in policies if policy.delivers}
    open_tools = {
        one.name for one in pack().instruments.values() if one.state == "open" and one.over != "consumer_purchase"
    }
    assert open_tools - delivered == {"inclusive_incentive", "city_scheme_sample"}


def test_unknown_names(connection: duckdb.DuckDBPyConnection) -> None:
    """A wrong policy tells the nearest; an enterprise that is not there is said to be missing."""
    views = RowViews(connection, firm_of({}))
    with pytest.raises(UsageError, match="small_credit"):
        entitled(views, pack(), "E1", AS_OF, KNOWN, connection=connection, names=["smal_credit"])
    with pytest.raises(InputError, match="no such"):
        entitled(views, pack(), "E2", AS_OF, KNOWN, connection=connection, names=["small_credit"])
    with pytest.raises(UsageError):
        entitled_sql(views, pack(), date(2027, 6, 1), KNOWN, names=["sme_interest_2026"])


@pytest.mark.parametrize(
    ("lang", "wanted"),
    [
        ("zh", ("怎样才算符合：申报专精特新“小巨人”", "缺的事实由谁掌握：市场监管部门")),
        ("en", ("what would meet it: apply to be recognised", "who holds the missing fact: market regulation")),
    ],
)
def test_explained_in_words(connection: duckdb.DuckDBPyConnection, lang: str, wanted: tuple[str, str]) -> None:
    """`pack explain` of a policy: its conditions, what would change a no, who holds an unknown."""
    explainer = Explainer(pack(), RowViews(connection, firm_of({"size": "CS03"})), connection, AS_OF, KNOWN)
    found = explainer.explain("enterprise", {"enterprise_id": "E1"}, ["little_giant_credit", "small_credit"])
    lines = "\n".join(found.lines(lang, full=True))
    assert wanted[0] in lines
    assert wanted[1] in lines
    assert found.plain()["items"][0]["value"] is False


def test_told_by_the_commands(tmp_path: Path) -> None:
    """`pack check`, `list` and `diff` know the sections; the golden ledgers of a pack run with its cases."""
    runner = CliRunner()
    checked = runner.invoke(cli, ["pack", "check", "entitlements", "--lang", "en"])
    assert "42 entitlements" in checked.stdout
    assert "instruments" in checked.stdout
    listed = runner.invoke(cli, ["pack", "list", "relending-tools", "--lang", "en"])
    assert "loan.carbon_facility" in listed.stdout
    assert runner.invoke(cli, ["pack", "diff", "relending-tools", "relending-tools"]).exit_code == 0
    changed = runner.invoke(cli, ["pack", "diff", "relending-tools", "interest-subsidies"])
    assert "instrument tech_relending" in changed.stdout
    assert "+ instrument sme_subsidy_2026: kind subsidy" in changed.stdout


def test_no_desk_is_needed() -> None:
    """Judging imports neither the office nor the desk."""
    code = "import sys, houfeng.instruments.entitlement as e; print([m for m in sys.modules if 'sqlalchemy' in m])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
