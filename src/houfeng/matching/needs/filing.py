"""Needs: an enterprise applies and authorises, the office recommends it to banks, the enterprise may withdraw."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, InputError, NotFoundError, Problem, Text, UsageError, Where
from houfeng.matching import authorisation
from houfeng.matching.delivery import chains
from houfeng.matching.recommend.drawing import Draw
from houfeng.matching.tables import Authorisation, NeedFile, NeedOffer, NeedStep, PolicyChain
from houfeng.matching.terms import Terms, shipped
from houfeng.office import journal, notices
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import own_firm, people_of_bank
from houfeng.office.scope import in_regions

STATES: Mapping[str, Text] = {
    "open": Text("待推荐", "Open"),
    "recommended": Text("已推荐", "Recommended"),
    "accepted": Text("银行已受理", "Taken on by a bank"),
    "approved": Text("已审批", "Approved"),
    "disbursed": Text("已放款", "Disbursed"),
    "unmet": Text("均未通过", "Met by no bank"),
    "withdrawn": Text("已撤回", "Withdrawn"),
    "expired": Text("已过期", "Expired"),
}
ENDED = ("disbursed", "withdrawn", "expired")
OPEN_OFFERS = ("sent", "accepted", "contacted", "approved")
MOST_AMOUNT = Decimal("100000000000")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an enterprise asks for, and what it lets the recommended banks read."""

    amount: Decimal
    term_months: int
    use: str
    guarantee: str
    deadline: date
    contact: str
    data: tuple[str, ...]
    days: int
    policy: str = ""
    book_no: str = ""


class About(NamedTuple):
    """The enterprise as the book tells it; `first_time`: it never had a loan that the book knows of."""

    enterprise_id: str
    name: str
    region: str
    first_time: bool | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product of a bank for a need, as the matching ranks it; `draw` where its price rests on a tool's quota."""

    institution_id: str
    institution_name: str
    product: str
    label: Text
    cost: Decimal | None
    chance: float | None
    reasons: tuple[Mapping[str, Any], ...] = ()
    answer_days: int | None = None
    draw: Draw | None = None


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `NeedFile` that leaves the needs of the viewer's scope: of a bank, those sent to it."""
    scope = viewer.scope
    parts = in_regions(scope.regions, NeedFile.region)
    if scope.institutions is not None:
        sent = select(NeedOffer.need_id).where(NeedOffer.institution_id.in_(scope.institutions))
        parts.append(NeedFile.id.in_(sent))
    if scope.enterprise is not None:
        parts.append(NeedFile.enterprise_id == scope.enterprise)
    return and_(true(), *parts)


def offers_visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `NeedOffer`: a bank sees its own answers, never those of others."""
    if viewer.scope.institutions is None:
        return true()
    return NeedOffer.institution_id.in_(viewer.scope.institutions)


def find(session: Session, viewer: Viewer, need_id: int) -> NeedFile:
    """The need of that number.

    Raises:
        NotFoundError: there is none in the viewer's scope.
    """
    chains.may_see(viewer)
    need = session.scalars(select(NeedFile).where(NeedFile.id == need_id, visible(viewer))).one_or_none()
    if need is None:
        raise NotFoundError(Text(f"没有需求 {need_id}", f"there is no need {need_id}"))
    return need


def offers(session: Session, viewer: Viewer, need_id: int) -> Sequence[NeedOffer]:
    """The offers of a need that the viewer may see, best first."""
    wanted = select(NeedOffer).where(NeedOffer.need_id == need_id, offers_visible(viewer))
    return session.scalars(wanted.order_by(NeedOffer.rank, NeedOffer.id)).all()


def steps(session: Session, viewer: Viewer, need_id: int) -> Sequence[NeedStep]:
    """What happened to a need, oldest first; a bank does not see what others did."""
    wanted = select(NeedStep).where(NeedStep.need_id == need_id)
    if viewer.scope.institutions is not None:
        own = select(NeedOffer.id).where(NeedOffer.need_id == need_id, offers_visible(viewer))
        wanted = wanted.where(or_(NeedStep.offer_id.is_(None), NeedStep.offer_id.in_(own)))
    return session.scalars(wanted.order_by(NeedStep.id)).all()


def apply(session: Session, viewer: Viewer, about: About, wish: Wish, terms: Terms | None = None) -> NeedFile:
    """Make a need of what an enterprise asks for; what it lets banks read is kept with it.

    Raises:
        AccessError: the viewer speaks for another enterprise, or none.
        InputError: something is missing; all of it is told.
    """
    terms = terms or shipped()
    if own_firm(viewer) != about.enterprise_id:
        raise NotFoundError(Text("只能为本企业申请", "one applies for one's own enterprise"))
    today = office_of(session).clock().date()
    _check(wish, today, terms)
    same = (NeedFile.enterprise_id == about.enterprise_id, NeedFile.state.not_in((*ENDED, "unmet")))
    held = session.scalars(
        select(NeedFile).where(*same, NeedFile.policy == wish.policy, NeedFile.book_no == wish.book_no)
    ).first()
    if held is not None:
        told = f"同一事项已有在办需求 {held.number}", f"a need for the same is under way: {held.number}"
        raise ConflictError(Text(*told))
    now = office_of(session).clock()
    last = session.scalar(select(func.max(NeedFile.serial)).where(NeedFile.year == now.year))
    need = NeedFile(
        version=1, year=now.year, serial=(last or 0) + 1, book_no=wish.book_no, enterprise_id=about.enterprise_id,
        enterprise_name=about.name, region=about.region, amount=wish.amount, term_months=wish.term_months,
        use=wish.use.strip(), guarantee=wish.guarantee, deadline=wish.deadline, contact=wish.contact.strip(),
        policy=wish.policy, consent={"data": sorted(set(wish.data)), "days": wish.days},
        first_time=about.first_time, state="open", created_at=now, created_by=viewer.user_id,
    )  # fmt: skip
    session.add(need)
    session.flush()
    told_ = {"number": need.number, "amount": need.amount, "policy": need.policy, "consent": need.consent}
    step(session, viewer, need, None, "apply", detail=told_)
    if need.policy:
        _chain(session, viewer, need)
    title = Text(f"新的融资需求 {need.number}", f"a new need {need.number}")
    notices.tell(session, Role.OFFICER, title, f"/needs/{need.id}", "need.new")
    return need


def _check(wish: Wish, today: date, terms: Terms) -> None:
    found = []
    if not 0 < wish.amount <= MOST_AMOUNT:
        found.append(_fault("amount", "金额应大于零", "the amount is above zero"))
    if not 0 < wish.term_months <= 360:
        found.append(_fault("term_months", "期限 1 到 360 个月", "the term is 1 to 360 months"))
    if not wish.use.strip():
        found.append(_fault("use", "请写明资金用途", "say what the money is for"))
    if not wish.contact.strip():
        found.append(_fault("contact", "请写明联系人和电话", "say whom to call"))
    if wish.deadline <= today:
        found.append(_fault("deadline", "最晚用款日期应在今天之后", "the deadline is a day to come"))
    try:
        authorisation.check(wish.data, "loan", wish.days, terms)
    except InputError as error:
        found += error.problems
    if found:
        raise InputError(Text("申请不完整", "the application is not complete"), found)


def _fault(field: str, zh: str, en: str) -> Problem:
    return Problem("need.blank", Text(zh, en), Where(field=field))


def _chain(session: Session, viewer: Viewer, need: NeedFile) -> None:
    """The policy's chain at this firm goes on to `applied`."""
    chain = chains.of_firm(session, need.policy, need.enterprise_id)
    if chain is None or chain.state == "left":
        chain = chains.begin(session, viewer, need.policy, need.enterprise_id, need.enterprise_name, need.region, None)
    chains.advance(session, viewer, chain, "received")
    chains.advance(session, viewer, chain, "answered")
    chains.advance(session, viewer, chain, "applied", note=need.number)
    need.chain_id = chain.id
    session.flush()


def step(
    session: Session, who: Viewer | str, need: NeedFile, offer: NeedOffer | None, act: str, *, note: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write down one step of a need, in the journal too."""
    told = {"offer": offer.id if offer is not None else None, **(detail or {})}
    entry = journal.write(session, who, f"need.{act}", f"need:{need.id}", why=note, detail=told)
    by, name = (who.user_id, who.login) if isinstance(who, Viewer) else (None, who)
    session.add(
        NeedStep(
            need_id=need.id, offer_id=offer.id if offer is not None else None, act=act, at=office_of(session).clock(),
            by=by, who=name, note=note.strip()[:1000], journal_seq=entry.seq,
        )
    )  # fmt: skip
    session.flush()


def recommend(
    session: Session, viewer: Viewer, need_id: int, version: int, suggestions: Collection[Suggestion],
    terms: Terms | None = None, run: int | None = None,
) -> list[NeedOffer]:  # fmt: skip
    """Send a need to banks, in the order of `suggestions`; each may read what the firm consented to. `run` is the job
    of the matching it comes from.

    Raises:
        ConflictError: somebody else changed it, it has ended, or the firm's authorisation has.
    """
    viewer.require(Permission.RUN_MATCHING)
    terms = terms or shipped()
    need = seen(session, viewer, need_id, version)
    if (ends := consent_ends(need, terms)) <= office_of(session).clock():
        raise ConflictError(consent_over(ends))
    asked = {row.institution_id for row in session.scalars(select(NeedOffer).where(NeedOffer.need_id == need.id))}
    fresh = [each for each in suggestions if each.institution_id not in asked]
    chosen = list({each.institution_id: each for each in reversed(fresh)}.values())[::-1]
    if not chosen:
        raise UsageError(Text("没有可推荐的银行产品", "there is no product to recommend"))
    office = office_of(session)
    now, made = office.clock(), []
    for rank, each in enumerate(chosen, len(asked) + 1):
        days = terms.answer(now.date(), each.answer_days)
        offer = NeedOffer(
            version=1, need_id=need.id, institution_id=each.institution_id, institution_name=each.institution_name,
            product=each.product, label_zh=each.label.zh, label_en=each.label.en, rank=rank, cost=each.cost,
            chance=each.chance, reasons=[dict(reason) for reason in each.reasons], state="sent", sent_at=now,
            due_on=now.date() + timedelta(days=days), tool=each.draw.tool if each.draw else "",
            quota=each.draw.amount if each.draw else None,
        )  # fmt: skip
        session.add(offer)
        _consent(session, need, each.institution_id, terms)
        made.append(offer)
    session.flush()
    need.state = "recommended" if need.state in ("open", "unmet", "recommended") else need.state
    need.recommended_at = need.recommended_at or now
    banks = [each.institution_id for each in chosen]
    step(session, viewer, need, None, "recommend", detail={"banks": banks} | ({"run": run} if run else {}))
    title = Text(f"收到融资需求 {need.number}", f"a need has come: {need.number}")
    for bank in banks:
        notices.tell(session, people_of_bank(session, bank), title, f"/needs/{need.id}", "need.sent")
    return made


def consent_ends(need: NeedFile, terms: Terms) -> datetime:
    """When the authorisation ends that the firm gave with its need: it counts from the day of applying."""
    return need.created_at + timedelta(days=min(int(need.consent["days"]), terms.consent_most))


def consent_over(ends: datetime) -> Text:
    """That it has ended."""
    day = f"{ends:%Y-%m-%d}"
    return Text(f"企业的授权已于 {day} 到期", f"the enterprise's authorisation ended on {day}")


def _consent(session: Session, need: NeedFile, institution_id: str, terms: Terms) -> None:
    """The authorisation the firm gave with its need, for this bank, from now."""
    ends = consent_ends(need, terms)
    row = Authorisation(
        enterprise_id=need.enterprise_id, institution_id=institution_id, data=list(need.consent["data"]),
        purpose="loan", need_id=need.id, given_at=office_of(session).clock(), given_by=need.created_by, ends_at=ends,
    )  # fmt: skip
    session.add(row)
    session.flush()
    told = {"institution": institution_id, "data": row.data, "need": need.id, "ends_at": ends, "with": need.number}
    journal.write(session, "system", "authorisation.give", f"authorisation:{row.id}", detail=told)


def seen(session: Session, viewer: Viewer, need_id: int, version: int) -> NeedFile:
    """The need, to be changed by somebody who saw `version`; its version grows."""
    need = find(session, viewer, need_id)
    if need.version != version:
        raise stale(need.number)
    if need.state in ENDED:
        raise ConflictError(Text(f"{need.number} 已结束", f"{need.number} has ended"))
    need.version += 1
    return need


def stale(number: str) -> ConflictError:
    """Somebody else was faster."""
    return ConflictError(
        Text(f"{number} 已被他人更新，请刷新后再办", f"{number} was changed by somebody else; look again, then act")
    )


def withdraw(session: Session, viewer: Viewer, need_id: int, version: int, why: str) -> NeedFile:
    """The firm takes its need back; the banks' offers end, and so does what they may read for it.

    Raises:
        ConflictError: money was lent already, or somebody else changed it.
    """
    own_firm(viewer)
    if not why.strip():
        raise UsageError(Text("请写明撤回理由", "say why it is withdrawn"))
    need = seen(session, viewer, need_id, version)
    now = office_of(session).clock()
    need.state, need.ended_at = "withdrawn", now
    close_offers(session, need)
    for row in session.scalars(select(Authorisation).where(Authorisation.need_id == need.id)).all():
        if authorisation.alive(row, now):
            authorisation.revoke(session, viewer, row.id, why)
    step(session, viewer, need, None, "withdraw", note=why)
    if need.chain_id is not None:
        chain = session.get(PolicyChain, need.chain_id)
        if chain is not None and chain.ended_at is None and chain.lent_at is None:
            chains.end(session, viewer, chain, "declined", note=why)
    return need


def close_offers(session: Session, need: NeedFile, but: int | None = None) -> None:
    """End the offers that are under way, `but` one: the need was met elsewhere or given up."""
    going = select(NeedOffer).where(NeedOffer.need_id == need.id, NeedOffer.state.in_(OPEN_OFFERS))
    for offer in session.scalars(going).all():
        if offer.id != but:
            offer.state, offer.ended_at, offer.due_on = "lapsed", office_of(session).clock(), None
            offer.version += 1
