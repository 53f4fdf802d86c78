"""From a set of submissions to the SQL that reads their rows, opening no file that holds none of them.

Each Parquet file names the call of `submit` it was written by, so it is known without opening it whose rows it may hold
and whether all of them are wanted: then no filter is needed at all. A file put together from others tells it in its
footer. A file written before a kind gained a field gives nulls for it. Rows that the list of submissions promises and
the table lacks are an error, never a smaller result.
"""

from __future__ import annotations

import bisect
import functools
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from houfeng.book.connection import quoted
from houfeng.book.draft import ROW
from houfeng.book.model import SQL, Kind, Time
from houfeng.book.storage.faults import damaged, faults
from houfeng.book.storage.manifest import Submission
from houfeng.book.storage.tables import SUBMISSION, DataFile, Table

HASH = "_hash"
"""Column of event kinds: a hash of the row's content, to tell a repeated event from a contradicting one."""


CALLS = "houfeng.calls"
"""In the footer of a file that was put together from others: call → number of its rows, as JSON."""


class Part(NamedTuple):
    """A file to read: wholly (`only` is empty) or only the rows of the submissions `only`."""

    file: DataFile
    only: tuple[str, ...]


def stored_schema(kind: Kind) -> pa.Schema:
    """The schema of the kind's table: its fields, `_row`, `_submission`, and for events `_hash`."""
    schema = kind.schema().append(pa.field(ROW, pa.int64())).append(pa.field(SUBMISSION, pa.string()))
    return schema.append(pa.field(HASH, pa.int64())) if kind.time is Time.EVENT else schema


def fingerprint(schema: pa.Schema) -> str:
    """A short name for the columns of `schema`: files that share it can be read together."""
    told = "\n".join(f"{field.name} {field.type}" for field in schema)
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def file_name(batch: str, schema: pa.Schema) -> str:
    """The name of the file that the call `batch` writes."""
    return f"{batch}.{fingerprint(schema)}.parquet"


def parts_of(
    table: Table,
    wanted: Iterable[Submission],
    known: Iterable[Submission],
    count: Callable[[Submission], int] = lambda entry: entry.rows,
) -> list[Part]:
    """The files holding rows of `wanted`. `known` are all submissions of the table that share a call with one of them.

    `count` says how many rows of a submission the table holds.

    Raises:
        EnvironmentFault: a file that must be there is not.
    """
    ids = sorted(entry.submission_id for entry in wanted if count(entry))
    by_batch: dict[str, set[str]] = defaultdict(set)
    for one in ids:
        by_batch[batch_of(one)].add(one)
    whole: dict[str, set[str]] = defaultdict(set)
    promised: dict[str, int] = defaultdict(int)
    for entry in known:
        if count(entry) and entry.batch in by_batch:
            whole[entry.batch].add(entry.submission_id)
            promised[entry.batch] += count(entry)
    parts = []
    for file in table.files() if ids else ():
        if bisect.bisect_left(ids, file.first) == bisect.bisect_right(ids, file.last):
            continue
        held = calls_in(file)
        here = [batch for batch in held if batch in by_batch]
        for batch in here:
            promised[batch] -= held[batch]
        if len(here) == len(held) and all(by_batch[batch] == whole[batch] for batch in here):
            parts.append(Part(file, ()))
        elif here:
            parts.append(Part(file, tuple(sorted(one for batch in here for one in by_batch[batch]))))
    if lost := [name for name, missing in promised.items() if missing]:
        raise damaged(table.path, f"rows of {lost[0]} are missing")
    return parts


def scan_sql(table: Table, kind: Kind, parts: Sequence[Part], columns: Sequence[str], where: str = "") -> str:
    """SQL giving `columns` of the rows in `parts` that meet the condition `where`; no rows where there are no parts."""
    types = sql_types(kind)
    if not parts:
        nothing = ", ".join(f'CAST(NULL AS {types[name]}) AS "{name}"' for name in columns)
        return f"SELECT {nothing} WHERE false"
    groups: dict[tuple[str, bool], list[Part]] = defaultdict(list)
    for part in parts:
        groups[(_fingerprint_of(part.file.path), bool(part.only))].append(part)
    now = fingerprint(stored_schema(kind))
    queries = []
    for (shape, filtered), group in groups.items():
        held = None if shape == now else _columns_of(group[0].file.path, table.path)
        chosen = ", ".join(_column(name, types[name], held) for name in columns)
        files = ", ".join(f"'{quoted(part.file.path)}'" for part in group)
        conditions = [f"({where})"] if where else []
        if filtered:
            listed = ", ".join(f"'{one}'" for one in sorted({one for part in group for one in part.only}))
            conditions.append(f"{SUBMISSION} IN ({listed})")
        tail = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        queries.append(f"SELECT {chosen} FROM read_parquet([{files}], hive_partitioning = false){tail}")
    return " UNION ALL ".join(queries)


@functools.lru_cache(maxsize=256)
def _sql_types(pairs: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {**dict(pairs), ROW: "BIGINT", SUBMISSION: "VARCHAR", HASH: "BIGINT"}


def sql_types(kind: Kind) -> Mapping[str, str]:
    """DuckDB's type of every stored column of `kind`."""
    return _sql_types(tuple((field.name, SQL[field.type]) for field in kind.fields.values()))


def _column(name: str, sql_type: str, held: Collection[str] | None) -> str:
    if held is None:
        return f'"{name}"'
    return f'CAST({f"{chr(34)}{name}{chr(34)}" if name in held else "NULL"} AS {sql_type}) AS "{name}"'


def calls_in(file: DataFile) -> Mapping[str, int]:
    """The calls of `submit` whose rows `file` holds, with the number of their rows.

    Raises:
        EnvironmentFault: the file is not there or damaged.
    """
    if batch_of(file.first) == batch_of(file.last):
        return {batch_of(file.first): file.rows}
    return _calls_in(file.path)


@functools.lru_cache(maxsize=1024)
def _calls_in(path: str) -> Mapping[str, int]:
    """As a file that was put together tells it in its footer, or else as its rows do."""
    with faults(Path(path)), pq.ParquetFile(path) as file:
        if (told := (file.metadata.metadata or {}).get(CALLS.encode())) is not None:
            found: dict[str, int] = json.loads(told)
            if (rows := sum(found.values())) != file.metadata.num_rows:
                raise damaged(Path(path), f"{file.metadata.num_rows} rows; {rows - file.metadata.num_rows} are missing")
            return found
        ids = file.read([SUBMISSION]).column(SUBMISSION)
    counted: dict[str, int] = defaultdict(int)
    for one in pc.value_counts(ids).to_pylist():
        counted[batch_of(one["values"])] += one["counts"]
    return counted


def batch_of(submission_id: str) -> str:
    """The call of `submit` a submission came with."""
    return submission_id.rsplit("-", 1)[0]


def _fingerprint_of(path: str) -> str:
    """The fingerprint in the name of a file we wrote; the name itself for one that Delta put together."""
    pieces = Path(path).name.split(".")
    return pieces[1] if len(pieces) == 3 and len(pieces[1]) == 8 else Path(path).name


@functools.lru_cache(maxsize=1024)
def _columns_of(path: str, book: Path) -> frozenset[str]:
    with faults(book):
        return frozenset(pq.read_schema(path).names)
