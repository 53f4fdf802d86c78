"""An office on every database there is, with a firm, a bank, officers and an approver."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conduct.conduct_samples import START, Staff, staff
from databases import Ticking, migrated, office, url
from houfeng.office.database import Office

__all__ = ["migrated", "office", "url"]


@pytest.fixture
def clock() -> Ticking:
    """The clock of the office."""
    return Ticking(START, timedelta(microseconds=1))


@pytest.fixture
def people(office: Office) -> Staff:
    """Everybody."""
    return staff(office)
