"""The thread that tells: in order, not too far behind, and nothing after a job that failed."""

from __future__ import annotations

import threading

import pytest

from houfeng.watch.live.changes import Change
from houfeng.watch.service.teller import AHEAD, Teller


def test_jobs_are_done_in_their_order_and_only_so_many_wait() -> None:
    teller, go, done = Teller(), threading.Event(), list[int]()

    def first() -> list[Change]:
        go.wait(30)
        done.append(0)
        return []

    waiting = teller.hand(first)
    for n in range(1, AHEAD + 1):
        teller.end(lambda n=n: done.append(n))  # type: ignore[misc]
    assert teller.busy
    assert done == []
    go.set()
    teller.end(lambda: done.append(AHEAD + 1))  # waits until no more than `AHEAD` are left
    assert done[:2] == [0, 1]
    assert waiting() == []
    teller.wait()
    assert done == list(range(AHEAD + 2))
    assert not teller.busy
    teller.stop()


def test_after_a_failure_nothing_is_stored_any_more() -> None:
    teller, done = Teller(), list[int]()

    def fails() -> list[Change]:
        raise OSError("disk full")

    part = teller.hand(fails)
    with pytest.raises(OSError, match="disk full"):
        part()
    teller.end(lambda: done.append(1))
    with pytest.raises(OSError, match="disk full"):
        teller.wait()
    teller.end(lambda: done.append(2))
    with pytest.raises(OSError, match="disk full"):
        teller.wait()
    assert done == []
    teller.stop()
