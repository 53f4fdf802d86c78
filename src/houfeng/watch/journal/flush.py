"""From the log into the book, in stretches that fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from houfeng.book.store import Book
from houfeng.book.stream.appending import Streamed
from houfeng.watch.journal.entries import Entry, Events, Rejected
from houfeng.watch.journal.log import Log

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


def streamed(entry: Entry) -> Streamed | None:
    """What an entry brings to the book; nothing where it has no rows."""
    body = entry.body
    if isinstance(body, Events | Rejected) and body.rows.num_rows:
        return Streamed(entry.seq, body.source, body.kind, body.rows, bad=isinstance(body, Rejected))
    return None


def _stretches(entries: Iterable[Entry], upto: int, rows: int) -> Iterator[tuple[list[Streamed], int]]:
    held: list[Streamed] = []
    for entry in entries:
        batch = streamed(entry)
        if batch is None:
            continue
        held.append(batch)
        if sum(one.rows.num_rows for one in held) >= rows:
            yield held, entry.seq
            held = []
    if held:
        yield held, upto
