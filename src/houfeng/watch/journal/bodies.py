"""How the bodies of entries are told in a frame: what is short in the header, tables as Arrow IPC streams.

Rows of one kind that came from one source one after the other stand in one table: a hundred requests of one event each
cost little more than one of a hundred, to write and to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from houfeng.watch.journal.entries import Advance, Body, Command, Events, Rejected, Seen, last_offset

OPTIONS = pa.ipc.IpcWriteOptions(compression=None)
"""Measured: packing (LZ4) halves the bytes, but takes half as much of the core again, and what is packed cannot be used
where it lies in the file."""


def encode(bodies: Sequence[Body]) -> tuple[list[dict[str, Any]], list[pa.Buffer]]:
    """What the header says of each body, and the tables as bytes; each table begins at a multiple of 64.

    `at` and `size` of a body say where its table stands, `row` which is its first row there where others share it.
    """
    told, tables, place = list[dict[str, Any]](), list[pa.Buffer](), 0
    for _, group in groupby(enumerate(bodies), key=lambda one: _sharing(*one)):
        some = [body for _, body in group]
        told += [_told(body) for body in some]
        rows = [body.rows for body in some if isinstance(body, Events | Rejected)]
        if not rows:
            continue
        table = _stream(rows[0] if len(rows) == 1 else pa.concat_tables(rows).combine_chunks())
        row = 0
        for one in told[-len(some) :]:
            one |= {"at": place, "size": table.size} | ({"row": row} if len(some) > 1 else {})
            row += one["rows"]
        tables.append(table)
        place += table.size + -table.size % 64
    return told, tables


def decode(told: Sequence[Mapping[str, Any]], data: pa.Buffer) -> Iterator[Body]:
    """The bodies again, from what the header says and the bytes of the tables, in which their rows lie: nothing is
    copied.

    Raises:
        KeyError, pa.ArrowException: this is not what `encode` gave.
    """
    at, table = -1, pa.table({})
    for one in told:
        if "size" in one and one["at"] != at:
            at, table = one["at"], pa.ipc.open_stream(data.slice(one["at"], one["size"])).read_all()
        rows = table.slice(one["row"], one["rows"]) if "row" in one else table
        match one["is"]:
            case "events":
                yield Events(one["source"], one["kind"], rows, one["first"], one["last"], one["key"])
            case "rejected":
                yield Rejected(one["source"], one["kind"], rows)
            case "advance":
                yield Advance(one["until"], one["source"])
            case "seen":
                yield Seen(one["source"], one["last"], one["key"])
            case "command":
                yield Command(one["id"], one["who"], one["why"], one["what"])
            case other:
                raise KeyError(other)


def _sharing(number: int, body: Body) -> tuple[Any, ...]:
    """What neighbours have in common that share a table; of others, their number."""
    return (body.source, body.kind, body.rows.schema) if isinstance(body, Events) else (number,)


def _told(body: Body) -> dict[str, Any]:
    """What the header says of a body, but for its table.

    `source`, `last` and `key` stand under these names for every kind of body that has them: see `Marks`.
    """
    match body:
        case Events():
            told = {"is": "events", "source": body.source, "kind": body.kind, "first": body.first, "last": body.last}
            return {**told, "key": body.key, "rows": body.rows.num_rows}
        case Rejected():
            told = {"is": "rejected", "source": body.source, "kind": body.kind, "last": last_offset(body)}
            return {**told, "rows": body.rows.num_rows}
        case Advance():
            return {"is": "advance", "until": body.until, "source": body.source}
        case Seen():
            return {"is": "seen", "source": body.source, "last": body.offset, "key": body.key}
        case Command():
            told = {"is": "command", "id": body.id, "who": body.who, "why": body.why}
            return {**told, "what": dict(body.what)}


def _stream(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=OPTIONS) as writer:
        writer.write_table(table)
    return sink.getvalue()
