"""Figures over cases: time in each state, recovery, relapse; outcomes as labels for replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import statistics
from houfeng.cases.states import STATES
from houfeng.cases.tables import CaseFile
from houfeng.cases.terms import shipped
from houfeng.errors import Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng_desk.charts import cases as charts
from houfeng_desk.charts.map import GRID, city_of
from houfeng_desk.desk import Desk
from houfeng_desk.locale import speak, spoken
from houfeng_desk.pages.cases.papers import attachment
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, page

router = APIRouter()
BY = {
    "region": Text("地区", "Region"),
    "bank": Text("机构", "Institution"),
    "measure": Text("措施", "Measure"),
    "type": Text("类型", "Type"),
}


@router.get("/cases/figures", name="case_figures", dependencies=[allowed(Permission.SEE_CASES)])
def figures(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The statistics of the viewer's cases."""
    speak(lang_of(request))
    by = request.query_params.get("by", "region")
    by = by if by in BY else "region"
    with desk.office.read() as session:
        cases = statistics.cases_of(session, viewer)
        stays = statistics.stays(session, cases)
        found = statistics.groups(session, cases, ways_of(session, by))
        labelled = statistics.labels(cases)
        return page(
            request,
            "cases/figures.html",
            stays=stays,
            states=STATES,
            rows=found,
            by=by,
            ways=BY,
            total=len(cases),
            stay_chart=charts.stays(stays, spoken()) if stays else None,
            outcome_chart=charts.outcomes(cases, spoken()),
            labels=len(labelled),
            bad=sum(label.bad for label in labelled),
        )


def ways_of(session: Session, by: str) -> Callable[[CaseFile], Iterable[str]]:
    """The groups a case belongs to, in the language that is spoken."""
    lang = spoken()

    def region(case: CaseFile) -> Iterable[str]:
        code = city_of(case.region)
        return [GRID[code][0].get(lang) if code else Text("其他", "Elsewhere").get(lang)]

    def measure(case: CaseFile) -> Iterable[str]:
        return [shipped().tool(kind).label.get(lang) for kind in statistics.measures_in(session, case)]

    keys: dict[str, Callable[[CaseFile], Iterable[str]]] = {
        "region": region,
        "bank": lambda case: statistics.banks_of(session, case),
        "measure": measure,
        "type": lambda case: [shipped().types.get(case.type, Text(case.type, case.type)).get(lang)],
    }
    return keys[by]


@router.post("/cases/labels", name="case_labels", dependencies=[allowed(Permission.EXPORT)])
def labels(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The outcomes as labels for `houfeng watch replay`, for a reason that the journal keeps."""
    viewer.require(Permission.SEE_CASES)
    return labels_file(desk, viewer, field(request, "why", most=500, label=Text("导出事由", "Reason of the export")))


def labels_file(desk: Desk, viewer: Viewer, why: str) -> Response:
    """The labels as CSV."""
    with desk.office.begin() as session:
        cases = statistics.cases_of(session, viewer)
        data = statistics.labels_csv(cases).encode("utf-8-sig")
        rows = len(statistics.labels(cases))
        journal.write(session, viewer, "export", "list:/cases/labels", why=why, detail={"rows": rows, "format": "csv"})
    return attachment(data, "text/csv; charset=utf-8", f"outcomes-{desk.clock():%Y%m%d}.csv")
