"""The log enters the book once, with its marks, in whatever stretches."""

from __future__ import annotations

from pathlib import Path

import pytest

from book.store_samples import KINDS, ask
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.watch.journal.entries import Advance, Command
from houfeng.watch.journal.flush import flush
from houfeng.watch.journal.log import Log
from watch.journal.journal_samples import arrival, events


@pytest.mark.parametrize("rows", [1, 7, 10_000])
def test_the_log_enters_the_book_once(tmp_path: Path, rows: int) -> None:
    book = Book.create(tmp_path / "book", wall_clock, kinds=KINDS)
    with Log.open(book.path / "watch" / "log", wall_clock, segment_bytes=1) as log:
        log.append([Advance(5), Command("c", "who", "why", {})])
        assert flush(log, book) == 0
        for n in range(1, 13, 4):
            log.append(arrival(n))
        log.append([events(20, 10, "other", late=3)])
        assert flush(log, book, 8, rows=rows) == 6
        assert flush(log, book, 8, rows=rows) == 0
        assert flush(log, book, rows=rows) == 13
        assert (book.streamed_upto(), log.last) == (12, 12)
        assert log.release(book.streamed_upto()) > 0
        assert flush(log, book, rows=rows) == 0
        log.append(arrival(40))
        assert flush(log, book, rows=rows) == 3
    view = book.snapshot()
    places = ask(f"SELECT _row FROM ({view.select('flow')}) ORDER BY 1")
    assert [n for (n,) in places] == [1, 2, 3, 5, 6, 7, 9, 10, 11, *range(20, 30), 40, 41, 42]
    assert len(ask(view.select("flow", late=False))) == 12 + 7
    bad = book.quarantine([entry.submission_id for entry in view.history("flow")])
    assert sorted(bad.column("row").to_pylist()) == [5, 9, 13, 44]
    Log.open(book.path / "watch" / "log", wall_clock, after=book.streamed_upto()).close()
