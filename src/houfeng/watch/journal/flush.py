"""From the log into the book, in stretches that fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from houfeng.book.store import Book
from houfeng.book.stream.appending import Streamed
from houfeng.watch.journal.entries import Entry, Events, Rejected
from houfeng.watch.journal.log import Log

Place = tuple[str, str, bool]
"""Source and kind of rows, and whether they are bad ones."""

ROWS = 500_000
"""Rows put into the book in one commit."""


def flush(log: Log, book: Book, upto: int | None = None, *, rows: int = ROWS) -> int:
    """Put what the log has and the book has not, up to the entry `upto` (or the last), into the book. Gives the rows.

    The log must not be released beyond what the book has, and the entries given to the book not beyond what has been
    evaluated: a state is rebuilt from the book.

    Raises:
        ConflictError, EnvironmentFault, UsageError: as `Book.append_stream` and `Log.read`.
    """
    upto = log.last if upto is None else min(upto, log.last)
    after = book.streamed_upto()
    if upto <= after:
        return 0
    wanted = (entry for entry in log.read(after) if entry.seq <= upto)
    return sum(book.append_stream(batches, last) for batches, last in _stretches(wanted, upto, rows))


def _stretches(entries: Iterable[Entry], upto: int, rows: int) -> Iterator[tuple[list[Streamed], int]]:
    held: dict[Place, list[list[pa.Table]]] = {}
    number = 0
    for entry in entries:
        body = entry.body
        if not isinstance(body, Events | Rejected) or not body.rows.num_rows:
            continue
        alike = held.setdefault((body.source, body.kind, isinstance(body, Rejected)), [])
        if not alike or not alike[-1][0].schema.equals(body.rows.schema):  # another version of the kind wrote it
            alike.append([])
        alike[-1].append(body.rows)
        number += body.rows.num_rows
        if number >= rows:
            yield _together(held, entry.seq), entry.seq
            held, number = {}, 0
    if held:
        yield _together(held, upto), upto


def _together(held: Mapping[Place, list[list[pa.Table]]], last: int) -> list[Streamed]:
    """What came of one kind from one source, as one: thousands of entries may hold one event each."""
    return [
        Streamed(last, source, kind, pa.concat_tables(tables), bad=bad)
        for (source, kind, bad), alike in held.items()
        for tables in alike
    ]
