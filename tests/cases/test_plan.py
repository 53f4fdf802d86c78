"""Plans without a database: drafts, what is missing, differences, votes, terms and their problems."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.case_samples import BANKS, KEEP, MEASURES, RATE, TABLE, table
from houfeng.cases.plan.creditors import Vote, carried, table_of, tally
from houfeng.cases.plan.measures import (
    Measure,
    amount_in_yuan,
    apply,
    check,
    difference,
    digest,
    draft,
    measure_of,
    next_key,
)
from houfeng.cases.terms import Threshold, read_terms, shipped
from houfeng.errors import InputError, Text

TODAY = date(2026, 3, 2)
AMOUNTS = st.decimals(Decimal("0.01"), Decimal("1e12"), places=2)
MEASURE = st.builds(
    Measure,
    key=st.sampled_from(["m1", "m2", "m3", "m4"]),
    kind=st.sampled_from(sorted(shipped().tools)),
    due_on=st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    amount=st.none() | AMOUNTS,
    rate=st.none() | st.decimals(Decimal("0.1"), Decimal(24), places=2),
    institution_id=st.sampled_from(["", *BANKS]),
    unit=st.text(max_size=10),
    note=st.text(max_size=10),
)
PLANS = st.lists(MEASURE, unique_by=lambda m: m.key, max_size=4)


@given(PLANS, PLANS)
def test_a_difference_leads_from_the_old_to_the_new(old: list[Measure], new: list[Measure]) -> None:
    made = apply(old, difference(old, new))
    assert {m.key: m for m in made} == {m.key: m for m in new}
    assert difference(new, new) == []


@given(PLANS)
def test_measures_survive_storage(plan: list[Measure]) -> None:
    assert [measure_of(m.plain()) for m in plan] == plan


def test_the_table_survives_storage_and_the_digest_sees_every_change() -> None:
    assert table_of(TABLE.plain()) == TABLE
    marks = {
        digest(MEASURES, TABLE, "a"),
        digest(MEASURES, TABLE, "b"),
        digest((replace(KEEP, amount=KEEP.amount), RATE), TABLE, "a"),
        digest(MEASURES, replace(TABLE, as_of=date(2026, 1, 31)), "a"),
    }
    assert len(marks) == 4


@pytest.mark.parametrize("name", sorted(shipped().templates))
def test_every_template_drafts_a_plan_that_lacks_nothing(name: str) -> None:
    measures = draft(shipped().templates[name], TABLE, TODAY)
    assert check(measures, TABLE, shipped(), TODAY) == []
    each = [sketch for sketch in shipped().templates[name].measures if sketch.each]
    assert len(measures) == len(shipped().templates[name].measures) + len(each) * (len(TABLE.rows) - 1)


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"amount": None}, ["amount"]),
        ({"amount": Decimal(-1)}, ["amount"]),
        ({"rate": Decimal(3)}, ["rate"]),
        ({"due_on": None}, ["due_on"]),
        ({"due_on": date(2026, 3, 1)}, ["due_on"]),
        ({"unit": " "}, ["unit"]),
        ({"institution_id": "nobody"}, ["institution_id"]),
        ({"kind": "magic"}, ["kind"]),
        ({"amount": None, "unit": ""}, ["amount", "unit"]),
    ],
)
def test_what_is_missing_is_told_at_its_row(wrong: dict[str, object], fields: list[str]) -> None:
    problems = check([RATE, replace(KEEP, **wrong)], TABLE, shipped(), TODAY)
    assert [(problem.where.row, problem.where.field) for problem in problems] == [(2, field) for field in fields]


def test_no_plan_without_measures_and_no_key_twice() -> None:
    assert [p.code for p in check([], TABLE, shipped(), TODAY)] == ["case.plan_empty"]
    assert len(check([KEEP, replace(RATE, key=KEEP.key)], TABLE, shipped(), TODAY)) == 1
    assert next_key(MEASURES, ["m9", "x"]) == "m10"


FOR_ALL = dict.fromkeys(BANKS, Vote.FOR)
AMOUNT, HEAD = (shipped().threshold(name, TODAY) for name in ("committee_amount", "committee_head"))


@pytest.mark.parametrize(
    ("balances", "votes", "by_amount", "by_head"),
    [
        ((2, 1), {BANKS[0]: Vote.FOR}, True, False),  # exactly two thirds carries; exactly half does not
        ((2, 1, 1), {BANKS[0]: Vote.FOR, BANKS[1]: Vote.FOR}, True, True),
        ((1, 1, 1), {BANKS[0]: Vote.FOR, BANKS[1]: Vote.FOR}, True, True),
        ((1_000_000, 500_001), {BANKS[0]: Vote.FOR}, False, False),
        ((3, 2, 1), {BANKS[0]: Vote.FOR, BANKS[1]: Vote.ABSTAIN, BANKS[2]: Vote.FOR}, True, True),
        ((3, 2, 1), {}, False, False),
    ],
)
def test_votes_by_amount_and_by_head(
    balances: tuple[int, ...], votes: dict[str, Vote], by_amount: bool, by_head: bool
) -> None:
    assert AMOUNT is not None
    assert HEAD is not None
    found = tally(table(*balances), votes, [AMOUNT, HEAD])
    assert [each.carries for each in found] == [by_amount, by_head]
    assert carried(found, len(balances)) == (by_amount and by_head)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=3), st.sets(st.integers(0, 2)))
def test_a_threshold_is_the_fraction_itself(balances: list[int], names: set[int]) -> None:
    assert AMOUNT is not None
    votes = {BANKS[n]: Vote.FOR for n in names if n < len(balances)}
    (found,) = tally(table(*balances), votes, [AMOUNT])
    part = sum(balance for n, balance in enumerate(balances) if n in names)
    assert found.carries == (3 * part >= 2 * sum(balances))


def test_thresholds_have_days() -> None:
    assert shipped().threshold("committee_amount", date(2016, 7, 5)) is None
    early = shipped().threshold("committee_amount", date(2020, 12, 27))
    assert early is not None
    assert "1196" in early.reference
    assert not Threshold("x", Text("", ""), Fraction(1, 2), False, TODAY, "").met(0, 0)


def test_problems_of_terms_are_told_with_their_lines(tmp_path: Path) -> None:
    """Every fault of the file at once, each with file and line."""
    text = (Path(__file__).parents[2] / "src/houfeng/cases/templates/terms.yaml").read_text("utf-8")
    other = (Path(__file__).parents[2] / "src/houfeng/cases/templates/troubles.yaml").read_text("utf-8")
    (tmp_path / "terms.yaml").write_text(
        text.replace("share: 2/3, rule: at_least}", "share: 5/3, rule: at_leest}"), "utf-8"
    )
    (tmp_path / "troubles.yaml").write_text(other.replace("kind: bridge_fund", "kind: bridge_found"), "utf-8")
    with pytest.raises(InputError) as error:
        read_terms(tmp_path)
    told = [(p.where.file, bool(p.where.line), p.code) for p in error.value.problems]
    assert ("troubles.yaml", True, "case.terms") in told
    assert told.count(("terms.yaml", True, "case.terms")) == 2
    assert told.count(("terms.yaml", True, "pack.choice")) == 2
    assert any("bridge_fund" in p.suggestion.en for p in error.value.problems)


def test_terms_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text("deadlnes: {}\n", "utf-8")
    with pytest.raises(InputError) as error:
        read_terms(tmp_path)
    assert "deadlines" in error.value.problems[0].suggestion.en


@pytest.mark.parametrize(
    ("text", "yuan"), [("1,234.5", "12345000.00"), ("", None), ("0.000001", "0.01"), ("１", "10000.00")]
)
def test_amounts_of_forms(text: str, yuan: str | None) -> None:
    assert amount_in_yuan(text) == (Decimal(yuan) if yuan else None)


@pytest.mark.parametrize("text", ["abc", "1e99", "NaN", "0.0000001", "99999999999999999"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        amount_in_yuan(text)
