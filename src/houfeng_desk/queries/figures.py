"""The figures of the market for a month, beside those of the month and the year before: `themes report`, kept.

Counting a month of a large book takes longer than a page may, so it is done once for each (state of the book, day,
scope, pack) on a thread of its own; a page waits a moment and otherwise says that the figures are being counted.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import cast

from houfeng.book.snapshot import Snapshot
from houfeng.book.storage.manifest import Submission
from houfeng.clock import month_end
from houfeng.engine.duckdb import Engine
from houfeng.office.access import Scope
from houfeng.office.scope import ScopedViews
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.settings import Settings
from houfeng.themes.measures import Value
from houfeng.themes.report import Report, Row, Table, periods, report
from houfeng_desk.desk import Desk
from houfeng_desk.reader import Reader

NOW = (
    "balance",
    "share",
    "rate",
    "borrowers",
    "notes",
    "npl",
    "npl_ratio",
    "growth_year",
    "growth_month",
    "growth_ytd",
)
THEN = ("balance", "share", "rate", "npl", "npl_ratio")
TOTAL = "five_articles"
KEPT = 24
"""Months kept: the last asked for."""


class Seen(ScopedViews):
    """The book inside a scope, with the list of what was reported: which months there are is no secret."""

    def history(self, kind: str) -> tuple[Submission, ...]:
        """All submissions."""
        return self.snapshot.history(kind)


@dataclass(frozen=True)
class Months:
    """The report of a month (with cities), and those of the month and the year before where the book has them."""

    now: Report
    then: Mapping[str, Report]

    def row(self, theme: str = "all", period: str = "") -> Row | None:
        """The line of a theme over all regions; `period` is empty, `month` or `year`."""
        told = self.then.get(period) if period else self.now
        return told.tables[0].find(theme) if told is not None else None

    def value(self, measure: str, theme: str = "all", period: str = "") -> Value:
        """One figure, or nothing where it cannot be said."""
        row = self.row(theme, period)
        return row.values.get(measure) if row is not None else None

    @property
    def cities(self) -> Table:
        """The same by city."""
        return next(table for table in self.now.tables if table.by == ("region",))


@lru_cache(maxsize=32)
def _loaded(reference: str) -> Pack:
    return load_pack(reference)


def pack_of(desk: Desk, name: str) -> Pack:
    """The pack of that name the desk counts by."""
    return _loaded(desk.packs[name])


Key = tuple[Snapshot, date, Scope, str]


class Figures:
    """Counts months in the background and keeps the last ones."""

    def __init__(self, desk: Desk) -> None:
        """One month is counted at a time: each may use all the memory the desk was given."""
        self.desk = desk
        self._pool = ThreadPoolExecutor(1, "houfeng-figures")
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Future[Months]] = OrderedDict()

    def months(self, reader: Reader, patience: float) -> Months | None:
        """The figures of the reader's month; None where they are not counted within `patience` seconds.

        Raises:
            UsageError: the book has no balances of that month.
        """
        pack = pack_of(self.desk, "five-articles")
        key = (reader.snapshot, reader.as_of, reader.viewer.scope, pack.digest)
        with self._lock:
            found = self._kept.get(key)
            if found is None or (found.done() and found.exception() is not None):
                found = self._kept[key] = self._pool.submit(self._count, key, pack)
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

    def _count(self, key: Key, pack: Pack) -> Months:
        snapshot, as_of, scope, _ = key
        seen = cast(Snapshot, Seen(snapshot, scope))
        held = periods(snapshot)
        first = as_of.replace(day=1)
        earlier = {"month": first - timedelta(days=1), "year": month_end(date(as_of.year - 1, as_of.month, 1))}
        kept = self.desk.months
        settings = Settings(self.desk.book.path, "zh", self.desk.settings.memory, self.desk.settings.threads)
        with Engine(settings) as engine, kept.counting(engine):
            now = report(seen, pack, as_of=as_of, by=["region"], measures=NOW, engine=engine, kept=kept)
        then = {}
        for name, day in earlier.items():
            if day in held:
                with Engine(settings) as engine, kept.counting(engine):
                    then[name] = report(seen, pack, as_of=day, measures=THEN, engine=engine, kept=kept)
        return Months(now, then)


def has_balances(reader: Reader) -> bool:
    """Whether the book has any month to count."""
    return bool(periods(reader.snapshot))
