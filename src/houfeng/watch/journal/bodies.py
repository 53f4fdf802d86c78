"""How the body of an entry is told in a frame: what is short in the header, a table as an Arrow IPC stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from houfeng.watch.journal.entries import Advance, Body, Command, Events, Rejected, Seen, last_offset

OPTIONS = pa.ipc.IpcWriteOptions(compression=None)
"""Measured: packing (LZ4) halves the bytes, but takes half as much of the core again, and what is packed cannot be used
where it lies in the file."""


def encode(body: Body) -> tuple[dict[str, Any], pa.Buffer | None]:
    """What the header says of `body`, and its table as bytes where it has one.

    `source`, `last` and `key` stand under these names for every kind of body that has them: see `Marks`.
    """
    match body:
        case Events():
            told = {"is": "events", "source": body.source, "kind": body.kind, "first": body.first, "last": body.last}
            return {**told, "key": body.key, "rows": body.rows.num_rows}, _stream(body.rows)
        case Rejected():
            told = {"is": "rejected", "source": body.source, "kind": body.kind, "last": last_offset(body)}
            return {**told, "rows": body.rows.num_rows}, _stream(body.rows)
        case Advance():
            return {"is": "advance", "until": body.until, "source": body.source}, None
        case Seen():
            return {"is": "seen", "source": body.source, "last": body.offset, "key": body.key}, None
        case Command():
            told = {"is": "command", "id": body.id, "who": body.who, "why": body.why}
            return {**told, "what": dict(body.what)}, None


def decode(told: Mapping[str, Any], table: pa.Buffer | None) -> Body:
    """The body again. Its rows lie in `table` itself: nothing is copied.

    Raises:
        KeyError, pa.ArrowException: this is not what `encode` gave.
    """
    match told["is"]:
        case "events":
            return Events(told["source"], told["kind"], _table(table), told["first"], told["last"], told["key"])
        case "rejected":
            return Rejected(told["source"], told["kind"], _table(table))
        case "advance":
            return Advance(told["until"], told["source"])
        case "seen":
            return Seen(told["source"], told["last"], told["key"])
        case "command":
            return Command(told["id"], told["who"], told["why"], told["what"])
    raise KeyError(told["is"])


def _stream(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=OPTIONS) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _table(buffer: pa.Buffer | None) -> pa.Table:
    return pa.ipc.open_stream(buffer).read_all()
