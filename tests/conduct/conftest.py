"""An office on every database there is, with a firm, a bank, officers and an approver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from conduct.conduct_samples import START, Staff, staff
from databases import Ticking, migrated, opened, url
from houfeng.office.database import Office

__all__ = ["migrated", "url"]


@pytest.fixture
def clock() -> Ticking:
    """The clock of the office."""
    return Ticking(START, timedelta(microseconds=1))


@pytest.fixture
def office(url: str, clock: Ticking, migrated: Path) -> Iterator[Office]:
    """The office."""
    with opened(url, clock, migrated) as made:
        yield made


@pytest.fixture
def people(office: Office) -> Staff:
    """Everybody."""
    return staff(office)
