"""Databases of an office for tests (SQLite always, PostgreSQL where HOUFENG_TEST_POSTGRES names one), and a clock."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from houfeng.clock import Clock, fixed_clock
from houfeng.office.database import Office

POSTGRES = os.environ.get("HOUFENG_TEST_POSTGRES", "")
MEMORY = Path("/dev/shm")
_count = itertools.count()


class Ticking:
    """A clock that a test moves; it never stands still, so that no two acts share a moment."""

    def __init__(self, now: datetime, tick: timedelta = timedelta(seconds=1)) -> None:
        self.now = now
        self.tick = tick

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now

    def pass_days(self, days: int) -> None:
        """Let days go by."""
        self.now += timedelta(days=days)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with all tables and nothing in them, made once; tests copy it."""
    path = tmp_path_factory.mktemp("migrated") / "office.db"
    Office.create(f"sqlite:///{path}", fixed_clock(datetime(2026, 1, 1, 12))).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database of the test's own; on PostgreSQL a schema, which is made at once.

    SQLite's file stands in memory where the machine has such a folder: every commit waits for the disk otherwise.
    """
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            yield f"sqlite:///{folder}/office.db"
        return
    if not POSTGRES:
        pytest.skip("HOUFENG_TEST_POSTGRES is not set: only SQLite is tested")
    name = f"test_{os.getpid()}_{next(_count)}"
    _on_server(f"CREATE SCHEMA {name}")
    own = make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={name}"})
    yield own.render_as_string(hide_password=False)
    _on_server(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def opened(url: str, clock: Clock, migrated: Path) -> Iterator[Office]:
    """An office with all tables, at that address."""
    if url.startswith("sqlite"):
        shutil.copy(migrated, make_url(url).database or "")
    made = Office.create(url, clock)
    yield made
    made.close()


@pytest.fixture
def office(url: str, clock: Clock, migrated: Path) -> Iterator[Office]:
    """An office by the `clock` that the folder's conftest gives."""
    with opened(url, clock, migrated) as made:
        yield made


def _on_server(statement: str) -> None:
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(statement))
    server.dispose()
