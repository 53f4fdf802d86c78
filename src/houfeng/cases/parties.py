"""Who works on a case: its owner, the task force (专班), the creditor committee (债委会)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases.files import mine, reason, seen
from houfeng.cases.tables import CaseFile, CaseMember
from houfeng.errors import AccessError, NotFoundError, Text, UsageError
from houfeng.office import journal, notices
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.scope import covers
from houfeng.office.tables import User

PARTS: Mapping[str, Text] = {
    "lead": Text("专班牵头人", "Lead of the task force"),
    "task_force": Text("专班成员", "Task force"),
    "creditor": Text("债委会成员", "Creditor committee"),
}


def assign(session: Session, viewer: Viewer, case_id: int, version: int, owner_id: int, why: str) -> CaseFile:
    """Give the case an owner: an officer whose scope holds it. The owner, an approver, or an officer may."""
    viewer.require(Permission.WORK_CASES)
    case = seen(session, viewer, case_id, version)
    why = reason(why)
    if case.owner_id is not None and viewer.user_id != case.owner_id and not viewer.may(Permission.APPROVE):
        raise AccessError(Text("只有承办人或审批人可以移交", "only the owner or an approver may hand it over"))
    user = session.get(User, owner_id)
    if user is None or not _may_own(user, case):
        raise UsageError(
            Text("承办人须是辖区内在用的经办员", "the owner must be an active officer whose scope holds the case")
        )
    before, case.owner_id = case.owner_id, owner_id
    told = {"from": before, "to": owner_id}
    journal.write(session, viewer, "case.assign", f"case:{case.id}", why=why, detail=told)
    title = Text(f"{case.number} 由您承办：{case.title}", f"{case.number} is yours: {case.title}")
    notices.tell(session, [owner_id], title, f"/cases/{case.id}", "case.assign", told, but=viewer.user_id)
    return case


def _may_own(user: User, case: CaseFile) -> bool:
    officer = any(role.role == Role.OFFICER for role in user.roles)
    return user.active and officer and covers(user.regions, case.region)


def officers(session: Session, case: CaseFile) -> list[User]:
    """Who may own the case, by name."""
    people = session.scalars(select(User).where(User.active).order_by(User.name)).all()
    return [user for user in people if _may_own(user, case)]


def add_member(
    session: Session, viewer: Viewer, case_id: int, version: int, *,
    part: str, name: str, organisation: str = "", institution_id: str = "", phone: str = "",
) -> CaseMember:  # fmt: skip
    """Put somebody on the task force or the committee."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    if part not in PARTS or not name.strip() or (part == "creditor" and not institution_id):
        raise UsageError(
            Text("请填写成员姓名、身份；债委会成员须选机构", "give name and part; a creditor its institution")
        )
    member = CaseMember(
        case_id=case.id, part=part, name=name.strip()[:80], organisation=organisation.strip()[:200],
        institution_id=institution_id, phone=phone.strip()[:40], since=office_of(session).clock(),
    )  # fmt: skip
    session.add(member)
    told: dict[str, Any] = {"part": part, "name": member.name, "institution": institution_id}
    journal.write(session, viewer, "case.member", f"case:{case.id}", detail=told)
    return member


def end_member(session: Session, viewer: Viewer, case_id: int, version: int, member_id: int, why: str) -> None:
    """A member leaves."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    member = session.get(CaseMember, member_id)
    if member is None or member.case_id != case.id or member.until is not None:
        raise NotFoundError(Text("没有这位成员", "there is no such member"))
    member.until = office_of(session).clock()
    journal.write(session, viewer, "case.member_left", f"case:{case.id}", why=reason(why), detail={"name": member.name})


def members(session: Session, case_id: int) -> list[CaseMember]:
    """Who sits on it now: the lead, the task force, the committee."""
    rows = session.scalars(
        select(CaseMember).where(CaseMember.case_id == case_id, CaseMember.until.is_(None)).order_by(CaseMember.id)
    )
    return sorted(rows, key=lambda member: (list(PARTS).index(member.part), member.id))
