"""An office on every database there is: SQLite always, PostgreSQL where HOUFENG_TEST_POSTGRES names one."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, make_url, text

from houfeng.clock import fixed_clock
from houfeng.office.database import Office
from houfeng.office.identity import passwords

POSTGRES = os.environ.get("HOUFENG_TEST_POSTGRES", "")
MEMORY = Path("/dev/shm")
NOON = datetime(2026, 7, 1, 12)

_count = itertools.count()


class Hands:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it plainly where half of the tests did not run."""
    if not POSTGRES:
        terminalreporter.write_line("office: tested on SQLite only; set HOUFENG_TEST_POSTGRES to a URL for PostgreSQL")


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as in life, but with parameters that do not take a tenth of a second each."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with all tables and nothing in them, made once; tests copy it."""
    path = tmp_path_factory.mktemp("migrated") / "office.db"
    Office.create(f"sqlite:///{path}", fixed_clock(NOON)).close()
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


@pytest.fixture
def office(url: str, hands: Hands, migrated: Path) -> Iterator[Office]:
    """An office at noon of 2026-07-01."""
    if url.startswith("sqlite"):
        shutil.copy(migrated, make_url(url).database or "")
    made = Office.create(url, hands)
    yield made
    made.close()


def _on_server(statement: str) -> None:
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(statement))
    server.dispose()
