"""What a bank does with a need: take on or decline, get in touch, approve or refuse with a coded reason, disburse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, InputError, NotFoundError, Problem, Text, UsageError, Where
from houfeng.matching.delivery import chains
from houfeng.matching.needs import filing
from houfeng.matching.tables import NeedFile, NeedOffer, PolicyChain
from houfeng.matching.terms import DECLINE, REFUSE, Terms, shipped
from houfeng.office import notices
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import people_of_firm

STATES: Mapping[str, Text] = {
    "sent": Text("待受理", "Waiting for an answer"),
    "accepted": Text("已受理", "Taken on"),
    "contacted": Text("已对接", "In contact"),
    "approved": Text("已审批", "Approved"),
    "disbursed": Text("已放款", "Disbursed"),
    "declined": Text("不受理", "Declined"),
    "refused": Text("未通过", "Refused"),
    "lapsed": Text("已终止", "Ended"),
}
MOVES: Mapping[str, tuple[str, ...]] = {
    "sent": ("accept", "decline"),
    "accepted": ("contact", "approve", "refuse"),
    "contacted": ("approve", "refuse"),
    "approved": ("disburse", "refuse"),
}
MOVE_NAMES: Mapping[str, Text] = {
    "accept": Text("受理", "Take on"),
    "decline": Text("不受理", "Decline"),
    "contact": Text("登记对接", "Note the contact"),
    "approve": Text("审批通过", "Approve"),
    "refuse": Text("审批不通过", "Refuse"),
    "disburse": Text("反馈放款", "Report the disbursement"),
}


class Loan(NamedTuple):
    """What was approved, or lent."""

    amount: Decimal
    rate: Decimal
    term_months: int


def offer_of(session: Session, viewer: Viewer, offer_id: int, version: int, move: str) -> tuple[NeedFile, NeedOffer]:
    """The offer, to be moved by a person of its bank who saw `version`.

    Raises:
        NotFoundError: it is another bank's. ConflictError: it is not at that step, or was changed since.
    """
    viewer.require(Permission.ANSWER_NEEDS)
    offer = session.get(NeedOffer, offer_id)
    own = viewer.scope.institutions
    if offer is None or own is None or offer.institution_id not in own:
        raise _no_offer(offer_id)
    need = filing.find(session, viewer, offer.need_id)
    if offer.version != version:
        raise filing.stale(need.number)
    if move not in MOVES.get(offer.state, ()):
        zh, en = STATES[offer.state]
        raise ConflictError(Text(f"{need.number} 现为“{zh}”，不能这样办", f"{need.number} is at “{en}”; not possible"))
    offer.version += 1
    need.version += 1
    return need, offer


def belongs(session: Session, need_id: int, offer_id: int) -> None:
    """Raise NotFoundError unless the offer is one of that need: an address that names both must mean both."""
    offer = session.get(NeedOffer, offer_id)
    if offer is None or offer.need_id != need_id:
        raise _no_offer(offer_id)


def _no_offer(offer_id: int) -> NotFoundError:
    return NotFoundError(Text(f"没有推荐 {offer_id}", f"there is no offer {offer_id}"))


def accept(session: Session, viewer: Viewer, offer_id: int, version: int, terms: Terms | None = None) -> NeedOffer:
    """The bank takes the need on; it has some days to get in touch."""
    need, offer = offer_of(session, viewer, offer_id, version, "accept")
    now = _now(session)
    offer.state, offer.answered_at = "accepted", now
    offer.due_on = now.date() + timedelta(days=(terms or shipped()).numbers["contact_days"])
    if need.state == "recommended":
        need.state = "accepted"
    filing.step(session, viewer, need, offer, "accept")
    _tell_firm(session, need, Text("银行已受理您的融资需求", "a bank has taken your need on"))
    return offer


def decline(
    session: Session, viewer: Viewer, offer_id: int, version: int, reason: str, note: str, terms: Terms | None = None
) -> NeedOffer:
    """The bank does not take the need on, for a coded reason."""
    _reason(reason, DECLINE, note, terms)
    need, offer = offer_of(session, viewer, offer_id, version, "decline")
    offer.answered_at = _now(session)
    _close(session, viewer, need, offer, "declined", reason, note)
    return offer


def contact(
    session: Session, viewer: Viewer, offer_id: int, version: int, note: str, terms: Terms | None = None
) -> NeedOffer:
    """The bank has spoken with the firm; it has some days to decide."""
    if not note.strip():
        raise UsageError(Text("请写明对接情况", "say what was spoken of"))
    need, offer = offer_of(session, viewer, offer_id, version, "contact")
    now = _now(session)
    offer.state, offer.contacted_at = "contacted", now
    offer.due_on = now.date() + timedelta(days=(terms or shipped()).numbers["decide_days"])
    filing.step(session, viewer, need, offer, "contact", note=note)
    return offer


def approve(
    session: Session, viewer: Viewer, offer_id: int, version: int, loan: Loan, note: str = "",
    terms: Terms | None = None,
) -> NeedOffer:  # fmt: skip
    """The bank grants a loan; the policy's chain knows it too."""
    _check(loan)
    need, offer = offer_of(session, viewer, offer_id, version, "approve")
    now = _now(session)
    offer.state, offer.decided_at, offer.note = "approved", now, note.strip()[:1000]
    offer.amount, offer.rate, offer.term_months = loan
    offer.due_on = now.date() + timedelta(days=(terms or shipped()).numbers["disburse_days"])
    need.state = "approved"
    told = {"amount": loan.amount, "rate": loan.rate, "term_months": loan.term_months}
    filing.step(session, viewer, need, offer, "approve", note=note, detail=told)
    chain = _chain(session, need)
    if chain is not None:
        chain.institution_id = offer.institution_id
        chains.advance(session, viewer, chain, "approved", note=need.number)
    _tell_firm(session, need, Text("您的融资需求已审批通过", "your need was approved"))
    return offer


def refuse(
    session: Session, viewer: Viewer, offer_id: int, version: int, reason: str, note: str, terms: Terms | None = None
) -> NeedOffer:
    """The bank grants no loan, for a coded reason."""
    _reason(reason, REFUSE, note, terms)
    need, offer = offer_of(session, viewer, offer_id, version, "refuse")
    offer.decided_at = _now(session)
    _close(session, viewer, need, offer, "refused", reason, note)
    return offer


def disburse(
    session: Session, viewer: Viewer, offer_id: int, version: int, contract_no: str, note_no: str, amount: Decimal,
    day: date,
) -> NeedOffer:  # fmt: skip
    """The bank feeds back that the money went out; the need is met, other banks' offers end.

    Raises:
        InputError: what is missing. UsageError: a day to come, or before the approval.
    """
    found = []
    if not contract_no.strip():
        found.append(_fault("contract_no", "请填写贷款合同号", "give the number of the contract"))
    if amount <= 0:
        found.append(_fault("amount", "放款金额应大于零", "the amount lent is above zero"))
    if found:
        raise InputError(Text("放款信息不完整", "the disbursement is not complete"), found)
    need, offer = offer_of(session, viewer, offer_id, version, "disburse")
    now = _now(session)
    at = min(now, datetime.combine(day, time(23, 59, 59)))
    if day > now.date() or (offer.decided_at is not None and day < offer.decided_at.date()):
        raise UsageError(
            Text("放款日期应在审批之后、不晚于今天", "it was lent after the approval, and not later than today")
        )
    offer.state, offer.disbursed_at, offer.ended_at, offer.due_on = "disbursed", at, now, None
    offer.contract_no, offer.note_no, offer.amount = contract_no.strip()[:100], note_no.strip()[:100], amount
    need.state, need.disbursed_at, need.ended_at = "disbursed", at, now
    filing.close_offers(session, need, but=offer.id)
    told = {"contract": offer.contract_no, "note": offer.note_no, "amount": amount, "day": day}
    filing.step(session, viewer, need, offer, "disburse", detail=told)
    chain = _chain(session, need)
    if chain is not None:
        chain.institution_id, chain.contract_no, chain.note_no = offer.institution_id, offer.contract_no, offer.note_no
        chain.lent = amount
        chains.advance(session, viewer, chain, "lent", at=at, note=need.number)
    _tell_firm(session, need, Text("贷款已发放", "the loan was disbursed"))
    return offer


def _close(
    session: Session, viewer: Viewer, need: NeedFile, offer: NeedOffer, state: str, reason: str, note: str
) -> None:
    """A bank says no. Where no other bank is left, officers and the firm are told, and the chain ends for now."""
    offer.state, offer.reason, offer.note = state, reason, note.strip()[:1000]
    offer.ended_at, offer.due_on = _now(session), None
    filing.step(session, viewer, need, offer, "decline" if state == "declined" else "refuse", note=note,
                detail={"reason": reason})  # fmt: skip
    session.flush()
    left = select(NeedOffer.id).where(NeedOffer.need_id == need.id, NeedOffer.state.in_(filing.OPEN_OFFERS))
    if session.scalars(left.limit(1)).first() is not None:
        return
    need.state = "unmet"
    title = Text(f"{need.number} 各银行均未通过", f"{need.number}: no bank has met it")
    notices.tell(session, Role.OFFICER, title, f"/needs/{need.id}", "need.unmet")
    _tell_firm(session, need, Text("您的融资需求暂未通过，经办人员将继续协调", "no bank has met your need yet"))
    chain = _chain(session, need)
    if chain is not None and chain.lent_at is None:
        chains.end(session, viewer, chain, "refused", reason, note)


def _reason(reason: str, when: str, note: str, terms: Terms | None) -> None:
    (terms or shipped()).reason(reason, when)
    if reason == "other" and not note.strip():
        raise UsageError(Text("选择“其他”时须说明", "with “other”, say what"))


def _check(loan: Loan) -> None:
    found = []
    if loan.amount <= 0:
        found.append(_fault("amount", "金额应大于零", "the amount is above zero"))
    if not 0 <= loan.rate < 100:
        found.append(_fault("rate", "利率应在 0 到 100 之间", "the rate is from 0 to 100"))
    if not 0 < loan.term_months <= 360:
        found.append(_fault("term_months", "期限 1 到 360 个月", "the term is 1 to 360 months"))
    if found:
        raise InputError(Text("审批信息不完整", "the approval is not complete"), found)


def _fault(field: str, zh: str, en: str) -> Problem:
    return Problem("need.blank", Text(zh, en), Where(field=field))


def _chain(session: Session, need: NeedFile) -> PolicyChain | None:
    return session.get(PolicyChain, need.chain_id) if need.chain_id is not None else None


def _now(session: Session) -> datetime:
    return office_of(session).clock()


def _tell_firm(session: Session, need: NeedFile, title: Text) -> None:
    people = people_of_firm(session, need.enterprise_id)
    notices.tell(session, people, title, f"/mine/needs/{need.id}", "need.mine")
