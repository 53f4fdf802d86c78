"""A process killed at any point of a submission leaves all of it or nothing, and the retry completes it once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from book import store_process
from book.store_samples import KINDS, PER_CALL, ask, both
from houfeng.book.storage.tidy import tidy
from houfeng.book.store import Book, Status
from houfeng.clock import wall_clock
from nightly import share

KILLS = share(12, 105)
STEPS = 40


class Zygote:
    """A warm process that forks a child for each submission, so that a kill costs little time."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, store_process.__file__, "crash", str(path)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: object) -> tuple[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(*words, file=self.process.stdin, flush=True)
        word, seconds = self.process.stdout.readline().split()
        return word, float(seconds)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Book.create(tmp_path / "book", wall_clock, kinds=KINDS).path


@pytest.fixture
def zygote(path: Path) -> Iterator[Zygote]:
    zygote = Zygote(path)
    with zygote.process:
        yield zygote
        assert zygote.process.stdin is not None
        zygote.process.stdin.close()


def check_all_or_nothing(book: Book, before: int) -> bool:
    """Whether the call was written; fails if a part of it was, or if anything earlier is damaged."""
    view = book.snapshot()
    counts = set()
    for kind in ("balance", "flow"):
        entries = view.history(kind)
        assert len({entry.submission_id for entry in entries}) == len(entries)
        assert all(entry.rows == PER_CALL for entry in entries)
        rows, distinct = ask(f"SELECT count(*), count(DISTINCT (_submission, _row)) FROM ({view.select(kind)})")[0]
        assert rows == distinct == PER_CALL * len(entries)
        counts.add(len(entries))
    assert len(counts) == 1
    written = counts.pop()
    assert written in (before, before + 1)
    entries = [entry for kind in ("balance", "flow") for entry in view.history(kind)]
    assert book.quarantine([entry.submission_id for entry in entries]).num_rows == 3 * written
    return written == before + 1


def complete(book: Book, call: int, written: bool) -> None:
    """Submit the call again: it is completed, or it was complete."""
    receipt = book.submit(both(call))
    expected = Status.UNCHANGED if written else Status.ACCEPTED
    assert {outcome.status for outcome in receipt.outcomes} == {expected}


def clear(book: Book) -> int:
    """What the killed left behind goes, and nothing else does; gives how many files that were."""
    before = {kind: ask(book.snapshot().select(kind)) for kind in ("balance", "flow")}
    done = tidy(book.path, wall_clock() + timedelta(hours=2))
    again = Book.open(book.path, wall_clock, kinds=KINDS)
    assert {kind: sorted(ask(again.snapshot().select(kind))) for kind in before} == {
        kind: sorted(rows) for kind, rows in before.items()
    }
    assert tidy(book.path, wall_clock() + timedelta(hours=2)).files == 0
    return done.files


def test_killed_at_random_moments(path: Path, zygote: Zygote) -> None:
    book = Book.open(path, wall_clock, kinds=KINDS)
    duration = max(zygote("run", call)[1] for call in range(3))
    chance = random.Random(20260114)
    fates = {True: 0, False: 0}
    for kill in range(KILLS):
        call = 3 + kill
        zygote("kill", call, chance.uniform(0, duration))
        written = check_all_or_nothing(book, call)
        complete(book, call, written)
        fates[written] += 1
    assert fates[False] > KILLS // 4
    clear(book)  # on a slow machine it may be that nothing was left behind


def test_killed_at_every_step(path: Path, zygote: Zygote) -> None:
    book = Book.open(path, wall_clock, kinds=KINDS)
    zygote("run", 0)
    fates = []
    for step in range(1, STEPS):
        word, _ = zygote("step", step, step)
        written = check_all_or_nothing(book, step)
        assert word in ("killed", "done")
        fates.append((word, written))
        complete(book, step, written)
        if word == "done":
            break
    assert fates[-1] == ("done", True)
    assert sum(word == "killed" and not written for word, written in fates) > 15
    assert sum(word == "killed" and written for word, written in fates) > 1
    assert clear(book) > 0
