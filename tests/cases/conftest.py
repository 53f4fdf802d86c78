"""An office on every database there is, with people, and a walk of one case."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cases.case_samples import People, Ticking, Walk, people
from houfeng.office.database import Office

POSTGRES = os.environ.get("HOUFENG_TEST_POSTGRES", "")
_count = itertools.count()


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of the test's own; PostgreSQL where HOUFENG_TEST_POSTGRES names one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'office.db'}"
        return
    if not POSTGRES:
        pytest.skip("HOUFENG_TEST_POSTGRES is not set: only SQLite is tested")
    name = f"houfeng_cases_{os.getpid()}_{next(_count)}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def office(url: str, clock: Ticking) -> Iterator[Office]:
    made = Office.create(url, clock)
    yield made
    made.close()


@pytest.fixture
def staff(office: Office) -> People:
    return people(office)


@pytest.fixture
def walk(office: Office, staff: People, tmp_path: Path) -> Walk:
    return Walk(office, staff, tmp_path / "files")
