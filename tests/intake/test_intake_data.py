"""Real files as they are. Skipped where ../shared/data is absent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from houfeng.book.intake import prepare

DATA = Path(__file__).parents[2].parent / "shared" / "data"
INVOICES, LOANS = DATA / "cumcm2020c_sme_invoices", DATA / "sba_7a_loans"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here: real files cannot be read"),
]
SALES = {"firm_id": "seller_id", "counterparty_id": "buyer_id"}
PURCHASES = {"firm_id": "buyer_id", "counterparty_id": "seller_id"}


@pytest.mark.parametrize("who", ["credit_history", "no_credit_history"])
@pytest.mark.parametrize(("side", "mapping"), [("output", SALES), ("input", PURCHASES)])
def test_invoices_as_they_are(who: str, side: str, mapping: dict[str, str]) -> None:
    path = INVOICES / f"{who}_{side}_invoices.parquet"
    source = pq.read_table(path)
    intake = prepare(path, kind="invoice", mapping=mapping, reporter="cumcm")
    assert intake.questions == []
    (draft,) = intake.drafts
    again = sum(int(p.message.en.split()[0].replace(",", "")) for p in intake.problems if p.code == "intake.repeated")
    assert draft.rows.num_rows + draft.quarantine.num_rows + again == source.num_rows
    assert draft.quarantine.num_rows < 100
    assert set(pc.unique(draft.rows["status"]).to_pylist()) <= {"valid", "void", None}
    foreign = [p for p in intake.problems if p.code == "intake.foreign_ids"]
    assert sorted(p.where.field for p in foreign) == ["buyer_id", "seller_id"]
    first = source.slice(draft.rows["_row"][0].as_py() - 1, 1).to_pylist()[0]
    assert draft.rows.slice(0, 1).to_pylist()[0]["total"] == Decimal(repr(first["amount_tax"])).quantize(
        Decimal("0.01")
    )


def test_us_loans_as_a_ledger() -> None:
    path = LOANS / "sba_foia_22427_fy2005plus_masked.parquet"
    asked = prepare(path, kind="loan")
    named = {q.where.field for q in asked.questions if q.code == "intake.unknown_column"}
    assert {"Term", "NAICS", "LoanNr_ChkDgt", "GrAppv"} <= named
    assert asked.drafts == []
    intake = prepare(
        path, kind="loan", reporter="SBA", period=date(2014, 12, 31), skip=("*",),
        mapping={"LoanNr_ChkDgt": "note_no", "Bank": "institution_id", "DisbursementGross": "principal",
                 "DisbursementDate": "disbursed_on",
                 "Name": "borrower_id"},
        constants={"contract_no": "SBA", "currency": "USD"},
    )  # fmt: skip
    assert intake.questions == []
    skipped = next(p for p in intake.problems if p.code == "intake.skipped")
    assert "Term" in skipped.message.en
    assert intake.rows + intake.quarantined == 22_427
    assert intake.rows > 21_000
