"""A month kept in a file gives every figure and note that counting gives, and is not used when anything differs."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.engine.duckdb import Engine
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.settings import Settings
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate
from houfeng.themes import kept
from houfeng.themes.cube import COUNTS, PEOPLE, SUMS, Cube
from houfeng.themes.dimensions import dimensions

DAY = date(2025, 12, 31)
KNOWN = date(2026, 2, 10)
EVERY = (*SUMS, *COUNTS, *PEOPLE)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("kept")
    simulate(folder / "province", enterprises=400, seed=7, months=2, end=DAY)
    made = Book.create(folder / "book", fixed_clock(datetime(2026, 2, 9)), synthetic=True)
    load_province(made, folder / "province")
    return made


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("five-articles")


@pytest.fixture(scope="module")
def made(book: Book, pack: Pack) -> tuple[kept.Month, Path]:
    wanted = kept.month(book.snapshot(), pack, DAY, KNOWN)
    folder = book.path / kept.FOLDER
    folder.mkdir(exist_ok=True)
    return wanted, kept.make(wanted, folder, settings(book))


def settings(book: Book) -> Settings:
    return Settings(book.path, "zh", "1GB", 1)


def test_it_gives_the_sums_that_counting_gives(book: Book, pack: Pack, made: tuple[kept.Month, Path]) -> None:
    names = list(dimensions())
    asked: list[tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = [((), {}), *(((one,), {}) for one in names)]
    asked += [(("region", "size"), {}), (("size",), {"region": ("410100",)}), ((), {"region": ("410100",)})]
    asked += [((), {"region": ("410100", "410300")}), (("region",), {"region": ("410100", "410300")})]
    with Engine(settings(book)) as engine:
        counted = Cube.build(engine, book.snapshot(), pack, DAY, KNOWN, names, "now")
        read = kept.KeptCube.over(engine, *made)
        assert read.quality == counted.quality
        for by, where in asked:
            expected, found = counted.cells(by, EVERY, where), read.cells(by, EVERY, where)
            assert found == expected, (by, where)
            assert any(values["borrowers"] for values in found.values())


def test_its_notes_are_those_of_the_statement(book: Book, made: tuple[kept.Month, Path]) -> None:
    wanted, path = made
    with Engine(settings(book)) as engine:
        alias = kept.attach(engine.connection, path)
        for one, other in (("a", "b"), ("b", "a")):
            sources = {"a": f"SELECT * FROM {alias}.notes", "b": wanted.sql}
            assert engine.rows(f"SELECT count(*) FROM ({sources[one]} EXCEPT ALL {sources[other]})") == [(0,)]


def test_another_question_asks_for_another_file(book: Book, pack: Pack, made: tuple[kept.Month, Path]) -> None:
    wanted, path = made
    snapshot = book.snapshot()
    assert kept.find(path.parent, kept.month(snapshot, pack, DAY, KNOWN)) == path
    read_otherwise = pack.with_readings({"digital_scope": "core_only"})
    others = [
        kept.month(snapshot, pack, date(2025, 11, 30), KNOWN),
        kept.month(snapshot, read_otherwise, DAY, KNOWN),
        kept.month(snapshot.without_late(), pack, DAY, KNOWN),
    ]
    assert [other.digest == wanted.digest for other in others] == [False, False, True]
    assert [kept.find(path.parent, other) for other in others] == [None, None, path]


def test_a_file_cut_short_or_rotten_is_not_used(book: Book, pack: Pack) -> None:
    folder, snapshot = book.path / "rotten", book.snapshot()
    keep = lambda: kept.keep_usual(snapshot, pack, KNOWN, folder, settings(book), least=1)  # noqa: E731
    assert keep() == [date(2025, 11, 30), DAY]
    assert keep() == []
    wanted = kept.month(snapshot, pack, DAY, KNOWN)
    path = kept.find(folder, wanted)
    assert path is not None
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"\xff" * 10)
    assert not kept.sound(path)
    assert keep() == [DAY]
    assert kept.sound(path)
    with path.open("r+b") as file:
        file.truncate(100)
    assert kept.find(folder, wanted) is None
    assert keep() == [DAY]
    (folder / "199001-of-another-book.json").write_text("{}")
    assert keep() == []
    assert sorted(one.suffix for one in folder.iterdir()) == [".duckdb", ".duckdb", ".json", ".json"]
