"""Rows of a file through intake: bad ones are kept aside with their reasons, repeated ones told, jumps asked about."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from houfeng.book.intake import prepare
from houfeng.errors import InputError, Level
from houfeng.exchange.raw import ROW
from intake.intake_samples import BANK, FIRM, HEAD, asked, balances, before, codes, csv, row, small_kind


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


def test_a_jump_of_ten_thousand_asks_for_the_unit(tmp_path: Path) -> None:
    view = before(tmp_path, "3000000.00")
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
    view = before(tmp_path, "100.00")
    intake = prepare(balances(tmp_path / "now.csv", [row(i) for i in range(50)]), snapshot=view)
    (warning,) = [p for p in intake.problems if p.code == "intake.unknown_reference"]
    assert warning.level is Level.WARNING
    assert "50 row(s)" in warning.message.en
    assert intake.rows == 50
    both = csv(tmp_path / "both.csv", f"{HEAD}\n2026-01-31,{BANK},{FIRM},C39,J1,H1,CNY,5,3.45,FQ01,LS01\n")
    found = prepare(both, snapshot=view)
    assert not [p for p in found.problems if p.code == "intake.unknown_reference" and p.where.field == "institution_id"]
    assert "intake.not_checked" in codes(found, Level.NOTE)


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
