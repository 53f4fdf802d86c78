"""Money taken back after a failed audit: early repayment, a penalty, and a ban of the bank for that tool."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy.orm import Session

from houfeng.claims import ledger
from houfeng.claims.acts import bans, funding, signing
from houfeng.claims.files import lines, months_later, move_to, seen, total
from houfeng.claims.life import LineState, State
from houfeng.claims.tables import Claim
from houfeng.claims.terms import Terms, terms_on
from houfeng.errors import Text
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import Approval

FEN = Decimal("0.01")


def penalty(amount: Decimal, since: date, day: date, terms: Terms) -> Decimal:
    """The penalty on money recalled on `day`: points a year for the days it was out."""
    days = (day - since).days
    return (amount * terms.penalty_points * days / (100 * terms.penalty_days)).quantize(FEN, ROUND_HALF_UP)


def recall(
    session: Session, viewer: Viewer, claim_id: int, version: int, line_ids: Collection[int], why: str, *,
    ban: bool = False,
) -> Claim:  # fmt: skip
    """Propose to take back the money of loans that failed an audit, and with `ban` to bar the bank from the tool."""
    claim = seen(session, viewer, claim_id, version, "recall")
    gone = funding.chosen(session, claim, line_ids)
    amount = sum((line.outstanding for line in gone), Decimal("0.00"))
    title = Text(f"{len(gone)} 笔 {amount:,.2f} 元", f"{len(gone)} loans, {amount:,.2f} yuan")
    detail = {"lines": sorted(line.id for line in gone), "amount": str(amount), "ban": ban, "reason": why.strip()}
    signing.propose(session, viewer, claim, "recall", title, detail, why)
    return claim


def _recalled(session: Session, claim: Claim, approval: Approval, who: Viewer) -> None:
    today = office_of(session).clock().date()
    terms = terms_on(today)
    assert claim.disbursed_on is not None
    gone = funding.chosen(session, claim, approval.detail["lines"])
    amount, central = funding.take_back(session, claim, gone)
    due = penalty(amount, claim.disbursed_on, today, terms)
    session.flush()
    rest = lines(session, claim.id, LineState.FUNDED)
    total(session, claim)
    told = {"lines": len(gone), "amount": amount, "penalty": due, "ban": approval.detail["ban"]}
    to = State(claim.state) if rest else State.RECALLED
    seq = move_to(session, claim, "recall", to, who, approval.decision, told, approval.proposer_id)
    funding.returned(session, claim, amount, central, today, seq)
    ledger.penalise(session, claim, due, today, seq)
    if approval.detail["ban"]:
        until = months_later(today, terms.ban_months)
        bans.ban(session, who, claim.institution_id, claim.instrument, until, approval.detail["reason"], claim.id)
    text = Text(f"收回 {amount:,.2f} 元，加收 {due:,.2f} 元", f"{amount:,.2f} yuan recalled, penalty {due:,.2f}")
    signing.tell_bank(session, claim, text, "claim.recall")


def _not_recalled(session: Session, claim: Claim, approval: Approval, who: Viewer | str) -> None:
    why = approval.decision or "逾期未批 / not decided in time"
    move_to(session, claim, "recall", State(claim.state), who, why, {"signed": "no"}, approval.proposer_id)


signing.register("recall", _recalled, _not_recalled)
