"""What became of loans that were fed back: whether the book has them, and whether they were claimed and paid for."""

from __future__ import annotations

from sqlalchemy import select

from houfeng.matching.delivery.claims import follow
from houfeng.matching.tables import NeedOffer
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import HOUSE

_LOAN = """
    SELECT count(*) FROM loan WHERE institution_id = ? AND contract_no = ? AND (? = '' OR note_no = ?)
"""


def confirm(desk: Desk) -> dict[str, int]:
    """Look for the loans of disbursed offers in the book; gives how many were confirmed, and how many are not there."""
    reader = desk.reader(HOUSE)
    with desk.office.read() as session:
        waiting = select(NeedOffer).where(NeedOffer.state == "disbursed", NeedOffer.confirmed.is_not(True))
        offers = [(o.id, o.institution_id, o.contract_no, o.note_no) for o in session.scalars(waiting)]
    there = {number: bool(reader.value(_LOAN, [bank, contract, note, note])) for number, bank, contract, note in offers}
    with desk.office.begin() as session:
        for number, found in there.items():
            offer = session.get(NeedOffer, number)
            assert offer is not None  # nothing is deleted
            offer.confirmed = found
        moved = follow(session)
    return {"confirmed": sum(there.values()), "missing": len(there) - sum(there.values()), **moved._asdict()}
