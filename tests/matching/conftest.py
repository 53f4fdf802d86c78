"""An office on every database there is, with the people of the tests of delivery and needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import Ticking, migrated, opened, url
from houfeng.office.database import Office
from matching.delivery_samples import START, People, people

__all__ = ["migrated", "url"]


@pytest.fixture
def clock() -> Ticking:
    return Ticking(START)


@pytest.fixture
def office(url: str, clock: Ticking, migrated: Path) -> Iterator[Office]:
    with opened(url, clock, migrated) as made:
        yield made


@pytest.fixture
def staff(office: Office) -> People:
    return people(office)
