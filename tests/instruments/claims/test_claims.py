"""Claims drawn from a book: reasons, memory of what was known, notes that left the list, and the order of tools."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from houfeng.errors import UsageError
from houfeng.instruments.claims import ItemKey, Taken, draw
from houfeng.instruments.review import Verdict, review
from houfeng.instruments.workbook import read_workbook, workbook
from instruments.claims.claim_samples import STATE, SUBSIDIES, TOOLS, book, draft, loan, pack

JAN, FEB, MAR = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
FIRST, QUARTER = date(2026, 1, 1), (date(2026, 1, 1), MAR)
SERVICES = "services_subsidy_2026"
ONE = loan(1, "1000000", date(2026, 1, 1), date(2026, 12, 31))
SHORT = loan(2, "700000", date(2026, 2, 1), date(2026, 2, 21))
OTHER = loan(3, "500000", date(2026, 2, 1), date(2026, 12, 1), use_industry="C2710")
UNKNOWN = loan(4, "500000", date(2026, 2, 1), date(2026, 12, 1), use_industry=None)


def test_a_note_that_left_the_list_keeps_its_days_and_its_place(tmp_path: Path) -> None:
    made = book(tmp_path / "book", {FEB: [ONE, SHORT], MAR: [ONE]})
    drawn = draw(made.snapshot(), pack(SUBSIDIES), SERVICES, STATE, *QUARTER)
    # 1,000,000 × 1% × 90/365 = 2,465.7534; 700,000 × 1% × 20/365 = 383.5616
    assert [(line.contract_no, line.amount) for line in drawn.lines] == [
        ("C001", Decimal("2465.75")),
        ("C002", Decimal("383.56")),
    ]
    assert drawn.lines[1].counted_to == date(2026, 2, 21)
    assert drawn.lines[0].central + drawn.lines[0].provincial == drawn.lines[0].amount


def test_last_months_claim_is_made_again_exactly(tmp_path: Path) -> None:
    made = book(tmp_path / "book", {JAN: [ONE], FEB: [ONE, SHORT]})
    then = datetime(2026, 3, 5)
    before = draw(made.snapshot(then), pack(SUBSIDIES), SERVICES, STATE, FIRST, FEB)
    corrected = {**SHORT, "principal": Decimal("900000")}
    made.submit([draft("loan", [ONE, corrected], STATE, FEB)], received_at=datetime(2026, 3, 20))
    paid = {
        "institution_id": STATE, "contract_no": "C001", "note_no": "1", "flow_no": "9", "direction": "0",
        "occurred_on": date(2026, 2, 10), "amount": Decimal("400000"),
    }  # fmt: skip
    made.submit([draft("loan_flow", [paid], STATE, None)], received_at=datetime(2026, 3, 21))
    again = draw(made.snapshot(then), pack(SUBSIDIES), SERVICES, STATE, FIRST, FEB)
    now = draw(made.snapshot(), pack(SUBSIDIES), SERVICES, STATE, FIRST, FEB)
    assert again == before
    assert again.digest == before.digest
    # 40 days of a million and 19 of 600,000: 51,400,000 × 1%/365 = 1,408.2192; 900,000 × 1% × 20/365 = 493.1507
    assert [line.amount for line in now.lines] == [Decimal("1408.22"), Decimal("493.15")]
    assert now.digest != before.digest


def test_refused_notes_say_why_and_who_holds_the_fact(tmp_path: Path) -> None:
    made = book(tmp_path / "book", {MAR: [ONE, OTHER, UNKNOWN]})
    drawn = draw(made.snapshot(), pack(SUBSIDIES), SERVICES, STATE, *QUARTER)
    told = {line.contract_no: [(why.condition, str(why.state)) for why in line.reasons] for line in drawn.refused}
    assert told == {"C003": [("field", "failed")], "C004": [("field", "unknown")]}
    why = next(line for line in drawn.refused if line.contract_no == "C004").reasons[0]
    assert why.holder.zh
    assert why.changes.zh
    assert drawn.lines[0].reasons
    assert all(str(why.state) == "met" for why in drawn.lines[0].reasons)


def test_no_note_is_funded_twice_and_the_first_claim_stands(tmp_path: Path) -> None:
    rd = loan(5, "1000000", date(2026, 1, 20), date(2026, 12, 31), borrower_size="CS03", is_first_loan=False)
    firm = {"enterprise_id": "FIRM1", "name": "样例", "size": "CS03", "is_private": True, "high_rd": True}
    made = book(tmp_path / "book", {MAR: [rd]}, draft("enterprise", [firm], "registry", date(2026, 1, 1)))
    snapshot = made.snapshot()
    tech = draw(snapshot, pack(TOOLS), "tech_relending", STATE, *QUARTER)
    assert [line.amount for line in tech.lines] == [Decimal("600000.00")]
    service = draw(snapshot, pack(TOOLS), "service_care_relending", STATE, *QUARTER)
    assert [why.condition for why in service.refused[0].reasons] == ["order"]
    held = [Taken(STATE, "C005", "1", "service_care_relending")]
    after = draw(snapshot, pack(TOOLS), "tech_relending", STATE, *QUARTER, taken=held)
    assert after.lines == ()
    assert [why.condition for why in after.refused[0].reasons] == ["taken"]
    twice = draw(snapshot, pack(TOOLS), "tech_relending", STATE, *QUARTER,
                 taken=[Taken(STATE, "C005", "1", "tech_relending")])  # fmt: skip
    assert twice.lines == ()
    both = draw(
        snapshot, pack(SUBSIDIES), SERVICES, STATE, *QUARTER, taken=[Taken(STATE, "C005", "1", "tech_relending")]
    )
    assert len(both.lines) == 1, "relending and a subsidy on one loan are allowed"


def test_a_claim_handed_in_is_reviewed_line_by_line(tmp_path: Path) -> None:
    made = book(tmp_path / "book", {MAR: [ONE, OTHER]})
    snapshot = made.snapshot()
    drawn = draw(snapshot, pack(SUBSIDIES), SERVICES, STATE, *QUARTER)
    handed = read_workbook(workbook(drawn, pack(SUBSIDIES)))
    assert handed.problems == ()
    assert [(line.key, line.amount) for line in handed.lines] == [(line.key, line.amount) for line in drawn.lines]
    (good,) = handed.lines
    more = good.__class__(9, good.key, good.amount + Decimal("0.01"))
    wrong = good.__class__(10, ItemKey(STATE, "C003", "1"), Decimal("100.00"))
    nowhere = good.__class__(11, ItemKey(STATE, "C999", "1"), Decimal("100.00"))
    lines = [good, more, wrong, nowhere]
    asked = draw(snapshot, pack(SUBSIDIES), SERVICES, STATE, *QUARTER, asked=[line.key for line in lines])
    found = review(asked, lines)
    assert [one.verdict for one in found] == [Verdict.DUE, Verdict.CUT, Verdict.REFUSED, Verdict.REFUSED]
    assert [one.granted for one in found] == [good.amount, good.amount, Decimal("0.00"), Decimal("0.00")]
    assert [[why.condition for why in one.reasons] for one in found] == [[], ["amount"], ["field"], ["unknown_note"]]


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    made = book(tmp_path / "book", {MAR: [ONE]})
    snapshot = made.snapshot()
    with pytest.raises(UsageError, match="services_subsidy_2026"):
        draw(snapshot, pack(SUBSIDIES), "services_subsidy_2062", STATE, *QUARTER)
    with pytest.raises(UsageError, match="turned"):
        draw(snapshot, pack(SUBSIDIES), SERVICES, STATE, MAR, JAN)
    with pytest.raises(UsageError, match="loan by loan"):
        draw(snapshot, pack(TOOLS), "bond_risk_sharing", STATE, *QUARTER)
