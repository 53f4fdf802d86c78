"""Bad rows never enter the book and are never lost: they wait here, with what was found and why it will not do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from houfeng.book.draft import QUARANTINE
from houfeng.book.storage.faults import faults
from houfeng.book.storage.manifest import Submission
from houfeng.book.storage.scan import Part, parts_of
from houfeng.book.storage.tables import SUBMISSION, Table

SCHEMA = pa.schema([pa.field(SUBMISSION, pa.string()), pa.field("kind", pa.string()), *QUARANTINE])


def stored(submission_id: str, kind: str, bad: pa.Table) -> pa.Table:
    """A draft's bad rows in the shape of the table."""
    columns = [pa.repeat(pa.scalar(text, pa.string()), bad.num_rows) for text in (submission_id, kind)]
    return pa.Table.from_arrays([*columns, *bad.columns], schema=SCHEMA)


def bad_rows(table: Table, wanted: Sequence[Submission], known: Iterable[Submission]) -> pa.Table:
    """The quarantined rows of `wanted`, with the columns of `SCHEMA`, in source order."""
    parts = parts_of(table, wanted, known, count=lambda entry: entry.quarantined)
    with faults(table.path):
        found = [_read(part) for part in parts]
    return pa.concat_tables([SCHEMA.empty_table(), *found]).sort_by([(SUBMISSION, "ascending"), ("row", "ascending")])


def _read(part: Part) -> pa.Table:
    read = pq.ParquetFile(part.file.path).read()
    if not part.only:
        return read
    return read.filter(pc.is_in(read.column(SUBMISSION), value_set=pa.array(part.only, pa.string())))
