"""The database of the office: one URL, the same rules on SQLite and PostgreSQL.

Writers stand in a queue on both: SQLite by BEGIN IMMEDIATE, PostgreSQL by one advisory lock taken at the start of the
transaction. The journal can then never fork, two tables can never lock each other crosswise, and what a test shows on
SQLite holds on PostgreSQL. Operational rows are few and transactions short, so the queue costs little.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, UpdateBase, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from houfeng.clock import Clock
from houfeng.errors import ConflictError, EnvironmentFault, Text, UsageError
from houfeng.office import migrations

WAIT = 30.0  # seconds a writer waits for its turn
LOCK = 0x686F7566656E67  # "houfeng": the queue of writers on PostgreSQL
POOL: dict[str, Any] = {"pool_size": 20, "max_overflow": 40}  # threads of the desk that ask at once
_OPTION = "houfeng_write"


Secret = Callable[[], str]


def new_secret() -> str:
    """256 bits of chance from the system, for sessions, tokens and one-time passwords."""
    return secrets.token_urlsafe(32)


class Office:
    """The operational records behind one URL. Threads may share it; each `begin` or `read` is a session of its own."""

    def __init__(self, url: str, clock: Clock, algorithm: str = "sha256", secret: Secret = new_secret) -> None:
        """Use `create` or `open`. `algorithm` hashes new entries of the journal: `sha256` or `sm3`."""
        self.algorithm = algorithm
        self.secret = secret
        self.url = _url(url)
        self.clock = clock
        self.engine = _engine(self.url)
        self._write = sessionmaker(self.engine.execution_options(**{_OPTION: True}), expire_on_commit=False)
        options: dict[str, Any] = {_OPTION: False}
        if self.postgres:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._read = sessionmaker(self.engine.execution_options(**options), autoflush=False)

    @classmethod
    def create(cls, url: str, clock: Clock, algorithm: str = "sha256") -> Office:
        """Open the database at `url`, made new or brought up to date as needed."""
        parsed = _url(url)
        with _reached(parsed):
            if parsed.get_backend_name() == "sqlite":
                Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
            office = cls(url, clock, algorithm)
            office.upgrade()
        return office

    @classmethod
    def open(cls, url: str, clock: Clock, algorithm: str = "sha256") -> Office:
        """Open the database at `url`, which must be there and up to date.

        Raises:
            EnvironmentFault: it is missing, or of an earlier or later Houfeng.
        """
        parsed = _url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
            raise EnvironmentFault(
                Text(
                    f"没有运行数据库 {parsed.database}；请先运行 houfeng user first-start",
                    f"there is no database {parsed.database}; run houfeng user first-start first",
                )
            )
        with _reached(parsed):
            office = cls(url, clock, algorithm)
            with office.engine.connect() as connection:
                found = migrations.current(connection)
        if found != migrations.head():
            office.close()
            raise EnvironmentFault(
                Text(
                    f"运行数据库的版本是 {found or '无'}，本程序需要 {migrations.head()}；"
                    "请先备份，再运行 houfeng user upgrade",
                    f"the database is at version {found or 'none'}, this program needs {migrations.head()}; "
                    "make a backup, then run houfeng user upgrade",
                )
            )
        return office

    @property
    def postgres(self) -> bool:
        """Whether this is PostgreSQL."""
        return self.engine.dialect.name == "postgresql"

    def upgrade(self) -> None:
        """Bring the tables to the newest version, in one transaction; two processes at once do it once."""
        with self.engine.execution_options(**{_OPTION: True}).begin() as connection:
            migrations.upgrade(connection)

    @contextmanager
    def begin(self, *, alone: bool = True) -> Iterator[Session]:
        """A session that may write; commits at the end, or rolls all back if anything is raised.

        `alone=False` leaves the queue of writers on PostgreSQL: only for short updates of rows that the caller has
        locked itself, and that write no journal (the heartbeat of a job).
        """
        with _told_busy(), self._write.begin() as session:
            session.connection()  # the turn begins now, not at the first statement
            if self.postgres:
                session.execute(text(f"SET LOCAL lock_timeout = '{int(WAIT * 1000)}ms'"))
                if alone:
                    lock(session)
            session.info["office"] = self
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database and cannot write."""
        with self._read() as session:
            session.connection()
            session.info["office"] = self
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def office_of(session: Session) -> Office:
    """The office a session belongs to."""
    office = session.info["office"]
    assert isinstance(office, Office)
    return office


def lock(session: Session) -> None:
    """Wait for this transaction's turn among the writers. SQLite has given it at BEGIN IMMEDIATE."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


def changed(session: Session, statement: UpdateBase) -> int:
    """Run an UPDATE or DELETE and give the number of rows it met; objects in memory are not touched."""
    done = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(done, CursorResult)
    return int(done.rowcount)


def dumps(value: Any) -> str:
    """JSON as the office stores it: Chinese as it is, decimals as text."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value)
    raise TypeError(f"not for JSON: {type(value).__name__}")


def _url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _bad_url() from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise _bad_url()
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and (parsed.database or ":memory:") == ":memory:":
        raise _bad_url()  # each connection would see a database of its own
    return parsed


def _bad_url() -> UsageError:
    return UsageError(  # the URL may hold a password: it is not repeated
        Text(
            "HOUFENG_OFFICE 应写作 sqlite:///文件路径 或 postgresql://用户:口令@主机/库",
            "HOUFENG_OFFICE is sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE",
        )
    )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, json_serializer=dumps, pool_pre_ping=True, **POOL)
    connecting = {"timeout": WAIT, "check_same_thread": False}
    engine = create_engine(url, json_serializer=dumps, connect_args=connecting, **POOL)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """WAL, foreign keys and no transactions behind our back: `_on_begin` opens them."""
    connection.isolation_level = None
    cursor = connection.cursor()
    _wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # a decision that was shown as made survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _wal(cursor: DBAPICursor) -> None:
    """SQLite does not wait to change the journal of a new database; two first starts at once try again."""
    until = time.monotonic() + WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _on_begin(connection: Connection) -> None:
    """Writers take the lock first, so that two of them never both read and then both fail to write."""
    write = bool(connection.get_execution_options().get(_OPTION))
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _reached(url: URL) -> Iterator[None]:
    """A database that cannot be used is told in words, without its password."""
    where = url.database if url.get_backend_name() == "sqlite" else f"{url.host}:{url.port or 5432}/{url.database}"
    try:
        yield
    except (DatabaseError, OSError) as error:
        why = str(getattr(error, "orig", error)).split("\n")[0]
        raise EnvironmentFault(
            Text(f"运行数据库 {where} 不可用：{why}", f"the database {where} cannot be used: {why}")
        ) from error
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            Text("连接 PostgreSQL 需安装 houfeng[postgres]", "PostgreSQL needs houfeng[postgres] to be installed")
        ) from error


@contextmanager
def _told_busy() -> Iterator[None]:
    """A writer that waited too long is told so in words."""
    try:
        yield
    except OperationalError as error:
        state = getattr(error.orig, "sqlstate", "") or str(error.orig)
        if state in ("55P03", "40P01") or "database is locked" in state:
            raise ConflictError(
                Text(
                    "系统正忙，这一步没有保存，请稍后再试。", "the office is busy; nothing was saved, please try again"
                )
            ) from error
        raise
