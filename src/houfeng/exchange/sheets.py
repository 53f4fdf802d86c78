"""Workbooks: xlsx and xls through calamine, every sheet that is shown, cells turned into texts without loss."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import python_calamine as calamine

from houfeng.errors import Level
from houfeng.exchange.delimited import say_header
from houfeng.exchange.layout import Layout, MergedRange, find_layout, stated_facts
from houfeng.exchange.package import Package, inspect_package
from houfeng.exchange.raw import BATCH_ROWS, Known, Limits, RawTable
from houfeng.exchange.rows import Sieve
from houfeng.exchange.source import OLE, Entry, broken_zip, password

_HEAD_ROWS = 60


def read_workbook(entry: Entry, content_hash: str, known: Known, limits: Limits) -> Iterator[RawTable]:
    """The tables of a workbook, one per visible sheet that holds any cell.

    Raises:
        InputError: damaged, locked by a password, a bomb, or a sheet that spans too many cells.
    """
    with entry.whole(limits) as stream:
        package = Package() if entry.head.startswith(OLE) else inspect_package(stream, entry.name, limits)
        stream.seek(0)
        book = _load(stream, entry)
        shown = [m for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]
        hidden = [m.name for m in book.sheets_metadata if m not in shown]
        for meta in shown:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = _sheet(book, meta.name, entry)
            table = _table(sheet, entry, content_hash, known, package.errors.get(meta.name, {}))
            if table is not None:
                if hidden:
                    names = "、".join(hidden)
                    table.note(
                        "exchange.hidden_sheets", f"隐藏的工作表没有读：{names}", f"hidden sheets not read: {names}"
                    )
                yield table


def _load(stream: BinaryIO, entry: Entry) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(stream)
    except calamine.PasswordError:
        raise password(entry.name) from None
    except (calamine.CalamineError, OSError) as error:
        stream.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in stream.read(1 << 20):
            raise password(entry.name) from None
        raise broken_zip(entry.name, error) from None


def _sheet(book: calamine.CalamineWorkbook, name: str, entry: Entry) -> calamine.CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except (calamine.CalamineError, OSError) as error:
        raise broken_zip(entry.name, error) from None


def _table(
    sheet: calamine.CalamineSheet, entry: Entry, content_hash: str, known: Known, errors: dict[tuple[int, int], str]
) -> RawTable | None:
    if not sheet.height or sheet.start is None or sheet.end is None:
        return None
    left = sheet.start[1]
    width = sheet.end[1] - left + 1
    merged = [((t, le - left), (b, r - left)) for (t, le), (b, r) in sheet.merged_cell_ranges or []]
    merged = _within(merged, sheet.end[0])
    marks = {(row, column - left): text for (row, column), text in errors.items()}
    head = [[text_of(cell) for cell in row] for row in itertools.islice(sheet.iter_rows(), _HEAD_ROWS)]
    layout = find_layout(head, known, merged)
    if layout is None:
        return None
    headers = (*layout.headers, *[""] * (width - len(layout.headers)))
    table = RawTable(
        entry.name, sheet.name, headers, layout.last + 1, content_hash, lambda: iter(()), stated_facts(layout.titles)
    )
    table.recognised = layout.recognised
    table.read = lambda: Sieve(table).run(_parts(sheet, layout, width, merged, marks))
    say_header(table, layout)
    if any(bottom > top and top >= layout.data for (top, _), (bottom, _) in merged):
        table.note(
            "exchange.merged_cells",
            "纵向合并的单元格，值已填到每一行",
            "values of vertically merged cells are carried into every row",
        )
    if marks:
        table.note(
            "exchange.error_cells",
            f"{len(marks)} 个单元格是 Excel 错误值（如 {next(iter(marks.values()))}）",
            f"{len(marks)} cell(s) hold an Excel error such as {next(iter(marks.values()))}",
            level=Level.WARNING,
        )
    return table


def _within(merged: list[MergedRange], last: int) -> list[MergedRange]:
    return [((top, left), (min(bottom, last), right)) for (top, left), (bottom, right) in merged if left >= 0]


def _parts(
    sheet: calamine.CalamineSheet,
    layout: Layout,
    width: int,
    merged: list[MergedRange],
    marks: dict[tuple[int, int], str],
) -> Iterator[tuple[list[pa.Array], pa.Array]]:
    tall = [area for area in merged if area[1][0] > area[0][0] and area[1][0] >= layout.data]
    carried: dict[tuple[int, int], Any] = {}
    number = layout.data
    rows = itertools.islice(sheet.iter_rows(), layout.data, None)
    while chunk := list(itertools.islice(rows, BATCH_ROWS)):
        _carry_down(chunk, number, tall, carried)
        for (row, column), text in marks.items():
            if number <= row < number + len(chunk):
                chunk[row - number][column] = text
        columns = [column_of(cells) for cells in zip(*chunk, strict=True)] if width else []
        yield columns, pa.array(range(number + 1, number + len(chunk) + 1), pa.int64())
        number += len(chunk)


def _carry_down(
    chunk: list[list[Any]], number: int, tall: list[MergedRange], carried: dict[tuple[int, int], Any]
) -> None:
    for (top, left), (bottom, right) in tall:
        for row in range(max(top, number), min(bottom, number + len(chunk) - 1) + 1):
            cells = chunk[row - number]
            if row == top:
                carried[top, left] = cells[left]
            for column in range(left, min(right, left) + 1):
                cells[column] = carried.get((top, left), cells[column])


def column_of(cells: Iterable[Any]) -> pa.Array:
    """One column of calamine's cells as texts. A number keeps every digit it has; an empty cell is an empty text."""
    values = list(cells)
    types = set(map(type, values))
    if types <= {str}:
        return pa.array(values, pa.string())
    if types <= {float, int}:
        return float_texts(pa.array(values, pa.float64()))
    return pa.array([v if type(v) is str else text_of(v) for v in values], pa.string())


def float_texts(values: pa.Array) -> pa.Array:
    """Shortest texts that read back as the same floats, without exponents below 1e16."""
    texts = pc.cast(values, pa.string())
    odd = pc.match_substring(texts, "e")
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(
        texts, pc.fill_null(odd, False), pa.array([text_of(v) for v in values.filter(odd).to_pylist()], pa.string())
    )


def text_of(cell: object) -> str:
    """One cell as text: dates in ISO form, floats by their shortest exact form, truth values as TRUE and FALSE."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        text = repr(cell)
        return text[:-2] if text.endswith(".0") else text
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)
