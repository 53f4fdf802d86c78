"""Writing a list as a workbook or CSV that says what the screen says, and can do nothing on its own."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from houfeng.errors import Text
from houfeng_desk.formats import WAN
from houfeng_desk.lists.asking import Column, Listing
from houfeng_desk.locale import spoken

SHEET_ROWS = 1_048_576
CELL = 32_767
NUMBERS = {"money": "#,##0.00", "number": "#,##0.######", "percent": '0.00"%"', "share": "0.0%"}
ABOUT = Text("说明", "About")
UNIT = Text("（万元）", " (10,000 yuan)")
TIERS = {
    "red": Text("红", "red"),
    "orange": Text("橙", "orange"),
    "yellow": Text("黄", "yellow"),
    "blue": Text("蓝", "blue"),
    "": Text("正常", "calm"),
}
"""The four tiers of warning by their words."""


def head(column: Column) -> str:
    """A column's heading, with its unit."""
    return column.label.get(spoken()) + (UNIT.get(spoken()) if column.kind == "money" else "")


def write_xlsx(path: Path, listing: Listing, about: Sequence[tuple[Text, str]]) -> int:
    """A workbook: the rows, and a second sheet that says what they are. Texts stay texts, whatever they begin with.

    Gives the number of rows written.
    """
    line = 0
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, **options}) as book:
        bold = book.add_format({"bold": True, "bg_color": "#E6EEF1", "bottom": 1})
        looks = {kind: book.add_format({"num_format": form}) for kind, form in NUMBERS.items()}
        looks["date"] = book.add_format({"num_format": "yyyy-mm-dd"})
        looks["moment"] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(_columns(listing)):
            sheet.set_column(at, at, 28 if column.kind in ("text", "link") else 18)
            sheet.write_string(0, at, head(column), bold)
        for line, row in enumerate(listing.rows, 1):
            for at, column in enumerate(_columns(listing)):
                _cell(sheet, line, at, column, row, looks)
        if line:
            sheet.autofilter(0, 0, line, max(0, len(_columns(listing)) - 1))
        second = book.add_worksheet(ABOUT.get(spoken()))
        second.set_column(0, 0, 22)
        second.set_column(1, 1, 70)
        for at, (label, value) in enumerate(about):
            second.write_string(at, 0, label.get(spoken()), bold)
            second.write_string(at, 1, value[:CELL])
    return line


def _cell(sheet: Any, line: int, at: int, column: Column, row: Mapping[str, Any], looks: Mapping[str, Any]) -> None:
    value = row.get(column.name)
    if value is None or value == "":
        if column.kind == "tier":
            sheet.write_string(line, at, TIERS[""].get(spoken()))
        return
    if column.kind in NUMBERS:
        exact = Decimal(str(value)) / (WAN if column.kind == "money" else 1)
        sheet.write_number(line, at, float(exact), looks[column.kind])
    elif isinstance(value, date) and column.kind in ("date", "moment"):
        sheet.write_datetime(line, at, value, looks["moment" if isinstance(value, datetime) else "date"])
    else:
        sheet.write_string(line, at, shown(column, value)[:CELL])


def write_csv(path: Path, listing: Listing, about: Sequence[tuple[Text, str]]) -> int:
    """CSV in UTF-8 with its mark, which Excel opens rightly; what it is stands below, after an empty line.

    Gives the number of rows written.
    """
    number = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([head(column) for column in _columns(listing)])
        for row in listing.rows:
            writer.writerow([_plain(column, row.get(column.name)) for column in _columns(listing)])
            number += 1
        writer.writerow([])
        for label, value in about:
            writer.writerow([f"# {label.get(spoken())}", defused(value)])
    return number


def _plain(column: Column, value: Any) -> str:
    if value is None:
        return TIERS[""].get(spoken()) if column.kind == "tier" else ""
    if column.kind == "money":
        return str((Decimal(str(value)) / WAN).quantize(Decimal("0.01")))
    if column.kind in NUMBERS:
        return str(value)
    return defused(shown(column, value))


def shown(column: Column, value: Any) -> str:
    """A value as words."""
    if column.kind == "tier" and str(value) in TIERS:
        return TIERS[str(value)].get(spoken())
    if isinstance(value, Text):
        return value.get(spoken())
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def defused(text: str) -> str:
    """`text` so that a spreadsheet takes it for a text: what begins like a formula gets an apostrophe in front."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@", "|", "%") or text[:1] in ("\t", "\r", "\n") else text


def _columns(listing: Listing) -> Sequence[Column]:
    """The columns, and behind each what stands small below it on screen."""
    found = []
    for column in listing.columns:
        found.append(column)
        if column.sub:
            found.append(Column(column.sub, Text(f"{column.label.zh}（补充）", f"{column.label.en} (more)")))
    return found
