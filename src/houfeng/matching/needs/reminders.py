"""The round over needs: banks are reminded before a term ends, officers hear of it after; old needs expire."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.matching.delivery import chains
from houfeng.matching.needs import filing
from houfeng.matching.needs.answering import STATES
from houfeng.matching.tables import NeedFile, NeedOffer, NeedReminder, PolicyChain
from houfeng.matching.terms import Terms, shipped
from houfeng.office import notices
from houfeng.office.access import Role
from houfeng.office.database import office_of
from houfeng.office.identity.people import people_of_bank, people_of_firm


class Round(NamedTuple):
    """What one round did."""

    reminded: int
    escalated: int
    expired: int


def go_round(session: Session, terms: Terms | None = None) -> Round:
    """Remind, escalate, expire; each is told once, however often the round goes."""
    terms = terms or shipped()
    today = office_of(session).clock().date()
    expired = _expire(session, today)
    near = today + timedelta(days=terms.numbers["remind_before"])
    due = (
        select(NeedOffer, NeedFile)
        .join(NeedFile, NeedFile.id == NeedOffer.need_id)
        .where(NeedOffer.state.in_(filing.OPEN_OFFERS), NeedOffer.due_on <= near)
        .order_by(NeedOffer.id)
    )
    reminded = escalated = 0
    for offer, need in session.execute(due).all():
        assert offer.due_on is not None  # it was asked for above
        late = offer.due_on < today
        if not _first(session, offer, "late" if late else "soon", offer.due_on):
            continue
        reminded += 1
        escalated += late
        _tell(session, offer, need, offer.due_on, today)
    return Round(reminded, escalated, expired)


def _first(session: Session, offer: NeedOffer, kind: str, due: date) -> bool:
    if session.get(NeedReminder, (offer.id, kind, due)) is not None:
        return False
    session.add(NeedReminder(offer_id=offer.id, kind=kind, due_on=due, at=office_of(session).clock()))
    return True


def _tell(session: Session, offer: NeedOffer, need: NeedFile, due: date, today: date) -> None:
    state, days = STATES[offer.state], (today - due).days
    if days > 0:
        title = Text(f"{need.number}“{state.zh}”已超期 {days} 天", f"{need.number} “{state.en}” is {days} days late")
        offer.escalated_at = offer.escalated_at or office_of(session).clock()
        notices.tell(session, Role.OFFICER, title, f"/needs/{need.id}", "need.late")
        filing.step(session, "system", need, offer, "escalate", detail={"due_on": due, "state": offer.state})
    else:
        title = Text(f"{need.number}“{state.zh}”将于 {due} 到期", f"{need.number} “{state.en}” is due on {due}")
    kind = "need.late" if days > 0 else "need.soon"
    notices.tell(session, people_of_bank(session, offer.institution_id), title, f"/needs/{need.id}", kind)


def _expire(session: Session, today: date) -> int:
    """End needs whose deadline has passed and that no bank has approved."""
    over = select(NeedFile).where(
        NeedFile.deadline < today, NeedFile.state.in_(("open", "recommended", "accepted", "unmet"))
    )
    found = session.scalars(over).all()
    for need in found:
        need.state, need.ended_at = "expired", office_of(session).clock()
        need.version += 1
        filing.close_offers(session, need)
        filing.step(session, "system", need, None, "expire")
        chain = session.get(PolicyChain, need.chain_id) if need.chain_id is not None else None
        if chain is not None and chain.ended_at is None and chain.lent_at is None:
            chains.end(session, "system", chain, "refused", note=need.number)
        title = Text(f"{need.number} 已过最晚用款日期", f"{need.number} is past its deadline")
        people = people_of_firm(session, need.enterprise_id)
        notices.tell(session, people, title, f"/mine/needs/{need.id}", "need.expired")
    return len(found)
