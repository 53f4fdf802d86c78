"""A chain goes on by the claims for its loan: of its own instrument, bank and note, and only as far as was granted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from houfeng.claims.tables import Claim, ClaimLine
from houfeng.matching.delivery import chains, claims
from houfeng.matching.tables import PolicyChain, PolicyList
from houfeng.office.database import Office
from matching.delivery.delivery_samples import BANK, OTHER, START, People

LENT = datetime(2026, 1, 10, 9)


def lent(session: Session, note: str = "JJ") -> PolicyChain:
    """A chain of the policy `p`, whose money comes by `sme`, lent on 10 January."""
    session.add(
        PolicyList(
            policy="p", number=1, label_zh="p", label_en="p", delivers="sme", pack="t", digest="d",
            as_of=date(2026, 1, 1), known_at=LENT, examined=1, entitled=1, unknown=0, joined=1, departed=0,
            made_at=LENT, made_by="test",
        )
    )  # fmt: skip
    chain = PolicyChain(
        version=1, policy="p", subject="F", name="F", region="410105", document_on=date(2026, 1, 1), state="lent",
        institution_id=BANK, contract_no="HT", note_no=note, lent_at=LENT,
    )  # fmt: skip
    session.add(chain)
    session.flush()
    return chain


def claim(
    session: Session, by: int, serial: int, *, bank: str = BANK, instrument: str = "sme", note: str = "JJ",
    sent: bool = True, paid: bool = True, granted: str = "500.00",
) -> None:  # fmt: skip
    """A claim with one line for the contract HT, submitted on 20 January, disbursed on 5 February."""
    row = Claim(
        version=1, year=2026, serial=serial, instrument=instrument, label_zh="t", label_en="t", kind="subsidy",
        exclusive="subsidy", comes_back=False, institution_id=bank, institution_name="b", region="410100",
        first=date(2026, 1, 1), last=date(2026, 1, 31), state="submitted", source="drawn", as_of=date(2026, 1, 31),
        known_at=LENT, pack="t", pack_digest="d", created_by=by, created_at=LENT,
        submitted_at=datetime(2026, 1, 20, 9) if sent else None, disbursed_on=date(2026, 2, 5) if paid else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    amount = Decimal("500.00")
    session.add(
        ClaimLine(
            claim_id=row.id, contract_no="HT", note_no=note, item_no="", borrower_id="F",
            counted_from=date(2026, 1, 10), counted_to=date(2026, 1, 31), base=amount, amount=amount, central=amount,
            granted=Decimal(granted), outstanding=Decimal("0.00"), state="granted", round=1, reasons=[], history=[],
        )
    )  # fmt: skip
    session.flush()


def test_claimed_then_paid(office: Office, staff: People) -> None:
    with office.begin() as session:
        chain = lent(session)
        claim(session, staff.bank.user_id, 1, paid=False, granted="0.00")
        assert claims.follow(session, 10**6) == (0, 0)
        assert claims.follow(session) == (1, 0)
        assert claims.follow(session) == (0, 0)
        claim(session, staff.bank.user_id, 2)
        assert claims.follow(session) == (0, 1)
        assert (chain.state, chain.paid) == ("paid", Decimal("500.00"))
        assert [chains.time_of(chain, step) for step in ("claimed", "paid")] == [
            datetime(2026, 1, 20, 9), datetime(2026, 2, 5, 23, 59, 59),
        ]  # fmt: skip
        assert START > LENT


@pytest.mark.parametrize(
    "other", [{"bank": OTHER}, {"instrument": "agri"}, {"note": "XX"}, {"sent": False}], ids=lambda it: next(iter(it))
)
def test_claims_for_something_else_move_nothing(office: Office, staff: People, other: dict[str, object]) -> None:
    with office.begin() as session:
        chain = lent(session)
        claim(session, staff.bank.user_id, 1, **other)  # type: ignore[arg-type]
        assert claims.follow(session) == (0, 0)
        assert chain.state == "lent"


def test_what_was_refused_brings_no_money(office: Office, staff: People) -> None:
    with office.begin() as session:
        chain = lent(session)
        claim(session, staff.bank.user_id, 1, granted="0.00")
        assert claims.follow(session) == (1, 0)
        assert chain.state == "claimed"
