"""The page of one case: facts, the bar of states with what may come next, and the parts of its file on tabs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import documents
from houfeng.cases.parties import PARTS
from houfeng.cases.plan.commitments import COMMITMENTS
from houfeng.cases.plan.creditors import creditors_from
from houfeng.cases.plan.versions import MEASURE_STATES, PLAN_STATES, measures_of
from houfeng.cases.states import MOVES, OUTCOMES
from houfeng.cases.terms import shipped
from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.queries.cases import detail
from houfeng_desk.queries.cases.detail import View
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, page, whole

router = APIRouter()

TABS: dict[str, Text] = {
    "overview": Text("概况", "Overview"),
    "creditors": Text("债权人", "Creditors"),
    "plan": Text("方案", "Plan"),
    "measures": Text("措施与承诺", "Measures and commitments"),
    "documents": Text("材料", "Documents"),
    "timeline": Text("经过", "Timeline"),
}


def words() -> dict[str, Any]:
    """The words every part of a case's page needs."""
    return {
        "tools": shipped().tools,
        "types": shipped().types,
        "templates": shipped().templates,
        "parts": PARTS,
        "plan_states": PLAN_STATES,
        "measure_states": MEASURE_STATES,
        "commitment_names": COMMITMENTS,
        "outcomes": OUTCOMES,
        "votes": detail.VOTES,
        "moves_by_name": MOVES,
        "who_may": detail.who_may,
        "measures_of": measures_of,
    }


@router.get("/cases/{case_id:int}", name="case", dependencies=[allowed(Permission.SEE_CASES)])
def case(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, case_id: int) -> Response:
    """One case, on one tab."""
    tab = request.query_params.get("tab") or "overview"
    if tab not in TABS:
        raise NotFoundError(Text("案件页没有这个页签。", "there is no such tab on the page of a case"))
    today = desk.clock().date()
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, today)
        told: dict[str, Any] = {}
        if tab == "overview":
            told["officers"] = detail.officers(session, viewer, view.case)
            told["timeline"] = detail.timeline(session, view, lang_of(request), most=8)
        elif tab == "timeline":
            told["timeline"] = detail.timeline(session, view, lang_of(request))
        elif tab == "creditors":
            told["now_table"] = creditors_from(reader, view.case.enterprise_id)
        elif tab == "plan":
            told["compared"] = _compared(request, view)
            told["missing"] = detail.missing(view, today)
        return page(request, "cases/case.html", **_frame(view, tab), today=today, **told, **words())


def _frame(view: View, tab: str) -> dict[str, Any]:
    return {
        "case": view.case,
        "view": view,
        "tab": tab,
        "tabs": TABS,
        "road": detail.road(view),
        "banks": detail.banks(view),
    }


def _compared(request: Request, view: View) -> Any:
    asked = request.query_params
    if not asked.get("old") or not asked.get("new"):
        return None
    return detail.compared(view, whole(asked["old"], "old"), whole(asked["new"], "new"))


@router.get("/cases/{case_id:int}/print", name="case_print", dependencies=[allowed(Permission.SEE_CASES)])
def printed(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """The plan on paper: measures, creditors, votes, signatures, without the frame of the desk."""
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, desk.clock().date())
        if view.plan is None:
            raise NotFoundError(Text("还没有方案", "there is no plan yet"))
        return page(request, "cases/print.html", **_frame(view, "plan"), today=desk.clock().date(), **words())


@router.post("/cases/{case_id:int}/unmask", dependencies=[allowed(Permission.WORK_CASES, Permission.APPROVE)])
def unmask(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """The confidential fields, once, for a reason that the journal keeps."""
    with desk.office.begin() as session:
        documents.unmask(session, viewer, case_id, field(request, "why", label=Text("事由", "Reason")))
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, desk.clock().date())
        return page(request, "cases/unmasked.html", case=view.case, members=view.members, parts=PARTS)
