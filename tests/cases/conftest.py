"""An office on every database there is, with people, and a walk of one case."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases.case_samples import START, People, Walk, people
from databases import Ticking, migrated, office, url
from houfeng.office.database import Office

__all__ = ["migrated", "office", "url"]


@pytest.fixture
def clock() -> Ticking:
    return Ticking(START)


@pytest.fixture
def staff(office: Office) -> People:
    return people(office)


@pytest.fixture
def walk(office: Office, staff: People, tmp_path: Path) -> Walk:
    return Walk(office, staff, tmp_path / "files")
