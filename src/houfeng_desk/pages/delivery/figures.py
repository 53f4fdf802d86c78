"""Figures as lists that can be given out: how banks answer, and how many days policies take."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.delivery import figures as query
from houfeng_desk.queries.delivery.judging import policies as known_policies
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
SEE = allowed(Permission.SEE_DELIVERY)
EXPORT = allowed(Permission.EXPORT)
TITLE = Text("答复统计", "Answers in figures")
DAYS = Text("直达天数", "Days of delivery")


@router.get("/needs/figures", name="need_figures", dependencies=[SEE])
def figures(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """How fast banks answer, how often they lend, first-time borrowers: by bank, policy, region."""
    ask, said = ListRequest.of(request, query.ANSWERS, (query.BY,)), _said(desk, reader)
    with desk.office.read() as session:
        return page(request, "delivery/figures.html", listing=query.answers(session, viewer, ask, said))


@router.api_route("/needs/figures/export", methods=["GET", "POST"], name="need_figures_export", dependencies=[EXPORT])
def export_figures(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The figures as a file."""
    viewer.require(Permission.SEE_DELIVERY)
    ask, said = ListRequest.of(request, query.ANSWERS, (query.BY,)), _said(desk, reader)
    with desk.office.read() as session:
        return export(request, viewer, TITLE, ask, lambda asked: query.answers(session, viewer, asked, said))


@router.get("/policies/days", name="policy_days", dependencies=[SEE])
def days(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """How many days from the document to the money: by policy, region, bank."""
    known = known_policies(desk)
    ask, said = ListRequest.of(request, query.DAYS, query.day_filters(known)), query.names(bank_names(reader), known)
    with desk.office.read() as session:
        return page(request, "delivery/days.html", listing=query.days(session, viewer, ask, said))


@router.api_route("/policies/days/export", methods=["GET", "POST"], name="policy_days_export", dependencies=[EXPORT])
def export_days(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The days as a file: what the page does not tell, the file does not either."""
    viewer.require(Permission.SEE_DELIVERY)
    known = known_policies(desk)
    ask, said = ListRequest.of(request, query.DAYS, query.day_filters(known)), query.names(bank_names(reader), known)
    with desk.office.read() as session:
        return export(request, viewer, DAYS, ask, lambda asked: query.days(session, viewer, asked, said))


def _said(desk: DeskDep, reader: ReaderDep) -> query.Names:
    return query.names(bank_names(reader), known_policies(desk))
