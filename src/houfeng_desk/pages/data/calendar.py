"""The calendar of returns, and the days by which they are due."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.queries.submissions import due
from houfeng_desk.queries.submissions.calendar import STATES, calendar
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, number_field, page, see_other

router = APIRouter()


@router.get("/data", name="data", dependencies=[allowed(Permission.SEE_DATA)])
def data(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """What came when from whom, what is late or missing, and how good it was."""
    kind = request.query_params.get("kind", "")
    if kind and kind not in desk.book.kinds:
        raise NotFoundError(Text("没有这种记录。", "there is no such record kind"))
    with desk.office.read() as session:
        days = due.due_days(session)
    found = calendar(reader, days, kind)
    return page(request, "data/calendar.html", found=found, kind=kind, states=STATES, days=days, rhythms=due.RHYTHMS)


@router.get("/data/due", name="due", dependencies=[allowed(Permission.MANAGE_SYSTEM)])
def due_form(request: Request, desk: DeskDep) -> Response:
    """The due days, to be changed."""
    with desk.office.read() as session:
        days = due.due_days(session)
    return page(request, "data/due.html", days=days, rhythms=due.RHYTHMS)


@router.post("/data/due", dependencies=[allowed(Permission.MANAGE_SYSTEM)])
def due_change(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Change the due days."""
    days = {name: number_field(request, name, label) for name, label in due.RHYTHMS.items()}
    why = field(request, "why", most=500, label=Text("理由", "Reason"))
    with desk.office.begin() as session:
        due.set_due_days(session, viewer, days, why)
    flash(request, Text("报送截止日已更改。", "the due days have been changed"))
    return see_other("/data/due")
