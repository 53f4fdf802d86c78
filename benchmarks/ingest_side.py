"""Taking in a table of a million loans, with every check, beside readers that check nothing.

`make` writes the two files: 22 columns of the official table of loans, feeding `loan` and `loan_balance`, all rows
good. The other commands each read one of them: `prepare` and `submit` as the product does, `pandas` and `openpyxl`
without checks, types or a book.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from houfeng.book.intake.identifiers import organisation_check, uscc_check

TABLE = (
    "DATA_DATE", "JRJGDM", "NBJGH", "JKRZJDM", "JKRZJLX", "JKRHY", "JKRQYGM", "DKHTBM", "DKJJBM", "DKCPLB", "DKSJTX",
    "DKFFRQ", "DKDQRQ", "BZ", "DKYE", "DKYEZRMB", "LLSFGD", "LLSP", "DKDBFS", "DKZL", "DKZT", "DKYT",
)  # fmt: skip


def credit_code(number: int) -> str:
    """A unified social credit code that passes its checks, of the organisation `number`."""
    organisation = f"{number:08d}"
    body = f"91410000{organisation}{organisation_check(organisation)}"
    return body + uscc_check(body)


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """`count` rows of text, each a note of one bank at the end of a month."""
    bank, first = credit_code(1), date(2024, 1, 1)
    borrowers = [credit_code(10 + n) for n in range(min(count, 50_000))]
    uses = ("C2710", "C3911", "I6510", "F5111", "A0111", "E4710", "G5430", "M7320")
    for n in range(count):
        lent = first + timedelta(days=n * 7 % 900)
        balance = f"{100_000 + n * 9_973 % 90_000_000}.{n % 100:02}"
        use = uses[n % 8]
        yield (
            "2026-09-30", bank, f"B{n % 200:03}", borrowers[n * 31 % len(borrowers)], "A01", use[:3],
            f"CS0{1 + n % 4}", f"HT2026{n // 2:010}", f"JJ2026{n:012}", "F022", use, lent.isoformat(),
            (lent + timedelta(days=1100)).isoformat(), "CNY", balance, balance, "RF01", f"{3 + n % 200 / 100:.2f}",
            ("A", "B01", "C01", "D")[n % 4], f"FQ0{1 + n % 3}", "LS01", "经营周转",
        )  # fmt: skip


def make(folder: str, count: str) -> dict[str, Any]:
    """Write loans.csv and loans.xlsx of `count` rows, dates and amounts as the cells of their kind in the workbook."""
    import xlsxwriter

    with open(Path(folder, "loans.csv"), "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(TABLE)
        writer.writerows(rows(int(count)))
    book = xlsxwriter.Workbook(str(Path(folder, "loans.xlsx")), {"constant_memory": True, "strings_to_numbers": False})
    sheet, day = book.add_worksheet("贷款"), book.add_format({"num_format": "yyyy-mm-dd"})
    days = {TABLE.index(one) for one in ("DATA_DATE", "DKFFRQ", "DKDQRQ")}
    numbers = {TABLE.index(one) for one in ("DKYE", "DKYEZRMB", "LLSP")}
    sheet.write_row(0, 0, TABLE)
    for at, row in enumerate(rows(int(count)), 1):
        for column, cell in enumerate(row):
            if column in days:
                sheet.write_datetime(at, column, date.fromisoformat(cell), day)
            elif column in numbers:
                sheet.write_number(at, column, float(cell))
            else:
                sheet.write_string(at, column, cell)
    book.close()
    return {"rows": int(count)}


def prepare(path: str, *_: str) -> dict[str, Any]:
    """Read, map, type and check; nothing is kept."""
    from houfeng.book.intake.intake import prepare as read

    began = time.perf_counter()
    intake = read(Path(path))
    return _told(intake, began)


def submit(path: str, folder: str) -> dict[str, Any]:
    """Read, check against the book, and put into a new book."""
    from houfeng.book.intake.intake import prepare as read
    from houfeng.book.store import Book
    from houfeng.clock import wall_clock

    book = Book.create(Path(folder), wall_clock)
    began = time.perf_counter()
    intake = read(Path(path), snapshot=book.snapshot())
    book.submit(intake.drafts)
    return _told(intake, began)


def invoices(folder: str, target: str) -> dict[str, Any]:
    """The four files of real invoices, as they are, into a new book."""
    from houfeng.book.intake.intake import prepare as read
    from houfeng.book.store import Book
    from houfeng.clock import wall_clock

    book, count, bad = Book.create(Path(target), wall_clock), 0, 0
    began = time.perf_counter()
    for who in ("credit_history", "no_credit_history"):
        for side, own, other in (("output", "seller_id", "buyer_id"), ("input", "buyer_id", "seller_id")):
            path, mapping = Path(folder, f"{who}_{side}_invoices.parquet"), {"firm_id": own, "counterparty_id": other}
            intake = read(path, kind="invoice", mapping=mapping, reporter="tax", snapshot=book.snapshot())
            book.submit(intake.drafts)
            count += sum(draft.rows.num_rows + draft.quarantine.num_rows for draft in intake.drafts)
            bad += sum(draft.quarantine.num_rows for draft in intake.drafts)
    return {"seconds": time.perf_counter() - began, "rows": count, "bad": bad}


def _told(intake: Any, began: float) -> dict[str, Any]:
    if intake.questions:
        raise SystemExit(f"the file is not settled: {intake.questions}")
    counts = {draft.kind: draft.rows.num_rows for draft in intake.drafts}
    bad = sum(draft.quarantine.num_rows for draft in intake.drafts)
    return {"seconds": time.perf_counter() - began, "rows": max(counts.values()), "bad": bad, "fed": counts}


def pandas(path: str, *_: str) -> dict[str, Any]:
    """`pandas.read_csv`, guessing types: no check, and money as a float."""
    import pandas as pd

    began = time.perf_counter()
    frame = pd.read_csv(path)
    return {"seconds": time.perf_counter() - began, "rows": len(frame)}


def openpyxl(path: str, *_: str) -> dict[str, Any]:
    """`openpyxl` read-only: every cell's value looked at and dropped."""
    import openpyxl as xl

    began = time.perf_counter()
    sheet = xl.load_workbook(path, read_only=True).worksheets[0]
    count = sum(1 for _ in sheet.iter_rows(values_only=True)) - 1
    return {"seconds": time.perf_counter() - began, "rows": count}


COMMANDS = {
    "make": make,
    "prepare": prepare,
    "submit": submit,
    "invoices": invoices,
    "pandas": pandas,
    "openpyxl": openpyxl,
}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
