"""Audits of funded loans: draw a sample, write down what was found, project it to the whole."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import audit
from houfeng.clock import parse_day
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.pages.claims.asking import REASON, money
from houfeng_desk.queries.claims import drawing
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, number_field, page, see_other

router = APIRouter()
SEE = allowed(Permission.DECIDE_CLAIMS, Permission.APPROVE)
DECIDE = allowed(Permission.DECIDE_CLAIMS)
DAY = Text("日期", "Day")


@router.get("/claims/audit", name="claims_audit", dependencies=[SEE])
def audits(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The audits of the viewer's scope, and the form of a new one."""
    today = desk.clock().date()
    with desk.office.read() as session:
        return page(
            request,
            "claims/audits.html",
            audits=audit.audits(session, viewer),
            methods=audit.METHODS,
            tools={one.name: one.label for one in drawing.tools(desk)},
            first=today.replace(month=1, day=1),
            today=today,
        )


@router.post("/claims/audit", dependencies=[DECIDE])
def make(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Draw a sample."""
    with desk.office.begin() as session:
        made = audit.make(
            session,
            viewer,
            instrument=field(request, "tool", most=80),
            institution_id=field(request, "bank", most=60),
            first=parse_day(field(request, "first", most=20, label=DAY)),
            last=parse_day(field(request, "last", most=20, label=DAY)),
            method=field(request, "method", most=20),
            size=number_field(request, "size", Text("样本量", "Size")),
            seed=number_field(request, "seed", Text("种子", "Seed")),
            why=field(request, "why", label=REASON),
        )
    flash(request, Text("样本已抽取", "the sample is drawn"))
    return see_other(f"/claims/audit/{made.id}")


@router.get("/claims/audit/{audit_id:int}", name="claim_audit", dependencies=[SEE])
def one(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, audit_id: int) -> Response:
    """One audit: its loans, what was found, what it says of the whole."""
    with desk.office.read() as session:
        found = audit.find(session, viewer, audit_id)
        rows = audit.samples(session, found)
        names = drawing.names_of(reader, [line.borrower_id for _, line, _ in rows])
        return page(
            request,
            "claims/audit.html",
            audit=found,
            rows=rows,
            names=names,
            methods=audit.METHODS,
            outcomes=audit.OUTCOMES,
            left=sum(sample.outcome == "todo" for sample, _, _ in rows),
            projection=found.projection,
            decimal=Decimal,
        )


@router.post("/claims/audit/{audit_id:int}/samples/{sample_id:int}", dependencies=[DECIDE])
def record(request: Request, desk: DeskDep, viewer: ViewerDep, audit_id: int, sample_id: int) -> Response:
    """What was found on one loan."""
    outcome = field(request, "outcome", most=10)
    error = money(request, "error", Text("多领金额", "Too much")) if field(request, "error") else Decimal("0.00")
    with desk.office.begin() as session:
        audit.record(session, viewer, audit_id, sample_id, outcome, error, field(request, "note", most=1000))
    return see_other(f"/claims/audit/{audit_id}#s-{sample_id}")


@router.post("/claims/audit/{audit_id:int}/close", dependencies=[DECIDE])
def close(request: Request, desk: DeskDep, viewer: ViewerDep, audit_id: int) -> Response:
    """Project it to the whole."""
    with desk.office.begin() as session:
        audit.close(session, viewer, audit_id, field(request, "why", label=REASON))
    flash(request, Text("审计已结束，结果已推断到总体", "closed; the finding is projected to the whole"))
    return see_other(f"/claims/audit/{audit_id}")
