"""Workbooks and CSV out: bad cells marked, nothing runs, nothing is rounded."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from houfeng.errors import EnvironmentFault, UsageError
from houfeng.exchange.workbook import Mark, MarkedRow, guarded, write_csv, write_marked, write_table

NASTY = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")']


def test_marked_workbook(tmp_path: Path) -> None:
    path = tmp_path / "bad.xlsx"
    rows = [
        MarkedRow(
            7,
            {"合同号": "410101199003070000", "余额": "12x"},
            (Mark("余额", "不是数字", "填数字"), Mark("", "整行有误")),
        ),
        MarkedRow(9, {"合同号": "=1+1", "余额": "5"}, (Mark("合同号", "太长"),)),
    ]
    assert write_marked(path, rows) == 2
    sheet = openpyxl.load_workbook(path).active
    assert [c.value for c in sheet[1]] == ["合同号", "余额", "候风来源行", "候风核对意见"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A2"].value == "410101199003070000"
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].comment is None
    assert sheet["B2"].fill.fgColor.rgb == "FFF8CBAD"
    assert "不是数字" in sheet["B2"].comment.text
    assert "填数字" in sheet["B2"].comment.text
    assert sheet["C2"].value == 7
    assert sheet["D2"].value == "余额：不是数字（填数字）；整行有误"
    assert sheet["A3"].value == "=1+1"
    assert sheet["A3"].data_type == "s"


@pytest.mark.parametrize("text", NASTY)
def test_nothing_becomes_a_formula(tmp_path: Path, text: str) -> None:
    write_table(tmp_path / "a.xlsx", ["x"], [[text]], notes=[["口径", text]])
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book["数据"]["A2"].data_type == "s"
    assert book["数据"]["A2"].value == text.replace("\t", "\t")
    assert book["说明"]["B1"].data_type == "s"
    assert guarded(text).startswith("'")


def test_numbers_are_not_guarded_and_not_rounded(tmp_path: Path) -> None:
    assert [guarded(v) for v in ("-12.5", "+3", "-1,234.00", Decimal("-0.10"), 5, None)] == [
        "-12.5",
        "+3",
        "-1,234.00",
        "-0.10",
        "5",
        "",
    ]
    row = [
        Decimal("3000000000"),
        Decimal("16777217.01"),
        Decimal("123456789012345678.99"),
        "91100000100003962T",
        True,
        date(2026, 1, 31),
        datetime(2026, 1, 31, 9),
    ]
    write_table(tmp_path / "a.xlsx", list("abcdefg"), [row])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [c.value for c in sheet[2]] == [
        3000000000,
        16777217.01,
        "123456789012345678.99",
        "91100000100003962T",
        True,
        datetime(2026, 1, 31),
        datetime(2026, 1, 31, 9),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_csv(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    assert (
        write_csv(path, ["名称", "金额"], [["张三，=1", Decimal("16777217.01")], ["=1", None]], encoding=encoding) == 2
    )
    with path.open(encoding=encoding, newline="") as f:
        assert list(csv.reader(f)) == [["名称", "金额"], ["张三，=1", "16777217.01"], ["'=1", ""]]


def test_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_csv(tmp_path / "a.csv", ["a"], [], encoding="latin-1")
    with pytest.raises(EnvironmentFault):
        write_csv(tmp_path / "none" / "a.csv", ["a"], [])
    with pytest.raises(EnvironmentFault):
        write_table(tmp_path / "none" / "a.xlsx", ["a"], [])
    assert list(tmp_path.iterdir()) == []
