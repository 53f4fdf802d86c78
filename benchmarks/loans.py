"""A made-up book of loans for the benchmarks: as many notes as asked for, in the kinds the five articles read.

It is written through `Book.submit`, bank by bank, so that both sides of a comparison read the very Parquet files a real
book has. Every value follows from the number of the note or borrower by a hash, so the same size gives the same book.
"""

from __future__ import annotations

import argparse
import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.clock import fixed_clock

AS_OF = date(2026, 9, 30)
KNOWN = datetime(2026, 10, 31, 12, 0)
BANKS = 20

MACROS = """
CREATE MACRO h(i, salt, n) AS CAST(hash(i * 128 + salt) % n AS BIGINT);
CREATE MACRO bank(k) AS '9141000000000' || lpad(CAST(10000 + k AS VARCHAR), 5, '0');
CREATE MACRO is_firm(b) AS h(b, 1, 100) < 60;
CREATE MACRO party(b) AS CASE WHEN h(b, 1, 100) < 35 THEN '91' WHEN h(b, 1, 100) < 55 THEN '92' WHEN h(b, 1, 100) < 60
  THEN '93' ELSE '41' END || '4100' || lpad(CAST(b AS VARCHAR), 12, '0');
CREATE MACRO class_of(b) AS CASE WHEN h(b, 1, 100) < 35 THEN 'enterprise' WHEN h(b, 1, 100) < 55 THEN
  'individual_business' WHEN h(b, 1, 100) < 60 THEN 'cooperative' WHEN h(b, 1, 100) < 65 THEN 'micro_owner'
  WHEN h(b, 1, 100) < 80 THEN 'farmer' ELSE 'consumer' END;
CREATE MACRO size_of(b) AS
  ['CS01', 'CS02', 'CS02', 'CS03', 'CS03', 'CS03', 'CS04', 'CS04', 'CS04', 'CS04'][h(b, 2, 10) + 1];
CREATE MACRO industry(x) AS ['C2710', 'C3911', 'C3921', 'C3940', 'C3963', 'C3985', 'C4011', 'C2664', 'I6410', 'I6513',
  'I6531', 'M7519', 'M7320', 'F5177', 'F5193', 'J6637', 'R8710', 'E4851', 'L7213', 'A0111', 'A0211', 'A0511', 'C1310',
  'C1711', 'C3011', 'C3311', 'C3670', 'E4710', 'F5111', 'F5212', 'F5261', 'G5431', 'H6110', 'H6210', 'K7010', 'L7111',
  'N7820', 'O8011', 'P8210', 'Q8411'][x + 1];
"""

FIRMS = """
SELECT party(b) AS enterprise_id, 'A01' AS id_type, '企业' || b AS name, 'C01' AS sector,
  industry(h(b, 3, 40)) AS industry,
  '41' || lpad(CAST(100 + h(b, 4, 17) * 100 AS VARCHAR), 4, '0') AS region,
  ['A01', 'A02', 'B01', 'B02', 'B03'][h(b, 5, 5) + 1] AS ownership,
  size_of(b) AS size, class_of(b) AS borrower_class, h(b, 6, 900) AS employees,
  CAST(h(b, 7, 900000000) AS DECIMAL(20, 2)) AS revenue, CAST(h(b, 8, 900000000) AS DECIMAL(20, 2)) AS total_assets,
  DATE '2001-01-01' + CAST(h(b, 9, 8000) AS INTEGER) AS founded_on, 'in_operation' AS operating_state,
  h(b, 10, 20) = 0 AS is_rural, TRUE AS is_private, row_number() OVER () AS _row
FROM range(0, {borrowers}) t(b) WHERE is_firm(b)
"""
STATUSES = """
SELECT party(b) AS enterprise_id, status, 'GR' || b AS certificate_no, '部门' AS issued_by,
  DATE '2024-01-01' + CAST(h(b, 11 + n, 700) AS INTEGER) AS valid_from,
  DATE '2027-01-01' + CAST(h(b, 11 + n, 700) AS INTEGER)
  - CASE WHEN h(b, 30 + n, 5) = 0 THEN 700 ELSE 0 END AS valid_to,
  row_number() OVER () AS _row
FROM range(0, {borrowers}) t(b), (VALUES (0, 'hnte', 25), (1, 'tech_sme', 15), (2, 'srdi', 40),
  (3, 'little_giant', 400),
  (4, 'single_champion', 900), (5, 'innovation_demo', 900), (6, 'elderly_institution', 300), (7, 'innovative_sme', 20))
  s(n, status, one_in)
WHERE h(b, 1, 100) < 35 AND h(b, 20 + n, one_in) = 0
"""
LINES = """
SELECT bank({bank}) AS institution_id, party(b) AS enterprise_id, DATE '{as_of}' AS period,
  CASE h(b, 40, 10) WHEN 0 THEN 10000000.00 ELSE CAST((1 + h(b, 41, 1800)) * 10000 AS DECIMAL(20, 2)) END AS line_total,
  CAST(h(b, 42, 9000000) AS DECIMAL(20, 2)) AS line_used,
  CASE WHEN h(b, 43, 8) = 0 THEN CAST(200000 AS DECIMAL(20, 2)) END AS consumer_line, FALSE AS is_related,
  row_number() OVER () AS _row
FROM range(0, {borrowers}) t(b) WHERE h(b, 1, 100) < 80
  AND (b % {banks} = {bank} OR (b + 7) % {banks} = {bank} AND h(b, 44, 5) = 0)
"""
# Note number i of the bank: the borrower is one of the bank's own, or, one time in ten, of those with a line here too.
NOTES = """
SELECT i, (h(i, 45, {borrowers} // {banks}) * {banks} + {bank} + CASE WHEN h(i, 46, 10) = 0 THEN {banks} - 7 ELSE 0 END)
  % {borrowers} AS b, ((1000 + h(i, 47, 99900000)) / 100.0)::DECIMAL(20, 2) * (1 + h(i, 48, 20)) AS amount
FROM range({first}, {last}) t(i)
"""
LOANS = """
SELECT bank({bank}) AS institution_id, 'HT2026' || lpad(CAST(i // 2 AS VARCHAR), 12, '0') AS contract_no,
  'JJ' || lpad(CAST(i AS VARCHAR), 14, '0') AS note_no, 'B' || h(i, 49, 200) AS branch_no,
  '410100' AS institution_region,
  party(b) AS borrower_id, 'A01' AS borrower_id_type, CASE WHEN h(i, 50, 10) > 0 THEN class_of(b) END AS borrower_class,
  'C01' AS borrower_sector, left(industry(h(b, 3, 40)), 3) AS borrower_industry, '410100' AS borrower_region,
  'A01' AS borrower_ownership, CASE WHEN is_firm(b) AND h(i, 51, 8) > 0 THEN size_of(b) END AS borrower_size,
  CASE WHEN class_of(b) = 'consumer' THEN 'F0211'
  ELSE ['F022', 'F022', 'F0221', 'F023'][h(i, 52, 4) + 1] END AS product,
  'C01' AS business_type, CASE WHEN h(i, 53, 20) > 0 THEN industry(h(i, 54, 40)) END AS use_industry,
  '经营周转' AS purpose,
  amount AS principal, DATE '2024-01-01' + CAST(h(i, 55, 900) AS INTEGER) AS disbursed_on,
  DATE '2026-12-01' + CAST(h(i, 56, 900) AS INTEGER) AS matures_on, 'CNY' AS currency, 'RF01' AS fixed_rate,
  'TR07' AS pricing_base, CAST(3 AS DECIMAL(10, 5)) AS base_rate, DATE '2026-12-01' AS reprices_on,
  ['A', 'B01', 'C01', 'D', 'E'][h(i, 57, 5) + 1] AS guarantee_mode, h(i, 58, 12) = 0 AS is_first_loan,
  h(i, 59, 100) = 0 AS is_entrusted, h(i, 60, 100) = 0 AS is_rediscount, h(i, 61, 200) = 0 AS is_transferred,
  h(i, 62, 200) = 0 AS is_written_off,
  CASE WHEN h(i, 63, 8) = 0 THEN
  ['NA01', 'NA02', 'NA03', 'NA04', 'NA05', 'NA06', 'NA07', 'NB', 'NC', 'W00'][h(i, 70, 10) + 1]
  END AS green_code,
  CASE WHEN h(i, 63, 8) = 0 AND h(i, 71, 10) > 0 THEN CAST(h(i, 72, 10000001) / 100000.0 AS DECIMAL(10, 5))
  END AS green_ratio,
  CASE h(i, 73, 6) WHEN 0 THEN '项目合同与发票' WHEN 1 THEN '　无 ' END AS use_evidence,
  CASE WHEN h(i, 73, 6) = 0 THEN '认定人' END AS evidence_by,
  CASE WHEN h(i, 74, 60) = 0 THEN 'EC' || lpad(CAST(1 + h(i, 75, 12) AS VARCHAR), 2, '0') END AS pension_code,
  CASE WHEN h(i, 76, 3) > 0 THEN h(i, 76, 30) = 1 END AS digital_efficiency,
  ['startup_guarantee', 'student', 'poverty_alleviation'][h(i, 77, 60) + 1] AS programme,
  CASE WHEN h(i, 78, 30) = 0 THEN 'SE0' || (1 + h(i, 79, 9)) END AS strategic_code,
  CASE WHEN h(i, 80, 30) = 0 THEN 'PA0' || (1 + h(i, 81, 7)) END AS patent_code, i - {first} + 1 AS _row
FROM ({notes})
"""
BALANCES = """
SELECT bank({bank}) AS institution_id, 'HT2026' || lpad(CAST(i // 2 AS VARCHAR), 12, '0') AS contract_no,
  'JJ' || lpad(CAST(i AS VARCHAR), 14, '0') AS note_no, party(b) AS borrower_id,
  DATE '{as_of}' AS period, 'CNY' AS currency,
  amount AS balance, amount AS balance_cny, CAST(2 + h(i, 82, 500000) / 100000.0 AS DECIMAL(10, 5)) AS rate,
  ['FQ01', 'FQ01', 'FQ01', 'FQ02', 'FQ03'][h(i, 83, 5) + 1] AS quality, 'LS01' AS loan_status, i - {first} + 1 AS _row
FROM ({notes})
"""


def make_book(folder: Path, loans: int, borrowers: int = 0) -> Book:
    """A book of `loans` notes of `BANKS` banks in a new folder: balances of one month end, contracts, lines, firms.

    Without `borrowers` there is one for ten notes; three of five are enterprises.
    """
    book = Book.create(folder, fixed_clock(KNOWN), synthetic=True)
    connection = duckdb.connect(config={"memory_limit": "700MB", "preserve_insertion_order": True})
    connection.execute(MACROS)
    about = {"borrowers": borrowers or max(loans // 10, 1000), "banks": BANKS, "as_of": AS_OF}
    moment = datetime(2026, 10, 15, 9, 0)
    first = [_draft(connection, kind, sql.format(**about), "registry") for kind, sql in _REGISTERS.items()]
    book.submit(first, received_at=moment)
    del first
    for bank in range(BANKS):
        scope = about | {"bank": bank, "first": loans * bank // BANKS, "last": loans * (bank + 1) // BANKS}
        scope["notes"] = NOTES.format(**scope)
        moment += timedelta(minutes=1)
        drafts = [_draft(connection, kind, sql.format(**scope), bank_code(bank)) for kind, sql in _REPORTS.items()]
        book.submit(drafts, received_at=moment)
    return book


def bank_code(bank: int) -> str:
    """The institution a bank reports as: its own code, as reporters do."""
    return f"9141000000000{10000 + bank}"


_REGISTERS = {"enterprise": FIRMS, "enterprise_status": STATUSES}
_REPORTS = {"credit_line": LINES, "loan": LOANS, "loan_balance": BALANCES}


def _draft(connection: duckdb.DuckDBPyConnection, kind: str, sql: str, reporter: str) -> Draft:
    schema = row_schema(kinds()[kind])
    found = connection.sql(sql).to_arrow_table()
    columns = [
        found.column(field.name).cast(field.type)
        if field.name in found.column_names
        else pa.nulls(len(found), field.type)
        for field in schema
    ]
    rows, bad = pa.table(columns, schema=schema), QUARANTINE.empty_table()
    digest = hashlib.sha256(f"{kind} {sql}".encode()).hexdigest()
    return Draft(kind, reporter, AS_OF, rows, bad, f"{reporter}-{kind}", "", digest)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--loans", type=int, default=10_000_000)
    parser.add_argument("--borrowers", type=int, default=0)
    asked = parser.parse_args()
    make_book(asked.folder, asked.loans, asked.borrowers)
