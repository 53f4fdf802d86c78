"""An office on every database there is: SQLite always, PostgreSQL where HOUFENG_TEST_POSTGRES names one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from databases import POSTGRES, migrated, opened, url
from houfeng.office.database import Office

__all__ = ["migrated", "url"]
NOON = datetime(2026, 7, 1, 12)


class Hands:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it plainly where half of the tests did not run."""
    if not POSTGRES:
        terminalreporter.write_line("office: tested on SQLite only; set HOUFENG_TEST_POSTGRES to a URL for PostgreSQL")


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def office(url: str, hands: Hands, migrated: Path) -> Iterator[Office]:
    """An office at noon of 2026-07-01."""
    with opened(url, hands, migrated) as made:
        yield made
