"""A desk whose book is its own copy, with a watch's journal beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.desk_samples import Hands, make_app
from houfeng_desk.app import DeskApp


@pytest.fixture
def app(small_book: Path, peopled: Path, tmp_path: Path, hands: Hands) -> Iterator[DeskApp]:
    """The desk over a copy of the small book: these tests write into its watch."""
    shutil.copytree(small_book, tmp_path / "book", copy_function=_link)
    shutil.copy(peopled, tmp_path / "office.db")
    made = make_app(tmp_path / "book", tmp_path / "office.db", hands, work_folder=tmp_path / "work")
    yield made
    made.state.work.figures.close()
    made.state.desk.close()
    made.state.desk.office.close()


def _link(source: str, target: str) -> None:
    """The book's files never change: a link is as good as a copy."""
    Path(target).hardlink_to(source)
