"""Links by hand in a book of a simulated province, so that what the pages say can be worked out on paper.

Holdings: PX has 80 % of `lu1` and 30 % of `zz1`; `lu1` has 70 % of `zz1`; `zz1` has 60 % of `lu2`, whose other 40 %
are known as 10 to 40 % of PY. Guarantees: `lu2` for the debt of `lu1` (1,000,000), `zz1` for that of `lu2`
(2,000,000), `lu1` for that of `zz1` (3,000,000): a ring. Net assets: `lu2` 500,000, `zz1` 5,000,000, `lu1` unknown.
`lu1` and `lu2` are of Luoyang, `zz1` is of Zhengzhou.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from desk.desk_samples import BANK, Hands
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.engine.duckdb import Engine
from houfeng.penetration.monthly.keeping import keep

PX, PY = "HANDPERSON0001", "HANDPERSON0002"
SINCE = date(2020, 1, 1)


@dataclass(frozen=True)
class Linked:
    """The book and the firms of the links."""

    book: Path
    lu1: str
    lu2: str
    zz1: str
    names: dict[str, str]


def link(folder: Path, as_of: date) -> Linked:
    """Put the links into the book, then what `keep` finds."""
    book = Book.open(folder, Hands())
    (lu1, lu2), (zz1,) = _free(book, as_of, "4103", 2), _free(book, as_of, "4101", 1)
    with Engine() as engine:
        listed = f"('{lu1}', '{lu2}', '{zz1}')"
        rows = f"SELECT enterprise_id, name FROM ({book.snapshot().select('enterprise', as_of=as_of)})"
        names = dict(engine.rows(f"{rows} WHERE enterprise_id IN {listed}"))
    stakes = [
        _stake(PX, lu1, "80", "person"),
        _stake(PX, zz1, "30", "person"),
        _stake(lu1, zz1, "70"),
        _stake(zz1, lu2, "60"),
        _stake(PY, lu2, None, "person") | {"share_min": Decimal(10), "share_max": Decimal(40)},
    ]
    owed = [("C-lu1", lu1, 1_000_000), ("C-lu2", lu2, 2_000_000), ("C-zz1", zz1, 3_000_000)]
    sureties = [("G-1", "C-lu1", lu2, lu1, 1_000_000), ("G-2", "C-lu2", zz1, lu2, 2_000_000),
                ("G-3", "C-zz1", lu1, zz1, 3_000_000)]  # fmt: skip
    book.submit(
        [
            _draft("holding", as_of, stakes),
            _draft("loan_balance", as_of, [_balance(*one, as_of) for one in owed]),
            _draft("guarantee", as_of, [_surety(*one) for one in sureties]),
            _draft("financial_statement", as_of, [_worth(lu2, 500_000, as_of), _worth(zz1, 5_000_000, as_of)]),
        ],
        confirm=True,
    )
    keep(book, as_of)
    return Linked(folder, lu1, lu2, zz1, names)


def _free(book: Book, as_of: date, region: str, count: int) -> list[str]:
    """Firms of a region of whom nothing else is known: no stakes, loans, guarantees or statements."""
    views = book.snapshot()

    def rows(kind: str) -> str:
        return f"({views.select(kind, as_of=as_of)})"

    with Engine() as engine:
        found = engine.rows(
            f"SELECT enterprise_id FROM {rows('enterprise')} WHERE starts_with(region, '{region}') EXCEPT ("
            f"SELECT enterprise_id FROM {rows('holding')} UNION SELECT holder_id FROM {rows('holding')}"
            f" UNION SELECT borrower_id FROM {rows('loan_balance')} UNION SELECT borrower_id FROM {rows('guarantee')}"
            f" UNION SELECT guarantor_id FROM {rows('guarantee')}"
            f" UNION SELECT enterprise_id FROM {rows('financial_statement')}) ORDER BY 1 LIMIT {count}"
        )
    names = [name for (name,) in found]
    assert len(names) == count
    return names


def _stake(holder: str, held: str, share: str | None, kind: str = "enterprise") -> dict[str, Any]:
    return {
        "holder_id": holder, "enterprise_id": held, "holder_kind": kind,
        "share": None if share is None else Decimal(share), "valid_from": SINCE,
    }  # fmt: skip


def _balance(contract: str, firm: str, amount: int, as_of: date) -> dict[str, Any]:
    return {
        "institution_id": BANK, "contract_no": contract, "note_no": "1", "borrower_id": firm, "period": as_of,
        "balance": Decimal(amount), "balance_cny": Decimal(amount), "quality": "FQ01",
    }  # fmt: skip


def _surety(number: str, contract: str, guarantor: str, borrower: str, amount: int) -> dict[str, Any]:
    return {
        "institution_id": BANK, "guarantee_no": number, "contract_no": contract, "guarantee_type": "C",
        "guarantor_id": guarantor, "borrower_id": borrower, "amount": Decimal(amount), "amount_cny": Decimal(amount),
        "valid_from": SINCE,
    }  # fmt: skip


def _worth(firm: str, amount: int, as_of: date) -> dict[str, Any]:
    return {"enterprise_id": firm, "period": as_of, "net_assets": Decimal(amount), "currency": "CNY"}


def _draft(kind: str, as_of: date, rows: Sequence[dict[str, Any]]) -> Draft:
    table = pa.Table.from_pylist([{**row, "_row": n} for n, row in enumerate(rows, 1)], row_schema(kinds()[kind]))
    mark = hashlib.sha256(repr(rows).encode()).hexdigest()
    return Draft(kind, "hand", as_of, table, QUARANTINE.empty_table(), f"{kind} by hand", "", mark)
