"""Acts on a case, one address each: moves, signatures, owners, members, findings, measures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import files, moving, parties
from houfeng.cases.plan import commitments, versions
from houfeng.cases.plan.measures import amount_in_yuan
from houfeng.cases.states import MOVES
from houfeng.clock import parse_day
from houfeng.errors import InputError, Text
from houfeng.office.access import Permission
from houfeng.office.alerts import reading
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, number_field, see_other

router = APIRouter()
WORK = allowed(Permission.WORK_CASES)
SIGN = allowed(Permission.APPROVE)
REASON = Text("理由", "Reason")
VERSION = Text("版本", "Version")


def back(case_id: int, tab: str = "") -> Response:
    """To the page of the case."""
    return see_other(f"/cases/{case_id}" + (f"?tab={tab}" if tab else ""))


def version_of(request: Request) -> int:
    """The version of the case the person saw."""
    return number_field(request, "version", VERSION)


def money(request: Request, name: str, label: Text) -> Decimal | None:
    """An amount in 万元, as yuan.

    Raises:
        InputError: it is no amount.
    """
    text = field(request, name, most=40)
    try:
        return amount_in_yuan(text)
    except ValueError:
        raise InputError(Text(f"“{label.zh}”不是金额：{text}", f"“{label.en}” is no amount: {text}")) from None


def a_day(request: Request, name: str) -> date | None:
    """A day, or nothing where the blank is empty."""
    text = field(request, name, most=20)
    return parse_day(text) if text else None


@router.post("/cases/{case_id:int}/move", dependencies=[WORK])
def move(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Make or propose a move."""
    name = field(request, "move", most=20, label=Text("动作", "Move"))
    with desk.office.begin() as session:
        case = moving.move(session, viewer, case_id, version_of(request), name, field(request, "why", label=REASON))
        proposed = case.approval_id is not None
    label = MOVES[name].label
    done, asked = Text(f"已{label.zh}", f"done: {label.en}"), Text(f"已送签：{label.zh}", f"put forward: {label.en}")
    flash(request, asked if proposed else done)
    return back(case_id)


@router.post("/cases/{case_id:int}/sign", dependencies=[SIGN])
def sign(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Sign or refuse what waits."""
    approve = field(request, "decision", most=10) == "approve"
    with desk.office.begin() as session:
        moving.sign(session, viewer, case_id, version_of(request), approve, field(request, "why", label=REASON))
    flash(request, Text("已签批", "signed") if approve else Text("已退回", "sent back"))
    return back(case_id)


@router.post("/cases/{case_id:int}/withdraw", dependencies=[WORK])
def withdraw(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Take back what was put forward."""
    with desk.office.begin() as session:
        moving.withdraw(session, viewer, case_id, version_of(request), field(request, "why", label=REASON))
    flash(request, Text("已撤回", "taken back"))
    return back(case_id)


@router.post("/cases/{case_id:int}/assign", dependencies=[WORK])
def assign(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Give the case an owner."""
    owner = number_field(request, "owner", Text("承办人", "Owner"))
    with desk.office.begin() as session:
        parties.assign(session, viewer, case_id, version_of(request), owner, field(request, "why", label=REASON))
    flash(request, Text("承办人已确定", "the owner is named"))
    return back(case_id)


@router.post("/cases/{case_id:int}/finding", dependencies=[WORK])
def finding(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Say what verification found."""
    text = field(request, "finding", label=Text("核实情况", "Finding"))
    with desk.office.begin() as session:
        files.write_finding(session, viewer, case_id, version_of(request), text)
    flash(request, Text("核实情况已保存", "the finding is saved"))
    return back(case_id)


@router.post("/cases/{case_id:int}/outcome", dependencies=[WORK])
def outcome(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Say what became of it."""
    name = field(request, "outcome", most=20, label=Text("处置结果", "Outcome"))
    recovered = money(request, "recovered", Text("收回金额", "Recovered"))
    note = field(request, "note", label=Text("说明", "Note"))
    with desk.office.begin() as session:
        files.write_outcome(session, viewer, case_id, version_of(request), name, note, recovered)
    flash(request, Text("处置结果已保存", "the outcome is saved"))
    return back(case_id)


@router.post("/cases/{case_id:int}/members", dependencies=[WORK])
def add_member(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Put somebody on the task force or the committee."""
    with desk.office.begin() as session:
        parties.add_member(
            session, viewer, case_id, version_of(request),
            part=field(request, "part", most=20),
            name=field(request, "name", most=80, label=Text("姓名", "Name")),
            organisation=field(request, "organisation", most=200),
            institution_id=field(request, "institution", most=60),
            phone=field(request, "phone", most=40),
        )  # fmt: skip
    flash(request, Text("成员已增加", "the member is added"))
    return back(case_id)


@router.post("/cases/{case_id:int}/members/{member_id:int}/end", dependencies=[WORK])
def end_member(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int, member_id: int) -> Response:
    """A member leaves."""
    why = field(request, "why", label=REASON)
    with desk.office.begin() as session:
        parties.end_member(session, viewer, case_id, version_of(request), member_id, why)
    return back(case_id)


@router.post("/cases/{case_id:int}/alerts", dependencies=[WORK])
def attach(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Add alerts to the case."""
    ids = [str(value) for value in form_of(request).getlist("alert")][:100]
    with desk.office.begin() as session:
        alerts = [reading.find(session, viewer.scope, name) for name in ids if name]
        number = files.attach(
            session, viewer, case_id, version_of(request), alerts, field(request, "why", label=REASON)
        )
    flash(request, Text(f"并入 {number} 条预警", f"{number} alerts attached"))
    return back(case_id)


@router.post("/cases/{case_id:int}/votes", dependencies=[WORK])
def vote(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Record what a creditor said."""
    institution = field(request, "institution", most=60, label=Text("机构", "Institution"))
    with desk.office.begin() as session:
        versions.record_vote(
            session, viewer, case_id, version_of(request), institution, field(request, "vote", most=10),
            field(request, "note", most=2000),
        )  # fmt: skip
    flash(request, Text("表决已登记", "the vote is recorded"))
    return back(case_id, "plan")


@router.post("/cases/{case_id:int}/measures/{measure_id:int}", dependencies=[WORK])
def measure(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int, measure_id: int) -> Response:
    """A measure is done, with proof, or dropped."""
    proof = field(request, "proof", most=18)
    with desk.office.begin() as session:
        versions.settle_measure(
            session, viewer, case_id, version_of(request), measure_id, field(request, "state", most=10),
            field(request, "note", most=2000),
            done_on=a_day(request, "done_on"),
            done_amount=money(request, "done_amount", Text("完成金额", "Amount done")),
            proof_id=int(proof) if proof.isascii() and proof.isdigit() else None,
        )  # fmt: skip
    flash(request, Text("措施进展已登记", "the measure is settled"))
    return back(case_id, "measures")


@router.post("/cases/{case_id:int}/findings/{finding_id:int}", dependencies=[WORK])
def settle(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int, finding_id: int) -> Response:
    """How a broken commitment was dealt with."""
    with desk.office.begin() as session:
        commitments.settle(
            session, viewer, case_id, version_of(request), finding_id, field(request, "why", label=REASON)
        )
    flash(request, Text("已登记处理情况", "settled"))
    return back(case_id, "measures")
