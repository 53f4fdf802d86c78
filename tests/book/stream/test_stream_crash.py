"""Killed while the stream enters the book, or while its files are put together: all of it or nothing, and once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from book.store_samples import KINDS
from book.stream import stream_process
from book.stream.stream_samples import content, entries, make
from houfeng.book.storage.tidy import tidy
from houfeng.book.store import Book
from houfeng.clock import wall_clock

Killed = Callable[[str, int, int], str]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return make(tmp_path / "book")


@pytest.fixture
def killed(book: Book) -> Iterator[Killed]:
    """Runs one command in a child, which is killed at a step; gives `killed` or `done`."""
    process = subprocess.Popen(
        [sys.executable, stream_process.__file__, str(book.path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(*words: object) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        print(*words, file=process.stdin, flush=True)
        return process.stdout.readline().strip()

    with process:
        yield run
        assert process.stdin is not None
        process.stdin.close()


def clear(book: Book) -> None:
    """What the killed left behind goes, and nothing else does."""
    before = content(book)
    tidy(book.path, wall_clock() + timedelta(hours=2))
    again = Book.open(book.path, wall_clock, kinds=KINDS)
    assert content(again) == before
    names = {Path(file.path).name for file in again.table("rows/flow").files()}
    assert {path.name for path in (book.path / "rows/flow").glob("*.parquet")} == names


def test_killed_at_every_step_of_entering(book: Book, killed: Killed, tmp_path: Path) -> None:
    fates, upto = [], 0
    for step in range(1, 40):
        word = killed("append", upto + 5, step)
        reached = book.streamed_upto()
        assert reached in (upto, upto + 5)
        rows = sum(one.rows.num_rows for one in entries(reached) if not one.bad)
        assert sum(entry.rows for entry in book.snapshot().history("flow")) == rows
        fates.append((word, reached > upto))
        upto += 5
        book.append_stream(entries(upto), upto)
        if word == "done":
            break
    assert fates[-1] == ("done", True)
    assert fates.count(("killed", False)) > 10
    assert fates.count(("killed", True)) > 1
    assert {word for word, _ in fates} == {"killed", "done"}
    whole = make(tmp_path / "whole")
    whole.append_stream(entries(upto), upto)
    assert content(book) == content(whole)
    clear(book)


def test_killed_at_every_step_of_putting_files_together(book: Book, killed: Killed) -> None:
    fates, upto = [], 0
    for step in range(1, 40):
        while len(book.table("rows/flow").files()) < 10:
            upto += 1
            book.append_stream(entries(upto), upto)
        before, many = content(book), len(book.table("rows/flow").files())
        word = killed("compact", 0, step)
        few = len(book.table("rows/flow").files())
        assert content(book) == before
        assert few == many or few <= 3
        fates.append((word, few < many))
        if word == "done":
            break
    assert fates[-1] == ("done", True)
    assert {word for word, _ in fates} == {"killed", "done"}
    assert ("killed", False) in fates
    assert ("killed", True) in fates
    clear(book)
