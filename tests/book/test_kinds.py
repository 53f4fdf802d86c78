"""The shipped kinds and code lists are whole: what one names, another has."""

from __future__ import annotations

import re

import duckdb
import pytest

from houfeng.book.connection import connect
from houfeng.book.model import SQL, Kind, Time, Type, code_lists, kind, kinds
from houfeng.errors import UsageError

NAMES = [
    "account_flow",
    "asset_transfer",
    "circle_member",
    "collateral",
    "concert_agreement",
    "connected_group",
    "consumer_purchase",
    "control_interest",
    "credit_line",
    "credit_segment",
    "debtor_standing",
    "enterprise",
    "enterprise_status",
    "financial_statement",
    "group_exposure",
    "group_member",
    "guarantee",
    "guarantee_circle",
    "holding",
    "institution",
    "interbank_exposure",
    "invoice",
    "joint_credit",
    "list_membership",
    "loan",
    "loan_balance",
    "loan_flow",
    "need",
    "penetration_finding",
    "person",
    "person_record",
    "platform",
    "platform_debt",
    "platform_exit",
    "platform_plan",
    "platform_report",
    "platform_vote",
    "product",
    "programme_participation",
    "public_record",
    "region_finance",
    "registration_change",
    "ultimate_controller",
]

# 金融基础数据 CLDWDK, in the order of the report (domain reference 6.6).
CLDWDK = [
    "JRJGDM",
    "NBJGH",
    "JRJGDQDM",
    "JKRZJLX",
    "JKRZJDM",
    "JKRGMJJBM",
    "JKRHY",
    "JKRDQDM",
    "JKRJJCF",
    "JKRQYGM",
    "DKJJBM",
    "DKHTBM",
    "DKCPLB",
    "DKSJTX",
    "DKFFRQ",
    "DKDQRQ",
    "DKZQDQRQ",
    "BZ",
    "DKYE",
    "DKYEZRMB",
    "LLSFGD",
    "LLSP",
    "DKDJJZLX",
    "JZLL",
    "DKCZFCFS",
    "DKLLZXDJR",
    "DKDBFS",
    "SFSCDK",
    "DKZL",
    "DKZT",
    "YQLX",
    "DKYT",
    "DATA_DATE",
]

ALL = [pytest.param(k, id=k.name) for k in kinds().values()]


def test_every_kind_of_the_contract_is_shipped() -> None:
    assert list(kinds()) == NAMES


def test_a_loan_and_its_balance_take_every_field_of_the_official_table_once() -> None:
    loan = {f.official for f in kind("loan").fields.values()} - {""}
    balance = {f.official for f in kind("loan_balance").fields.values()} - {""}
    assert loan | balance == set(CLDWDK)
    assert loan & balance == {"JRJGDM", "DKHTBM", "DKJJBM", "JKRZJDM", "BZ"}


@pytest.mark.parametrize("one", ALL)
def test_key_time_and_reporter_name_fields(one: Kind) -> None:
    named = {*one.key, one.time_field, *([one.reporter_field] if one.reporter_field else [])}
    assert named <= set(one.fields)
    if one.time is Time.VALIDITY:
        assert one.fields["valid_from"].type is one.fields["valid_to"].type is Type.DATE
    if one.time is Time.EVENT:
        assert one.fields[one.time_field].type in (Type.DATE, Type.DATETIME)
        assert one.fields[one.time_field].required
    if one.time is Time.PERIOD:
        assert one.time_field == "period"


@pytest.mark.parametrize("one", ALL)
def test_keys_are_required_save_the_invoice_code(one: Kind) -> None:
    optional = {name for name in one.key if not one.fields[name].required}
    assert optional == ({"invoice_code"} if one.name == "invoice" else set())


@pytest.mark.parametrize("one", ALL)
def test_labels_are_in_both_languages(one: Kind) -> None:
    for text in [one.label, one.description, *(f.label for f in one.fields.values())]:
        assert text.zh
        assert text.en
        assert not re.search(r"[\u4e00-\u9fff]", text.en)
    for check in one.checks:
        assert check.reason.zh
        assert check.reason.en
        assert check.suggestion.zh


@pytest.mark.parametrize("one", ALL)
def test_every_code_list_exists_and_every_pattern_compiles(one: Kind) -> None:
    for field in one.fields.values():
        if field.code_list:
            assert field.code_list in code_lists(), field.name
        if field.pattern:
            re.compile(field.pattern)
        assert not (field.code_list and field.pattern), field.name
        if field.type is Type.CODE:
            assert field.code_list or field.pattern, field.name
        assert field.check in ("", "party", "uscc")


@pytest.mark.parametrize("one", ALL)
def test_units_say_what_numbers_mean(one: Kind) -> None:
    units = {Type.MONEY: {"CNY"}, Type.RATE: {"%"}, Type.INTEGER: {"person", "month", "day", "firm"}}
    for field in one.fields.values():
        if field.type in units:
            assert field.unit in units[field.type], field.name


@pytest.mark.parametrize("one", ALL)
def test_a_relation_lands_on_the_whole_key_of_its_target(one: Kind) -> None:
    for relation in one.relations.values():
        target = kind(relation.kind)
        assert set(relation.on) <= set(one.fields)
        assert set(relation.on.values()) == set(target.key)
        for here, there in relation.on.items():
            assert one.fields[here].type is target.fields[there].type
        assert relation.name not in one.fields, "a relation and a field of one name cannot be told apart"


@pytest.mark.parametrize("one", ALL)
def test_no_header_means_two_fields(one: Kind) -> None:
    meant: dict[str, str] = {}
    for field in one.fields.values():
        for header in {field.name, field.label.zh, field.label.en, field.official, *field.aliases} - {""}:
            folded = header.casefold()
            assert meant.setdefault(folded, field.name) == field.name, header


@pytest.mark.parametrize("one", ALL)
def test_row_checks_are_sql_over_own_fields(one: Kind) -> None:
    columns = ", ".join(f'"{f.name}" {SQL[f.type]}' for f in one.fields.values())
    codes = [check.code for check in one.checks]
    assert len(codes) == len(set(codes))
    with connect(memory="100MB", threads=1) as connection:
        connection.execute(f"CREATE TABLE rows ({columns})")
        for check in one.checks:
            assert check.level in ("error", "warning")
            assert check.fields
            assert set(check.fields) <= set(one.fields)
            found = connection.execute(f"SELECT ({check.when})::BOOLEAN FROM rows").fetchall()
            assert found == []


CASES = [
    ("loan", "matures_before_disbursed", "DATE '2026-02-01' disbursed_on, DATE '2026-01-31' matures_on", True),
    ("loan", "matures_before_disbursed", "DATE '2026-02-01' disbursed_on, DATE '2026-02-01' matures_on", False),
    ("loan", "green_ratio_range", "100.00001::DECIMAL(10,5) green_ratio", True),
    ("loan", "green_ratio_range", "100::DECIMAL(10,5) green_ratio", False),
    ("loan_balance", "balance_not_positive", "0::DECIMAL(20,2) balance, 'LS03' loan_status", True),
    ("loan_balance", "balance_not_positive", "0.01::DECIMAL(20,2) balance, 'LS03' loan_status", False),
    ("credit_line", "used_above_line", "1.01 line_used, 1.00 line_total", True),
    ("credit_line", "used_above_line", "1.00 line_used, 1.00 line_total", False),
    ("holding", "share_order", "20 share_min, 10 share, 30 share_max", True),
    ("holding", "share_order", "10 share_min, NULL share, 30 share_max", False),
    ("institution", "rating_unknown", "'11' central_bank_rating", True),
    ("institution", "rating_unknown", "'10' central_bank_rating", False),
]


@pytest.mark.parametrize(("name", "code", "row", "wrong"), CASES)
def test_row_checks_find_what_they_say(name: str, code: str, row: str, wrong: bool) -> None:
    check = next(c for c in kind(name).checks if c.code == code)
    given = set(re.findall(r"(\w+)(?:,|$)", row))
    blank = ", ".join(f'NULL::{SQL[f.type]} "{f.name}"' for f in kind(name).fields.values() if f.name not in given)
    found = duckdb.sql(f"SELECT coalesce(({check.when}), false) FROM (SELECT {row}{', ' + blank if blank else ''})")
    assert found.fetchall() == [(wrong,)]


def test_code_lists_are_whole() -> None:
    for codes in code_lists().values():
        assert codes.label.zh
        assert codes.label.en
        assert codes.source
        assert codes.members
        assert set(codes.aliases.values()) <= set(codes.members), codes.name
        assert not set(codes.aliases) & set(codes.members), codes.name
        for code, text in codes.members.items():
            assert text.zh, (codes.name, code)
            assert text.en, (codes.name, code)
        words = {text.zh: code for code, text in codes.members.items()}
        assert len(words) == len(codes.members), "two members with one label"
        for alias, code in codes.aliases.items():
            assert words.get(alias, code) == code, (codes.name, alias)


def test_every_code_list_is_used_or_is_the_map_of_the_province() -> None:
    used = {f.code_list for k in kinds().values() for f in k.fields.values()} - {""}
    assert set(code_lists()) - used == {"henan_region"}
    assert len(code_lists()["henan_region"].members) == 18


def test_official_code_lists() -> None:
    lists = code_lists()
    assert list(lists["loan_quality"].members) == ["FQ01", "FQ02", "FQ03", "FQ04", "FQ05"]
    assert {"CS01", "CS02", "CS03", "CS04", "CS05"} == set(lists["enterprise_size"].members)
    assert len(lists["pension"].members) == 12
    assert len(lists["public_record_type"].members) == 27
    assert list(lists["green"].members) == [*(f"NA0{i}" for i in range(1, 8)), "NB", "NC", "W00"]


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="loan_balance"):
        kind("loan_balances")
