"""What the machine does to a book: each is one clear error, and nothing half-written is ever visible."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from book.store_samples import KINDS, START, Ticking, ask, balances, both, flows, numbered, shown
from houfeng.book.storage import manifest, tables
from houfeng.book.storage.locking import locked
from houfeng.book.storage.tables import Table
from houfeng.book.storage.tidy import tidy
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.errors import ConflictError, EnvironmentFault, UsageError


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def book(tmp_path: Path, clock: Ticking) -> Book:
    book = Book.create(tmp_path / "book", clock, kinds=KINDS)
    book.submit([balances({"n1": "1"}), flows({"f1": "1"})])
    return book


def raising(number: int, after: int) -> Callable[..., Any]:
    """Stands in for writing a Parquet file: the one after `after` files fails half-way."""
    left = [after]
    real = tables.write_parquet

    def write(target: Path, parts: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            target.write_bytes(b"PAR1 half")
            raise OSError(number, os.strerror(number), str(target))
        real(target, parts)

    return write


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission"), (errno.EROFS, "permission")]
)
def test_a_full_disk_or_a_missing_right(
    book: Book, monkeypatch: pytest.MonkeyPatch, number: int, said: str, after: int
) -> None:
    before = sorted(str(path) for path in book.path.rglob("*.parquet"))
    monkeypatch.setattr(tables, "write_parquet", raising(number, after))
    with pytest.raises(EnvironmentFault, match=said):
        book.submit(both(7))
    monkeypatch.undo()
    assert shown(book.snapshot(), "balance", "note") == [("n1",)]
    assert shown(book.snapshot(), "flow", "flow_no") == [("f1",)]
    if after < 3:
        assert sorted(str(path) for path in book.path.rglob("*.parquet")) == before
    assert book.submit(both(7)).rows == 100


def test_a_commit_that_fails_shows_nothing(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows' commit succeeds and the list's commit fails: the rows belong to nobody and are cleared away later."""
    real = Table.append

    def append(self: Table, *arguments: Any) -> None:
        if self.path.name == "manifest":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, *arguments)

    monkeypatch.setattr(Table, "append", append)
    with pytest.raises(EnvironmentFault, match="disk is full"):
        book.submit(both(7))
    monkeypatch.undo()
    assert shown(book.snapshot(), "flow", "flow_no") == [("f1",)]
    assert book.submit(both(7)).rows == 100
    view = sorted(ask(book.snapshot().select("flow")))
    assert tidy(book.path, wall_clock()).orphan_rows == 0
    done = tidy(book.path, wall_clock() + timedelta(hours=2))
    assert done.orphan_rows == 50 + 50 + 3
    assert sorted(ask(book.snapshot().select("flow"))) == view


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 KB, where this machine lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=400k tmpfs {disk} 2>/dev/null"):
        pytest.skip("no right to mount a small disk here")
    yield disk
    os.system(f"umount -l {disk}")


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    book = Book.create(small_disk / "book", wall_clock, kinds=KINDS)
    calls = 0
    said = ""
    while not said:
        try:
            book.submit(both(calls))
            calls += 1
        except EnvironmentFault as fault:
            said = str(fault)
    assert "disk is full" in said
    assert 0 < calls < 100
    view = book.snapshot()
    assert len(view.history("flow")) == len(view.history("balance")) == calls
    assert ask(f"SELECT count(*) FROM ({view.select('flow')})") == [(50 * calls,)]


@pytest.mark.parametrize("what", ["manifest", "manifest/_delta_log", "rows/balance"])
def test_a_missing_part_is_told(book: Book, clock: Ticking, what: str) -> None:
    shutil.rmtree(book.path / what)
    with pytest.raises(EnvironmentFault):
        shown(Book.open(book.path, clock, kinds=KINDS).snapshot(), "balance", "note")


@pytest.mark.parametrize(
    "what", ["manifest/*.parquet", "manifest/_delta_log/*1.json", "rows/balance/_delta_log/*1.json"]
)
def test_a_damaged_part_is_told(book: Book, clock: Ticking, what: str) -> None:
    for path in book.path.glob(what):
        path.write_bytes(b"rubbish\n")
    with pytest.raises(EnvironmentFault):
        shown(Book.open(book.path, clock, kinds=KINDS).snapshot(), "balance", "note")


def test_rows_that_are_promised_and_missing_are_never_left_out(book: Book, clock: Ticking) -> None:
    table = Table(book.path / "rows/balance")
    shutil.rmtree(table.path / "_delta_log")
    shutil.copytree(book.path / "rows/flow/_delta_log", table.path / "_delta_log")
    with pytest.raises(EnvironmentFault):
        Book.open(book.path, clock, kinds=KINDS).snapshot().select("balance")


def test_a_torn_last_commit_is_put_aside(book: Book, clock: Ticking) -> None:
    """What a power cut between commit and receipt may leave: nobody was told that it was done."""
    book.submit([balances({"n2": "1"}, bank="bank-b")])
    newest = max((book.path / "manifest/_delta_log").glob("*.json"))
    newest.write_bytes(newest.read_bytes()[:40])
    with pytest.raises(EnvironmentFault, match="tidy"):
        Book.open(book.path, clock, kinds=KINDS).snapshot()
    assert tidy(book.path, clock()).torn_commits == 1
    again = Book.open(book.path, clock, kinds=KINDS)
    assert shown(again.snapshot(), "balance", "note") == [("n1",)]
    again.submit([balances({"n2": "1"}, bank="bank-b")])
    assert shown(again.snapshot(), "balance", "note") == [("n1",), ("n2",)]


def test_no_book_and_not_a_book(tmp_path: Path, clock: Ticking) -> None:
    with pytest.raises(UsageError, match="houfeng book init"):
        Book.open(tmp_path / "none", clock)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        Book.create(tmp_path, clock)
    with pytest.raises(UsageError, match="path"):
        Book.create(tmp_path / "a[b]", clock)
    (tmp_path / "book.json").write_text("{")
    with pytest.raises(EnvironmentFault, match=r"book\.json"):
        Book.open(tmp_path, clock)
    (tmp_path / "book.json").write_text(json.dumps({"format": 99, "synthetic": False}))
    with pytest.raises(EnvironmentFault, match="99"):
        Book.open(tmp_path, clock)


def test_a_synthetic_book_says_so(tmp_path: Path, clock: Ticking) -> None:
    Book.create(tmp_path / "made-up", clock, synthetic=True)
    assert Book.open(tmp_path / "made-up", clock).snapshot().synthetic


def test_a_lock_that_is_not_given_back_is_told(book: Book) -> None:
    with (
        locked(book.path / "lock"),
        pytest.raises(ConflictError, match="another process"),
        locked(book.path / "lock", shared=True, patience=0.05),
    ):
        pass


def test_many_submissions_are_put_together_unseen(
    tmp_path: Path, clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "MANY", 9)
    book = Book.create(tmp_path / "many", clock, kinds=KINDS, ids=numbered())
    reader = Book.open(tmp_path / "many", clock, kinds=KINDS)
    for call in range(15):
        clock.later(minutes=1)
        book.submit([balances({"n1": str(call)})])
        if call == 8:
            early = reader.snapshot()
    assert len(Table(book.path / "manifest").files()) == 6
    assert shown(reader.snapshot(), "balance", "balance") == [(Decimal(14),)]
    assert shown(early, "balance", "balance") == [(Decimal(8),)]
    past = reader.snapshot(START + timedelta(minutes=5))
    assert shown(past, "balance", "balance") == [(Decimal(4),)]
    done = tidy(book.path, wall_clock() + timedelta(hours=2))
    assert done.files == 10
    assert shown(Book.open(book.path, clock, kinds=KINDS).snapshot(), "balance", "balance") == [(Decimal(14),)]
