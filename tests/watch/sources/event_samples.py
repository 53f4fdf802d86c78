"""Events as people send them, and what a source gave, for the tests of the sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from houfeng.book.intake.identifiers import organisation_check, uscc_check
from houfeng.watch.sources.queue import Incoming, IncomingQueue, Source


def uscc(number: int) -> str:
    """The unified social credit code of a firm that does not exist."""
    inner = f"{number:08d}"
    body = "91410100" + inner + organisation_check(inner)
    return body + uscc_check(body)


def flow(number: int, **other: Any) -> dict[str, Any]:
    """An account flow; `other` replaces fields or, as None, leaves them out."""
    event = {
        "flow_no": f"F{number:06d}",
        "institution_id": uscc(1),
        "enterprise_id": uscc(100 + number % 7),
        "occurred_at": (datetime(2026, 1, 1) + timedelta(seconds=number)).isoformat(),
        "direction": "in" if number % 2 else "out",
        "amount": "16777217.01",
        **other,
    }
    return {key: value for key, value in event.items() if value is not None}


def lines(events: Sequence[dict[str, Any]], **dumps: Any) -> bytes:
    """Events as JSON lines."""
    return b"".join(json.dumps(event, **dumps).encode() + b"\n" for event in events)


def take_all(queue: IncomingQueue, source: Source, ends: int = 1, seconds: float = 20.0) -> list[Incoming]:
    """What a source gives until so many ends came; each item is acknowledged at once."""
    taken: list[Incoming] = []
    while sum(item.end for item in taken) < ends:
        some = queue.take(1_000_000, seconds)
        assert some or source.error is not None, "the source gave nothing"
        if source.error is not None:
            raise source.error
        for item in some:
            source.acknowledge(item.source, item.last)
        taken += some
    return taken


def rows_of(items: Sequence[Incoming], kind: str = "account_flow") -> pa.Table:
    """All good rows of one kind."""
    return pa.concat_tables([item.rows for item in items if item.kind == kind and item.rows.num_rows]).combine_chunks()


def codes_of(rejected: pa.Table) -> dict[int, list[str]]:
    """Offset → the codes of the problems of that row."""
    return {row["offset"]: [p["code"] for p in json.loads(row["problems"])] for row in rejected.to_pylist()}
