"""The made-up book of ../loans.py with what claims need besides: banks, lists, purchases and early repayments."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent.parent))
import loans as made

INSTITUTIONS = """
SELECT bank(k) AS institution_id, '样例银行' || k AS name,
  ['state_bank', 'joint_stock', 'city_bank', 'rural_commercial', 'policy_bank'][k % 5 + 1] AS institution_type,
  k % 5 IN (2, 3) AS is_local, ['2B', '3A', '3A', '3B', '2A'][k % 5 + 1] AS supervisory_rating,
  row_number() OVER () AS _row
FROM range({banks}) t(k)
"""
LISTS = """
SELECT code AS list_code, party(b) AS member_id, 'enterprise' AS member_kind,
  DATE '2025-01-01' + CAST(h(b, 90 + n, 500) AS INTEGER) AS valid_from, row_number() OVER () AS _row
FROM range({borrowers}) t(b), (VALUES (0, 'tech_first_loan', 20), (1, 'tech_upgrade_project', 30),
  (2, 'equipment_renewal', 25), (3, 'key_chain', 15), (4, 'carbon_reduction', 30), (5, 'policy_finance_tool', 60))
  l(n, code, one_in)
WHERE is_firm(b) AND h(b, 100 + n, one_in) = 0
"""
PURCHASES = """
SELECT bank({bank}) AS institution_id, 'HT2026' || lpad(CAST(i // 2 AS VARCHAR), 12, '0') AS contract_no,
  'JJ' || lpad(CAST(i AS VARCHAR), 14, '0') AS note_no, CAST(p AS VARCHAR) AS purchase_no, party(b) AS borrower_id,
  DATE '2025-09-01' + CAST(h(i * 4 + p, 110, 302) AS INTEGER) AS purchased_on,
  CAST(100 + h(i * 4 + p, 111, 9000000) / 100.0 AS DECIMAL(20, 2)) AS amount,
  ['daily', 'car', 'home', 'health'][h(i * 4 + p, 112, 4) + 1] AS field, CAST(3.1 AS DECIMAL(10, 5)) AS rate,
  DATE '2027-06-30' AS ends_on, FALSE AS is_card_instalment, h(i * 4 + p, 113, 12) > 0 AS identified,
  row_number() OVER () AS _row
FROM ({notes}), range(3) q(p) WHERE class_of(b) = 'consumer' AND h(i, 114, 10) = 0
"""
REPAID = """
SELECT bank({bank}) AS institution_id, 'HT2026' || lpad(CAST(i // 2 AS VARCHAR), 12, '0') AS contract_no,
  'JJ' || lpad(CAST(i AS VARCHAR), 14, '0') AS note_no, '1' AS flow_no, '0' AS direction, party(b) AS borrower_id,
  DATE '2026-02-01' + CAST(h(i, 115, 200) AS INTEGER) AS occurred_on,
  CAST(amount / 2 AS DECIMAL(20, 2)) AS amount, row_number() OVER () AS _row
FROM ({notes}) WHERE h(i, 116, 40) = 0
"""


def make(folder: Path, loans: int, borrowers: int = 0) -> None:
    """The book, with the further kinds received in the same month; three of five `borrowers` are enterprises."""
    book = made.make_book(folder, loans, borrowers)
    connection = duckdb.connect(config={"memory_limit": "700MB", "preserve_insertion_order": True})
    connection.execute(made.MACROS)
    about = {"borrowers": borrowers or max(loans // 10, 1000), "banks": made.BANKS, "as_of": made.AS_OF}
    registers = {"institution": INSTITUTIONS, "list_membership": LISTS}
    moment = datetime(2026, 10, 20, 9, 0)
    drafts = [made._draft(connection, kind, sql.format(**about), "registry") for kind, sql in registers.items()]
    book.submit(drafts, received_at=moment)
    for bank in range(made.BANKS):
        scope = about | {"bank": bank, "first": loans * bank // made.BANKS, "last": loans * (bank + 1) // made.BANKS}
        scope["notes"] = made.NOTES.format(**scope)
        for kind, sql in {"consumer_purchase": PURCHASES, "loan_flow": REPAID}.items():
            draft = made._draft(connection, kind, sql.format(**scope), made.bank_code(bank))
            object.__setattr__(draft, "period", None)  # events have none
            moment += timedelta(minutes=1)
            book.submit([draft], received_at=moment)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--loans", type=int, default=10_000_000)
    parser.add_argument("--borrowers", type=int, default=0)
    asked = parser.parse_args()
    make(asked.folder, asked.loans, asked.borrowers)
