"""What is done on a case: begun, signed, given an owner; findings, members, alerts, the outcome."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from houfeng.cases import files, moving, parties
from houfeng.cases.parties import PARTS
from houfeng.cases.plan import commitments
from houfeng.cases.states import OUTCOMES
from houfeng.cases.tables import CaseFile
from houfeng.cases.terms import shipped
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done
from houfeng_desk.pages.cases.board import about_of, alerts_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("cases")
WORK = [allowed(Permission.WORK_CASES)]
ONE = "/cases/{case_id}"


class Begun(BaseModel):
    """A new case. With `join`, alerts go into the case of that type that lives already, if one does."""

    enterprise_id: str = Field(min_length=1, max_length=60)
    type: str = Field(max_length=40, description=f"One of {', '.join(shipped().types)}.")
    title: str = Field(min_length=1, max_length=200)
    clue: str = Field("", max_length=4000)
    why: str = Field(min_length=1, max_length=4000)
    alerts: list[str] = Field(default_factory=list, max_length=100)
    informant: str = Field("", max_length=200, description="Confidential.")
    join: bool = False


@router.post("/cases", operation_id="begin_case", dependencies=WORK)
def begin(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, asked: Begun) -> dict[str, Any]:
    """Begin a case about a firm, by hand or from its alerts."""
    about = about_of(reader, asked.enterprise_id)
    with desk.office.begin() as session:
        alerts = alerts_of(session, viewer, asked.alerts)
        held = files.live_case(session, asked.enterprise_id, asked.type)
        if held is not None and alerts and asked.join:
            files.attach(session, viewer, held.id, held.version, alerts, asked.why)
            return _told(held) | {"joined": True}
        case = files.begin(
            session, viewer, about, asked.type, asked.title, asked.clue,
            why=asked.why, alerts=alerts, informant=asked.informant,
        )  # fmt: skip
        return _told(case) | {"joined": False}


def _told(case: CaseFile) -> dict[str, Any]:
    return {"id": case.id, "number": case.number, "version": case.version, "state": case.state}


class Act(BaseModel):
    """An act with its reason. `version` is that of the case as the asker saw it: if it has moved, nothing happens."""

    version: int
    why: str = Field(min_length=1, max_length=4000)


class Signed(Act):
    """A signature, or none."""

    approve: bool


@router.post(f"{ONE}/sign", operation_id="sign_case", dependencies=[allowed(Permission.APPROVE)])
def sign(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Signed) -> dict[str, Any]:
    """Sign or refuse what waits on the case; never what one has put forward oneself."""
    with desk.office.begin() as session:
        moving.sign(session, viewer, case_id, asked.version, asked.approve, asked.why)
        return _told(files.find(session, viewer, case_id))


@router.post(f"{ONE}/withdraw", operation_id="withdraw_move", dependencies=WORK)
def withdraw(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Act) -> dict[str, Any]:
    """Take back what was put forward."""
    with desk.office.begin() as session:
        moving.withdraw(session, viewer, case_id, asked.version, asked.why)
        return _told(files.find(session, viewer, case_id))


class Owner(Act):
    """Whose case it is."""

    login: str = Field(min_length=1, max_length=80)


@router.put(f"{ONE}/owner", operation_id="assign_case", dependencies=WORK)
def assign(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Owner) -> dict[str, Any]:
    """Give the case an owner."""
    with desk.office.begin() as session:
        fitting = parties.officers(session, files.find(session, viewer, case_id))
        owner = next((one.id for one in fitting if one.login == asked.login), 0)  # 0 is refused as nobody fitting
        return _told(parties.assign(session, viewer, case_id, asked.version, owner, asked.why))


class Found(BaseModel):
    """What verification found."""

    version: int
    text: str = Field(min_length=1, max_length=4000)


@router.put(f"{ONE}/finding", operation_id="write_finding", dependencies=WORK)
def finding(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Found) -> dict[str, Any]:
    """Say what verification found."""
    with desk.office.begin() as session:
        return _told(files.write_finding(session, viewer, case_id, asked.version, asked.text))


class Ended(BaseModel):
    """What became of it."""

    version: int
    outcome: str = Field(max_length=20, description=f"One of {', '.join(OUTCOMES)}.")
    note: str = Field(min_length=1, max_length=4000)
    recovered: Decimal | None = Field(None, ge=0, max_digits=20, decimal_places=2, description="Yuan.")


@router.put(f"{ONE}/outcome", operation_id="write_outcome", dependencies=WORK)
def outcome(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Ended) -> dict[str, Any]:
    """Say what became of it."""
    with desk.office.begin() as session:
        return _told(
            files.write_outcome(session, viewer, case_id, asked.version, asked.outcome, asked.note, asked.recovered)
        )


class Member(BaseModel):
    """Somebody of the task force or the committee; the phone is confidential."""

    version: int
    part: str = Field(max_length=20, description=f"One of {', '.join(PARTS)}.")
    name: str = Field(min_length=1, max_length=80)
    organisation: str = Field("", max_length=200)
    institution_id: str = Field("", max_length=60)
    phone: str = Field("", max_length=40)


@router.post(f"{ONE}/members", operation_id="add_member", dependencies=WORK)
def add_member(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Member) -> dict[str, Any]:
    """Put somebody on the task force or the committee."""
    with desk.office.begin() as session:
        made = parties.add_member(
            session, viewer, case_id, asked.version,
            part=asked.part, name=asked.name, organisation=asked.organisation,
            institution_id=asked.institution_id, phone=asked.phone,
        )  # fmt: skip
        return _told(files.find(session, viewer, case_id)) | {"member": made.id}


@router.post(f"{ONE}/members/{{member_id}}/end", operation_id="end_member", dependencies=WORK)
def end_member(desk: DeskDep, viewer: ViewerDep, case_id: int, member_id: int, asked: Act) -> Done:
    """A member leaves."""
    with desk.office.begin() as session:
        parties.end_member(session, viewer, case_id, asked.version, member_id, asked.why)
    return done(Text("成员已退出", "the member has left"))


class Attached(Act):
    """Which alerts."""

    alerts: list[str] = Field(min_length=1, max_length=100)


@router.post(f"{ONE}/alerts", operation_id="attach_alerts", dependencies=WORK)
def attach(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Attached) -> Done:
    """Add alerts to the case."""
    with desk.office.begin() as session:
        alerts = alerts_of(session, viewer, asked.alerts)
        number = files.attach(session, viewer, case_id, asked.version, alerts, asked.why)
    return done(Text(f"并入 {number} 条预警", f"{number} alerts attached"))


@router.post(f"{ONE}/findings/{{finding_id}}", operation_id="settle_finding", dependencies=WORK)
def settle(desk: DeskDep, viewer: ViewerDep, case_id: int, finding_id: int, asked: Act) -> Done:
    """How a broken commitment was dealt with."""
    with desk.office.begin() as session:
        commitments.settle(session, viewer, case_id, asked.version, finding_id, asked.why)
    return done(Text("已登记处理情况", "settled"))
