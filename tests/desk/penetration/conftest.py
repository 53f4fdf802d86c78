"""A small book to which what `keep` finds, and some links by hand, were added: made once, read by all tests here.

The links by hand (reporter `registry-2`): A Zhengzhou firm is held by a Luoyang firm through another one of Zhengzhou,
and firms guarantee each other in a ring across two cities.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from desk.desk_samples import Hands, make_app, viewer
from desk.penetration.linked_samples import Linked, link
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.reader import Reader

AS_OF = date(2025, 12, 31)


@pytest.fixture(scope="session")
def linked(small_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Linked:
    """The book, and who is linked with whom."""
    folder = tmp_path_factory.mktemp("linked") / "book"
    shutil.copytree(small_book, folder)
    return link(folder, AS_OF)


@pytest.fixture
def app(linked: Linked, peopled: Path, tmp_path: Path, hands: Hands) -> Iterator[DeskApp]:
    """The desk over that book."""
    office = tmp_path / "office.db"
    shutil.copy(peopled, office)
    made = make_app(linked.book, office, hands, work_folder=tmp_path / "work")
    yield made
    made.state.desk.close()
    made.state.desk.office.close()


@pytest.fixture
def reader(desk: Desk) -> Reader:
    """The whole market."""
    return desk.reader(viewer(desk, "officer"))


@pytest.fixture
def city(desk: Desk) -> Reader:
    """Luoyang only."""
    return desk.reader(viewer(desk, "luoyang"))
