"""A few banks and firms in a book, by kind and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from houfeng.book.model import Time, kinds
from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from watch.replay_samples import submit

DAY = date(2026, 6, 30)
Rows = Sequence[Mapping[str, Any]]


def made(folder: Path, rows: Mapping[str, Rows], day: date = DAY) -> Book:
    """A book with these rows, one list or period of each kind, reported by one reporter."""
    book = Book.create(folder / "book", fixed_clock(datetime(2027, 1, 1)))
    add(book, rows, day)
    return book


def add(book: Book, rows: Mapping[str, Rows], day: date = DAY, received: datetime | None = None) -> None:
    """One more submission of each kind."""
    start = received or datetime.combine(day, datetime.min.time()) + timedelta(days=10)
    for number, (kind, own) in enumerate(rows.items()):
        event = kinds()[kind].time is Time.EVENT
        dated = {"period": day} if kinds()[kind].time is Time.PERIOD else {}
        told = [{**dated, **row} for row in own]
        submit(book, kind, "registry", None if event else day, told, start + timedelta(minutes=number))


def firms(*names: str, **more: Any) -> Rows:
    """Enterprises."""
    return [{"enterprise_id": name, "name": f"{name}公司", **more} for name in names]


def loan(bank: str, firm: str, balance: int, number: int = 1, **more: Any) -> dict[str, Any]:
    """A note."""
    named = {"institution_id": bank, "contract_no": f"{firm}-{number}", "note_no": f"{firm}-{number}"}
    return {**named, "borrower_id": firm, "balance": balance, "balance_cny": balance, "quality": "FQ01", **more}


def surety(guarantor: str, borrower: str, amount: int = 100, bank: str = "B1") -> dict[str, Any]:
    """A guarantee of type C."""
    named = {"institution_id": bank, "guarantee_no": f"{guarantor}-{borrower}", "contract_no": f"{borrower}-1"}
    return {**named, "guarantee_type": "C", "guarantor_id": guarantor, "borrower_id": borrower, "amount": amount}


def stake(holder: str, firm: str, share: int, kind: str = "enterprise") -> dict[str, Any]:
    """A holding."""
    return {"holder_id": holder, "enterprise_id": firm, "share": share, "holder_kind": kind}
