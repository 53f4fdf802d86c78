"""Grids of the cube counted in the background and kept: a page waits a moment, and otherwise says that it is counted.

Counting a month of a large book takes longer than a page may. Each question is counted once for a state of the book, a
scope and a version of the pack; whoever asks it again gets it at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import date
from typing import cast

from houfeng.book.snapshot import Snapshot
from houfeng.engine.duckdb import Engine
from houfeng.packs.model import Pack
from houfeng.settings import Settings
from houfeng.themes.report import Report
from houfeng_desk.desk import Desk
from houfeng_desk.queries.figures import Seen
from houfeng_desk.queries.themes import Ask, Grid, count, grid
from houfeng_desk.reader import Reader

KEPT = 60
"""Grids kept: the last asked for."""


class Boards:
    """The grids of a desk."""

    def __init__(self, desk: Desk) -> None:
        """One grid is counted at a time: it may use all the memory the desk was given."""
        self.desk = desk
        self._pool = ThreadPoolExecutor(1, "houfeng-themes")
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Future[Grid]] = OrderedDict()

    def grid(self, reader: Reader, pack: Pack, ask: Ask, patience: float) -> Grid | None:
        """The grid of a question; None where it is not counted within `patience` seconds.

        Raises:
            UsageError: an axis or a measure does not exist, or the book has no such period.
        """
        ask.check()
        then = self.desk.reader(reader.viewer, reader.as_of, ask.known) if ask.compare == "known" else None
        at = (reader.snapshot, then.snapshot if then else None, reader.as_of)
        key = (*at, reader.viewer.scope, pack.digest, frozen(ask))
        with self._lock:
            found = self._kept.get(key)
            if found is None or (found.done() and found.exception() is not None):
                found = self._kept[key] = self._pool.submit(self._count, reader, then, pack, ask)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
        try:
            return found.result(timeout=patience)
        except NotYet:
            return None

    def close(self) -> None:
        """Count nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _count(self, reader: Reader, then: Reader | None, pack: Pack, ask: Ask) -> Grid:
        found, before, lacking = self._report(reader, pack, ask)
        earlier = self._report(then, pack, ask)[0] if then is not None else None
        return grid(found, ask, before, lacking, earlier)

    def _report(self, reader: Reader, pack: Pack, ask: Ask) -> tuple[Report, date | None, date | None]:
        seen = cast(Snapshot, Seen(reader.snapshot, reader.viewer.scope))
        settings = Settings(self.desk.book.path, "zh", self.desk.settings.memory, self.desk.settings.threads)
        with Engine(settings) as engine:
            return count(seen, pack, reader.as_of, ask, engine, self.desk.months)


def frozen(ask: Ask) -> Hashable:
    """A question as something to look up by."""
    where = tuple(sorted((ask.where or {}).items()))
    readings = tuple(sorted((ask.readings or {}).items()))
    return (
        ask.rows, ask.columns, ask.measures, ask.compare, ask.known, where, ask.components, ask.unit, readings
    )  # fmt: skip
