"""Whole files through intake: kinds, units, periods, questions, quarantine, duplicates, the last period."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from houfeng.book.draft import check_draft
from houfeng.book.intake import Intake, prepare
from houfeng.book.intake.headers import find_field, normalise, unit_of
from houfeng.book.model import Kind, kind_from, kinds
from houfeng.book.templates import header, write_template
from houfeng.errors import InputError, Level, UsageError
from houfeng.exchange.raw import ROW

BANK = "91410100MA90892717"
FIRM = "91330100799655058B"
HEAD = (
    "数据日期,金融机构代码,借款人证件代码,借款人行业,贷款借据编码,贷款合同编码,币种,贷款余额,利率水平,贷款质量,贷款状态"
)
BALANCE = "数据日期,金融机构代码,贷款借据编码,贷款合同编码,币种,贷款余额,贷款状态"


def csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def row(note: int, *, balance: str = "100.00", day: str = "2026-01-31", bank: str = BANK, state: str = "LS01") -> str:
    return f"{day},{bank},{note},H{note},CNY,{balance},{state}"


def balances(path: Path, rows: Sequence[str], head: str = BALANCE) -> Path:
    return csv(path, "\n".join([head, *rows]) + "\n")


def codes(intake: Intake, level: Level | None = None) -> set[str]:
    return {p.code for p in intake.problems if level is None or p.level is level}


def asked(intake: Intake) -> dict[str, tuple[str, ...]]:
    return {f"{q.code} {q.where.field}".strip(): q.options for q in intake.questions}


def test_the_official_table_feeds_loan_and_balance_from_one_row(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", f"{HEAD}\n2026-01-31,{BANK},{FIRM},C39,J1,H1,人民币,3000000000,3.45%,正常,LS01\n")
    intake = prepare(path)
    assert intake.questions == []
    by_kind = {d.kind: d for d in intake.drafts}
    assert sorted((d.kind, d.reporter, d.period, d.rows.num_rows) for d in intake.drafts) == [
        ("loan", BANK, date(2026, 1, 31), 1),
        ("loan_balance", BANK, date(2026, 1, 31), 1),
    ]
    (balance,) = by_kind["loan_balance"].rows.to_pylist()
    assert balance["balance"] == Decimal("3000000000.00")
    assert balance["rate"] == Decimal("3.45")
    assert (balance["currency"], balance["quality"], balance[ROW]) == ("CNY", "FQ01", 2)
    assert by_kind["loan"].rows.to_pylist()[0]["borrower_id"] == FIRM
    assert "intake.kind" in codes(intake)
    for draft in intake.drafts:
        assert check_draft(draft, kinds()[draft.kind]).rows.equals(draft.rows)


@pytest.mark.parametrize("kind", list(kinds()))
@pytest.mark.parametrize("how", ["label", "name", "official", "template"])
def test_every_kind_is_found_by_its_own_headers(tmp_path: Path, kind: str, how: str) -> None:
    chosen = kinds()[kind]
    fields = list(chosen.fields.values())
    names = {
        "label": [f.label.zh for f in fields],
        "name": [f.name for f in fields],
        "official": [f.official or f.label.zh for f in fields],
        "template": [header(f) for f in fields],
    }[how]
    path = csv(tmp_path / "a.csv", "\t".join(f" {n}　" for n in names) + "\n")
    intake = prepare(path, reporter="r", period=date(2026, 1, 31))
    placed = {name for name, n in zip([f.name for f in fields], names, strict=True) if find_field(chosen, n) != name}
    assert placed == set()
    note = next((p for p in intake.problems if p.code == "intake.kind"), None)
    if note is not None:
        assert kind in note.message.en
    else:
        assert any(f"--kind {kind}" in options for options in asked(intake).values())


def test_a_template_filled_in_comes_back(tmp_path: Path) -> None:
    path = write_template(kinds()["loan_balance"], tmp_path / "t.xlsx")
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    values = {
        "金融机构代码": BANK,
        "贷款合同编码": "H1",
        "贷款借据编码": "J1",
        "数据日期": date(2026, 1, 31),
        "贷款余额": 16777217.01,
        "贷款状态": "正常",
    }
    for cell in sheet[1]:
        label = str(cell.value).split("(")[0]
        if label in values:
            sheet.cell(2, cell.column, values[label])
    book.save(path)
    intake = prepare(path)
    assert intake.questions == []
    ((draft),) = intake.drafts
    assert draft.rows.to_pylist()[0]["balance"] == Decimal("16777217.01")


def test_wan_in_the_header_and_in_the_title(tmp_path: Path) -> None:
    head = BALANCE.replace("贷款余额", "贷款余额（万元）")
    inside = prepare(balances(tmp_path / "a.csv", [row(1, balance="1677.721701")], head))
    title = prepare(csv(tmp_path / "b.csv", f"贷款表,,,,,,单位：万元\n{BALANCE}\n{row(1, balance='300000')}\n"))
    told = prepare(balances(tmp_path / "c.csv", [row(1, balance="30")]), unit="balance=亿元")
    assert [i.drafts[0].rows["balance"].to_pylist() for i in (inside, title, told)] == [
        [Decimal("16777217.01")],
        [Decimal(3_000_000_000)],
        [Decimal(3_000_000_000)],
    ]
    for intake in (inside, title, told):
        assert "intake.unit" in codes(intake, Level.NOTE)
    both = prepare(csv(tmp_path / "d.csv", f",,,,,,单位：亿元\n{head}\n{row(1, balance='1')}\n"))
    assert both.drafts[0].rows["balance"].to_pylist() == [Decimal(10_000)]


def test_unknown_unit_is_asked(tmp_path: Path) -> None:
    path = csv(tmp_path / "b.csv", f"贷款表,,,,,,单位：万美元\n{BALANCE}\n{row(1)}\n")
    assert "--unit 万元" in asked(prepare(path))["intake.unknown_unit balance"]


def test_several_periods_and_reporters_split(tmp_path: Path) -> None:
    other = FIRM
    rows = [row(1, day="2026-01"), row(2, day="202602"), row(3, day="2026年1月", bank=other), row(4, day="46053")]
    intake = prepare(balances(tmp_path / "a.csv", rows))
    assert [(d.period, d.reporter, d.rows.column(ROW).to_pylist()) for d in intake.drafts] == [
        (date(2026, 1, 31), FIRM, [4]),
        (date(2026, 1, 31), BANK, [2, 5]),
        (date(2026, 2, 28), BANK, [3]),
    ]
    assert "intake.date_style" in codes(intake, Level.NOTE)


def test_a_hundred_reporters_split(tmp_path: Path) -> None:
    rows = [f"2026-01-31,B{i % 100:03d},{i},H{i},CNY,1.00,LS01" for i in range(1000)]
    intake = prepare(balances(tmp_path / "a.csv", rows))
    assert len(intake.drafts) == 100
    assert sum(d.rows.num_rows for d in intake.drafts) == 1000
    assert all(set(d.rows["institution_id"].to_pylist()) == {d.reporter} for d in intake.drafts)
    (foreign,) = [p for p in intake.problems if p.code == "intake.foreign_ids"]
    assert foreign.level is Level.WARNING


def test_a_workbook_of_kinds_and_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for part in ("甲部", "乙部"):
            sheet = book.add_worksheet(part)
            sheet.write_row(0, 0, ["金融机构代码", "贷款借据编码", "贷款合同编码", "贷款余额"])
            sheet.write_row(1, 0, [BANK, f"J{part}", "H1", 5])
        sheet = book.add_worksheet("企业")
        sheet.write_row(0, 0, ["统一社会信用代码", "企业名称", "注册资本(万元)"])
        sheet.write_row(1, 0, [FIRM, "某公司", 100])
        sheet = book.add_worksheet("填报说明")
        sheet.write_row(0, 0, ["说明", "文字"])
        sheet.write_row(1, 0, ["一", "二"])
    intake = prepare(path, reporter=BANK)
    assert asked(intake) == {"intake.no_period": ("--period 2026-01",)}
    intake = prepare(path, reporter=BANK, period=date(2026, 1, 31))
    kinds_found = sorted((d.kind, d.sheet) for d in intake.drafts)
    assert kinds_found == [("enterprise", "企业"), ("loan_balance", "甲部 + 乙部")]
    assert "intake.sheet_not_read" in codes(intake, Level.WARNING)


def test_sheet_names_give_the_month(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for month in ("2026年1月", "202602"):
            sheet = book.add_worksheet(month)
            sheet.write_row(0, 0, ["金融机构代码", "贷款借据编码", "贷款合同编码", "贷款余额"])
            sheet.write_row(1, 0, [BANK, "J1", "H1", 5])
    intake = prepare(path)
    assert [(d.kind, d.period, d.sheet) for d in intake.drafts] == [
        ("loan_balance", date(2026, 1, 31), "2026年1月"),
        ("loan_balance", date(2026, 2, 28), "202602"),
    ]
    assert set(asked(prepare(path, period=date(2026, 1, 31)))) == {"intake.period_differs"}


def test_all_questions_at_once_each_with_its_answer(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", "合同编码X,贷款余额,贷款借据编码,怪列,利率水平\nH1,5,J1,?,3\n")
    intake = prepare(path, kind="loan_balance")
    answers = asked(intake)
    assert intake.drafts == []
    assert answers["intake.missing_column contract_no"][0] == "--map '合同编码X=contract_no'"
    assert "--constant 'contract_no=值'" in answers["intake.missing_column contract_no"]
    assert "--skip-column '怪列'" in answers["intake.unknown_column 怪列"]
    assert {"intake.no_period", "intake.no_reporter"} <= set(answers)
    done = prepare(
        path, kind="loan_balance", mapping={"合同编码X": "contract_no"}, skip=("怪列",), period=date(2026, 1, 31),
        constants={"institution_id": BANK},
    )  # fmt: skip
    assert done.questions == []
    assert done.drafts[0].reporter == BANK
    assert "intake.skipped" in codes(done)
    assert done.drafts[0].rows.to_pylist()[0]["contract_no"] == "H1"


def test_wrong_answers_are_slips_of_the_pen(tmp_path: Path) -> None:
    path = balances(tmp_path / "a.csv", [row(1)])
    for wrong in (
        {"kind": "loan_balanse"}, {"mapping": {"贷款余额": "balanse"}}, {"mapping": {"没有的列": "balance"}},
        {"constants": {"nothing": "1"}}, {"unit": "打"}, {"unit": "nothing=万元"},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            prepare(path, **wrong)  # type: ignore[arg-type]
    assert asked(
        prepare(
            balances(tmp_path / "b.csv", [row(1)], BALANCE.replace("币种", "x")),
            constants={"currency": "怪"},
            skip=("x",),
        )
    )


def test_unknown_file_asks_for_the_kind(tmp_path: Path) -> None:
    intake = prepare(csv(tmp_path / "a.csv", "foo,bar\n1,2\n"))
    assert list(asked(intake)) == ["intake.unknown_kind"]


def test_unnamed_columns_with_something_in_them_are_asked(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", f"{BALANCE},,\n{row(1)},,\n{row(2)},备注甲,\n")
    assert asked(prepare(path))["intake.unnamed_column"] == ("--skip-column '#8'",)
    assert prepare(path, skip=("#8",)).rows == 2


def test_period_on_the_command_line_against_the_file(tmp_path: Path) -> None:
    path = balances(tmp_path / "a.csv", [row(1)])
    assert list(asked(prepare(path, period=date(2026, 2, 28)))) == ["intake.period_differs"]
    assert prepare(path, period=date(2026, 1, 31)).questions == []


def test_bad_rows_are_kept_with_cells_reasons_and_place(tmp_path: Path) -> None:
    rows = [
        row(1),
        row(2, balance="十元"),
        row(3, state="LS99"),
        row(4, balance=""),
        row(5, bank="91410100MA90892718"),
        row(6, balance="-5"),
    ]
    intake = prepare(balances(tmp_path / "a.csv", rows))
    (draft,) = intake.drafts
    assert draft.rows.column(ROW).to_pylist() == [2, 7]
    assert draft.quarantine.column("row").to_pylist() == [3, 4, 5, 6]
    first = draft.quarantine.to_pylist()[0]
    assert json.loads(first["raw"])["贷款余额"] == "十元"
    (problem,) = json.loads(first["problems"])
    assert (problem["code"], problem["field"], problem["header"], problem["value"]) == (
        "intake.bad_number",
        "balance",
        "贷款余额",
        "十元",
    )
    assert problem["message"]["zh"]
    assert problem["suggestion"]["en"]
    found = {(p.code, p.where.row, p.where.field, p.level) for p in intake.problems}
    assert ("intake.unknown_code", 4, "loan_status", Level.ERROR) in found
    assert ("intake.required", 5, "balance", Level.ERROR) in found
    assert ("intake.check_digit", 6, "institution_id", Level.ERROR) in found
    assert ("loan_balance.balance_not_positive", 7, "balance", Level.WARNING) in found


def test_problems_are_capped_and_the_quarantine_is_not(tmp_path: Path) -> None:
    path = balances(tmp_path / "a.csv", [row(i, balance="x", state="怪") for i in range(5000)] + [row(9999)])
    intake = prepare(path)
    assert len(intake.problems) <= 1000
    assert intake.counts["intake.bad_number", "balance"] == 5000
    assert intake.quarantined == 5000
    assert all(len(json.loads(p)) == 2 for p in intake.drafts[0].quarantine["problems"].to_pylist())


def test_a_file_of_bad_rows_only_is_not_lost(tmp_path: Path) -> None:
    intake = prepare(balances(tmp_path / "a.csv", [row(1, balance="x"), row(2, balance="y")]))
    (draft,) = intake.drafts
    assert (draft.rows.num_rows, draft.quarantine.num_rows, draft.period, draft.reporter) == (
        0,
        2,
        date(2026, 1, 31),
        BANK,
    )


def test_duplicates(tmp_path: Path) -> None:
    rows = [
        row(1),
        row(2),
        row(1),
        row(3, balance="1"),
        row(3, balance="2"),
        row(2, day="2026-02-28"),
        row(3, balance="1"),
    ]
    intake = prepare(balances(tmp_path / "a.csv", rows))
    january, february = intake.drafts
    assert january.rows.column(ROW).to_pylist() == [2, 3]
    assert january.quarantine.column("row").to_pylist() == [5, 6, 8]
    assert json.loads(january.quarantine.to_pylist()[1]["raw"])["贷款余额"] == "2"
    assert february.rows.num_rows == 1
    assert {"intake.repeated", "intake.duplicate_key"} <= codes(intake)


def test_validity_windows_of_one_key_are_not_duplicates(tmp_path: Path) -> None:
    windows = [f"{FIRM},hnte,2019-01-01,2022-01-01", f"{FIRM},hnte,2022-01-01,2025-01-01"]
    text = "\n".join(["enterprise_id,status,valid_from,valid_to", *windows])
    intake = prepare(csv(tmp_path / "a.csv", text), reporter="科技厅", period=date(2026, 1, 31))
    assert intake.rows == 2


def test_facts_from_the_title(tmp_path: Path) -> None:
    title = f"填报机构：{BANK} 报告期：2026年1月,,,\n版本：2,报送时间：2026-02-05 10:30,,币种：人民币\n"
    path = csv(tmp_path / "a.csv", title + "贷款借据编码,贷款合同编码,贷款余额,序号\nJ1,H1,5,1\n合计,,5,\n")
    intake = prepare(path)
    (draft,) = intake.drafts
    assert (draft.reporter, draft.period, draft.version, draft.sent_at) == (
        BANK,
        date(2026, 1, 31),
        2,
        datetime(2026, 2, 5, 10, 30),
    )
    assert draft.rows.to_pylist()[0]["currency"] == "CNY"
    assert {"intake.reporter_as_field", "intake.period_stated", "exchange.total_rows", "intake.skipped"} <= codes(
        intake, Level.NOTE
    )


def test_columns_of_related_kinds_are_named_not_asked(tmp_path: Path) -> None:
    head = "金融机构代码,贷款借据编码,贷款合同编码,交易流水号,发放/收回标识,借款人证件代码"
    head += ",发生日期,贷款发生金额,利率是否固定,借款人行业"
    flow = kinds()["loan_flow"].fields
    head = head.replace("发生日期", flow["occurred_on"].label.zh).replace("贷款发生金额", flow["amount"].label.zh)
    intake = prepare(csv(tmp_path / "a.csv", f"{head}\n{BANK},J1,H1,1,1,{FIRM},2026-01-05,100,RF01,C39\n"))
    assert intake.questions == []
    assert [(d.kind, d.period) for d in intake.drafts] == [("loan_flow", None)]
    assert "intake.elsewhere" in codes(intake, Level.NOTE)


def test_percent_cells_that_came_as_fractions_are_noticed(tmp_path: Path) -> None:
    head = BALANCE.replace("贷款状态", "利率水平")
    path = balances(tmp_path / "a.csv", [row(i, state=f"0.0{i}45") for i in (3, 4, 5)], head)
    intake = prepare(path)
    assert "intake.rate_as_fraction" in codes(intake, Level.WARNING)
    assert prepare(path, unit="rate=fraction").drafts[0].rows["rate"].to_pylist()[0] == Decimal("3.45")


def test_parquet_and_jsonl_through_intake(tmp_path: Path) -> None:
    table = pa.table(
        {
            "period": pa.array([date(2026, 1, 31)] * 2), "institution_id": [BANK] * 2,
            "contract_no": ["H1", "H2"], "note_no": ["1", "2"],
            "balance": pa.array([16777217.01, 3e9]), "overdue_days": pa.array([None, 3], pa.int32()),
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    intake = prepare(tmp_path / "a.parquet")
    assert intake.drafts[0].rows["balance"].to_pylist() == [Decimal("16777217.01"), Decimal(3_000_000_000)]
    lines = [json.dumps({k: str(v) if k == "period" else v for k, v in r.items()}) for r in table.to_pylist()]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    again = prepare(tmp_path / "a.jsonl")
    assert again.drafts[0].rows.drop_columns([ROW]).equals(intake.drafts[0].rows.drop_columns([ROW]))


class _View:
    """A book of one earlier table per kind, as the snapshot would show it."""

    def __init__(self, folder: Path, tables: dict[str, pa.Table]) -> None:
        self._folder, self._tables = folder, tables
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet")

    def select(self, kind: str, *, as_of: date | None = None) -> str:
        return f"SELECT * FROM read_parquet('{self._folder / kind}.parquet')"

    def submissions(self, kind: str) -> Sequence[Any]:
        return [1] if kind in self._tables else []


def _before(tmp_path: Path, balance: str, count: int = 10) -> _View:
    rows = [row(i, balance=balance, day="2025-12-31") for i in range(count)]
    table = prepare(balances(tmp_path / "before.csv", rows)).drafts[0].rows
    loan = kinds()["loan"].schema().empty_table()
    return _View(tmp_path, {"loan_balance": table, "loan": loan})


def test_a_jump_of_ten_thousand_asks_for_the_unit(tmp_path: Path) -> None:
    view = _before(tmp_path, "3000000.00")
    path = balances(tmp_path / "now.csv", [row(i, balance="301.5") for i in range(10)])
    intake = prepare(path, snapshot=view)
    assert asked(intake)["intake.unit_jump balance"] == ("--unit 'balance=万元'", "--unit 'balance=元'")
    assert prepare(path, snapshot=view, unit="balance=万元").questions == []
    assert prepare(path, snapshot=view, unit="balance=元").questions == []
    one = balances(tmp_path / "one.csv", [row(i, balance="3000001" if i else "300") for i in range(10)])
    told = prepare(one, snapshot=view)
    assert told.questions == []
    assert [(p.where.row, p.level) for p in told.problems if p.code == "intake.jump"] == [(2, Level.WARNING)]


def test_unknown_references_are_one_warning_and_rows_stay(tmp_path: Path) -> None:
    view = _before(tmp_path, "100.00")
    intake = prepare(balances(tmp_path / "now.csv", [row(i) for i in range(50)]), snapshot=view)
    (warning,) = [p for p in intake.problems if p.code == "intake.unknown_reference"]
    assert warning.level is Level.WARNING
    assert "50 row(s)" in warning.message.en
    assert intake.rows == 50
    both = csv(tmp_path / "both.csv", f"{HEAD}\n2026-01-31,{BANK},{FIRM},C39,J1,H1,CNY,5,3.45,FQ01,LS01\n")
    found = prepare(both, snapshot=view)
    assert not [p for p in found.problems if p.code == "intake.unknown_reference" and p.where.field == "institution_id"]
    assert "intake.not_checked" in codes(found, Level.NOTE)


def small_kind() -> Kind:
    return kind_from(
        {
            "kind": "thing", "label": {"zh": "东西", "en": "Thing"}, "time": "event", "time_field": "at", "key": ["no"],
            "fields": {
                "no": {"type": "id", "label": {"zh": "编号", "en": "No."}, "required": True},
                "at": {"type": "date", "label": {"zh": "日子", "en": "Day"}, "required": True},
                "amount": {"type": "money", "label": {"zh": "金额", "en": "Amount"}, "unit": "CNY"},
            },
            "checks": [
                {"code": "negative", "when": "amount < 0", "fields": ["amount"], "reason": "负"},
                {"code": "odd", "level": "warning", "when": "amount % 2 = 1", "fields": ["amount"], "reason": "单"},
            ],
        }
    )  # fmt: skip


def test_checks_of_a_kind_and_their_levels(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", "编号,日子,金额\n1,2026-01-01,-3\n2,2026-01-01,3\n3,2026-01-01,4\n4,2026-01-01,\n")
    intake = prepare(path, reporter="r", kinds={"thing": small_kind()})
    assert intake.drafts[0].rows["no"].to_pylist() == ["2", "3", "4"]
    found = {(p.code, p.where.row, p.level) for p in intake.problems if p.level is not Level.NOTE}
    assert found == {("thing.negative", 2, Level.ERROR), ("thing.odd", 3, Level.WARNING)}


def test_wide_rows_are_quarantined(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", "编号,日子,金额\n1,2026-01-01,3\n2,2026-01-01,4,5\n3,2026-01-01\n")
    intake = prepare(path, reporter="r", kinds={"thing": small_kind()})
    assert intake.drafts[0].rows["no"].to_pylist() == ["1", "3"]
    assert intake.drafts[0].quarantine["row"].to_pylist() == [3]
    assert "intake.row_width" in codes(intake, Level.ERROR)


@pytest.mark.parametrize(
    ("text", "unit", "factor"),
    [
        ("余额（万元）", "万元", 10_000),
        ("余额(单位:亿元)", "亿元", 100_000_000),
        ("余额 [元]", "元", 1),
        ("余额万元", "万元", 10_000),
        ("余额", "", 1),
        ("余额(折人民币)", "", 1),
    ],
)
def test_units_in_headers(text: str, unit: str, factor: int) -> None:
    assert unit_of(text) == (unit, factor)


def test_headers_are_compared_by_meaning() -> None:
    loan = kinds()["loan_balance"]
    for text in (
        "贷款余额",
        " 贷 款 余 额 ",
        "贷款余额（万元）",
        "1.贷款余额*",
        "DKYE",
        "dkye",
        "ＤＫＹＥ",
        "Balance",
        "BALANCE",
        "贷款余额万元",
        "期末/贷款余额",
    ):
        assert find_field(loan, text) == "balance", text
    assert find_field(loan, "贷款余额折人民币") == "balance_cny"
    assert normalise("利率 水平(%)") == "利率水平"


def test_nothing_vanishes_in_odd_files(tmp_path: Path) -> None:
    head = "数据日期,金融机构代码,贷款借据编码,贷款合同编码,贷款余额"
    empty = prepare(csv(tmp_path / "head.csv", head + "\n"))
    assert (empty.drafts, "exchange.no_rows" in codes(empty, Level.WARNING)) == ([], True)
    with pytest.raises(InputError) as caught:
        prepare(csv(tmp_path / "period.csv", f"{head}\nxx,{BANK},1,2,3\n"))
    assert {"intake.no_scope", "intake.bad_date"} <= {p.code for p in caught.value.problems}
    twice = prepare(csv(tmp_path / "twice.csv", f"{head},DKYE\n2026-01,{BANK},1,2,3,4\n"))
    assert list(asked(twice)) == ["intake.unknown_column DKYE"]
    quote = f'{head}\n2026-01,{BANK},"1",2,3\n2026-01,{BANK},"2,2,3\n2026-01,{BANK},"3",2,3\n'
    swallowed = prepare(csv(tmp_path / "quote.csv", quote))
    assert "intake.line_break" in codes(swallowed, Level.ERROR)
    assert swallowed.quarantined == 1
    event = csv(
        tmp_path / "event.csv",
        f"数据日期,seller_id,buyer_id,invoice_no,开票日期,金额\n2026-01,{BANK},{FIRM},1,2026-01-05,x\n",
    )
    assert [(d.period, d.quarantine.num_rows) for d in prepare(event, reporter="tax").drafts] == [(None, 1)]
