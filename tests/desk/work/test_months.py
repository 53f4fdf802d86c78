"""The months a desk keeps: one process makes a month and others wait to read it; a desk that ends breaks it off."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from desk.desk_samples import viewer
from houfeng.book.storage.locking import locked
from houfeng.engine.duckdb import Engine
from houfeng.errors import ConflictError
from houfeng.settings import Settings
from houfeng.themes import kept
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.months import Months, shares_of
from houfeng_desk.queries.figures import pack_of

LONG = 120.0


@pytest.fixture
def app(read_app: DeskApp) -> DeskApp:
    """Nothing here changes the desk: one serves all tests."""
    return read_app


@pytest.fixture
def asked(desk: Desk) -> tuple[kept.Month, tuple[str, ...]]:
    """The newest month of the small book, and the shares it is tagged in."""
    reader = desk.reader(viewer(desk, "officer"))
    month = kept.month(reader.views, pack_of(desk, "five-articles"), reader.as_of, reader.known_at.date())
    return month, shares_of(reader.views, reader.as_of)


def opened(own: Path) -> Months:
    """The months of one process over the folder `own`."""
    return Months(own / "beside", own, Settings(own, "zh", "1GB", 1))


def test_one_process_makes_a_month_and_another_waits_and_reads_it(
    asked: tuple[kept.Month, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock of a file opened anew keeps out the same process as it does any other."""
    month, taken = asked
    making, make, made = threading.Event(), kept.make, []

    def slowly(wanted: kept.Month, folder: Path, *rest: Any) -> Path:
        making.set()
        assert not (tmp_path / f"{wanted.stem}.duckdb").exists()
        with pytest.raises(ConflictError), locked(tmp_path / "lock", patience=0.0):
            pass  # whoever makes it holds the folder alone
        path = make(wanted, folder, *rest)
        made.append(path)
        return path

    monkeypatch.setattr(kept, "make", slowly)
    first, second = opened(tmp_path), opened(tmp_path)
    with ThreadPoolExecutor(2) as people:
        one = people.submit(first.ready, month, taken, LONG)
        assert making.wait(LONG)
        other = people.submit(second.ready, month, taken, LONG)
        paths = {one.result(LONG), other.result(LONG)}
    assert paths == set(made)
    assert len(made) == 1
    assert kept.sound(made[0])
    first.close()
    second.close()


def endless(month: kept.Month) -> kept.Month:
    """The same month as a question that takes years to answer."""
    return replace(month, sql="SELECT sum(a.range * b.range) AS a0 FROM range(10000000) a, range(10000000) b")


def wait_for(months: Months) -> None:
    """Until something is being counted."""
    for _ in range(600):
        if months._counting:
            return
        time.sleep(0.05)
    raise AssertionError("nothing is counted")


def test_a_desk_that_ends_breaks_off_what_it_counts(asked: tuple[kept.Month, tuple[str, ...]], tmp_path: Path) -> None:
    """The process that waits for the lock ends too, and nothing half made is left."""
    month, taken = asked
    first, second = opened(tmp_path), opened(tmp_path)
    assert first.ready(endless(month), taken[:1], 0.0) is None
    wait_for(first)
    assert second.ready(month, taken, 0.0) is None  # waits for the lock
    going: Sequence[Any] = [*first._made.values(), *second._made.values()]
    for months in (second, first):
        ending = threading.Thread(target=months.close, daemon=True)
        ending.start()
        ending.join(LONG)
        assert not ending.is_alive()
    assert all(one.cancelled() or isinstance(one.exception(), ConflictError) for one in going)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    with Engine(Settings(tmp_path, "zh", "1GB", 1)) as engine, pytest.raises(ConflictError), first.counting(engine):
        pass  # nothing new begins


def test_a_fault_while_counting_is_told_as_itself(tmp_path: Path) -> None:
    """Only a desk that ends turns faults into its ending."""
    months = opened(tmp_path)
    with (
        Engine(Settings(tmp_path, "zh", "1GB", 1)) as engine,
        pytest.raises(duckdb.CatalogException, match="nothing_here"),
        months.counting(engine),
    ):
        engine.rows("SELECT * FROM nothing_here")
    assert not months._counting
    months.close()
