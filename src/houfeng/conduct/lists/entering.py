"""Entering a list: grounds and evidence, notice, time to object, an answer, a second person's signature.

Nobody is listed for punishment on an alert alone: it takes a document of the authority that found it, and at least one
fact of the book.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from houfeng.claims.files import months_later
from houfeng.conduct.disputes.filing import Firm
from houfeng.conduct.lists.life import GROUNDS, LISTS, PUNISHMENT, PUT, SIGNED, Ground, State
from houfeng.conduct.steps import all_of, of_firm, reason, same_version, serial, step
from houfeng.conduct.tables import Listing
from houfeng.conduct.terms import Terms, terms_on
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, Problem, Text, Where
from houfeng.office import approvals, notices
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import own_firm, people_of_firm
from houfeng.office.scope import covers, in_regions
from houfeng.office.tables import Approval


@dataclass(frozen=True)
class Basis:
    """What an entry rests on: the ground, the document of the authority, facts of the book and alerts."""

    ground: str
    authority: str
    document_no: str
    document_on: date | None
    evidence: Sequence[Mapping[str, Any]]


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on entries. Who is on a list may be known by all who apply it; what is only noticed, by the office
    of the region and by the firm itself."""
    parts = [*of_firm(viewer, Listing.enterprise_id)]
    if viewer.scope.institutions is not None:
        parts.append(Listing.state == State.LISTED)
    elif viewer.scope.regions is not None:
        parts.append(or_(Listing.state == State.LISTED, and_(*in_regions(viewer.scope.regions, Listing.region))))
    return all_of(parts)


def find(session: Session, viewer: Viewer, listing_id: int) -> Listing:
    """The entry of that number.

    Raises:
        NotFoundError: there is none in the viewer's scope.
    """
    if viewer.scope.enterprise is None or not viewer.may(Permission.SEE_OWN_FIRM):
        viewer.require(Permission.SEE_CONDUCT)
    found = session.scalars(select(Listing).where(Listing.id == listing_id, visible(viewer))).one_or_none()
    if found is None:
        raise NotFoundError(Text(f"没有名单条目 {listing_id}", f"there is no entry {listing_id}"))
    return found


def officer(session: Session, viewer: Viewer, listing_id: int, version: int, *states: State) -> Listing:
    """The entry, to be moved by an officer of its region who saw `version`.

    Raises:
        AccessError: it is of another region, or the viewer is of a bank or a firm.
        ConflictError: it is in another state, waits for a signature, or has changed.
    """
    viewer.require(Permission.WORK_CONDUCT)
    entry = find(session, viewer, listing_id)
    inside = select(Listing.id).where(Listing.id == entry.id, *in_regions(viewer.scope.regions, Listing.region))
    if viewer.scope.institutions is not None or session.scalars(inside).first() is None:
        raise AccessError(Text("不在您的辖区", "it is not of your region"))
    _in_state(entry, *states)
    same_version(entry, version)
    return entry


def _in_state(entry: Listing, *states: State) -> None:
    if entry.approval_id is not None:
        raise ConflictError(Text(f"{entry.number} 正待签批", f"{entry.number} waits for a signature"))
    if State(entry.state) not in states:
        raise ConflictError(Text(f"{entry.number} 现在不能这样办", f"{entry.number} cannot be moved so now"))


def propose(
    session: Session, viewer: Viewer, firm: Firm, basis: Basis, why: str, terms: Terms | None = None
) -> Listing:
    """Give notice of an entry; the firm may object until the notice ends.

    Raises:
        InputError: the basis is not complete; all of it is told.
        ConflictError: the firm is on that list for this ground, or an entry is under way.
    """
    viewer.require(Permission.WORK_CONDUCT)
    if viewer.scope.institutions is not None or viewer.scope.enterprise is not None:
        raise AccessError(Text("须由主管部门办理", "only the office may do this"))
    if not covers(viewer.scope.regions, firm.region):
        raise AccessError(Text("不在您的辖区", "it is not of your region"))
    ground = _checked(basis)
    why = reason(why)
    open_ = select(Listing.id).where(
        Listing.enterprise_id == firm.id, Listing.ground == ground.name,
        Listing.state.in_([State.NOTICED, State.LISTED]),
    )  # fmt: skip
    if session.scalars(open_).first() is not None:
        raise ConflictError(Text("该企业已因同一事由在名单上或正在办理", "an entry for this ground is there already"))
    now = office_of(session).clock()
    terms = terms or terms_on(now.date())
    days = terms.number("notice_days" if ground.list_kind == PUNISHMENT else "publish_days")
    entry = Listing(
        year=now.year, serial=serial(session, Listing, now.year), list_kind=ground.list_kind, ground=ground.name,
        level=ground.level, enterprise_id=firm.id, enterprise_name=firm.name, region=firm.region,
        authority=basis.authority.strip(), document_no=basis.document_no.strip(), document_on=basis.document_on,
        why=why, evidence=[dict(one) for one in basis.evidence], state=State.NOTICED, proposed_at=now,
        proposed_by=viewer.user_id, objection_until=now.date() + timedelta(days=days), repair={},
    )  # fmt: skip
    session.add(entry)
    session.flush()
    told = {"list": entry.list_kind, "ground": ground.name, "document": entry.document_no, "evidence": entry.evidence}
    step(session, viewer, entry, "notice", State.NOTICED, why, told)
    title = Text(
        f"{entry.number}：拟列入{LISTS[entry.list_kind].zh}，{entry.objection_until} 前可陈述申辩",
        f"{entry.number}: notice of entry, you may object until {entry.objection_until}",
    )
    notices.tell(session, people_of_firm(session, firm.id), title, f"/mine/lists/{entry.id}", "listing.notice")
    return entry


def _checked(basis: Basis) -> Ground:
    ground = GROUNDS.get(basis.ground)
    if ground is None:
        raise InputError(Text("请选择事由", "choose a ground"))
    found = []
    if not basis.authority.strip():
        found.append(_blank("authority", "请填写认定部门", "say which authority found it"))
    if ground.list_kind == PUNISHMENT:
        if not basis.document_no.strip():
            found.append(
                _blank("document_no", "列入惩戒名单须有认定文书文号", "punishment needs the document's number")
            )
        if basis.document_on is None:
            found.append(_blank("document_on", "请填写文书日期", "say the day of the document"))
        if not any(one.get("kind") and one["kind"] != "alert" for one in basis.evidence):
            told = ("请至少选择一条账簿事实作为证据；预警只是线索", "choose at least one fact; an alert is only a clue")
            found.append(_blank("evidence", *told))
    if found:
        raise InputError(Text("列入依据不完整", "the basis of the entry is not complete"), found)
    return ground


def _blank(field: str, zh: str, en: str) -> Problem:
    return Problem("listing.basis", Text(zh, en), Where(field=field))


def object_(session: Session, viewer: Viewer, listing_id: int, version: int, text: str) -> Listing:
    """The firm states its case against the notice, while there is time.

    Raises:
        ConflictError: the time has passed, or it has objected.
    """
    own_firm(viewer)
    entry = find(session, viewer, listing_id)
    _in_state(entry, State.NOTICED)
    today = office_of(session).clock().date()
    if today > entry.objection_until:
        raise ConflictError(Text(f"陈述申辩期已于 {entry.objection_until} 届满", "the time to object has passed"))
    if entry.objection:
        raise ConflictError(Text("已提交陈述申辩", "an objection is there already"))
    same_version(entry, version)
    entry.objection, entry.objected_at = reason(text), office_of(session).clock()
    step(session, viewer, entry, "object", State.NOTICED, entry.objection)
    title = Text(f"{entry.number} 收到陈述申辩", f"{entry.number}: an objection came in")
    notices.tell(session, Role.OFFICER, title, f"/lists/{entry.id}", "listing.object")
    return entry


def answer(session: Session, viewer: Viewer, listing_id: int, version: int, text: str) -> Listing:
    """The office answers an objection; without an answer nobody is listed."""
    entry = officer(session, viewer, listing_id, version, State.NOTICED)
    if not entry.objection or entry.objection_answer:
        raise ConflictError(Text("没有待答复的陈述申辩", "no objection waits for an answer"))
    entry.objection_answer = reason(text)
    step(session, viewer, entry, "answer", State.NOTICED, entry.objection_answer)
    title = Text(f"{entry.number}：陈述申辩已答复", f"{entry.number}: your objection is answered")
    notices.tell(session, people_of_firm(session, entry.enterprise_id), title, f"/mine/lists/{entry.id}", "listing")
    return entry


def drop(session: Session, viewer: Viewer, listing_id: int, version: int, why: str) -> Listing:
    """The notice is taken back: the firm is not listed."""
    entry = officer(session, viewer, listing_id, version, State.NOTICED)
    step(session, viewer, entry, "drop", State.DROPPED, reason(why))
    title = Text(f"{entry.number}：不予列入", f"{entry.number}: not listed")
    notices.tell(session, people_of_firm(session, entry.enterprise_id), title, f"/mine/lists/{entry.id}", "listing")
    return entry


def put(session: Session, viewer: Viewer, listing_id: int, version: int, why: str) -> Listing:
    """Put the entry forward for a signature, once the time to object is over and an objection is answered.

    Raises:
        ConflictError: the firm still has time, or waits for an answer.
    """
    entry = officer(session, viewer, listing_id, version, State.NOTICED)
    today = office_of(session).clock().date()
    if today <= entry.objection_until:
        told = Text(f"陈述申辩期至 {entry.objection_until}", f"there is time to object until {entry.objection_until}")
        raise ConflictError(told)
    if entry.objection and not entry.objection_answer:
        raise ConflictError(Text("请先答复陈述申辩", "answer the objection first"))
    ask_signature(session, viewer, entry, PUT, why)
    return entry


def ask_signature(session: Session, viewer: Viewer, entry: Listing, what: str, why: str) -> None:
    """Put a move forward; the entry waits."""
    label, listed = SIGNED[what], LISTS[entry.list_kind]
    title = Text(
        f"{label.zh}：{entry.number} {entry.enterprise_name}（{listed.zh}）",
        f"{label.en}: {entry.number} {entry.enterprise_name} ({listed.en})",
    )
    told = {"listing": entry.id, "link": f"/lists/{entry.id}", "ground": entry.ground}
    made = approvals.propose(session, viewer, f"listing.{what}", f"listing:{entry.id}", title, told, reason(why))
    entry.approval_id = made.id
    session.flush()


def free(session: Session, approval: Approval) -> Listing:
    """The entry a decision is about, which no longer waits.

    Raises:
        ConflictError: it does not wait for this.
    """
    entry = session.get(Listing, int(approval.detail["listing"]))
    if entry is None or entry.approval_id != approval.id:
        raise ConflictError(Text("名单条目上没有这个待签批事项", "the entry does not wait for this"))
    entry.approval_id = None
    entry.version += 1
    return entry


def sees(session: Session, approval: Approval, viewer: Viewer) -> bool:
    """Whether the entry lies in the viewer's regions; banks and firms sign nothing."""
    if viewer.scope.institutions is not None or viewer.scope.enterprise is not None:
        return False
    wanted = select(Listing.id).where(Listing.id == int(approval.detail["listing"]))
    return session.scalars(wanted.where(*in_regions(viewer.scope.regions, Listing.region))).first() is not None


def not_signed(session: Session, approval: Approval, who: Viewer | str) -> None:
    """As if nothing had been put forward."""
    entry = free(session, approval)
    step(session, who, entry, "unsigned", entry.state, approval.decision)


def _signed(session: Session, approval: Approval, who: Viewer | str) -> None:
    """The firm is listed from today on, for as long as the terms of today say."""
    entry = free(session, approval)
    today = office_of(session).clock().date()
    terms = terms_on(today)
    if entry.list_kind == PUNISHMENT:
        entry.until = months_later(today, terms.number(f"{entry.level}_most_months"))
        least = f"{entry.level}_least_months"
        entry.least_until = months_later(today, terms.number(least)) if entry.level != "slight" else today
    else:
        entry.until = months_later(today, terms.number("incentive_months"))
    entry.listed_on = today
    step(session, who, entry, "list", State.LISTED, approval.decision, {"until": entry.until})
    listed = LISTS[entry.list_kind]
    title = Text(f"{entry.number}：已列入{listed.zh}，至 {entry.until}", f"{entry.number}: listed until {entry.until}")
    notices.tell(session, people_of_firm(session, entry.enterprise_id), title, f"/mine/lists/{entry.id}", "listing")


approvals.register(f"listing.{PUT}", _signed, not_signed, sees)
