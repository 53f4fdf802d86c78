"""Workbooks in: typed cells without loss, merged cells, two-row headers, hidden sheets, error cells, old xls."""

from __future__ import annotations

import struct
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from houfeng.exchange.raw import RawTable
from houfeng.exchange.tables import read_tables

KNOWN = {"合同号", "余额", "数据日期", "机构", "期初余额", "期末余额", "比例"}


def tables(path: Path) -> dict[str, tuple[RawTable, list[list[Any]]]]:
    """Sheet → table and its rows, each with the row number last."""
    found = {}
    for table in read_tables(path, known=lambda t: t in KNOWN):
        found[table.sheet] = (table, [list(r.values()) for b in table.batches() for r in b.to_pylist()])
    return found


def test_typed_cells_keep_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        day, moment = (
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, ["合同号", "余额", "数据日期", "机构"])
        sheet.write_row(1, 0, ["=1+1", 16777217.01])
        sheet.write_string(1, 0, "=1+1")
        sheet.write_datetime(1, 2, datetime(2026, 1, 31), day)
        sheet.write_boolean(1, 3, True)
        sheet.write_row(2, 0, [20260131, 3000000000])
        sheet.write_datetime(2, 2, datetime(2026, 1, 31, 9, 30, 5), moment)
        sheet.write_row(3, 0, [123456789012.34, 0.1])
        sheet.write_formula(3, 2, "=DATE(2026,1,31)", day, 46053)
        sheet.write_formula(3, 3, "=1+1", None, 2)
    _, rows = tables(path)["数据"]
    assert rows == [
        ["=1+1", "16777217.01", "2026-01-31", "TRUE", 2],
        ["20260131", "3000000000", "2026-01-31 09:30:05", "", 3],
        ["123456789012.34", "0.1", "2026-01-31", "2", 4],
    ]


def test_titles_merged_cells_and_two_row_headers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        sheet.merge_range(0, 0, 0, 3, "贷款余额表")
        sheet.write(1, 0, "填报单位：某银行")
        sheet.write(1, 3, "单位：万元")
        sheet.merge_range(2, 0, 3, 0, "机构")
        sheet.merge_range(2, 1, 3, 1, "合同号")
        sheet.merge_range(2, 2, 2, 3, "余额")
        sheet.write_row(3, 2, ["期初余额", "期末余额"])
        sheet.merge_range(4, 0, 6, 0, "总行")
        for i in range(3):
            sheet.write_row(4 + i, 1, [f"H{i}", i, i + 1])
        sheet.write_row(7, 0, ["合计", "", 3, 6])
        sheet.write(9, 0, "制表：王五")
    table, rows = tables(path)["一月"]
    assert table.headers == ("机构", "合同号", "期初余额", "期末余额")
    assert rows == [["总行", "H0", "0", "1", 5], ["总行", "H1", "1", "2", 6], ["总行", "H2", "2", "3", 7]]
    assert table.stated == {"reporter": "某银行", "unit": "万元"}
    assert {"exchange.merged_cells", "exchange.header_row", "exchange.total_rows"} <= {n.code for n in table.notes}


def test_a_table_away_from_the_corner(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "s"
    for column, text in enumerate(["合同号", "余额"]):
        sheet.cell(5, 4 + column, text)
        sheet.cell(6, 4 + column, f"v{column}")
    book.save(path)
    table, rows = tables(path)["s"]
    assert table.headers == ("合同号", "余额")
    assert table.header_row == 5
    assert rows == [["v0", "v1", 6]]


def test_several_sheets_hidden_ones_and_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("一月", "二月", "空", "码表"):
            sheet = book.add_worksheet(name)
            if name != "空":
                sheet.write_row(0, 0, ["合同号", "余额"])
                sheet.write_row(1, 0, [name, 1])
        sheet.hide()
    found = tables(path)
    assert list(found) == ["一月", "二月"]
    assert any(n.code == "exchange.hidden_sheets" for n in found["一月"][0].notes)


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!"])
def test_error_cells_are_not_lost(tmp_path: Path, error: str) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("s")
        sheet.write_row(1, 1, ["合同号", "余额"])
        sheet.write_row(2, 1, ["A", 5])
        sheet.write(3, 1, "B")
        sheet.write_formula(3, 2, "=1/0", None, error)
    table, rows = tables(path)["s"]
    assert rows == [["A", "5", 3], ["B", error, 4]]
    assert any(n.code == "exchange.error_cells" for n in table.notes)


def test_dates_by_openpyxl(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["合同号", "数据日期"])
    book.active.append(["A", date(2026, 1, 31)])
    book.save(path)
    assert tables(path)["Sheet"][1] == [["A", "2026-01-31", 2]]


def _biff(rows: list[list[str | float]]) -> bytes:
    """A BIFF8 workbook stream with one sheet, written by hand: no library here writes xls."""

    def record(code: int, data: bytes) -> bytes:
        return struct.pack("<HH", code, len(data)) + data

    bof = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    sheet += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, str):
                text = cell.encode("utf-16-le")
                sheet += record(0x0204, struct.pack("<HHHHB", r, c, 0, len(cell), 1) + text)
            else:
                sheet += record(0x0203, struct.pack("<HHHd", r, c, 0, cell))
    sheet += record(0x000A, b"")
    name = "表".encode("utf-16-le")
    head = record(0x0809, bof) + record(0x0042, struct.pack("<H", 1200))
    end = record(0x000A, b"")
    offset = len(head) + 4 + 8 + len(name) + len(end)
    return head + record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 1, 1) + name) + end + sheet


def _compound(stream: bytes) -> bytes:
    """The stream `Workbook` in a compound file: header, one FAT sector, one directory sector, data."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += (
        struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0) + b"\xff" * 432
    )

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (name + "\0").encode("utf-16-le") if name else b""
        none = 0xFFFFFFFF
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text), kind, 1, none, none, child)
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    return header + struct.pack("<128I", *fat) + directory.ljust(512, b"\0") + stream


def test_old_xls(tmp_path: Path) -> None:
    path = tmp_path / "old.xls"
    path.write_bytes(_compound(_biff([["合同号", "余额"], ["甲", 16777217.01], ["乙", 3e9]])))
    table, rows = tables(path)["表"]
    assert table.headers == ("合同号", "余额")
    assert rows == [["甲", "16777217.01", 2], ["乙", "3000000000", 3]]
