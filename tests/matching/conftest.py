"""An office on every database there is, with the people of the tests of delivery and needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from houfeng.office.database import Office
from matching.delivery_samples import POSTGRES, People, Ticking, database, people


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path, clock: Ticking) -> Iterator[Office]:
    if request.param == "postgresql" and not POSTGRES:
        pytest.skip("HOUFENG_TEST_POSTGRES is not set: only SQLite is tested")
    with database(request.param, tmp_path) as url:
        made = Office.create(url, clock)
        yield made
        made.close()


@pytest.fixture
def staff(office: Office) -> People:
    return people(office)
