"""An office on every database there is, with a firm, a bank, officers and an approver."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, make_url, text

from conduct.conduct_samples import START, Staff, Ticking, staff
from houfeng.clock import fixed_clock
from houfeng.office.database import Office
from houfeng.office.identity import passwords

POSTGRES = os.environ.get("HOUFENG_TEST_POSTGRES", "")
MEMORY = Path("/dev/shm")
_count = itertools.count()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as in life, but with parameters that do not take a tenth of a second each."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with all tables and nothing in them, made once; tests copy it."""
    path = tmp_path_factory.mktemp("migrated") / "office.db"
    Office.create(f"sqlite:///{path}", fixed_clock(START)).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, migrated: Path) -> Iterator[str]:
    """The address of a database of the test's own; PostgreSQL where HOUFENG_TEST_POSTGRES names one."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            shutil.copy(migrated, f"{folder}/office.db")
            yield f"sqlite:///{folder}/office.db"
        return
    if not POSTGRES:
        pytest.skip("HOUFENG_TEST_POSTGRES is not set: only SQLite is tested")
    name = f"test_conduct_{os.getpid()}_{next(_count)}"
    _on_server(f"CREATE SCHEMA {name}")
    own = make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={name}"})
    yield own.render_as_string(hide_password=False)
    _on_server(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def clock() -> Ticking:
    """The clock of the office."""
    return Ticking()


@pytest.fixture
def office(url: str, clock: Ticking) -> Iterator[Office]:
    """The office."""
    made = Office.create(url, clock)
    yield made
    made.close()


@pytest.fixture
def people(office: Office) -> Staff:
    """Everybody."""
    return staff(office)


def _on_server(statement: str) -> None:
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(statement))
    server.dispose()
