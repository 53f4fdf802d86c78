"""Small bodies for the tests of the journal, each told by its offsets alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from book.store_samples import FLOW, START
from houfeng.book.model import Kind
from houfeng.watch.journal.entries import REJECTED, Body, Events, Rejected, Seen, batch_schema

EPOCH = datetime(1970, 1, 1)


def clock() -> datetime:
    """A clock that stands still."""
    return START


def events(first: int, count: int, source: str = "s", *, key: str = "", kind: Kind = FLOW, late: int = 0) -> Events:
    """`count` events from the offset `first` on; of each ten the first `late` are late."""
    rows = [
        {
            "flow_no": f"{source}-{n}",
            "branch": "b" * (n % 5) if n % 3 else None,
            "occurred_at": START + timedelta(seconds=n),
            "amount": Decimal(n) / 100,
            "_offset": n,
            "_t": int((START - EPOCH).total_seconds()) + n,
            "_late": n % 10 < late,
        }
        for n in range(first, first + count)
    ]
    table = pa.Table.from_pylist(rows, schema=batch_schema(kind))
    return Events(source, kind.name, table, first, first + count - 1, key)


def rejected(first: int, count: int, source: str = "s", kind: str = "flow") -> Rejected:
    """`count` bad rows from the offset `first` on."""
    rows = [{"offset": n, "row": n + 1, "raw": f'{{"n": {n}}}', "problems": "[]"} for n in range(first, first + count)]
    return Rejected(source, kind, pa.Table.from_pylist(rows, schema=REJECTED))


def arrival(offset: int, count: int = 3) -> list[Body]:
    """What one call brings: events, a bad row and an answered key, from `offset` on. It ends at `offset` + `count`."""
    last = offset + count
    return [events(offset, count), rejected(last, 1), Seen("s", last, f"key-{last}")]
