"""Small books and handfuls of rows that claims are drawn from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kind
from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack

SUBSIDIES, TOOLS = "interest-subsidies", "relending-tools"
STATE, RURAL = "914101001699957791", "914101001699957792"
Row = dict[str, Any]


@cache
def pack(name: str) -> Pack:
    return load_pack(name)


def draft(kind_name: str, rows: Sequence[Mapping[str, Any]], reporter: str, period: date | None) -> Draft:
    declared = kind(kind_name)
    table = pa.Table.from_pylist([{**row, "_row": n} for n, row in enumerate(rows, 1)], schema=row_schema(declared))
    digest = hashlib.sha256(repr((kind_name, reporter, period, rows)).encode()).hexdigest()
    return Draft(kind_name, reporter, period, table, QUARANTINE.empty_table(), "made.csv", "", digest)


def loan(number: int, principal: str, disbursed: date, matures: date, **facts: Any) -> Row:
    plain: Row = {
        "institution_id": STATE,
        "contract_no": f"C{number:03}",
        "note_no": "1",
        "borrower_id": "FIRM1",
        "borrower_class": "enterprise",
        "principal": Decimal(principal),
        "disbursed_on": disbursed,
        "matures_on": matures,
        "use_industry": "H6210",
        "product": "F022",
    }
    return plain | facts


INSTITUTIONS = [
    {"institution_id": STATE, "name": "国有样例", "institution_type": "state_bank"},
    {"institution_id": RURAL, "name": "农商样例", "institution_type": "rural_commercial", "is_local": True},
]


def book(folder: Path, lists: Mapping[date, Sequence[Row]], *more: Draft) -> Book:
    """A book with a list of loans for each day, received ten days later."""
    made = Book.create(folder, fixed_clock(datetime(2027, 1, 1)), synthetic=True)
    start = datetime(2025, 1, 2)
    made.submit([draft("institution", INSTITUTIONS, "supervisor", date(2025, 1, 1))], received_at=start)
    for day, rows in sorted(lists.items()):
        moment = datetime(day.year, day.month, day.day).replace(hour=12)
        made.submit([draft("loan", rows, STATE, day)], received_at=moment)
    if more:
        made.submit(list(more), received_at=datetime(2026, 12, 31))
    return made
