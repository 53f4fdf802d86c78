"""`houfeng book init | query | submissions | tidy | index`: the commands that look at the store rather than at files.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import Text, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from houfeng.book.store import Book

EXCEL_ROWS = 1_048_576
SHOWN = 100


def book_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--book FOLDER`: the book's folder, else the setting HOUFENG_BOOK."""
    return click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book.")(command)


def open_book(folder: Path | None) -> Book:
    """The book in `folder`, or in the folder of the settings."""
    from houfeng.book.store import Book

    return Book.open(folder or settings.load().book, clock.wall_clock)


def say(zh: str, en: str) -> None:
    """One line for the person at the terminal."""
    click.echo(Text(zh, en).get(settings.load().lang))


@click.command()
@book_option
@click.option("--synthetic", is_flag=True, help="Mark the book as made up, for demos.")
def init(folder: Path | None, synthetic: bool) -> None:
    """Make an empty book."""
    from houfeng.book.store import Book

    book = Book.create(folder or settings.load().book, clock.wall_clock, synthetic=synthetic)
    say(f"已建账簿 {book.path}", f"made the book {book.path}")


@click.command()
@book_option
@click.argument("sql")
@click.option(
    "--as-known-at",
    "--known-at",
    "known_at",
    help="Moment of knowledge, e.g. 2026-01-16 (its end) or 2026-01-16T09:30.",
)
@click.option("--as-of", help="Show every kind as of this day.")
@click.option("--out", type=click.Path(path_type=Path), help="Write all rows to a .csv, .xlsx or .parquet file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; money and rates as text, exactly.")
@click.option("--limit", type=click.IntRange(min=1), default=SHOWN, show_default=True, help="Rows to print.")
def query(
    folder: Path | None, sql: str, known_at: str | None, as_of: str | None, out: Path | None, as_json: bool, limit: int
) -> None:
    """Ask one SELECT over the record kinds, read only."""
    from houfeng.book.query import ask

    if out is not None and out.suffix.lower() not in WRITERS:
        raise UsageError(
            Text(
                f"不认得 {out.name} 的类型，请用 .csv、.xlsx 或 .parquet",
                f"use .csv, .xlsx or .parquet, not {out.name}",
            )
        )
    snapshot = open_book(folder).snapshot(clock.parse_moment(known_at) if known_at else None)
    run = settings.load()
    day = clock.parse_day(as_of) if as_of else None
    if day is None and (named := _validity_kinds(sql)):
        text = Text(
            f"注意：没有 --as-of，{'、'.join(named)} 含每一次报送的名单",
            f"note: without --as-of, {', '.join(named)} holds every list ever sent",
        )
        click.echo(text.get(run.lang), err=True)
    with ask(snapshot, sql, as_of=day, memory=run.memory, threads=run.threads) as answer:
        if out is not None:
            rows = WRITERS[out.suffix.lower()](answer, out)
            say(f"已写出 {rows} 行到 {out}", f"wrote {rows} rows to {out}")
        else:
            _print(answer, limit, as_json)


def _validity_kinds(sql: str) -> list[str]:
    """The validity kinds a query names."""
    from houfeng.book.model import Time, kinds

    words = set(re.findall(r"\w+", sql.lower()))
    return [kind.name for kind in kinds().values() if kind.time is Time.VALIDITY and kind.name in words]


@click.command()
@book_option
@click.argument("kind", required=False)
@click.option("--as-known-at", "--known-at", "known_at", help="Moment of knowledge.")
@click.option("--all", "all_", is_flag=True, help="Also those no longer, or never, in force.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def submissions(folder: Path | None, kind: str | None, known_at: str | None, all_: bool, as_json: bool) -> None:
    """List what was submitted, and since when and until when it was in force."""
    snapshot = open_book(folder).snapshot(clock.parse_moment(known_at) if known_at else None)
    names = [kind] if kind else list(snapshot.kinds)
    found = [entry for name in names for entry in (snapshot.history(name) if all_ else snapshot.submissions(name))]
    columns = ["kind", "reporter", "period", "version", "known_from", "known_to", "rows", "quarantined", "ignored"]
    columns += ["file", "sheet", "submission_id"]
    if as_json:
        for entry in found:
            click.echo(json.dumps({name: _plain(getattr(entry, name)) for name in columns}, ensure_ascii=False))
        return
    _table(columns, [[getattr(entry, name) for name in columns] for entry in found])


@click.command()
@book_option
def tidy(folder: Path | None) -> None:
    """Clear away what a crash left behind. Nothing that can be seen changes."""
    from houfeng.book.storage.tidy import tidy as clear

    done = clear(open_book(folder).path, clock.wall_clock())
    say(
        f"清理完毕：无主记录 {done.orphan_rows} 条，无主文件 {done.files} 个，残缺提交 {done.torn_commits} 个",
        f"cleared {done.orphan_rows} orphan rows, {done.files} files, {done.torn_commits} torn commits",
    )


@click.command()
@book_option
@click.option("--least", type=click.IntRange(min=1), default=200_000, show_default=True, help="Rows worth a copy.")
def index(folder: Path | None, least: int) -> None:
    """Make copies of large kinds, indexed by firm, and of the newest months, tagged, for the desk. Answers stay the
    same; old copies go."""
    from houfeng.book.copies import make_copies
    from houfeng.packs.loading.load import load_pack
    from houfeng.themes.kept import FOLDER, keep_usual

    book, given = open_book(folder), settings.load()
    snapshot, today = book.snapshot(), clock.wall_clock().date()
    made = make_copies(snapshot, book.path, least=least, memory=given.memory, threads=given.threads)
    say(f"已建索引副本：{'、'.join(made) or '无需更新'}", f"indexed copies made: {', '.join(made) or 'nothing to do'}")
    months = keep_usual(snapshot, load_pack("five-articles"), today, book.path / FOLDER, given, least)
    told = [f"{day:%Y-%m}" for day in months]
    say(f"已标识月份：{'、'.join(told) or '无需更新'}", f"months tagged: {', '.join(told) or 'nothing to do'}")


COMMANDS = (init, query, submissions, tidy, index)


def _plain(value: object) -> object:
    """A value as JSON can carry it without losing anything."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return str(value)


def _rows(answer: pa.RecordBatchReader) -> Iterator[list[Any]]:
    for batch in answer:
        for row in zip(*[column.to_pylist() for column in batch.columns], strict=True):
            yield list(row)


def _print(answer: pa.RecordBatchReader, limit: int, as_json: bool) -> None:
    names = answer.schema.names
    shown: list[list[Any]] = []
    more = False
    for row in _rows(answer):
        if len(shown) == limit:
            more = True
            break
        shown.append(row)
    if as_json:
        for row in shown:
            told = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _table(names, shown)
    if more:
        lang = settings.load().lang
        text = Text(f"只列出前 {limit} 行；用 --limit 或 --out 取全部", f"first {limit} rows; --limit or --out for all")
        click.echo(text.get(lang), err=True)


def _table(names: list[str], rows: list[list[Any]]) -> None:
    texts = [["" if value is None else str(_plain(value)) for value in row] for row in rows]
    widths = [max([_width(name), *(_width(row[n]) for row in texts)]) for n, name in enumerate(names)]
    for line in (names, ["-" * width for width in widths], *texts):
        padded = (text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _width(text: str) -> int:
    """Columns a terminal needs: Chinese characters take two."""
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


@contextmanager
def _new(out: Path, mode: str, **how: Any) -> Iterator[Any]:
    """A file that takes its name only when it is complete."""
    from houfeng.book.storage.faults import faults

    if not out.parent.is_dir():
        raise UsageError(Text(f"没有文件夹 {out.parent}", f"there is no folder {out.parent}"))
    part = out.with_name(f".{out.name}.part")
    with faults(out):
        try:
            with open(part, mode, **how) as sink:
                yield sink
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)


def _to_csv(answer: pa.RecordBatchReader, out: Path) -> int:
    """UTF-8 with a byte-order mark, which Excel needs to see Chinese."""
    import csv

    count = 0
    with _new(out, "w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(answer.schema.names)
        for row in _rows(answer):
            writer.writerow(["" if value is None else _plain(value) for value in row])
            count += 1
    return count


def _to_parquet(answer: pa.RecordBatchReader, out: Path) -> int:
    import pyarrow.parquet as pq

    count = 0
    with _new(out, "wb") as sink, pq.ParquetWriter(sink, answer.schema, compression="zstd") as writer:
        for batch in answer:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _to_xlsx(answer: pa.RecordBatchReader, out: Path) -> int:
    """One sheet. A number Excel would round (over 15 digits) is written as text."""
    import xlsxwriter

    count = 0
    with _new(out, "wb") as sink, xlsxwriter.Workbook(sink, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        formats: dict[type, Any] = {
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet.write_row(0, 0, answer.schema.names)
        for row in _rows(answer):
            count += 1
            if count >= EXCEL_ROWS:
                raise UsageError(Text("超过 Excel 的行数上限，请写 .csv", "too many rows for Excel: use .csv"))
            for n, value in enumerate(row):
                _cell(sheet, count, n, value, formats)
    return count


def _cell(sheet: Any, row: int, column: int, value: object, formats: dict[type, Any]) -> None:
    if isinstance(value, (datetime, date)):
        sheet.write_datetime(row, column, value, formats[type(value)])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, (int, float, Decimal)) and len(str(value).replace(".", "").strip("-0")) <= 15:
        sheet.write_number(row, column, float(value))
    elif value is not None:
        sheet.write_string(row, column, str(_plain(value)))


WRITERS: dict[str, Callable[[Any, Path], int]] = {".csv": _to_csv, ".parquet": _to_parquet, ".xlsx": _to_xlsx}
