"""Audits of funded loans: draw a sample, write down what was found, project it to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import audit
from houfeng.claims.tables import Claim, ClaimAudit, ClaimLine, ClaimSample
from houfeng.clock import parse_day
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng_desk.lists import Column, Listing, ListRequest, export
from houfeng_desk.pages.claims.asking import REASON, money
from houfeng_desk.queries.claims import drawing
from houfeng_desk.queries.tables.shape import column
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, number_field, page, see_other

router = APIRouter()
SEE = allowed(Permission.DECIDE_CLAIMS, Permission.APPROVE)
DECIDE = allowed(Permission.DECIDE_CLAIMS)
EXPORT = allowed(Permission.EXPORT)
DAY = Text("日期", "Day")
MASKED = "＊＊＊＊"

AUDITS = (
    column("id", "编号", "Number", "number"), column("tool", "工具", "Tool"), column("first", "起", "From", "date"),
    column("last", "止", "To", "date"), column("method", "方法", "Method"),
    column("lines", "总体（笔）", "Loans in all", "number"), column("amount", "总体", "In all", "money"),
    column("seed", "种子", "Seed", "number"), column("state", "状态", "State"),
)  # fmt: skip
SAMPLE = (
    column("claim", "申报号", "Claim", "code"), column("contract_no", "合同号", "Contract", "code"),
    column("note_no", "借据", "Note", "code"), column("bank", "机构", "Institution"),
    column("borrower", "借款人", "Borrower"), column("granted", "核准金额", "Granted", "money"),
    column("why", "为什么抽到", "Why it was drawn"), column("outcome", "结果", "Result"),
    column("error", "多领金额", "Too much", "money"), column("note", "说明", "Note"),
)  # fmt: skip


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


@router.api_route("/claims/audit/export", methods=["GET", "POST"], name="claims_audit_export", dependencies=[EXPORT])
def export_audits(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The audits as a file."""
    names = {tool.name: tool.label for tool in drawing.tools(desk)}
    with desk.office.read() as session:
        rows = [_audit_line(found, names) for found in audit.audits(session, viewer)]
    return _export(request, viewer, Text("审计抽样", "Audits"), AUDITS, rows)


@router.api_route(
    "/claims/audit/{audit_id:int}/export", methods=["GET", "POST"], name="claim_audit_export", dependencies=[EXPORT]
)
def export_sample(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, audit_id: int) -> Response:
    """The sample of an audit as a file, with what was found."""
    with desk.office.read() as session:
        found = audit.samples(session, audit.find(session, viewer, audit_id))
        names = drawing.names_of(reader, [line.borrower_id for _, line, _ in found])
        rows = [_sample_line(*each, names) for each in found]
    return _export(request, viewer, Text(f"审计{audit_id}样本", f"Sample of audit {audit_id}"), SAMPLE, rows)


def _export(
    request: Request, viewer: Viewer, title: Text, columns: tuple[Column, ...], rows: list[dict[str, Any]]
) -> Response:
    ask = ListRequest(columns, (), size=None)
    return export(request, viewer, title, ask, lambda asked: Listing(columns, rows, len(rows), asked))


def _audit_line(one: ClaimAudit, tools: Mapping[str, Text]) -> dict[str, Any]:
    tool = tools.get(one.instrument) or one.instrument or Text("全部工具", "All tools")
    state = Text("已结束", "Closed") if one.closed_at else Text("检查中", "Being checked")
    told = {"tool": tool, "method": audit.METHODS[one.method], "state": state}
    return told | {name: getattr(one, name) for name in ("id", "first", "last", "lines", "amount", "seed")}


def _sample_line(sample: ClaimSample, line: ClaimLine, claim: Claim, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "claim": claim.number,
        "contract_no": line.contract_no,
        "note_no": line.note_no,
        "bank": claim.institution_name,
        "borrower": names.get(line.borrower_id, MASKED),
        "granted": line.granted,
        "why": Text(sample.why_zh, sample.why_en),
        "outcome": audit.OUTCOMES[sample.outcome],
        "error": sample.error or None,
        "note": sample.note,
    }


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
