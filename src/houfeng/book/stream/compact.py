"""Putting many small files of events together into larger ones, while everybody goes on reading and writing.

Whole files go into one, so the rows of a call stay together in one file, whose footer says how many it holds of each.
The new file is written beside the others; one commit under the lock lets it stand for them. Who has the older list goes
on reading the old files, which `tidy` removes when they have been out of use for an hour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from houfeng.book.model import Kind
from houfeng.book.storage.faults import damaged, faults
from houfeng.book.storage.locking import locked
from houfeng.book.storage.scan import CALLS, calls_in, file_name, stored_schema
from houfeng.book.storage.tables import ROW_GROUP, DataFile, Table, parquet_options, sync_folder

ROWS = 1_000_000
BYTES = 256 << 20
"""A file of half of either is large enough; more than either is not put into one."""

FEWEST = 8
"""Files fewer than this are not worth a commit."""


def compact(table: Table, kind: Kind, committed: set[str], name: str, lock: Path, *, rows: int = ROWS) -> int:
    """Put small files of `table` together, in pieces of up to `rows`. Gives how many files others stand for now.

    `committed` are the calls that the manifest knows; files of any other stay as they are. `name` begins the names of
    the new files and must be new.

    Raises:
        EnvironmentFault: disk full, no permission, a damaged file; the table is as it was, or as after one piece.
        ConflictError: the book stays locked.
    """
    gone = 0
    for n, group in enumerate(groups(_small(table, committed, rows), rows)):
        with faults(table.path):
            action = _write(table, kind, f"{name}-{n:03}", group)
        try:
            with locked(lock):
                active = {file.path for file in table.files()}
                if stands := all(file.path in active for file in group):
                    table.replace(group, action)
                    gone += len(group)
        except BaseException:
            _discard(table, action)
            raise
        if not stands:  # somebody else has put them together meanwhile
            _discard(table, action)
    return gone


def groups(files: Sequence[tuple[DataFile, int]], rows: int = ROWS) -> Iterator[list[DataFile]]:
    """Which of the small `files` (with their sizes, in order) go together.

    A file that outweighs all others of its group waits, so that a row is written anew a few times only until it lies
    in a large file.
    """
    group: list[DataFile] = []
    size = 0
    for file, length in files:
        if sum(f.rows for f in group) + file.rows > rows or size + length > BYTES:
            yield from _worth(group)
            group, size = [], 0
        group.append(file)
        size += length
    yield from _worth(group)


def _worth(group: list[DataFile]) -> Iterator[list[DataFile]]:
    while group:
        largest = max(group, key=lambda file: file.rows)
        if 2 * largest.rows <= sum(file.rows for file in group):
            break
        group = [file for file in group if file is not largest]
    if len(group) >= FEWEST:
        yield group


def _small(table: Table, committed: set[str], rows: int) -> list[tuple[DataFile, int]]:
    with faults(table.path):
        sized = [(file, Path(file.path).stat().st_size) for file in table.files()]
        return [
            (file, size)
            for file, size in sized
            if 2 * file.rows <= rows and 2 * size <= BYTES and calls_in(file).keys() <= committed
        ]


def _write(table: Table, kind: Kind, name: str, files: Sequence[DataFile]) -> AddAction:
    """The rows of `files`, in this order, as one durable file that nothing refers to yet."""
    schema = stored_schema(kind)
    calls: dict[str, int] = {}
    for file in files:
        calls.update(calls_in(file))
    target = table.path / file_name(name, schema)
    try:
        with open(target, "xb") as sink:
            written = _merge(sink, schema, files, calls)
            sink.flush()
            os.fsync(sink.fileno())
        if written != sum(file.rows for file in files) or written != sum(calls.values()):
            raise damaged(table.path, f"{written} rows in {len(files)} files that should hold {sum(calls.values())}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    sync_folder(table.path)
    return table.written(target.name, written, min(f.first for f in files), max(f.last for f in files))


def _merge(sink: object, schema: pa.Schema, files: Sequence[DataFile], calls: Mapping[str, int]) -> int:
    written = 0
    with pq.ParquetWriter(sink, schema, **parquet_options(schema)) as writer:
        for group in _row_groups(schema, files):
            writer.write_table(group, row_group_size=ROW_GROUP)
            written += group.num_rows
        writer.add_key_value_metadata({CALLS: json.dumps(calls)})
    return written


def _row_groups(schema: pa.Schema, files: Sequence[DataFile]) -> Iterator[pa.Table]:
    """All rows in tables of `ROW_GROUP` rows; no more than that and one piece of a file is held in memory."""
    held: list[pa.Table] = []
    for file in files:
        with pq.ParquetFile(file.path) as source:
            for batch in source.iter_batches(ROW_GROUP):
                held.append(_aligned(pa.Table.from_batches([batch]), schema))
                if sum(map(len, held)) >= ROW_GROUP:
                    whole = pa.concat_tables(held)
                    yield whole.slice(0, ROW_GROUP)
                    held = [whole.slice(ROW_GROUP)]
    if any(map(len, held)):
        yield pa.concat_tables(held)


def _aligned(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """`rows` in today's columns: those that the kind has gained since are empty."""
    known = set(rows.column_names)
    columns = [rows.column(f.name) if f.name in known else pa.nulls(len(rows), f.type) for f in schema]
    return pa.Table.from_arrays(columns, names=schema.names).cast(schema)


def _discard(table: Table, action: AddAction) -> None:
    """Remove the file, unless the commit that names it went through after all."""
    with faults(table.path):
        path = table.path / action.path
        if str(path) not in {file.path for file in table.files()}:
            path.unlink(missing_ok=True)
