"""Reading the book for a page: SQL over the kinds, on one day, as known at one moment, inside one scope.

A `Reader` is cheap and made per request. What is dear stands behind it on the `Shelf`: a snapshot is kept until the
book grows, and for each (snapshot, day, scope) there is a small database of views in which nothing else exists, so a
query cannot leave its scope even by mistake. Views are made when a query first names them; kinds of few rows are held
in memory, the others are read from the book's files.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from houfeng.book.connection import connect, quoted
from houfeng.book.copies import FOLDER, CopiedSnapshot, with_copies
from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.engine.faults import telling
from houfeng.errors import EnvironmentFault, Text, UsageError
from houfeng.office.access import Scope, Viewer
from houfeng.office.scope import ScopedViews

HELD_ROWS = 200_000
"""Rows up to which a kind is held in memory rather than read from its files again."""

DATABASES = 12
"""Databases of views kept open: the last used (snapshot, day, scope)."""

SNAPSHOTS = 8
BATCH = 5000

FIRST, LAST = 1900, 2200
"""Years that can be asked about."""
COUNTS = 500
"""Numbers of rows of lists kept for each database: the last counted."""

Parameters = Sequence[Any] | Mapping[str, Any]


class Views:
    """A database in memory that knows the kinds of one snapshot on one day inside one scope, and nothing else."""

    def __init__(
        self, book: Book, snapshot: CopiedSnapshot, scope: Scope, as_of: date, memory: str, threads: int | None
    ) -> None:
        """Opens the database and shuts every way out of it but the book's own rows."""
        self.snapshot = snapshot
        self.scoped = ScopedViews(snapshot, scope)
        self._as_of = as_of
        self._made: set[str] = set()
        self._gathered: dict[str, set[str]] = {}
        self.counted: OrderedDict[Hashable, Any] = OrderedDict()
        self.held: dict[str, list[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._connection = connect(memory=memory, threads=threads)
        snapshot.attach(self._connection)
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute(f"SET allowed_directories = ['{quoted(str(book.path / 'rows'))}/']")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def cursor(self, sql: str) -> duckdb.DuckDBPyConnection:
        """A cursor on which every kind that `sql` names is there."""
        for name in set(re.findall(r"[a-z_]+", sql)) & set(self.snapshot.kinds):
            if name not in self._made:
                self._make(name)
        return self._connection.cursor()

    def _make(self, name: str) -> None:
        with self._lock:
            if name in self._made:
                return
            rows = sum(entry.rows for entry in self.snapshot.submissions(name))
            how = "TABLE" if rows <= HELD_ROWS else "VIEW"
            self._connection.execute(f'CREATE {how} "{name}" AS {self.scoped.select(name, as_of=self._as_of)}')
            self._made.add(name)

    def keep(self, name: str, sql: str) -> None:
        """Hold the answer to `sql` in memory as the table `name`; once, for all who share this database."""
        if name in self._made:
            return
        cursor = self.cursor(sql)
        with self._lock:
            if name not in self._made:
                cursor.execute(f'CREATE TABLE "{name}" AS {sql}')
                self._made.add(name)
        cursor.close()

    def gather(self, name: str, source: str, key: str, wanted: Collection[str]) -> None:
        """See that the table `name` holds the rows of the table `source` whose `key` is among `wanted`."""
        with self._lock:
            held = self._gathered.setdefault(name, set())
            missing = sorted(set(wanted) - held)
            if name in self._made and not missing:
                return
            cursor = self._connection.cursor()
            rows = f'SELECT * FROM "{source}" WHERE "{key}" IN (SELECT unnest($keys::VARCHAR[]))'
            how = f'INSERT INTO "{name}" {rows}' if name in self._made else f'CREATE TABLE "{name}" AS {rows}'
            cursor.execute(how, {"keys": missing})
            cursor.close()
            self._made.add(name)
            held.update(missing)

    def close(self) -> None:
        """Close the database; cursors that run keep it until they are done."""
        self._connection.close()


@dataclass(frozen=True)
class Reader:
    """What one viewer may see of the book on one day, as known at one moment."""

    viewer: Viewer
    as_of: date
    known_at: datetime
    synthetic: bool
    views: ScopedViews
    snapshot: Snapshot
    asked_as_of: bool
    asked_known_at: bool
    _views: Views

    def indexed(self, connection: duckdb.DuckDBPyConnection) -> ScopedViews:
        """`views`, reading from the book's indexed copies where there are some; its SQL runs on `connection` only."""
        self._views.snapshot.attach(connection)
        return self._views.scoped

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """The rows of `sql` by column name. Values from outside go into `parameters`, never into `sql`.

        Raises:
            EnvironmentFault: not enough memory, or files of the book are missing.
        """
        with telling():
            cursor = self._views.cursor(sql)
            try:
                cursor.execute(sql, parameters)
                names = [column[0] for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            finally:
                cursor.close()

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """As `rows`, some at a time: for what is too long to be held."""
        cursor = self._views.cursor(sql)
        try:
            with telling():
                cursor.execute(sql, parameters)
                names = [column[0] for column in cursor.description or ()]
                found = cursor.fetchmany(BATCH)
            while found:
                yield from (dict(zip(names, row, strict=True)) for row in found)
                with telling():
                    found = cursor.fetchmany(BATCH)
        finally:
            cursor.close()

    def keep(self, name: str, sql: str) -> None:
        """Hold the answer to `sql` as the table `name`, for lists that would else be computed at every look.

        It lives as long as this view of the book. Nothing from outside may be in `sql`.
        """
        with telling():
            self._views.keep(name, sql)

    def gather(self, name: str, source: str, key: str, wanted: Collection[str]) -> None:
        """Hold the rows of the kept table `source` whose `key` is among `wanted` in the table `name`, with others that
        were wanted before: to look a few up among millions again and again takes longer than the page may."""
        with telling():
            self._views.gather(name, source, key, wanted)

    def count(self, sql: str, parameters: Mapping[str, Any]) -> int:
        """The number that `sql` over kept tables gives; counted once, for all who share this view of the book."""
        key = (sql, tuple(sorted(parameters.items())))
        known = self._views.counted
        found = known.get(key)
        if found is None:
            found = known[key] = int(self.value(sql, parameters))
            while len(known) > COUNTS:
                known.popitem(last=False)
        return int(found)

    def held(self, sql: str) -> list[dict[str, Any]]:
        """The rows of `sql`, which is the same for everybody: asked once for this view of the book, and shared."""
        known = self._views.held
        if sql not in known:
            known[sql] = self.rows(sql)
        return known[sql]

    def one(self, sql: str, parameters: Parameters = ()) -> dict[str, Any] | None:
        """The first row of `sql`, or nothing."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first column of the first row of `sql`, or nothing."""
        found = self.one(sql, parameters)
        return next(iter(found.values())) if found else None


class Shelf:
    """The snapshots of one book that are in use, and the databases made of them."""

    def __init__(self, book: Book, memory: str, threads: int | None) -> None:
        """`memory` and `threads` bound each database."""
        self._book = book
        self._memory, self._threads = memory, threads
        self._lock = threading.Lock()
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._databases: OrderedDict[tuple[str, date, Scope], tuple[ScopedViews, Views]] = OrderedDict()

    def reader(self, viewer: Viewer, as_of: date | None, known_at: datetime | None, now: datetime) -> Reader:
        """A reader; a moment in the future is now.

        Raises:
            UsageError: the day is nowhere near a book of loans, and years before or after it could not be counted.
        """
        past = known_at if known_at is not None and known_at < now else None
        for asked in (as_of, past):
            if asked is not None and not FIRST <= asked.year <= LAST:
                raise UsageError(
                    Text(f"年份应在 {FIRST} 至 {LAST} 之间：{asked}", f"a year between {FIRST} and {LAST}: {asked}")
                )
        key, snapshot = self._snapshot(past)
        day = as_of or newest_period(snapshot) or now.date()
        views, database = self._database(key, snapshot, day, viewer.scope)
        return Reader(
            viewer=viewer,
            as_of=day,
            known_at=past or now,
            synthetic=snapshot.synthetic,
            views=views,
            snapshot=snapshot,
            asked_as_of=as_of is not None,
            asked_known_at=past is not None,
            _views=database,
        )

    def close(self) -> None:
        """Close every database."""
        with self._lock:
            for _, database in self._databases.values():
                database.close()
            self._databases.clear()
            self._snapshots.clear()

    def _snapshot(self, past: datetime | None) -> tuple[str, Snapshot]:
        """The book as known at a past moment, or now; made again only when the book has grown."""
        key = f"{past.isoformat() if past is not None else f'now {_grown(self._book)}'} {_copied(self._book)}"
        with self._lock:
            if key in self._snapshots:
                self._snapshots.move_to_end(key)
                return key, self._snapshots[key]
        made = self._book.snapshot(past)
        with self._lock:
            found = self._snapshots.setdefault(key, made)
            while len(self._snapshots) > SNAPSHOTS:
                self._snapshots.popitem(last=False)
            return key, found

    def _database(self, key: str, snapshot: Snapshot, day: date, scope: Scope) -> tuple[ScopedViews, Views]:
        with self._lock:
            found = self._databases.get((key, day, scope))
            if found is None:
                views = ScopedViews(snapshot, scope)
                copied = with_copies(snapshot, self._book.path)
                found = views, Views(self._book, copied, scope, day, self._memory, self._threads)
                self._databases[(key, day, scope)] = found
                while len(self._databases) > DATABASES:
                    self._databases.popitem(last=False)  # closed when its last reader is gone
            else:
                self._databases.move_to_end((key, day, scope))
            return found


def newest_period(snapshot: Snapshot) -> date | None:
    """The last period for which anybody has reported balances."""
    periods = [entry.period for entry in snapshot.submissions("loan_balance") if entry.period is not None]
    return max(periods, default=None)


def _grown(book: Book) -> str:
    """A word that changes when submissions are added: the last entry of the manifest's log."""
    try:
        names = [entry.name for entry in os.scandir(book.path / "manifest" / "_delta_log") if entry.name[:1].isdigit()]
    except OSError as error:
        raise EnvironmentFault(
            Text(f"读不到账簿的清单：{book.path}", f"the manifest of the book cannot be read: {book.path}")
        ) from error
    return max(names, default="")


def _copied(book: Book) -> int:
    """A number that changes when indexed copies are made."""
    folder = book.path / FOLDER
    return folder.stat().st_mtime_ns if folder.is_dir() else 0
