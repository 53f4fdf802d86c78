"""What the log holds: events, rows that will not do, the passing of time, and what people ordered.

The log's order is the order of truth: an evaluation is a function of the book at the start and the entries, in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import Kind

OFFSET, INSTANT, LATE = "_offset", "_t", "_late"

REJECTED = pa.schema(
    [
        pa.field("offset", pa.int64()),
        pa.field("row", pa.int64()),
        pa.field("raw", pa.string()),
        pa.field("problems", pa.string()),
    ]
)
"""Columns of rows that will not do: `raw` is what was found, `problems` JSON as `houfeng.book.draft.problems_json`."""


def batch_schema(kind: Kind) -> pa.Schema:
    """The columns of an event batch: the kind's fields, place in the source, instant (seconds), whether it is late."""
    added = [pa.field(OFFSET, pa.int64()), pa.field(INSTANT, pa.int64()), pa.field(LATE, pa.bool_())]
    return pa.schema([*kind.schema(), *added])


@dataclass(frozen=True, slots=True)
class Events:
    """Good rows of one kind from one source: `rows` as `batch_schema`, offsets `first` to `last`, both included.

    `key` is the idempotency key the sender gave for them, where it gave one.
    """

    source: str
    kind: str
    rows: pa.Table
    first: int
    last: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows of a source that cannot be events of `kind` (empty where not even the kind is known), as `REJECTED`."""

    source: str
    kind: str
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class Advance:
    """All instants before `until` are closed (0: says nothing). `source`, if named, is waited for no more."""

    until: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Nothing new of `source` up to `offset`, but it is dealt with; `key` is the sender's idempotency key, if any."""

    source: str
    offset: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """An order of a person: a rule's next stage, a silence, the kill switch. `what` is plain JSON."""

    id: str
    who: str
    why: str
    what: Mapping[str, Any]


Body = Events | Rejected | Advance | Seen | Command


@dataclass(frozen=True, slots=True)
class Entry:
    """A body with its place in the log: `seq` counts from 1 without gaps; `at` is the clock's time, for people only."""

    seq: int
    at: datetime
    body: Body


def source_of(body: Body) -> str:
    """The source a body speaks for, or the empty string."""
    return "" if isinstance(body, Command) else body.source


def first_offset(body: Body) -> int | None:
    """The first offset of a source at which `body` brings rows; nothing where it brings none."""
    if isinstance(body, Events):
        return body.first
    if isinstance(body, Rejected) and body.rows.num_rows:
        return int(pc.min(body.rows.column("offset")).as_py())
    return None


def last_offset(body: Body) -> int | None:
    """The last offset of its source that `body` deals with; nothing where it deals with none."""
    if isinstance(body, Events):
        return body.last
    if isinstance(body, Seen):
        return body.offset
    if isinstance(body, Rejected) and body.rows.num_rows:
        return int(pc.max(body.rows.column("offset")).as_py())
    return None
