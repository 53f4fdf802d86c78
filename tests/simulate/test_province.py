"""The synthetic province: reproducible, of the right shape, marked as made up, and with ties that hold."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from houfeng.book.model import Time, code_lists, kind
from houfeng.errors import UsageError
from houfeng.simulate.province import Simulation, simulate

END = date(2026, 1, 31)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return simulate(tmp_path_factory.mktemp("province"), enterprises=3000, seed=11, months=6, end=END)


def query(province: Simulation, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query in which {kind} stands for all files of that kind."""
    names = {one.kind: f"read_parquet('{province.folder}/*/{one.kind}/*.parquet')" for one in province.parts}
    with duckdb.connect() as connection:
        return connection.execute(sql.format(**names)).fetchall()


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        simulate(tmp_path / name, enterprises=200, seed=seed, months=2, end=END)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


def test_a_bigger_province_has_more_lenders_but_the_same_first_ones(tmp_path: Path, province: Simulation) -> None:
    small = simulate(tmp_path / "s", enterprises=100, seed=1, months=1, end=END)
    assert len(small.banks) < len(province.banks) <= 12
    assert province.banks[: len(small.banks)] == small.banks


def test_every_file_has_the_schema_of_its_kind(province: Simulation) -> None:
    for one in province.parts:
        assert pq.read_schema(province.folder / one.path).equals(kind(one.kind).schema()), one.path


def test_the_manifest_lists_the_files_in_order_of_receipt(province: Simulation) -> None:
    told = json.loads((province.folder / "manifest.json").read_text("utf-8"))
    assert told["synthetic"] is True
    assert told["seed"] == 11
    assert told["enterprises"] == 3000
    assert {"houfeng", "numpy", "pyarrow"} <= set(told["versions"])
    files = told["files"]
    assert [f["received_at"] for f in files] == sorted(f["received_at"] for f in files)
    on_disk = {str(p.relative_to(province.folder)) for p in province.folder.rglob("*.parquet")}
    assert {f["file"] for f in files} == on_disk
    for one in files:
        assert (one["period"] is None) == (kind(one["kind"]).time is Time.EVENT)
        assert one["rows"] == pq.read_metadata(province.folder / one["file"]).num_rows > 0
    assert files[0]["kind"] == "institution"


def test_no_scratch_is_left(province: Simulation) -> None:
    assert not (province.folder / ".scratch").exists()


def test_rows_of_a_bank_are_its_own_and_of_the_period(province: Simulation) -> None:
    for one in province.parts:
        shape = kind(one.kind)
        table = pq.read_table(province.folder / one.path)
        if shape.reporter_field:
            assert set(table[shape.reporter_field].to_pylist()) == {one.reporter}
        if shape.time is Time.PERIOD:
            assert set(table["period"].to_pylist()) == {one.period}
        assert one.received_at.date() >= (one.period or date.min)


def test_required_fields_are_there_and_keys_are_unique(province: Simulation) -> None:
    for one in province.parts:
        shape = kind(one.kind)
        table = pq.read_table(province.folder / one.path)
        for field in shape.fields.values():
            if field.required:
                assert table[field.name].null_count == 0, (one.path, field.name)
        keys = table.select(list(shape.key))
        assert len(keys.group_by(list(shape.key)).aggregate([])) == len(keys), one.path


def test_values_are_members_of_their_code_lists_and_patterns(province: Simulation) -> None:
    for name in province.rows:
        for field in kind(name).fields.values():
            if field.code_list:
                found = {row[0] for row in query(province, f"SELECT DISTINCT {field.name} FROM {{{name}}}")} - {None}
                assert found <= set(code_lists()[field.code_list].members), (name, field.name)
            if field.pattern:
                sql = (
                    f"SELECT count(*) FROM {{{name}}} WHERE NOT regexp_full_match({field.name}, $p${field.pattern}$p$)"
                )
                sql = sql.replace(field.pattern, field.pattern.replace("{", "{{").replace("}", "}}"))
                assert query(province, sql) == [(0,)], (name, field.name)


def test_row_checks_find_only_the_missing_evidence(province: Simulation) -> None:
    for name in province.rows:
        for check in kind(name).checks:
            wrong = query(province, f"SELECT count(*) FROM {{{name}}} WHERE {check.when}")[0][0]
            assert (wrong == 0) == (check.code != "evidence_missing"), (name, check.code, wrong)


TIES = [
    ("loan_balance", "b.note_no", "loan", "note_no"),
    ("loan_flow", "b.note_no", "loan", "note_no"),
    ("guarantee", "b.contract_no", "loan", "contract_no"),
    ("collateral", "b.guarantee_no", "guarantee", "guarantee_no"),
    ("holding", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("enterprise_status", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("credit_line", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("account_flow", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("public_record", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("financial_statement", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("invoice", "b.buyer_id", "enterprise", "enterprise_id"),
    ("registration_change", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("enterprise", "b.legal_representative_id", "person", "person_id"),
    ("loan", "b.institution_id", "institution", "institution_id"),
    ("platform", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("platform_debt", "b.enterprise_id", "platform", "enterprise_id"),
    ("platform_plan", "b.enterprise_id", "platform", "enterprise_id"),
    ("platform_vote", "b.enterprise_id", "platform", "enterprise_id"),
    ("platform_exit", "b.enterprise_id", "platform", "enterprise_id"),
    ("platform_report", "b.enterprise_id", "platform", "enterprise_id"),
    ("platform", "b.region", "region_finance", "region"),
    ("interbank_exposure", "b.borrower_id", "institution", "institution_id"),
    ("need", "b.enterprise_id", "enterprise", "enterprise_id"),
    ("product", "b.institution_id", "institution", "institution_id"),
]


@pytest.mark.parametrize(("name", "field", "target", "key"), TIES)
def test_ties_land_on_rows(province: Simulation, name: str, field: str, target: str, key: str) -> None:
    lost = query(province, f"SELECT count(*) FROM {{{name}}} b WHERE {field} NOT IN (SELECT {key} FROM {{{target}}})")
    assert lost == [(0,)]


def test_sureties_are_firms_or_guarantee_companies(province: Simulation) -> None:
    known = "SELECT enterprise_id FROM {enterprise} UNION SELECT institution_id FROM {institution}"
    sql = "SELECT count(*) FROM {guarantee} WHERE guarantee_type = 'C' AND guarantor_id NOT IN (" + known + ")"
    assert query(province, sql) == [(0,)]


def test_holdings_of_a_firm_sum_to_all_of_it(province: Simulation) -> None:
    assert query(province, "SELECT DISTINCT sum(share) FROM {holding} GROUP BY enterprise_id") == [(100,)]


def test_balances_follow_the_flows(province: Simulation) -> None:
    """For notes that live through two months: balance fell by what was recovered."""
    sql = """
        WITH b AS (SELECT note_no, period, balance FROM {loan_balance}),
             f AS (SELECT note_no, last_day(occurred_on) AS period, sum(amount) AS paid FROM {loan_flow}
                   WHERE direction = '0' GROUP BY ALL)
        SELECT count(*), count(*) FILTER (a.balance - coalesce(f.paid, 0) <> b.balance)
        FROM b JOIN b a ON a.note_no = b.note_no AND last_day(a.period + INTERVAL 1 DAY) = b.period
        LEFT JOIN f ON f.note_no = b.note_no AND f.period = b.period"""
    ((seen, wrong),) = query(province, sql)
    assert isinstance(seen, int)
    assert seen > 1000
    assert wrong == 0


def test_lines_cover_what_is_drawn(province: Simulation) -> None:
    sql = """
        SELECT count(*), count(*) FILTER (l.line_used <> b.owed) FROM {credit_line} l JOIN (
            SELECT institution_id, borrower_id, period, sum(balance) AS owed FROM {loan_balance} GROUP BY ALL) b
        ON b.institution_id = l.institution_id AND b.borrower_id = l.enterprise_id AND b.period = l.period"""
    ((seen, wrong),) = query(province, sql)
    assert isinstance(seen, int)
    assert seen > 1000
    assert wrong == 0


def test_all_names_say_that_they_are_made_up(province: Simulation) -> None:
    for name in ("institution", "enterprise", "person"):
        assert query(province, f"SELECT count(*) FROM {{{name}}} WHERE name NOT LIKE '模拟%'") == [(0,)]
    marked = query(province, "SELECT count(*) FROM {loan} WHERE contract_no NOT LIKE 'SIM%' OR note_no NOT LIKE 'SIM%'")
    assert marked == [(0,)]


def test_loans_exercise_the_five_articles(province: Simulation) -> None:
    classes = {row[0] for row in query(province, "SELECT DISTINCT borrower_class FROM {loan}")}
    assert {"enterprise", "cooperative", "individual_business", "micro_owner", "farmer", "consumer"} <= classes
    for column in (
        "green_code",
        "pension_code",
        "strategic_code",
        "patent_code",
        "programme",
        "bill_no",
        "use_evidence",
    ):
        assert query(province, f"SELECT count({column}) > 5 FROM {{loan}}") == [(True,)], column
    assert query(province, "SELECT count(*) > 5 FROM {loan} WHERE digital_efficiency") == [(True,)]
    assert query(province, "SELECT count(*) > 5 FROM {loan} WHERE green_ratio BETWEEN 1 AND 99") == [(True,)]
    assert query(province, "SELECT count(*) > 5 FROM {loan} WHERE use_industry LIKE 'C27%'") == [(True,)]
    found = {row[0] for row in query(province, "SELECT DISTINCT status FROM {enterprise_status}")}
    assert {"hnte", "tech_sme", "innovative_sme", "srdi"} <= found


def test_a_month_tells_nothing_of_later_ones(province: Simulation) -> None:
    """Extensions show only once granted, write-offs once made, and lists name no certificate of the future."""
    for one in province.parts:
        if one.kind == "loan":
            rows = pq.read_table(province.folder / one.path, columns=["matures_on", "extended_to"]).to_pylist()
            assert all(row["extended_to"] is None or row["extended_to"] > row["matures_on"] for row in rows)
        if one.kind == "enterprise_status":
            begins = pq.read_table(province.folder / one.path)["valid_from"].to_pylist()
            assert one.period is not None
            assert max(begins) <= one.period
    sql = """SELECT count(*) FROM (SELECT count(extended_to) AS after, count(*) AS n FROM {loan} GROUP BY note_no)
             WHERE after BETWEEN 1 AND n - 1"""
    ((grown,),) = query(province, sql)
    assert isinstance(grown, int)
    assert grown > 0


def test_networks_have_hubs_and_rings(province: Simulation) -> None:
    edges = query(province, "SELECT DISTINCT guarantor_id, borrower_id FROM {guarantee} WHERE guarantee_type = 'C'")
    given: dict[object, set[object]] = {}
    for surety, borrower in edges:
        given.setdefault(surety, set()).add(borrower)
    counts = sorted((len(v) for k, v in given.items() if "MC" not in str(k)), reverse=True)
    assert counts[0] >= 8 * sum(counts) / len(counts)

    def ring(start: object, length: int) -> bool:
        reached = {start}
        for _ in range(length):
            reached = {b for one in reached for b in given.get(one, ())}
        return start in reached

    assert any(ring(one, length) for one in given for length in (3, 4, 5, 6))
    owners = query(
        province, "SELECT count(*) n FROM {holding} WHERE holder_kind = 'enterprise' GROUP BY holder_id ORDER BY n DESC"
    )
    assert owners[0][0] >= 8


@pytest.mark.parametrize(("enterprises", "months"), [(0, 1), (3_000_001, 1), (10, 0), (10, 61)])
def test_sizes_out_of_range_are_told(tmp_path: Path, enterprises: int, months: int) -> None:
    with pytest.raises(UsageError):
        simulate(tmp_path / "x", enterprises=enterprises, seed=1, months=months, end=END)


def test_an_earlier_simulation_is_not_overwritten(province: Simulation) -> None:
    with pytest.raises(UsageError, match="already holds"):
        simulate(province.folder, enterprises=10, seed=1, months=1, end=END)


def test_one_firm_is_enough(tmp_path: Path) -> None:
    assert simulate(tmp_path / "one", enterprises=1, seed=1, months=1, end=END).rows["enterprise"] == 1
