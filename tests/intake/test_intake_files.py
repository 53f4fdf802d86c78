"""Whole files through intake: kinds, units, periods, reporters, titles, and what is asked where a file does not say."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from houfeng.book.draft import check_draft
from houfeng.book.intake import prepare
from houfeng.book.intake.headers import find_field, normalise, unit_of
from houfeng.book.model import kinds
from houfeng.book.templates import header, write_template
from houfeng.errors import Level, UsageError
from houfeng.exchange.raw import ROW
from intake.intake_samples import BALANCE, BANK, FIRM, HEAD, asked, balances, codes, csv, row


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
