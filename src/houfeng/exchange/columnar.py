"""Parquet and JSON lines: files that machines write, with names and types of their own."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.errors import Text
from houfeng.exchange.encoding import Encoding, Utf8Stream, find_encoding
from houfeng.exchange.raw import BATCH_ROWS, Known, Limits, RawTable
from houfeng.exchange.rows import Sieve
from houfeng.exchange.source import Entry, refused


def read_parquet(entry: Entry, content_hash: str, known: Known, limits: Limits) -> RawTable:
    """The table of a Parquet file; columns keep their types.

    Raises:
        InputError: the file is damaged.
    """
    with _opened(entry, limits) as parquet:
        names = tuple(parquet.schema_arrow.names)
    table = RawTable(entry.name, "", names, 0, content_hash, lambda: iter(()))
    table.recognised = sum(1 for name in names if known(name))
    table.read = lambda: Sieve(table).run(_parquet_parts(entry, limits))
    return table


@contextmanager
def _opened(entry: Entry, limits: Limits) -> Iterator[pq.ParquetFile]:
    try:
        with entry.whole(limits) as stream:
            yield pq.ParquetFile(stream)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(entry, error) from None


def _parquet_parts(entry: Entry, limits: Limits) -> Iterator[tuple[list[pa.Array], pa.Array]]:
    start = 1
    with _opened(entry, limits) as parquet:
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            yield batch.columns, pa.array(np.arange(start, start + batch.num_rows))
            start += batch.num_rows


def _damaged(entry: Entry, error: BaseException) -> Exception:
    first = str(error).splitlines()[0]
    return refused(
        "exchange.truncated",
        entry.name,
        f"Parquet 文件不完整或已损坏（{first}）",
        f"the Parquet file is cut short or damaged ({first})",
        suggestion=Text("请重新导出或重新传输", "export it or send it again"),
    )


def read_json_lines(entry: Entry, content_hash: str, known: Known, limits: Limits) -> RawTable:
    """The table of a JSON lines file: one object per line, keys are headers, numbers keep their digits.

    Raises:
        InputError: undecodable, or a line that is no JSON object (says which).
    """
    encoding = find_encoding(entry, limits)
    headers: dict[str, None] = {}
    for _, record in _records(entry, encoding, limits):
        headers.update(dict.fromkeys(record))
    names = tuple(headers)
    table = RawTable(entry.name, "", names, 0, content_hash, lambda: iter(()))
    table.recognised = sum(1 for name in names if known(name))
    table.read = lambda: Sieve(table).run(_json_parts(entry, encoding, limits, names))
    return table


def _json_parts(
    entry: Entry, encoding: Encoding, limits: Limits, names: tuple[str, ...]
) -> Iterator[tuple[list[pa.Array], pa.Array]]:
    records = _records(entry, encoding, limits)
    while chunk := list(itertools.islice(records, BATCH_ROWS)):
        columns = [pa.array([_text(record.get(name)) for _, record in chunk], pa.string()) for name in names]
        yield columns, pa.array([line for line, _ in chunk], pa.int64())


def _records(entry: Entry, encoding: Encoding, limits: Limits) -> Iterator[tuple[int, dict[str, Any]]]:
    with entry.open() as stream:
        lines = io.TextIOWrapper(io.BufferedReader(Utf8Stream(stream, encoding, 0, entry.name, limits)), "utf-8")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            except (ValueError, RecursionError) as error:
                raise _not_json(entry, number, str(error)) from None
            if not isinstance(record, dict):
                raise _not_json(entry, number, type(record).__name__)
            yield number, record


def _not_json(entry: Entry, line: int, why: str) -> Exception:
    return refused(
        "exchange.json",
        entry.name,
        f"第 {line} 行不是一个 JSON 对象（{why}）",
        f"line {line} is not one JSON object ({why})",
        suggestion=Text("每行写一个对象", "write one object per line"),
        line=line,
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return format(value, "f") if -20 <= value.as_tuple().exponent <= 0 else str(value)  # type: ignore[operator]
    return json.dumps(value, ensure_ascii=False, default=str)
