"""An office on every database there is, with people and a walk of one claim."""

from __future__ import annotations

from datetime import timedelta

import pytest

from claims.claim_samples import START, Staff, Walk, staff
from databases import Ticking, migrated, office, url
from houfeng.office.database import Office

__all__ = ["migrated", "office", "url"]


@pytest.fixture
def clock() -> Ticking:
    return Ticking(START, timedelta(microseconds=1))


@pytest.fixture
def people(office: Office) -> Staff:
    return staff(office)


@pytest.fixture
def walk(office: Office, people: Staff) -> Walk:
    return Walk(office, people)
