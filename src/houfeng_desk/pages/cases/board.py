"""The cases as a board of states or as a list, and beginning one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import files
from houfeng.cases.files import About
from houfeng.cases.states import STATES
from houfeng.cases.terms import shipped
from houfeng.errors import ConflictError, NotFoundError, Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts import reading
from houfeng.office.alerts.tables import Alert
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.pages.house import search, todo
from houfeng_desk.pages.house.search import Found
from houfeng_desk.pages.house.todo import Waiting
from houfeng_desk.queries.cases import listing
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, form_of, page, see_other

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

router = APIRouter()
TITLE = Text("案件", "Cases")
ON_BOARD = 200


@router.get("/cases", name="cases", dependencies=[allowed(Permission.SEE_CASES)])
def cases(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The board of live cases, or the list of all."""
    ask = ListRequest.of(request, listing.COLUMNS, listing.filters())
    as_list = request.query_params.get("view") == "list"
    with desk.office.read() as session:
        if as_list:
            return page(request, "cases/list.html", listing=_listing(session, desk, viewer, ask), as_list=True)
        found = _listing(session, desk, viewer, ask.everything)
    shown = Listing(found.columns, found.rows[:ON_BOARD], found.total, ask)
    return page(
        request,
        "cases/list.html",
        listing=shown,
        as_list=False,
        states=STATES,
        columns=listing.board(shown),
        more=max(0, found.total - ON_BOARD),
    )


@router.api_route(
    "/cases/export", methods=["GET", "POST"], name="cases_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_cases(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The list as a file."""
    viewer.require(Permission.SEE_CASES)
    ask = ListRequest.of(request, listing.EXPORTED, listing.filters())
    with desk.office.read() as session:
        return export(request, viewer, TITLE, ask, lambda asked: _listing(session, desk, viewer, asked))


def _listing(session: Session, desk: Desk, viewer: Viewer, ask: ListRequest) -> Listing:
    return listing.listing(session, viewer, ask, desk.clock().date())


@router.get("/cases/new", name="case_new", dependencies=[allowed(Permission.WORK_CASES)])
def new(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The form that begins a case: for `?alert=` (one or several) or `?enterprise=`."""
    asked = request.query_params
    with desk.office.read() as session:
        alerts = alerts_of(session, viewer, request.query_params.getlist("alert"))
        firm = asked.get("enterprise", "").strip() or next((a.enterprise for a in alerts if a.enterprise), "")
        about = about_of(reader, firm) if firm else None
        same = [files.live_case(session, firm, type_) for type_ in shipped().types] if about is not None else []
        return page(
            request,
            "cases/new.html",
            about=about,
            alerts=alerts,
            types=[(name, label) for name, label in shipped().types.items()],
            live=[found for found in same if found is not None],
        )


@router.post("/cases", dependencies=[allowed(Permission.WORK_CASES)])
def begin(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Begin the case; where one lives already, put the alerts into that one if so asked."""
    asked = request.query_params.getlist("alert")
    if asked and not field(request, "enterprise", most=60):  # the button of an alert's page: the form comes first
        return see_other("/cases/new?" + urlencode([("alert", name) for name in asked]))
    firm = field(request, "enterprise", most=60, label=Text("企业", "Enterprise"))
    type_ = field(request, "type", most=40, label=Text("类型", "Type"))
    about = about_of(reader, firm)
    with desk.office.begin() as session:
        alerts = alerts_of(session, viewer, [str(value) for value in form_of(request).getlist("alert")])
        held = files.live_case(session, firm, type_)
        if held is not None and alerts and field(request, "join"):
            files.attach(session, viewer, held.id, held.version, alerts, field(request, "why"))
            flash(request, Text(f"已并入在办案件 {held.number}", f"added to the live case {held.number}"))
            return see_other(f"/cases/{held.id}")
        case = files.begin(
            session,
            viewer,
            about,
            type_,
            field(request, "title", most=200, label=Text("案件名称", "Title")),
            field(request, "clue"),
            why=field(request, "why", label=Text("事由", "Reason")),
            alerts=alerts,
            informant=field(request, "informant", most=200),
        )
    flash(request, Text(f"已建案：{case.number}", f"case begun: {case.number}"))
    return see_other(f"/cases/{case.id}")


def alerts_of(session: Session, viewer: Viewer, ids: list[str]) -> list[Alert]:
    """The alerts of these numbers, all about one firm.

    Raises:
        NotFoundError: one of them is not there, or none the viewer may know of.
        ConflictError: they are about several firms.
    """
    found = [reading.find(session, viewer.scope, name) for name in ids[:100] if name and len(name) <= 64]
    if len({alert.enterprise for alert in found}) > 1:
        raise ConflictError(
            Text("一案只办一家企业：所选预警涉及多家", "a case is about one enterprise; these are several")
        )
    return found


_FIRM = "SELECT enterprise_id, name, region FROM enterprise WHERE enterprise_id = ?"
_OWED = "SELECT sum(coalesce(balance_cny, balance)) FROM loan_balance WHERE borrower_id = ?"


def about_of(reader: Reader, enterprise_id: str) -> About:
    """The enterprise as the book tells it, in the viewer's scope.

    Raises:
        NotFoundError: there is none.
    """
    found = reader.one(_FIRM, [enterprise_id])
    if found is None:
        raise NotFoundError(Text(f"没有企业 {enterprise_id[:60]}", f"there is no enterprise {enterprise_id[:60]}"))
    owed = reader.value(_OWED, [enterprise_id])
    return About(enterprise_id, found["name"] or enterprise_id, found["region"] or "", owed)


def late(desk: Desk, viewer: Viewer) -> int:
    """How many of the viewer's cases are past their deadline, for the menu."""
    if not viewer.may(Permission.WORK_CASES):
        return 0
    with desk.office.read() as session:
        return listing.overdue(session, viewer, desk.clock().date())


def provide_search(app: DeskApp) -> None:
    """Let the search of the desk find cases."""

    def found(desk: Desk, reader: Reader, text: str, limit: int) -> list[Found]:
        ask = ListRequest(listing.COLUMNS, listing.filters(), {"text": text}, size=limit)
        with desk.office.read() as session:
            rows = _listing(session, desk, reader.viewer, ask).rows
        return [Found(f"{row['number']} {row['title']}", row["enterprise_name"], row["href"]) for row in rows]

    search.provide(app, TITLE, Permission.SEE_CASES, found)


def provide_todo(app: DeskApp) -> None:
    """Let the viewer's own cases stand on the page of what waits."""

    def waiting(desk: Desk, viewer: Viewer) -> list[Waiting]:
        if not viewer.may(Permission.WORK_CASES):
            return []
        with desk.office.read() as session:
            rows = listing.waiting(session, viewer, desk.clock().date())
        return [
            Waiting(Text(name, name), row["state_text"], row["href"], row["due_on"], row["tier"])
            for row in rows
            if (name := f"{row['number']} {row['title']}")
        ]

    todo.provide(app, TITLE, waiting)
