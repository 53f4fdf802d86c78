"""Delimited text: CSV, TSV, and the pipes of reporting files, streamed into Arrow.

The first part of the file is read with Python's csv module to find the delimiter and the header; the rest goes through
Arrow's parser in blocks. Rows with too many or too few cells take the slow road, and none is lost.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from houfeng.errors import Text
from houfeng.exchange.encoding import Encoding, Utf8Stream, find_encoding
from houfeng.exchange.layout import Layout, find_layout, stated_facts
from houfeng.exchange.raw import BATCH_ROWS, Known, Limits, RawTable
from houfeng.exchange.rows import Sieve
from houfeng.exchange.source import Entry, refused

_SAMPLE = 256 << 10
_HEAD_ROWS = 60
_MANY_LINES = 20
_BLOCK = 12 << 20
_DELIMITERS = (",", "\t", "|", ";", "\x01")
_NAMES = {",": "逗号", "\t": "制表符", "|": "竖线", ";": "分号", "\x01": "\\x01"}


@dataclass
class _Plan:
    """How to read one text file, found from its first part."""

    encoding: Encoding
    delimiter: str
    layout: Layout
    width: int
    skip: int  # characters before the data
    lines: int  # lines before the data


def read_delimited(entry: Entry, content_hash: str, known: Known, limits: Limits) -> RawTable:
    """The one table of a text file.

    Raises:
        InputError: undecodable, binary, a line over the limit, or nothing like a table inside.
    """
    encoding = find_encoding(entry, limits)
    sample = _sample(entry, encoding)
    delimiter, rows, ends = _sniff(sample, known)
    layout = find_layout(rows[:_HEAD_ROWS], known)
    if layout is None:
        raise refused("exchange.no_table", entry.name, "里面没有表格", "there is no table inside")
    width = max(_usual_width(rows[layout.data :]), _used(list(layout.headers)))
    skip, lines = ends[layout.data - 1]
    plan = _Plan(encoding, delimiter, layout, width, skip, lines)
    headers = tuple(fit(list(layout.headers), width))
    table = RawTable(
        entry.name, "", headers, layout.last + 1, content_hash, lambda: iter(()), stated_facts(layout.titles)
    )
    table.recognised = layout.recognised
    table.read = lambda: _batches(entry, plan, table, limits)
    _say(table, plan)
    return table


def _say(table: RawTable, plan: _Plan) -> None:
    if plan.encoding.name != "utf-8":
        label = plan.encoding.label
        table.note("exchange.encoding_guessed", f"按 {label} 编码读取", f"read as {label}")
    if plan.delimiter != ",":
        name = _NAMES[plan.delimiter]
        table.note("exchange.delimiter_guessed", f"按{name}分列", f"columns split at {plan.delimiter!r}")
    say_header(table, plan.layout)


def say_header(table: RawTable, layout: Layout) -> None:
    """Tell which row was taken as the header, where that is not plainly the first."""
    row = layout.first + 1
    if layout.recognised < 2:
        table.note(
            "exchange.header_guessed",
            f"没有认得的列名，取第 {row} 行作表头",
            f"no header is known; row {row} is taken as header",
            row=row,
        )
    elif layout.first or layout.last > layout.first:
        both = layout.last > layout.first
        table.note(
            "exchange.header_row",
            f"表头在第 {row}{f'–{row + 1}' if both else ''} 行",
            f"the header is in row{f's {row}–{row + 1}' if both else f' {row}'}",
            row=row,
        )


def _sample(entry: Entry, encoding: Encoding) -> str:
    with entry.open() as stream:
        data = stream.read(_SAMPLE)
    text = data[encoding.mark :].decode(encoding.name, errors="ignore")
    if len(data) == _SAMPLE and (cut := max(text.rfind("\n"), text.rfind("\r"))) > 0:
        text = text[: cut + 1] if text[cut : cut + 2] != "\r" else text[:cut]
    return text


def _sniff(sample: str, known: Known) -> tuple[str, list[list[str]], list[tuple[int, int]]]:
    """The delimiter, the sample's rows, and (characters, lines) consumed at the end of each row."""
    best: tuple[float, str] = (-1.0, ",")
    for delimiter in _DELIMITERS:
        rows, _ = _rows_of(sample, delimiter, _HEAD_ROWS)
        widths = sorted(_used(row) for row in rows if any(row))
        if not widths:
            continue
        usual = widths[len(widths) // 2]
        headers = max(sum(1 for c in row if c.strip() and known(c.strip())) for row in rows)
        score = headers * 1000 + (usual if usual > 1 else 0) + (widths.count(usual) / len(widths) if usual > 1 else 0)
        if score > best[0]:
            best = (score, delimiter)
    rows, ends = _rows_of(sample, best[1], None)
    return best[1], rows, ends


def _rows_of(sample: str, delimiter: str, most: int | None) -> tuple[list[list[str]], list[tuple[int, int]]]:
    consumed = [0, 0]

    def lines() -> Iterator[str]:
        for line in io.StringIO(sample, newline=""):
            consumed[0] += len(line)
            consumed[1] += 1
            yield line

    rows, ends = [], []
    try:
        for row in csv.reader(lines(), delimiter=delimiter):
            rows.append(row)
            ends.append((consumed[0], consumed[1]))
            if most and len(rows) >= most:
                break
    except csv.Error:  # a field over the module's limit: this delimiter, or this sample's end, is not it
        pass
    return rows, ends


def _usual_width(rows: list[list[str]]) -> int:
    """The number of cells most rows have; one name with a comma in it does not make the table wider."""
    widths = Counter(len(row) for row in rows if any(row))
    return widths.most_common(1)[0][0] if widths else 0


def _used(row: list[str]) -> int:
    """Cells up to the last filled one."""
    return max((i + 1 for i, cell in enumerate(row) if cell.strip()), default=0)


@dataclass
class _Ragged:
    """Rows whose number of cells is not the table's, in file order, as Arrow hands them over."""

    delimiter: str
    width: int
    texts: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # data rows (from 1) handed over so far

    def __call__(self, row: pacsv.InvalidRow) -> str:
        self.numbers.append(row.number)
        self.texts.append((row.number, row.text))
        return "skip"

    def take(self) -> Iterator[tuple[int, list[str]]]:
        texts, self.texts = self.texts, []
        for number, text in texts:
            try:
                cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter), [])
            except csv.Error:  # a cell over the module's limit: keep it whole, its row will not pass
                cells = [text, *[""] * self.width, text[:20]]
            yield number, cells


def _batches(entry: Entry, plan: _Plan, table: RawTable, limits: Limits) -> Iterator[pa.RecordBatch]:
    names = [str(i) for i in range(plan.width)]
    ragged = _Ragged(plan.delimiter, plan.width)
    sieve = Sieve(table)
    with entry.open() as stream:
        text = io.BufferedReader(Utf8Stream(stream, plan.encoding, plan.skip, entry.name, limits), _BLOCK)
        if not text.peek(1):
            yield from sieve.run(())
            return
        try:
            reader = pacsv.open_csv(
                text,
                read_options=pacsv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
                parse_options=pacsv.ParseOptions(
                    delimiter=plan.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=ragged,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types={name: pa.string() for name in names},
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
            yield from sieve.run(_numbered(reader, ragged, plan, table))
        except pa.ArrowInvalid as error:
            raise refused(
                "exchange.csv",
                entry.name,
                f"分列文本无法解析，多半是引号没有成对（{error}）",
                f"the delimited text cannot be parsed, most likely a quote is never closed ({error})",
                suggestion=Text("检查引号，或另存为 xlsx", "look for an unclosed quote, or save it as xlsx"),
            ) from None


def _numbered(
    reader: pacsv.CSVStreamingReader, ragged: _Ragged, plan: _Plan, table: RawTable
) -> Iterator[tuple[list[pa.Array], pa.Array]]:
    """Blocks with their row numbers; rows Arrow handed over come after the block they were met in."""
    kept = 0
    for block in reader:
        for start in range(0, block.num_rows, BATCH_ROWS):
            part = block.slice(start, BATCH_ROWS)
            _check_quotes(part, table, plan)
            yield part.columns, _row_numbers(kept, part.num_rows, ragged.numbers, plan.layout.data)
            kept += part.num_rows
        yield from _odd_rows(ragged, plan, table)
    yield from _odd_rows(ragged, plan, table)


def _check_quotes(part: pa.RecordBatch, table: RawTable, plan: _Plan) -> None:
    """Raise where a cell has swallowed whole rows, which is what a quote that is never closed does."""
    for column in part.columns:
        if not pc.any(pc.match_substring(column, "\n")).as_py():
            continue
        for cell in column.filter(pc.match_substring(column, "\n")).to_pylist():
            lines = cell.splitlines()[1:]
            rows = sum(1 for line in lines if line.count(plan.delimiter) == plan.width - 1)
            if rows > (0 if plan.width > 2 else _MANY_LINES) or len(lines) > _MANY_LINES * 10:
                raise refused(
                    "exchange.csv",
                    table.file,
                    f"有一格吞掉了后面 {len(lines):,} 行，多半是引号没有成对：{cell[:30]!r}",
                    f"a cell swallowed the next {len(lines):,} lines; a quote is not closed: {cell[:30]!r}",
                    suggestion=Text("检查引号，或另存为 xlsx", "look for an unclosed quote, or save it as xlsx"),
                )


def _row_numbers(kept: int, count: int, skipped: list[int], before: int) -> pa.Array:
    """Source rows of `count` rows after `kept` ones, stepping over those handed over elsewhere."""
    numbers = np.arange(kept + 1, kept + count + 1, dtype=np.int64)
    if skipped:
        gaps = np.asarray(skipped, dtype=np.int64) - np.arange(len(skipped)) - 1  # rows kept before each skipped one
        numbers += np.searchsorted(gaps, numbers - 1, side="right")
    return pa.array(numbers + before)


def _odd_rows(ragged: _Ragged, plan: _Plan, table: RawTable) -> Iterator[tuple[list[pa.Array], pa.Array]]:
    rows = [(number + plan.layout.data, cells) for number, cells in ragged.take()]
    for number, cells in rows:
        if _used(cells) > plan.width:
            table.reject(
                number,
                f"这一行有 {_used(cells)} 格，表头只有 {plan.width} 列",
                f"{_used(cells)} cells in a row of a table with {plan.width} columns",
            )
    for start in range(0, len(rows), BATCH_ROWS):
        part = rows[start : start + BATCH_ROWS]
        columns = [
            pa.array(column, pa.string()) for column in zip(*(fit(cells, plan.width) for _, cells in part), strict=True)
        ]
        yield columns, pa.array([number for number, _ in part], pa.int64())


def fit(row: list[str], width: int) -> list[str]:
    """A row of exactly `width` cells: short ones padded, what stands beyond the last column joined to it."""
    if len(row) <= width:
        return [*row, *[""] * (width - len(row))]
    if not any(cell.strip() for cell in row[width:]):
        return row[:width]
    return [*row[: width - 1], " ¦ ".join(row[width - 1 :])]
