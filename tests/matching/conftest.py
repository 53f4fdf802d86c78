"""An office on every database there is, with the people of the tests of delivery and needs."""

from __future__ import annotations

import pytest

from databases import Ticking, migrated, office, url
from houfeng.office.database import Office
from matching.delivery.delivery_samples import START, People, people

__all__ = ["migrated", "office", "url"]


@pytest.fixture
def clock() -> Ticking:
    return Ticking(START)


@pytest.fixture
def staff(office: Office) -> People:
    return people(office)
