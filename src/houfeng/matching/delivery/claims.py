"""What claims know of a chain's loan: claimed when the bank's claim was submitted, paid when it was disbursed."""

from __future__ import annotations

from datetime import datetime, time
from typing import NamedTuple

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from houfeng.claims.tables import Claim, ClaimLine
from houfeng.matching.delivery import chains
from houfeng.matching.tables import PolicyChain, PolicyList
from houfeng.office.database import office_of


class Followed(NamedTuple):
    """How many chains went on."""

    claimed: int
    paid: int


def follow(session: Session, claim_id: int | None = None) -> Followed:
    """Let chains go on by claims for their loans (or by one), of the instrument that the policy's money comes by."""
    rows = session.execute(
        select(PolicyChain, Claim, ClaimLine)
        .join(Claim, Claim.institution_id == PolicyChain.institution_id)
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(ClaimLine.contract_no == PolicyChain.contract_no, PolicyChain.contract_no != "")
        .where(PolicyChain.lent_at.is_not(None), PolicyChain.paid_at.is_(None), Claim.submitted_at.is_not(None))
        .where(Claim.id == claim_id if claim_id is not None else true())
        .order_by(PolicyChain.id, Claim.submitted_at)
    ).all()
    by = {row.policy: row.delivers for row in session.scalars(select(PolicyList).order_by(PolicyList.number))}
    now, claimed, paid = office_of(session).clock(), 0, 0
    for chain, claim, line in rows:
        fits = by.get(chain.policy, claim.instrument) == claim.instrument
        if not fits or (chain.note_no and chain.note_no != line.note_no):
            continue
        if chain.claimed_at is None and claim.submitted_at is not None:
            chains.advance(session, "system", chain, "claimed", at=claim.submitted_at, note=claim.instrument)
            claimed += 1
        if chain.paid_at is None and claim.disbursed_on is not None and line.granted > 0:
            chain.paid = line.granted
            at = min(now, datetime.combine(claim.disbursed_on, time(23, 59, 59)))
            chains.advance(session, "system", chain, "paid", at=at, note=claim.instrument)
            paid += 1
    return Followed(claimed, paid)
