"""The chain from a policy's document to money: sent, received, answered, applied, approved, lent, claimed, paid.

A chain is about one enterprise and one policy. Links may be missing (a loan made before anybody opened the page), but
never turn back in time. Consumers of a loan subsidy have chains too, without a name: no page lists them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, NotFoundError, Text, UsageError
from houfeng.matching.tables import PolicyChain, PolicyChainBank, PolicyChainStep
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.scope import in_regions

STEPS: Mapping[str, Text] = {
    "sent": Text("已送达", "Sent"),
    "received": Text("已收到", "Received"),
    "answered": Text("已答复", "Answered"),
    "applied": Text("已申请", "Applied"),
    "approved": Text("已审批", "Approved"),
    "lent": Text("已放款", "Lent"),
    "claimed": Text("已申报", "Claimed"),
    "paid": Text("资金到位", "Money arrived"),
}
ENDS: Mapping[str, Text] = {
    "declined": Text("企业放弃", "Given up by the firm"),
    "refused": Text("银行未通过", "Refused by the bank"),
    "left": Text("不再符合", "No longer entitled"),
}
STATES: Mapping[str, Text] = {**STEPS, **ENDS}
ORDER = tuple(STEPS)
DOCUMENT = "document"


class Journey(NamedTuple):
    """How a subsidy reached one consumer: `key` is the bank's own for the purchase and is kept as a hash only."""

    key: str
    region: str
    institution_id: str
    times: Mapping[str, datetime]


def in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `PolicyChain` that leaves those of the viewer's scope, persons too: for statistics only."""
    scope = viewer.scope
    parts = in_regions(scope.regions, PolicyChain.region)
    if scope.institutions is not None:
        seen = select(PolicyChainBank.chain_id).where(PolicyChainBank.institution_id.in_(scope.institutions))
        parts.append(or_(PolicyChain.id.in_(seen), PolicyChain.institution_id.in_(scope.institutions)))
    if scope.enterprise is not None:
        parts.append(and_(PolicyChain.subject == scope.enterprise, PolicyChain.person.is_(False)))
    return and_(true(), *parts)


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `PolicyChain` that leaves the enterprises of the viewer's scope; never a person."""
    return and_(PolicyChain.person.is_(False), in_scope(viewer))


def may_see(viewer: Viewer) -> None:
    """Raise AccessError unless the viewer may see how policies arrive, at least at their own firm."""
    if not viewer.may(Permission.SEE_OWN_FIRM):
        viewer.require(Permission.SEE_DELIVERY)


def find(session: Session, viewer: Viewer, chain_id: int, policy: str = "") -> PolicyChain:
    """The chain of that number, of `policy` where one is named.

    Raises:
        NotFoundError: there is none in the viewer's scope.
    """
    may_see(viewer)
    wanted = select(PolicyChain).where(PolicyChain.id == chain_id, visible(viewer))
    if policy:
        wanted = wanted.where(PolicyChain.policy == policy)
    chain = session.scalars(wanted).one_or_none()
    if chain is None:
        raise NotFoundError(Text("没有这条直达记录", "there is no such chain"))
    return chain


def of_firm(session: Session, policy: str, enterprise_id: str) -> PolicyChain | None:
    """The newest chain of a policy at an enterprise."""
    same = (PolicyChain.policy == policy, PolicyChain.subject == enterprise_id, PolicyChain.person.is_(False))
    return session.scalars(select(PolicyChain).where(*same).order_by(PolicyChain.id.desc()).limit(1)).first()


def time_of(chain: PolicyChain, step: str) -> datetime | None:
    """When a link was made."""
    found: datetime | None = getattr(chain, f"{step}_at")
    return found


def advance(
    session: Session, who: Viewer | str, chain: PolicyChain, step: str, *, at: datetime | None = None, note: str = "",
    tell: bool = True,
) -> PolicyChain:  # fmt: skip
    """Make a link of the chain. A link that stands already stays as it is; one that ended goes on.

    Raises:
        UsageError: a moment to come, or before what came before it.
    """
    if step not in STEPS:
        raise UsageError(Text(f"没有环节 {step}", f"there is no link {step}"))
    if time_of(chain, step) is not None:
        return chain
    now = office_of(session).clock()
    moment = _moment(chain, step, at or now, now)
    setattr(chain, f"{step}_at", moment)
    later = [each for each in ORDER if time_of(chain, each) is not None]
    chain.state, chain.reason, chain.ended_at = later[-1], "", None
    chain.version += 1
    _step(session, who, chain, step, moment, note)
    if tell:
        told = {"policy": chain.policy, "step": step, "at": moment}
        journal.write(session, who, f"delivery.{step}", f"chain:{chain.id}", why=note, detail=told)
    return chain


def _moment(chain: PolicyChain, step: str, at: datetime, now: datetime) -> datetime:
    if at > now:
        raise UsageError(Text("日期不能晚于今天", "a day to come cannot be written down"))
    place = ORDER.index(step)
    for each in ORDER[:place]:
        before = time_of(chain, each)
        if before is not None and before.date() > at.date():
            zh, en = STEPS[each]
            raise UsageError(Text(f"不能早于“{zh}”（{before:%Y-%m-%d}）", f"not before “{en}” ({before:%Y-%m-%d})"))
    for each in ORDER[place + 1 :]:
        after = time_of(chain, each)
        if after is not None and after < at:
            return after  # written down late: it was no later than what followed
    return at


def end(session: Session, who: Viewer | str, chain: PolicyChain, state: str, reason: str = "", note: str = "") -> None:
    """The chain ends before money: the firm gives up, a bank refuses, or it is no longer entitled."""
    if state not in ENDS:
        raise UsageError(Text(f"没有结局 {state}", f"there is no ending {state}"))
    if chain.lent_at is not None:
        raise ConflictError(Text("已经放款，不能再终止", "the money is lent; it cannot end now"))
    now = office_of(session).clock()
    chain.state, chain.reason, chain.ended_at = state, reason, now
    chain.version += 1
    _step(session, who, chain, state, now, note)
    told = {"policy": chain.policy, "reason": reason}
    journal.write(session, who, f"delivery.{state}", f"chain:{chain.id}", why=note, detail=told)


def _step(session: Session, who: Viewer | str, chain: PolicyChain, step: str, at: datetime, note: str) -> None:
    by, name = (who.user_id, who.login) if isinstance(who, Viewer) else (None, who)
    now = office_of(session).clock()
    session.add(
        PolicyChainStep(chain_id=chain.id, step=step, at=at, recorded_at=now, by=by, who=name, note=note.strip()[:500])
    )
    session.flush()


def answer(session: Session, viewer: Viewer, chain_id: int, wants: bool, note: str = "") -> PolicyChain:
    """The firm says whether it wants what it is entitled to."""
    viewer.require(Permission.SEE_OWN_FIRM)
    chain = find(session, viewer, chain_id)
    advance(session, viewer, chain, "received")
    advance(session, viewer, chain, "answered", note=note)
    if not wants:
        end(session, viewer, chain, "declined", note=note)
    elif chain.state == "declined":
        later = [each for each in ORDER if time_of(chain, each) is not None]
        chain.state, chain.ended_at = later[-1], None
        chain.version += 1
    return chain


def waiting(session: Session, viewer: Viewer) -> Sequence[PolicyChain]:
    """What was sent to the firm, goes on, and it has not said to have."""
    viewer.require(Permission.SEE_OWN_FIRM)
    wanted = select(PolicyChain).where(visible(viewer), PolicyChain.received_at.is_(None))
    going = wanted.where(PolicyChain.sent_at.is_not(None), PolicyChain.ended_at.is_(None))
    return session.scalars(going.order_by(PolicyChain.id)).all()


def receive(session: Session, viewer: Viewer) -> int:
    """The firm says that it has what was sent to it; gives how many chains that changed. Looking does not do it."""
    found = waiting(session, viewer)
    for chain in found:
        advance(session, viewer, chain, "received")
    return len(found)


def begin(
    session: Session, who: Viewer | str, policy: str, enterprise_id: str, name: str, region: str,
    document_on: date | None,
) -> PolicyChain:  # fmt: skip
    """A chain that begins with the firm itself, before any list named it."""
    chain = PolicyChain(
        version=1, policy=policy, subject=enterprise_id, name=name, region=region, document_on=document_on,
        state="received", received_at=office_of(session).clock(),
    )  # fmt: skip
    session.add(chain)
    session.flush()
    _step(session, who, chain, "received", office_of(session).clock(), "")
    return chain


def of_contract(session: Session, institution_id: str, contract_no: str, note_no: str = "") -> list[PolicyChain]:
    """The chains that led to a loan, for what happens to it later: claimed, paid."""
    same = (PolicyChain.institution_id == institution_id, PolicyChain.contract_no == contract_no)
    found = session.scalars(select(PolicyChain).where(*same, PolicyChain.contract_no != "").order_by(PolicyChain.id))
    return [chain for chain in found if not note_no or not chain.note_no or chain.note_no == note_no]


def claimed(
    session: Session, who: Viewer | str, institution_id: str, contract_no: str, note_no: str, at: datetime
) -> int:
    """A bank claimed for a loan; gives how many chains that moved."""
    return len([advance(session, who, c, "claimed", at=at) for c in _open(session, institution_id, contract_no, note_no)
                if c.claimed_at is None])  # fmt: skip


def paid(
    session: Session, who: Viewer | str, institution_id: str, contract_no: str, note_no: str, at: datetime,
    amount: Decimal | None = None,
) -> int:  # fmt: skip
    """The money for a claim arrived; gives how many chains that moved."""
    moved = 0
    for chain in _open(session, institution_id, contract_no, note_no):
        if chain.paid_at is None:
            chain.paid = amount if amount is not None else chain.paid
            advance(session, who, chain, "paid", at=at)
            moved += 1
    return moved


def _open(session: Session, institution_id: str, contract_no: str, note_no: str) -> list[PolicyChain]:
    return [chain for chain in of_contract(session, institution_id, contract_no, note_no) if chain.lent_at is not None]


def record_persons(
    session: Session, viewer: Viewer, policy: str, document_on: date | None, journeys: Collection[Journey]
) -> int:
    """Take how a consumer subsidy reached persons, of the viewer's own bank; gives how many were new.

    No name and no number of a person is kept: what a bank calls the purchase is hashed with the policy and the bank.
    """
    viewer.require(Permission.ANSWER_NEEDS)
    own = viewer.scope.institutions
    if own is not None and any(each.institution_id not in own for each in journeys):
        raise NotFoundError(Text("只能登记本机构的办理情况", "only what your own institution did"))
    new = 0
    for each in journeys:
        words = f"{policy}\n{each.institution_id}\n{each.key}".encode()
        subject = hashlib.sha256(words).hexdigest()
        same = (PolicyChain.policy == policy, PolicyChain.subject == subject, PolicyChain.person.is_(True))
        chain = session.scalars(select(PolicyChain).where(*same)).one_or_none()
        if chain is None:
            chain = PolicyChain(
                version=1, policy=policy, subject=subject, person=True, region=each.region, document_on=document_on,
                institution_id=each.institution_id, state="sent",
            )  # fmt: skip
            session.add(chain)
            session.flush()
            new += 1
        for step in ORDER:
            if step in each.times:
                advance(session, viewer, chain, step, at=each.times[step], tell=False)
    told = {"policy": policy, "persons": len(journeys), "new": new}
    journal.write(session, viewer, "delivery.persons", f"policy:{policy}", detail=told)
    return new
