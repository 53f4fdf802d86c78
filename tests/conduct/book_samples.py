"""A book of two firms: one is sued, then gives its car to a relative; the other owes the same bank and is in order."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from conduct.conduct_samples import BANK, FIRM, OTHER, OTHER_BANK
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import Time, kinds
from houfeng.book.store import Book

LEARNED = datetime(2026, 2, 1, 8)
PERIOD = date(2026, 1, 31)


class Moving:
    """A clock that a book is filled by."""

    def __init__(self, now: datetime = LEARNED) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def submit(book: Book, kind: str, reporter: str, rows: list[dict[str, Any]], period: date = PERIOD) -> None:
    """Rows of a kind, as one file of a reporter."""
    shape = kinds()[kind]
    full = [{"_row": n} | row for n, row in enumerate(rows, start=1)]
    table = pa.Table.from_pylist(full, schema=row_schema(shape))
    when = None if shape.time is Time.EVENT else period
    digest = hashlib.sha256(repr((kind, reporter, rows, book.path)).encode()).hexdigest()
    book.submit([Draft(kind, reporter, when, table, QUARANTINE.empty_table(), f"{kind}.csv", "", digest)])


def loan(firm: str, bank: str, balance: int, overdue: int, note: str = "N1") -> dict[str, Any]:
    """A loan at the end of January."""
    money = Decimal(balance).quantize(Decimal("0.01"))
    return {
        "institution_id": bank, "contract_no": f"C{firm[-2:]}", "note_no": note, "borrower_id": firm, "period": PERIOD,
        "balance": money, "balance_cny": money, "overdue_days": overdue,
    }  # fmt: skip


def make(folder: Path) -> Book:
    """The book."""
    book = Book.create(folder, Moving(), synthetic=True)
    since = {"valid_from": date(2020, 1, 1)}
    banks = [{"institution_id": code, "name": f"示例银行{n}", "region": "410100"} for n, code in
             enumerate((BANK, OTHER_BANK), 1)]  # fmt: skip
    submit(book, "institution", "regulator", [since | one for one in banks])
    firms = [
        since | {"enterprise_id": one.id, "name": one.name, "region": one.region, "employees": 12,
                 "legal_representative_id": "410101198001010011", "operating_state": "in_operation"}
        for one in (FIRM, OTHER)
    ]  # fmt: skip
    submit(book, "enterprise", "registry", firms)
    submit(book, "loan_balance", BANK, [loan(FIRM.id, BANK, 1_000_000, 9), loan(OTHER.id, BANK, 500_000, 0)])
    submit(book, "loan_balance", OTHER_BANK, [loan(FIRM.id, OTHER_BANK, 300_000, 0)])
    suit = {"record_no": "R1", "enterprise_id": FIRM.id, "occurred_on": date(2025, 11, 3),
            "record_type": "lawsuit_defendant", "amount": Decimal("400000.00"), "source": "court"}  # fmt: skip
    submit(book, "public_record", "court", [suit])
    gone = {"transfer_no": "T1", "enterprise_id": FIRM.id, "transferred_on": date(2026, 1, 12), "asset_type": "vehicle",
            "transfer_type": "sale", "price": Decimal("80000.00"), "appraised_value": Decimal("200000.00"),
            "counterparty_relation": "relative", "title_no": "豫A0001"}  # fmt: skip
    submit(book, "asset_transfer", "registry", [gone])
    flows = [
        {"flow_no": f"F{n}", "institution_id": BANK, "enterprise_id": FIRM.id, "direction": "out",
         "occurred_at": datetime(2026, 1, 5 + n, 10), "amount": Decimal("1000.50")}
        for n in range(3)
    ]  # fmt: skip
    submit(book, "account_flow", BANK, flows)
    return book
