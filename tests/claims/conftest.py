"""An office on every database there is, with people and a walk of one claim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from claims.claim_samples import START, Staff, Walk, staff
from databases import Ticking, migrated, opened, url
from houfeng.office.database import Office

__all__ = ["migrated", "url"]


@pytest.fixture
def clock() -> Ticking:
    return Ticking(START, timedelta(microseconds=1))


@pytest.fixture
def office(url: str, clock: Ticking, migrated: Path) -> Iterator[Office]:
    with opened(url, clock, migrated) as made:
        yield made


@pytest.fixture
def people(office: Office) -> Staff:
    return staff(office)


@pytest.fixture
def walk(office: Office, people: Staff) -> Walk:
    return Walk(office, people)
