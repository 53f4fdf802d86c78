"""From the log of a live watch into the book: whole stretches of entries, each exactly once.

What has entered is told by the manifest alone: each submission of a stream names the stretch of the log it was part of.
A row is known by its source and its place there, so the book's history need not be searched for the same event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.draft import QUARANTINE, ROW, Draft
from houfeng.book.model import Kind
from houfeng.book.storage.compare import hashed
from houfeng.book.storage.judge import Verdict
from houfeng.book.storage.manifest import LATE, STREAM, Submission
from houfeng.book.storage.receipt import Status
from houfeng.errors import Text, UsageError

OFFSET, LATE_ROW = "_offset", "_late"


@dataclass(frozen=True, slots=True)
class Streamed:
    """What the log's entry `seq` brought of one kind from one source.

    `rows` are events: the kind's fields, `_offset` (the place in the source) and `_late`. Or they are `bad` rows, with
    the columns `row`, `raw` and `problems` of the quarantine; `kind` may then be empty.
    """

    seq: int
    source: str
    kind: str
    rows: pa.Table
    bad: bool = False


def streamed_upto(entries: Iterable[Submission]) -> int:
    """Up to which entry of the log the book has it all; 0 where it has nothing of a stream."""
    return max((entry.streamed[1] for entry in entries if entry.streamed), default=0)


def verdicts(kinds: Mapping[str, Kind], batches: Sequence[Streamed], first: int, last: int) -> list[Verdict]:
    """What is to be written of the entries `first` to `last`: one part for each kind, source and lateness.

    Raises:
        UsageError: an entry lies after `last`, or is of a kind that is no event.
    """
    rows: dict[tuple[str, str, bool], list[pa.Table]] = defaultdict(list)
    bad: dict[tuple[str, str, bool], list[pa.Table]] = defaultdict(list)
    for batch in batches:
        if batch.seq > last:
            text = f"entry {batch.seq} of the log lies after {last}"
            raise UsageError(Text(f"日志第 {batch.seq} 条在第 {last} 条之后", text))
        if batch.bad:
            bad[(batch.kind, batch.source, False)].append(batch.rows)
            continue
        late = batch.rows.column(LATE_ROW)
        for is_late in (False, True):
            part = batch.rows.filter(late if is_late else pc.invert(late))
            if part.num_rows:
                rows[(batch.kind, batch.source, is_late)].append(_stored(kinds[batch.kind], part))
    return [
        Verdict(_draft(kinds, place, rows.get(place, []), bad.get(place, []), f"{first}-{last}"), Status.ACCEPTED)
        for place in sorted({*rows, *bad})
    ]


def _draft(
    kinds: Mapping[str, Kind],
    place: tuple[str, str, bool],
    rows: Sequence[pa.Table],
    bad: Sequence[pa.Table],
    stretch: str,
) -> Draft:
    kind, source, late = place
    sheet = f"{LATE}{stretch}" if late else stretch
    good = hashed(kinds[kind], pa.concat_tables(rows)) if rows else pa.table({})
    return Draft(
        kind=kind,
        reporter=source,
        period=None,
        rows=good,
        quarantine=pa.concat_tables([QUARANTINE.empty_table(), *(_bad(part, sheet) for part in bad)]),
        file=f"{STREAM}{source}",
        sheet=sheet,
        content_hash=f"{STREAM}{stretch}",
    )


def _stored(kind: Kind, rows: pa.Table) -> pa.Table:
    """The kind's fields and `_row`; a field that the kind has gained since the log was written is empty."""
    schema = kind.schema()
    known = set(rows.column_names)
    columns = [rows.column(f.name) if f.name in known else pa.nulls(len(rows), f.type) for f in schema]
    return pa.Table.from_arrays([*columns, rows.column(OFFSET)], names=[*schema.names, ROW]).cast(
        schema.append(pa.field(ROW, pa.int64()))
    )


def _bad(rows: pa.Table, sheet: str) -> pa.Table:
    columns = [
        rows.column("row"),
        pa.repeat(pa.scalar(sheet, pa.string()), rows.num_rows),
        rows.column("raw"),
        rows.column("problems"),
    ]
    return pa.Table.from_arrays(columns, schema=QUARANTINE)
