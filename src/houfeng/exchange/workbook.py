"""Writing what people open: workbooks and CSV that say exactly what the book says and can do nothing on their own.

Ids stay text, money keeps its fen, and a value that begins with = + - @ is a text, never a formula.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from houfeng.errors import EnvironmentFault, Text, UsageError

SHEET_ROWS = 1_048_576
CELL = 32_767
REASONS = Text("候风核对意见", "Houfeng reasons")
SOURCE_ROW = Text("候风来源行", "Houfeng source row")
MARKS = frozenset((*REASONS, *SOURCE_ROW))
"""Headers this module adds to a marked workbook; whoever reads it back leaves them out."""

_FORMULA = re.compile(r"^[=+\-@\t\r\n|%]")
_PLAIN_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?%?")
_COMMENTS = 20_000  # each is a drawing; Excel gets slow long before its limit
_OPTIONS = {
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "constant_memory": True,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Why one cell of a bad row cannot be taken; `header` is empty where the whole row is meant."""

    header: str
    reason: str
    suggestion: str = ""

    def __str__(self) -> str:
        said = f"{self.header}：{self.reason}" if self.header else self.reason
        return f"{said}（{self.suggestion}）" if self.suggestion else said


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A bad row: its number in the source, its cells as found, and the marks on it."""

    row: int
    cells: dict[str, str]
    marks: tuple[Mark, ...]


def write_marked(path: Path, rows: Iterable[MarkedRow], *, lang: str = "zh", sheet: str = "") -> int:
    """Write the marked workbook of bad rows and give how many there were.

    The headers are those of the source, so that the rows can be corrected in place and sent again; bad cells are
    coloured and carry a comment, and the last column has all reasons of its row.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    kept = list(rows)
    headers = list(dict.fromkeys(header for row in kept for header in row.cells))
    name = sheet or ("待更正" if lang == "zh" else "to correct")
    with _workbook(path) as book:
        looks = _looks(book)
        per_sheet = SHEET_ROWS - 1
        for number, start in enumerate(range(0, max(len(kept), 1), per_sheet), 1):
            page = book.add_worksheet(f"{name}{number if len(kept) > per_sheet else ''}"[:31])
            _marked_page(page, headers, kept[start : start + per_sheet], looks, lang)
    return len(kept)


def _looks(book: Any) -> dict[str, Any]:
    text = {"num_format": "@"}
    return {
        "head": book.add_format({"bold": True, "border": 1, "bg_color": "#DCE6EE", "text_wrap": True}),
        "plain": book.add_format(text),
        "bad": book.add_format({**text, "bg_color": "#F8CBAD", "border": 1}),
        "reason": book.add_format({"text_wrap": False, "font_color": "#9C2A00"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
    }


def _marked_page(page: Any, headers: list[str], rows: Sequence[MarkedRow], looks: dict[str, Any], lang: str) -> None:
    all_headers = [*headers, SOURCE_ROW.get(lang), REASONS.get(lang)]
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, len(rows), len(all_headers) - 1)
    for column, header in enumerate(all_headers):
        page.write_string(0, column, header, looks["head"])
        page.set_column(column, column, 60 if column == len(all_headers) - 1 else max(12, min(30, 2 * len(header) + 2)))
    budget = itertools.count()
    for at, row in enumerate(rows, 1):
        for column, header in enumerate(headers):
            marks = [mark for mark in row.marks if mark.header == header]
            page.write_string(at, column, row.cells.get(header, "")[:CELL], looks["bad" if marks else "plain"])
            if marks and next(budget) < _COMMENTS:
                page.write_comment(at, column, "\n".join(_remark(mark) for mark in marks)[:CELL])
        page.write_number(at, len(headers), row.row)
        page.write_string(at, len(headers) + 1, "；".join(str(mark) for mark in row.marks)[:CELL], looks["reason"])


def _remark(mark: Mark) -> str:
    return f"{mark.reason}\n→ {mark.suggestion}" if mark.suggestion else mark.reason


def write_table(
    path: Path, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, notes: Sequence[Sequence[str]] = ()
) -> int:
    """Write rows to a workbook, with a second sheet of notes where given; gives the number of rows.

    Raises:
        UsageError: more rows than a sheet holds.
        EnvironmentFault: the file cannot be written.
    """
    count = 0
    with _workbook(path) as book:
        looks = _looks(book)
        page = book.add_worksheet("数据")
        page.freeze_panes(1, 0)
        for column, header in enumerate(headers):
            page.write_string(0, column, header, looks["head"])
        for row in rows:
            count += 1
            if count >= SHEET_ROWS:
                raise UsageError(Text("超过 Excel 的行数上限，请写 CSV", "too many rows for Excel: write CSV"))
            for column, value in enumerate(row):
                write_cell(page, count, column, value, looks)
        if notes:
            about = book.add_worksheet("说明")
            for at, line in enumerate(notes):
                for column, text in enumerate(line):
                    about.write_string(at, column, text)
    return count


def write_sheets(path: Path, sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]) -> None:
    """Write a workbook of several sheets, each a name, headers and rows.

    Raises:
        UsageError: more rows than a sheet holds.
        EnvironmentFault: the file cannot be written.
    """
    with _workbook(path) as book:
        looks = _looks(book)
        for name, headers, rows in sheets:
            page = book.add_worksheet(name[:31])
            page.freeze_panes(1, 0)
            for column, header in enumerate(headers):
                page.write_string(0, column, header, looks["head"])
            for at, row in enumerate(rows, 1):
                if at >= SHEET_ROWS:
                    raise UsageError(Text("超过 Excel 的行数上限，请写 CSV", "too many rows for Excel: write CSV"))
                for column, value in enumerate(row):
                    write_cell(page, at, column, value, looks)


def write_cell(page: Any, row: int, column: int, value: object, looks: dict[str, Any]) -> None:
    """One value as Excel can keep it: a number it would round (over 15 digits) goes in as text."""
    if value is None:
        return
    if isinstance(value, datetime):
        page.write_datetime(row, column, value, looks["moment"])
    elif isinstance(value, date):
        page.write_datetime(row, column, datetime(value.year, value.month, value.day), looks["date"])
    elif isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and len(re.sub(r"\D", "", str(value)).strip("0")) <= 15:
        page.write_number(row, column, float(value), looks["money"] if isinstance(value, Decimal) else None)
    else:
        page.write_string(row, column, str(value)[:CELL], looks["plain"])


def write_csv(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, encoding: str = "utf-8-sig") -> int:
    """Write rows as CSV, in UTF-8 with a mark (Excel needs it for Chinese) or in GB18030; gives the number of rows.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers are left alone.

    Raises:
        UsageError: another encoding.
        EnvironmentFault: the file cannot be written.
    """
    if encoding not in ("utf-8-sig", "gb18030"):
        raise UsageError(
            Text(f"CSV 只写 UTF-8 或 GB18030，不写 {encoding}", f"CSV is written in UTF-8 or GB18030, not {encoding}")
        )
    count = 0
    with _whole(path) as part, part.open("w", encoding=encoding, newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow([guarded(header) for header in headers])
        for row in rows:
            writer.writerow([guarded(value) for value in row])
            count += 1
    return count


def guarded(value: object) -> str:
    """A value as CSV text that no spreadsheet will take for a formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if _FORMULA.match(value) and not _PLAIN_NUMBER.fullmatch(value) else value


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file that takes its name only when it is complete."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise EnvironmentFault(Text(f"无法写入 {path}：{error}", f"cannot write {path}: {error}")) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    try:
        yield book
    finally:
        book.close()
    with _whole(path) as part:
        part.write_bytes(buffer.getvalue())
