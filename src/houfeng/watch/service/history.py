"""Events of the past for the windows: what the book has of the streams, and what only the log has so far.

Before the watch's first day an event may have come in any way; from then on only the streams count, as in the live run.
Late events are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import kinds
from houfeng.book.store import Snapshot
from houfeng.packs.roads.measures import instant_sql
from houfeng.watch.journal.entries import INSTANT, LATE, OFFSET, Events, batch_schema
from houfeng.watch.journal.log import Log

Connection = duckdb.DuckDBPyConnection


def stored(
    connection: Connection, snapshot: Snapshot, kind: str, first: int, last: int, *, before: int, streams: bool = True
) -> pa.Table:
    """The events of a kind in the book at instants from `first` to before `last`, as a batch, in order of time.

    Those before the instant `before` may have come in any way, the others only by a stream (`streams`: or not at all).
    """
    connection.register("_streams", _streams(snapshot, kind) if streams else _streams(snapshot, ""))
    fields = ", ".join(f'"{name}"' for name in kinds()[kind].fields)
    rows = f"SELECT *, {instant_sql(kinds()[kind])} AS {INSTANT} FROM ({snapshot.select(kind)})"
    sql = f"""
        SELECT {fields}, CAST(_row AS BIGINT) AS {OFFSET}, CAST({INSTANT} AS BIGINT) AS {INSTANT}, false AS {LATE}
        FROM ({rows}) WHERE {INSTANT} >= {first} AND {INSTANT} < {last}
        AND ({INSTANT} < {before} OR _submission IN (SELECT _stream_id FROM _streams))
        ORDER BY {INSTANT}, _submission, _row
    """
    found = connection.sql(sql).to_arrow_table().cast(batch_schema(kinds()[kind]))
    connection.unregister("_streams")
    return found


def reached(connection: Connection, snapshot: Snapshot, kind: str) -> list[tuple[str, int]]:
    """The latest instant of each stream of a kind, as far as the book has it."""
    connection.register("_streams", _streams(snapshot, kind))
    rows = f"SELECT _submission, {instant_sql(kinds()[kind])} AS {INSTANT} FROM ({snapshot.select(kind)})"
    sql = f"SELECT _stream, max({INSTANT}) FROM ({rows}) JOIN _streams ON _submission = _stream_id GROUP BY _stream"
    found = connection.execute(sql).fetchall()
    connection.unregister("_streams")
    return [(str(source), int(t)) for source, t in found]


def recent(connection: Connection, snapshot: Snapshot, kind: str, since: int) -> list[tuple[str, pa.Table]]:
    """The events that streams brought at or after the instant `since`, by source, as batches; late ones are marked."""
    connection.register("_streams", _streams(snapshot, kind))
    fields = ", ".join(f'"{name}"' for name in kinds()[kind].fields)
    rows = f"SELECT *, {instant_sql(kinds()[kind])} AS {INSTANT} FROM ({snapshot.select(kind)})"
    sql = f"""
        SELECT {fields}, CAST(_row AS BIGINT) AS {OFFSET}, CAST({INSTANT} AS BIGINT) AS {INSTANT},
            _stream_late AS {LATE}, _stream
        FROM ({rows}) JOIN _streams ON _submission = _stream_id WHERE {INSTANT} >= {since} ORDER BY _stream, {OFFSET}
    """
    found = connection.sql(sql).to_arrow_table()
    connection.unregister("_streams")
    schema = batch_schema(kinds()[kind])
    return [
        (source, found.filter(pc.equal(found.column("_stream"), source)).drop_columns(["_stream"]).cast(schema))
        for source in sorted(found.column("_stream").unique().to_pylist())
    ]


def logged(log: Log, after: int, kind: str, until: int) -> Iterator[pa.Table]:
    """The events of a kind in the log's entries after `after` at instants before `until`."""
    for entry in log.read(after):
        if isinstance(entry.body, Events) and entry.body.kind == kind:
            rows = entry.body.rows
            kept = pc.and_(pc.less(rows.column(INSTANT), until), pc.invert(rows.column(LATE)))
            if (rows := rows.filter(kept)).num_rows:
                yield rows


def _streams(snapshot: Snapshot, kind: str) -> pa.Table:
    """The submissions of a kind that came by streams, each with its source."""
    found = [entry for entry in snapshot.submissions(kind) if entry.streamed] if kind else []
    ids, sources = [entry.submission_id for entry in found], [entry.reporter for entry in found]
    late = pa.array([entry.late for entry in found], pa.bool_())
    return pa.table(
        {"_stream_id": pa.array(ids, pa.string()), "_stream": pa.array(sources, pa.string()), "_stream_late": late}
    )
