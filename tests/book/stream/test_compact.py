"""Small files of events are put together while everybody goes on reading and writing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from book.store_samples import KINDS, Ticking, ask, both, numbered, shown
from book.stream.stream_samples import batch, content, entries, make
from houfeng.book.snapshot import Snapshot
from houfeng.book.storage.scan import calls_in
from houfeng.book.storage.tables import DataFile
from houfeng.book.storage.tidy import tidy
from houfeng.book.store import Book, Status
from houfeng.book.stream import compact
from houfeng.clock import wall_clock
from houfeng.errors import EnvironmentFault


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return make(tmp_path / "book")


def test_files_are_put_together_unseen(tmp_path: Path) -> None:
    clock = Ticking()
    book = Book.create(tmp_path / "book", clock, kinds=KINDS, ids=numbered())
    moments: list[datetime] = []
    for n in range(12):
        book.append_stream(entries(14)[n : n + 1], n + 1)
        if n % 4 == 0:
            book.submit([*both(n)])
        moments.append(clock.later(minutes=1))
    views = [book.snapshot(moment) for moment in moments]
    before = [[answers(view) for view in views], content(book)]
    reading = [view.select("flow") for view in views]
    reader = Book.open(book.path, clock, kinds=KINDS)
    assert reader.snapshot().files("flow")
    assert book.compact() == book.compact("flow") + 13
    assert len(book.table("rows/flow").files()) == 1
    for one in (book, reader, Book.open(book.path, clock, kinds=KINDS)):
        again = [answers(one.snapshot(moment)) for moment in moments]
        assert [again, content(one)] == before
    assert [len(ask(sql)) for sql in reading] == [len(answer[0]) for answer in before[0]]  # the old files are there
    assert tidy(book.path, wall_clock() + timedelta(minutes=50)).files == 0
    assert tidy(book.path, wall_clock() + timedelta(hours=2)).files >= 13
    assert [answers(view) for view in views] == before[0]
    assert book.submit([*both(4)]).outcomes[1].status is Status.UNCHANGED


def answers(view: Snapshot) -> tuple[list[tuple[object, ...]], ...]:
    """What a view says of the flows: all of them, without the late ones, and up to a day."""
    shape = ("flow_no", "amount", "_row")
    return (shown(view, "flow", *shape), shown(view.without_late(), "flow", *shape))


def test_rows_missing_from_a_file_put_together_are_noticed(book: Book) -> None:
    for n in range(1, 10):
        book.append_stream([batch(n)], n)
    assert book.compact() == 8
    (file,) = book.table("rows/flow").files()
    lost = pq.read_table(file.path)
    pq.write_table(lost.slice(2), file.path)
    with pytest.raises(EnvironmentFault, match="missing"):
        Book.open(book.path, wall_clock, kinds=KINDS).snapshot().select("flow")


def test_a_damaged_file_is_not_put_together(book: Book) -> None:
    for n in range(1, 10):
        book.append_stream([batch(n)], n)
    path = Path(book.table("rows/flow").files()[3].path)
    pq.write_table(pq.read_table(path).slice(1), path)
    before = sorted(os.listdir(path.parent))
    with pytest.raises(EnvironmentFault, match="rows in"):
        book.compact()
    assert sorted(os.listdir(path.parent)) == before


@given(st.lists(st.integers(1, 400), max_size=60))
def test_which_files_go_together(sizes: Sequence[int]) -> None:
    files = [(DataFile(str(n), rows, f"c{n:03}-1", f"c{n:03}-1"), rows) for n, rows in enumerate(sizes)]
    found = list(compact.groups(files, 1000))
    names = [file.path for group in found for file in group]
    assert len(names) == len(set(names))
    for group in found:
        assert len(group) >= compact.FEWEST
        assert sum(file.rows for file in group) <= 1000
        assert 2 * max(file.rows for file in group) <= sum(file.rows for file in group)


def test_a_row_is_written_anew_a_few_times_only() -> None:
    files: list[tuple[DataFile, int]] = []
    written = 0
    for n in range(2000):
        files.append((DataFile(str(n), 500, f"c{n:05}-1", f"c{n:05}-1"), 1))
        for group in compact.groups([pair for pair in files if 2 * pair[0].rows <= compact.ROWS]):
            rows = sum(file.rows for file in group)
            gone = {file.path for file in group}
            written += rows
            files = [pair for pair in files if pair[0].path not in gone]
            files.append((DataFile(f"w{n}", rows, group[0].first, group[-1].last), 1))
            files.sort(key=lambda pair: pair[0].first)
    assert len(files) < 40
    assert written < 12 * 2000 * 500


def test_a_file_put_together_by_others_is_counted_by_its_rows(book: Book) -> None:
    for n in range(1, 4):
        book.append_stream([batch(n)], n)
    before = content(book)
    book.table("rows/flow").open().optimize.compact()
    again = Book.open(book.path, wall_clock, kinds=KINDS)
    assert content(again) == before
    (file,) = again.table("rows/flow").files()
    assert sorted(calls_in(file).values()) == [4, 4, 4]
