"""What holds for all tests: passwords are cheap, and long files are begun first.

A worker of pytest-xdist takes whole files, and none should wait for another at the end. By itself it would begin with
the files that have most tests, which are seldom the longest (`--no-loadscope-reorder`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from houfeng.office.identity import passwords

LONG = (
    "desk/shell/walks/test_hostile_input.py",
    "desk/api/test_schemathesis.py",
    "desk/shell/walks/test_other_scopes.py",
    "desk/policy/test_pack_life.py",
    "desk/shell/walks/test_every_route.py",
    "desk/kills/test_kills.py",
    "cli/test_end_to_end.py",
    "book/test_store_together.py",
    "book/test_crash.py",
    "watch/service",
    "watch/live",
    "watch/test_replay_parity.py",
    "packs/test_shipped_packs.py",
    "book",
    "desk",
    "office/jobs",
    "instruments",
    "themes",
    "packs/random_packs/test_two_roads.py",
)
"""Files and folders, the longest first."""
HERE = Path(__file__).parent


def _place(item: pytest.Item) -> int:
    path = item.path.relative_to(HERE).as_posix() if item.path.is_relative_to(HERE) else ""
    return next((n for n, one in enumerate(LONG) if path == one or path.startswith(f"{one}/")), len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; within a file nothing changes."""
    items.sort(key=_place)


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Argon2 as in life, but with parameters that do not take a tenth of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield
