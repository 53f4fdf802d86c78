"""Small books of loans for the tests of the themes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kind
from houfeng.book.store import Book
from houfeng.clock import fixed_clock

NOW = datetime(2026, 1, 20, 9, 0)
DECEMBER, NOVEMBER, LAST_YEAR = date(2025, 12, 31), date(2025, 11, 30), date(2024, 12, 31)
BANK_A, BANK_B = "91410100169995779A", "914101001700012345"
Row = dict[str, Any]


def draft(kind_name: str, rows: Sequence[Mapping[str, Any]], reporter: str, period: date | None) -> Draft:
    """A draft of `rows`; fields not given are empty."""
    declared = kind(kind_name)
    table = pa.Table.from_pylist([{**row, "_row": n} for n, row in enumerate(rows, 1)], schema=row_schema(declared))
    digest = hashlib.sha256(repr((kind_name, reporter, period, rows)).encode()).hexdigest()
    return Draft(kind_name, reporter, period, table, QUARANTINE.empty_table(), "made.csv", "", digest)


def note(number: int, bank: str = BANK_A, **facts: Any) -> Row:
    """One loan with all its facts: those of the balance and of the contract in one mapping, amounts as text."""
    plain: Row = {
        "institution_id": bank,
        "contract_no": f"C{number}",
        "note_no": "1",
        "borrower_id": f"firm-{number}",
        "period": DECEMBER,
        "balance_cny": "1000000",
        "rate": "3.45",
        "quality": "FQ01",
    }
    return {**plain, **facts}


def drafts_of(notes: Sequence[Row]) -> list[Draft]:
    """Balances by bank and period, and the contracts by bank as of the same day."""
    found = []
    parts: dict[tuple[str, date], list[Row]] = {}
    for one in notes:
        parts.setdefault((one["institution_id"], one["period"]), []).append(one)
    for (bank, period), rows in sorted(parts.items()):
        for name in ("loan_balance", "loan"):
            found.append(draft(name, [_fit(name, row) for row in rows], bank, period))
    return found


def _fit(kind_name: str, row: Row) -> Row:
    fields = kind(kind_name).fields
    fitted = {key: _exact(value) if _is_number(key) else value for key, value in row.items() if key in fields}
    if kind_name == "loan_balance" and "balance" not in row:
        fitted["balance"] = _exact(row["balance_cny"])
    return fitted


def _is_number(key: str) -> bool:
    return key in ("balance", "balance_cny", "rate", "principal", "green_ratio")


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def book_of(folder: Path, notes: Sequence[Row], *more: Draft, synthetic: bool = False) -> Book:
    """A book with these loans in it, and further drafts."""
    book = Book.create(folder, fixed_clock(NOW), synthetic=synthetic)
    book.submit([*drafts_of(notes), *more])
    return book


def flows(rows: Sequence[Mapping[str, Any]], bank: str = BANK_A) -> Draft:
    """Disbursements: number of the note, day, amount, rate."""
    made = [
        {
            "institution_id": bank,
            "contract_no": f"C{row['note']}",
            "note_no": "1",
            "flow_no": f"F{n}",
            "direction": row.get("direction", "1"),
            "borrower_id": f"firm-{row['note']}",
            "occurred_on": row["day"],
            "amount": _exact(row["amount"]),
            "amount_cny": _exact(row["amount"]),
            "rate": _exact(row.get("rate", "3")),
        }
        for n, row in enumerate(rows, 1)
    ]
    return draft("loan_flow", made, bank, None)
