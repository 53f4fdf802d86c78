"""The messy files are messy in the ways they claim."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from houfeng.book.intake import prepare
from houfeng.errors import InputError
from houfeng.simulate.messy import write_messy
from houfeng.simulate.province import simulate


def test_three_messy_files(tmp_path: Path) -> None:
    simulate(tmp_path, enterprises=2000, seed=4, months=1, end=date(2026, 1, 31))
    table, workbook, official = write_messy(tmp_path, rows=60)
    lines = table.read_bytes().decode("gb18030").split("\r\n")
    assert "单位：万元" in lines[1]
    assert "贷款余额(万元)" in lines[2]
    assert lines[-3].startswith("合计")
    assert any("．" in line for line in lines)
    told = json.loads((tmp_path / "messy" / "messy.json").read_text("utf-8"))
    for fault in told["wrong"][table.name]:
        assert str(fault["value"]) in lines[fault["row"] - 1]
    sheet = openpyxl.load_workbook(workbook).worksheets[0]
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:H1"]
    for fault in told["wrong"][workbook.name]:
        assert sheet.cell(fault["row"], 1).value == fault["value"]
    heads, first, *_ = official.read_text("utf-8").split("\n")
    assert len(heads.split("|")) == 33
    assert len(first.split("|")) == 33


def test_the_intake_sets_aside_the_wrong_rows_and_no_others(tmp_path: Path) -> None:
    simulate(tmp_path, enterprises=2000, seed=4, months=1, end=date(2026, 1, 31))
    table, workbook, official = write_messy(tmp_path, rows=60)
    wrong = json.loads((tmp_path / "messy" / "messy.json").read_text("utf-8"))["wrong"]
    balances = prepare(table, kind="loan_balance")
    assert (balances.questions, balances.quarantined) == ([], len(wrong[table.name]))
    assert balances.drafts[0].period == date(2026, 1, 31)
    firms = prepare(workbook, kind="enterprise", reporter="sim-registry", period=date(2026, 1, 31))
    assert [row["row"] for row in wrong[workbook.name]] == firms.drafts[0].quarantine["row"].to_pylist()
    both = prepare(official, kind="loan,loan_balance")
    assert [draft.kind for draft in both.drafts] == ["loan", "loan_balance"]
    assert both.quarantined == 0
    sent = {row["note_no"]: row["balance"] for row in both.drafts[1].rows.to_pylist()}
    for row in balances.drafts[0].rows.to_pylist():
        assert row["balance"] == sent[row["note_no"]]


def test_without_a_simulation_there_is_nothing_to_spoil(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no simulation"):
        write_messy(tmp_path)
