"""A desk for every test: the small book is made once, the office is copied anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.conduct.parties import parties
from desk.credit.model_samples import hand
from desk.delivery.need_samples import listed_firm
from desk.desk_samples import ClientOf, DeskClient, Hands, make_app, make_book, make_office
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk

__all__ = ["hand", "parties"]


@pytest.fixture(scope="session")
def small_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book nobody may write to; copy it where a test submits."""
    return make_book(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with its people, to be copied."""
    path = tmp_path_factory.mktemp("people") / "office.db"
    make_office(path, Hands())
    return path


@pytest.fixture
def hands() -> Hands:
    """The clock of the desk."""
    return Hands()


@pytest.fixture
def app(small_book: Path, peopled: Path, tmp_path: Path, hands: Hands) -> Iterator[DeskApp]:
    """The desk over the small book, with an office of its own."""
    office = tmp_path / "office.db"
    shutil.copy(peopled, office)
    made = make_app(small_book, office, hands, work_folder=tmp_path / "work")
    yield made
    made.state.desk.close()
    made.state.desk.office.close()


@pytest.fixture(scope="module")
def read_app(small_book: Path, peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    """One desk for a file of tests that only look: what it counted for the first it has ready for the next.

    Such a file has a fixture `app` that gives it.
    """
    folder = tmp_path_factory.mktemp("read")
    office = Path(shutil.copy(peopled, folder / "office.db"))
    made = make_app(small_book, office, Hands(), work_folder=folder / "work")
    yield made
    made.state.desk.close()
    made.state.desk.office.close()


@pytest.fixture
def desk(app: DeskApp) -> Desk:
    """The desk behind the app."""
    found: Desk = app.state.desk
    return found


@pytest.fixture
def client(app: DeskApp) -> ClientOf:
    """`client("officer")` is that person's browser; `client()` nobody's."""

    def made(login: str = "", **options: bool) -> DeskClient:
        one = DeskClient(app, **options)
        return one.enter(login) if login else one

    return made


@pytest.fixture
def firm(desk: Desk) -> str:
    """A firm with an account of its own that is on a policy's list."""
    return listed_firm(desk)
