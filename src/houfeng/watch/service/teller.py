"""The thread that tells: what changes, in storage, then to people, while the main loop runs the windows on.

Its jobs are done one after the other in the order they came. After one that failed none is done any more: what comes
after a step of an alert must not be stored without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from houfeng.watch.live.engine import Telling

T = TypeVar("T")

AHEAD = 1
"""Batches whose windows may have been run before those of the last one are told: memory stays bounded."""


class Teller:
    """Takes parts of a batch (`hand`) and what ends it (`end`)."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "teller")
        self._ends: deque[Future[None]] = deque()
        self._failed: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether something is still to be told. What went wrong is raised here, as by all that follows."""
        while self._ends and self._ends[0].done():
            self._ends.popleft().result()
        return bool(self._ends)

    def hand(self, telling: Telling) -> Telling:
        """See to a part of a batch; what is given waits for it."""
        return self._pool.submit(self._unless_failed, telling).result

    def end(self, job: Callable[[], None]) -> None:
        """See to the end of a batch; waits where too much is under way."""
        self._ends.append(self._pool.submit(self._unless_failed, job))
        while len(self._ends) > AHEAD:
            self._ends.popleft().result()

    def wait(self) -> None:
        """Until all is told."""
        while self._ends:
            self._ends.popleft().result()

    def stop(self) -> None:
        """Take no more; what runs is done first."""
        self._pool.shutdown(cancel_futures=True)

    def _unless_failed(self, job: Callable[[], T]) -> T:
        if self._failed is not None:
            raise self._failed
        try:
            return job()
        except BaseException as failed:
            self._failed = failed
            raise
