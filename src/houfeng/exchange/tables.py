"""The front door for files: whatever arrives, tables of texts come out, or one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from houfeng.errors import HoufengError, InputError, Text
from houfeng.exchange.columnar import read_json_lines, read_parquet
from houfeng.exchange.delimited import read_delimited
from houfeng.exchange.raw import Known, Limits, RawTable
from houfeng.exchange.sheets import read_workbook
from houfeng.exchange.source import OLE, PARQUET, ZIP, Entry, Source, check_magic, refused

DEFAULT_LIMITS = Limits()


def read_tables(path: Path, *, known: Known = lambda _: False, limits: Limits = DEFAULT_LIMITS) -> Iterator[RawTable]:
    """The tables of a file: one per sheet, per member of a zip, or the file itself.

    The rows of each table are read when asked for. When the last table has been given out and the caller comes back for
    more, the file is checked: had it changed meanwhile, everything read is void.

    Raises:
        InputError: the file cannot be read as data, is hostile, or changed while it was read.
        EnvironmentFault: no permission, or the disk failed.
    """
    source = Source(path, limits)
    try:
        for entry in source.entries():
            yield from _read(entry, source.sha256, known, limits)
    except (HoufengError, OSError):
        source.verify()
        raise
    source.verify()


def _read(entry: Entry, content_hash: str, known: Known, limits: Limits) -> Iterator[RawTable]:
    check_magic(entry)
    head = entry.head
    suffix = Path(entry.name).suffix.lower()
    if head.startswith((ZIP, OLE)):
        yield from read_workbook(entry, content_hash, known, limits)
    elif head.startswith(PARQUET):
        yield read_parquet(entry, content_hash, known, limits)
    elif suffix in (".xlsx", ".xlsm", ".parquet"):
        raise _not_what_it_says(entry, suffix)
    elif (start := head.lstrip(b"\xef\xbb\xbf \t\r\n"))[:1] == b"{":
        yield read_json_lines(entry, content_hash, known, limits)
    elif start[:1] == b"[" and suffix in (".json", ".jsonl"):
        raise refused(
            "exchange.format",
            entry.name,
            "这是 JSON 数组，请改为 JSON lines（每行一个对象）",
            "this is a JSON array; write JSON lines, one object per line",
        )
    elif start[:9].lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise refused(
            "exchange.format",
            entry.name,
            "这是网页或 XML，不是工作簿（有些系统把网页存成 .xls）",
            "this is a web page or XML, not a workbook (some systems save those as .xls)",
            suggestion=Text("用 Excel 打开后另存为 xlsx", "open it in Excel and save it as xlsx"),
        )
    else:
        table = read_delimited(entry, content_hash, known, limits)
        if suffix == ".xls":
            table.note(
                "exchange.text_as_xls",
                "扩展名是 .xls，内容是文本，按文本读取",
                "named .xls, but the content is text and is read as text",
            )
        yield table


def _not_what_it_says(entry: Entry, suffix: str) -> InputError:
    return refused(
        "exchange.not_what_it_says",
        entry.name,
        f"扩展名是 {suffix}，内容却不是（文件损坏，或改过扩展名）",
        f"named {suffix}, but the content is something else (damaged, or renamed)",
        suggestion=Text("请重新导出；若是文本，改用 .csv 扩展名", "export it again; if it is text, name it .csv"),
    )
