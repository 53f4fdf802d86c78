"""Entries of a log for the tests of streams, and all that a book has of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from book.store_samples import FLOW, KINDS, START, ask
from houfeng.book.store import Book
from houfeng.book.stream.appending import Streamed
from houfeng.clock import wall_clock

SCHEMA = pa.schema([*FLOW.schema(), ("_offset", pa.int64()), ("_t", pa.int64()), ("_late", pa.bool_())])


def batch(seq: int, source: str = "s", *, rows: int = 4, late: int = 1) -> Streamed:
    """The entry `seq` with `rows` events, the first `late` of them late; every fifth entry is of bad rows."""
    if seq % 5 == 0:
        bad = [{"offset": seq * 100, "row": seq, "raw": "{}", "problems": "[]"}]
        return Streamed(seq, source, "flow" if seq % 2 else "", pa.Table.from_pylist(bad), bad=True)
    events = [
        {
            "flow_no": f"{source}-{seq}-{n}",
            "occurred_at": START + timedelta(minutes=seq, seconds=n),
            "amount": Decimal(seq * 100 + n) / 100,
            "_offset": seq * 100 + n,
            "_t": seq * 60 + n,
            "_late": n < late,
        }
        for n in range(rows)
    ]
    return Streamed(seq, source, "flow", pa.Table.from_pylist(events, schema=SCHEMA))


def entries(count: int) -> list[Streamed]:
    """The entries 1 to `count`, by turns from two sources."""
    return [batch(seq, "st"[seq % 2]) for seq in range(1, count + 1)]


def make(folder: Path) -> Book:
    """An empty book."""
    return Book.create(folder, wall_clock, kinds=KINDS)


def content(book: Book) -> tuple[list[Any], list[Any]]:
    """All that the stream brought: events with source, lateness and place, and bad rows."""
    view = book.snapshot()
    told = {entry.submission_id: (entry.reporter, entry.late) for entry in view.history("flow")}
    table = book.table("rows/flow")
    sql = view.select("flow")
    shown = ["_submission", "flow_no", "_hash"]
    stored = [row for file in table.files() for row in pq.read_table(file.path, columns=shown).to_pylist()]
    hashes = [(row["flow_no"], row["_hash"]) for row in stored if row["_submission"] in told]
    rows = ask(f"SELECT _submission, * EXCLUDE (_submission) FROM ({sql})") if table.exists() else []
    events = sorted((*told[one], *rest) for one, *rest in rows)
    bad = book.quarantine([entry.submission_id for entry in book._manifest.entries()])
    kept = bad.select(["kind", "row", "raw", "problems"]).to_pylist()
    return [*events, *sorted(hashes)], sorted(map(str, kept))


def calls(book: Book) -> set[str]:
    """The calls that the manifest knows."""
    return {entry.batch for entry in book._manifest.entries()}
