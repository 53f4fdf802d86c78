"""The months a desk has kept: found where they lie, made where they are missing, and read by who asks for their notes.

`houfeng book index` makes the files of the usual questions beside the book. What it has not made (another pack, other
readings, a viewer's own region, a book that has grown) the desk makes when it is first asked, in the background, and
keeps in its own folder.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import cast

import duckdb

from houfeng.book.connection import connect
from houfeng.book.snapshot import Snapshot
from houfeng.book.storage.locking import locked
from houfeng.engine.duckdb import Engine
from houfeng.errors import ConflictError, EnvironmentFault, Text
from houfeng.office.scope import ScopedViews
from houfeng.packs.model import Pack
from houfeng.settings import Settings
from houfeng.themes import kept
from houfeng.themes.cube import Cube
from houfeng.themes.shares import LOANS, shares

MOST = 24
"""Months kept in the desk's own folder: the last used."""

QUESTIONS = 60
PATIENCE = 3600.0
"""Seconds to wait for another process that makes a month."""
LOOK = 0.2
"""Seconds between two looks, whether that process is done, and whether work that was broken off has ended."""


class Months:
    """Files of months, for one desk. Threads share it."""

    def __init__(self, beside: Path, own: Path, settings: Settings, least: int = kept.LEAST) -> None:
        """`beside` is the folder that `houfeng book index` fills, `own` the one filled here."""
        self.least = least
        self._beside, self._own, self._settings = beside, own, settings
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._pool = ThreadPoolExecutor(1, "houfeng-months")
        self._made: dict[str, Future[Path]] = {}
        self._asked: OrderedDict[Hashable, kept.Month] = OrderedDict()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._counting: set[Engine] = set()
        self._ending = threading.Event()

    def month(self, key: Hashable, views: ScopedViews, pack: Pack, as_of: date, known: date) -> kept.Month:
        """The question for a month's notes; `key` stands for all that is given."""
        with self._lock:
            found = self._asked.get(key)
        if found is None:
            found = kept.month(views, pack, as_of, known)
            with self._lock:
                self._asked[key] = found
                while len(self._asked) > QUESTIONS:
                    self._asked.popitem(last=False)
        return found

    def worth(self, views: ScopedViews | Snapshot, as_of: date) -> bool:
        """Whether the month is so large that it is kept."""
        whole = cast(Snapshot, views.snapshot) if isinstance(views, ScopedViews) else views
        return sum(entry.rows for entry in whole.submissions(LOANS) if entry.period == as_of) >= self.least

    def find(self, wanted: kept.Month) -> Path | None:
        """The file of a month, if there is one."""
        path = kept.find(self._beside, wanted) or kept.find(self._own, wanted)
        if path is not None and path.parent == self._own:
            with suppress(OSError):
                os.utime(path.with_suffix(".json"))  # the last used stay
        return path

    def ready(self, wanted: kept.Month, taken: Sequence[str], patience: float) -> Path | None:
        """The file of a month; where it must be made first, nothing unless that takes less than `patience` seconds."""
        if path := self.find(wanted):
            return path
        with self._lock:
            going = self._made.get(wanted.stem)
            if going is None or going.done():  # done, and yet not there: it failed, or was taken away
                if going is not None and (fault := going.exception()) is not None:
                    del self._made[wanted.stem]
                    raise fault
                going = self._made[wanted.stem] = self._pool.submit(self._make, wanted, tuple(taken))
        try:
            return going.result(timeout=patience)
        except NotYet:
            return None

    def cube(
        self, engine: Engine, views: Snapshot, pack: Pack, as_of: date, known: date, taken: Sequence[str]
    ) -> Cube | None:
        """The cube of a month, made first where it is large and missing; nothing for a small one."""
        if not self.worth(views, as_of):
            return None
        wanted = kept.month(views, pack, as_of, known)
        path = self.find(wanted) or self._make(wanted, taken)
        return kept.KeptCube.over(engine, wanted, path)

    @contextmanager
    def reading(self, path: Path) -> Iterator[tuple[Engine, str]]:
        """An engine that reads a month's file, and the name its tables stand under there."""
        with self._lock:
            if self._connection is None:
                self._connection = connect(memory=self._settings.memory, threads=self._settings.threads)
            alias = kept.attach(self._connection, path)
            cursor = self._connection.cursor()
        try:
            yield Engine.over(cursor), alias
        finally:
            cursor.close()

    @contextmanager
    def counting(self, engine: Engine) -> Iterator[None]:
        """Minutes of work on `engine`, broken off when the desk is told to end: all of it can be done again.

        Raises:
            ConflictError: the desk ends.
        """
        with self._lock:
            self._check_open()
            self._counting.add(engine)
        try:
            yield
        except (duckdb.Error, EnvironmentFault):
            self._check_open()  # told as what it is: it did not fail
            raise
        finally:
            with self._lock:
                self._counting.discard(engine)

    def close(self) -> None:
        """Break off what is being counted, make nothing more, and let go of the files."""
        self._ending.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        while self._break_off():
            time.sleep(LOOK)
        self._pool.shutdown(wait=True)
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _break_off(self) -> bool:
        """Tell every engine to stop; told between two statements it does not hear, so it is told again."""
        with self._lock:
            for engine in self._counting:
                engine.connection.interrupt()
            return bool(self._counting)

    def _check_open(self) -> None:
        if self._ending.is_set():
            raise ConflictError(Text("系统正在停止，请稍后再试。", "the desk is ending; please try again later"))

    def _make(self, wanted: kept.Month, taken: Sequence[str]) -> Path:
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            (self._own / "lock").touch()
        except OSError as error:
            raise EnvironmentFault(
                Text(f"不能建文件夹 {self._own}：{error}", f"the folder {self._own} cannot be made: {error}")
            ) from error
        # another process of the desk may be making it: minutes of work for all cores are not done twice
        with self._making, self._alone():
            if path := self.find(wanted):
                return path
            made = kept.make(wanted, self._own, self._settings, taken, self.counting)
            kept.prune(self._own, MOST)
            return made

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder alone; while another process holds it, wait, but not when this desk ends.

        Raises:
            ConflictError: the desk ends, or the other process took longer than anybody waits.
        """
        until = time.monotonic() + PATIENCE
        with ExitStack() as held:
            while True:
                self._check_open()
                try:
                    held.enter_context(locked(self._own / "lock", patience=LOOK))
                    break
                except ConflictError:
                    if time.monotonic() > until:
                        raise
            yield


def shares_of(views: ScopedViews, as_of: date) -> tuple[str, ...]:
    """The shares a month is tagged in."""
    return shares(cast(Snapshot, views.snapshot), as_of)
