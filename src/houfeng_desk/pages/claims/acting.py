"""What the office does on a claim: decide loan by loan, pay, extend, record repayment, recall."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import files
from houfeng.claims.acts import bans, deciding, funding, recalling
from houfeng.claims.life import LineState
from houfeng.clock import parse_day
from houfeng.errors import ConflictError, InputError, Text
from houfeng.matching.delivery.claims import follow
from houfeng.office import approvals
from houfeng.office.access import Permission, Viewer
from houfeng_desk.pages.claims.asking import REASON, back, version_of
from houfeng_desk.queries.claims import drawing
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, see_other

router = APIRouter()
DECIDE = allowed(Permission.DECIDE_CLAIMS)
SIGN = allowed(Permission.APPROVE)
DAY = Text("日期", "Day")


@router.post("/claims/{claim_id:int}/decide", dependencies=[DECIDE])
def decide(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Accept all loans that are asked for but those with a reason beside them."""
    with desk.office.begin() as session:
        refusals = _refusals(request)
        refusals |= _named(request, {line.key: line.id for line in files.lines(session, claim_id, LineState.ASKED)})
        why = field(request, "why", label=REASON)
        claim = deciding.decide(session, viewer, claim_id, version_of(request), refusals, why)
        waits = claim.approval_id is not None
    done, asked = Text("已作出审核决定", "decided"), Text("已送签批，额度已冻结", "put forward; the quota is frozen")
    flash(request, asked if waits else done)
    return back(claim_id)


def _refusals(request: Request) -> dict[int, str]:
    """The fields beside the loans that were filled in."""
    found = {}
    for name, value in form_of(request).multi_items():
        number = name.removeprefix("refuse-")
        if name.startswith("refuse-") and number.isascii() and number.isdigit() and str(value).strip():
            found[int(number)] = field(request, name, most=300)
    return found


def _named(request: Request, known: dict[tuple[str, str, str], int]) -> dict[int, str]:
    """Loans refused by name: one a line, contract, note and reason with blanks between."""
    found = {}
    by_two = {(contract, note): number for (contract, note, _), number in known.items()}
    for text in field(request, "others", most=4000).splitlines():
        parts = text.split(maxsplit=2)
        if not parts:
            continue
        number = by_two.get((parts[0], parts[1])) if len(parts) == 3 else None
        if number is None:
            raise InputError(Text(f"看不懂这一行：{text[:80]}", f"this line is not understood: {text[:80]}"))
        found[number] = parts[2][:300]
    return found


@router.post("/claims/{claim_id:int}/sign", dependencies=[SIGN])
def sign(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Sign or refuse what waits on the claim."""
    approve = field(request, "decision", most=10) == "approve"
    with desk.office.begin() as session:
        waits = waiting_of(session, viewer, claim_id, version_of(request))
        approvals.decide(session, viewer, waits, approve, field(request, "why", label=REASON))
    flash(request, Text("已签批", "signed") if approve else Text("已退回", "sent back"))
    return back(claim_id)


def waiting_of(session: Session, viewer: Viewer, claim_id: int, version: int) -> int:
    """What waits for a signature on a claim that is as the viewer saw it.

    Raises:
        ConflictError: nothing, or the claim has moved.
    """
    claim = files.find(session, viewer, claim_id)
    if claim.approval_id is None or claim.version != version:
        raise ConflictError(Text("没有待签批的事项，或已更新", "nothing waits for a signature, or it has changed"))
    return claim.approval_id


@router.post("/claims/{claim_id:int}/withdraw", dependencies=[DECIDE])
def withdraw(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Take back what was put forward."""
    with desk.office.begin() as session:
        claim = files.find(session, viewer, claim_id)
        if claim.approval_id is None:
            raise ConflictError(Text("没有可撤回的事项", "nothing to take back"))
        approvals.withdraw(session, viewer, claim.approval_id, field(request, "why", label=REASON))
    flash(request, Text("已撤回", "taken back"))
    return back(claim_id)


@router.post("/claims/{claim_id:int}/disburse", dependencies=[DECIDE])
def disburse(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Record that it was paid."""
    day = parse_day(field(request, "day", most=20, label=DAY))
    with desk.office.begin() as session:
        why = field(request, "why", label=REASON)
        funding.disburse(session, viewer, claim_id, version_of(request), day, why)
        follow(session, claim_id)
    flash(request, Text("已登记拨付", "the payment is recorded"))
    return back(claim_id)


@router.post("/claims/{claim_id:int}/extend", dependencies=[DECIDE])
def extend(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Test the loans again on the newest book, and propose another term for those that stand it."""
    with desk.office.read() as session:
        claim = files.find(session, viewer, claim_id)
        funded = files.lines(session, claim_id, LineState.FUNDED)
        failing = drawing.retest(desk, claim, funded, desk.clock().date())
    with desk.office.begin() as session:
        why = field(request, "why", label=REASON)
        funding.extend(session, viewer, claim_id, version_of(request), failing, why)
    flash(
        request,
        Text(
            f"复核 {len(funded)} 笔，{len(failing)} 笔未通过；已送签批",
            f"{len(funded)} loans tested again, {len(failing)} fail; put forward",
        ),
    )
    return back(claim_id)


@router.post("/claims/{claim_id:int}/repay", dependencies=[DECIDE])
def repay(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Record that money came back: of chosen loans, or all."""
    day = parse_day(field(request, "day", most=20, label=DAY))
    chosen = _chosen(request)
    with desk.office.begin() as session:
        why = field(request, "why", label=REASON)
        funding.repay(session, viewer, claim_id, version_of(request), day, why, chosen or None)
    flash(request, Text("已登记归还", "the repayment is recorded"))
    return back(claim_id)


@router.post("/claims/{claim_id:int}/recall", dependencies=[DECIDE])
def recall(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Propose to take money back, and to bar the bank."""
    with desk.office.begin() as session:
        why = field(request, "why", label=REASON)
        ban = field(request, "ban", most=1) == "1"
        recalling.recall(session, viewer, claim_id, version_of(request), _chosen(request), why, ban=ban)
    flash(request, Text("已送签批", "put forward"))
    return back(claim_id)


def _chosen(request: Request) -> list[int]:
    values = [str(value) for value in form_of(request).getlist("loan")]
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 12]


@router.post("/claims/bans/{ban_id:int}/lift", dependencies=[SIGN])
def lift(request: Request, desk: DeskDep, viewer: ViewerDep, ban_id: int) -> Response:
    """End a ban early."""
    with desk.office.begin() as session:
        one = bans.lift(session, viewer, ban_id, field(request, "why", label=REASON))
    flash(request, Text("已解除暂停申报", "the ban is lifted"))
    return see_other(f"/claims/{one.claim_id}" if one.claim_id else "/claims")
