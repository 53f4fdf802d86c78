"""An answer is the same with a copy and without: on any day, as known at any moment, and when the copy is old."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from book.store_samples import Ticking, numbered
from houfeng.book.connection import connect
from houfeng.book.copies import CopiedSnapshot, make_copies, with_copies
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book

MOMENTS = [datetime(2026, 1, 1 + n, 9, 0) for n in range(6)]
FIRMS = [f"91410100MA{n:08}" for n in range(40)]
DAYS = [None, date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]


def sent(kind: str, reporter: str, period: date, rows: list[dict[str, object]]) -> Draft:
    """A draft of `rows`, other fields empty."""
    table = pa.Table.from_pylist(
        [{**row, "_row": n + 1} for n, row in enumerate(rows)], schema=row_schema(kinds()[kind])
    )
    return Draft(
        kind, reporter, period, table, QUARANTINE.empty_table(), "f.csv", "", f"{kind}{reporter}{period}{rows}"
    )


def firms(reporter: str, day: date, some: slice, name: str) -> Draft:
    """A list of firms as of `day`; two registers overlap."""
    rows: list[dict[str, object]] = [{"enterprise_id": firm, "name": f"{name}{firm}"} for firm in FIRMS[some]]
    return sent("enterprise", reporter, day, rows)


def balances(bank: str, period: date, some: slice, amount: int) -> Draft:
    """One note of each firm."""
    rows: list[dict[str, object]] = [
        {"institution_id": bank, "contract_no": "C", "note_no": firm, "borrower_id": firm, "period": period}
        | {"currency": "CNY", "balance_cny": amount}
        for firm in FIRMS[some]
    ]
    return sent("loan_balance", bank, period, rows)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Two registers, two banks, two months, one month sent again; copies are made in between."""
    december, january = date(2025, 12, 31), date(2026, 1, 31)
    book = Book.create(tmp_path / "book", Ticking(MOMENTS[5]), ids=numbered())
    calls = [
        [firms("office", december, slice(0, 30), "甲"), balances("bank-a", december, slice(0, 25), 100)],
        [firms("tax", december, slice(20, 40), "乙"), balances("bank-b", december, slice(10, 40), 200)],
        [balances("bank-a", january, slice(0, 25), 110)],
        [balances("bank-a", december, slice(0, 20), 105), firms("office", january, slice(0, 35), "丙")],
    ]
    for place, (moment, drafts) in enumerate(zip(MOMENTS, calls, strict=False)):
        book.submit(drafts, received_at=moment, confirm=True)
        if place == 2:
            assert make_copies(book.snapshot(), book.path, least=1) == ["enterprise", "loan_balance"]
    return book


def seen(snapshot: Snapshot, kind: str, day: date | None, *, exact: bool = False) -> list[tuple[object, ...]]:
    """The rows of `kind`, in order."""
    with connect() as connection:
        if isinstance(snapshot, CopiedSnapshot):
            snapshot.attach(connection)
        sql = snapshot.select(kind, as_of=day, exact=exact and day is not None)
        return connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchall()


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("kind", ["enterprise", "loan_balance"])
def test_an_old_copy_gives_the_same_rows_at_every_moment(book: Book, kind: str, day: date | None) -> None:
    """As known at each moment: before the copy, at the copy, after what it does not have."""
    for moment in MOMENTS:
        plain = book.snapshot(moment)
        for exact in (False, True):
            assert seen(with_copies(plain, book.path), kind, day, exact=exact) == seen(plain, kind, day, exact=exact)
    assert len(seen(book.snapshot(), kind, None)) > 20


def test_a_question_about_one_firm_is_put_to_the_copy(book: Book) -> None:
    """And to the files of what the copy lacks."""
    view = with_copies(book.snapshot(), book.path)
    with connect() as connection:
        view.attach(connection)
        sql = f"SELECT balance_cny FROM ({view.select('loan_balance')}) WHERE borrower_id = '{FIRMS[3]}'"
        assert sorted(map(int, [r[0] for r in connection.execute(sql).fetchall()])) == [105, 110]
        plan = connection.execute(f"EXPLAIN {sql}").fetchall()[0][1]
    assert "held" in plan
    assert "READ_PARQUET" in plan


def test_old_copies_go_and_broken_ones_are_not_looked_at(book: Book) -> None:
    """A new copy replaces the old file; a copy of other columns, or without its list, is passed over."""
    before = set((book.path / "copies").glob("*.duckdb"))
    assert make_copies(book.snapshot(), book.path, least=1) == ["enterprise", "loan_balance"]
    after = set((book.path / "copies").glob("*.duckdb"))
    assert len(before) == len(after) == 2
    assert not before & after
    assert make_copies(book.snapshot(), book.path, least=1) == []
    about = next((book.path / "copies").glob("enterprise-*.json"))
    about.write_text(json.dumps({**json.loads(about.read_text()), "fingerprint": "other"}))
    next((book.path / "copies").glob("loan_balance-*.json")).unlink()
    assert with_copies(book.snapshot(), book.path).copies == {}


def test_small_kinds_are_not_copied(book: Book) -> None:
    """Nothing is worth a copy here."""
    for path in (book.path / "copies").iterdir():
        path.unlink()
    assert make_copies(book.snapshot(), book.path) == []
