"""Acts on one alert: acknowledge, assign, silence, end the silence. Each is one POST; what became of it is said."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.alerts import acting, orders
from houfeng_desk.pages.work.alerts import HANDLE, silence
from houfeng_desk.queries.alert import watch_folder
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, see_other

router = APIRouter()


@router.post("/alerts/{alert_id}/acknowledge", name="alert_acknowledge", dependencies=[allowed(HANDLE)])
def acknowledge(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """Say that it was seen, and what one thinks."""
    with desk.office.begin() as session:
        acting.acknowledge(session, viewer, [alert_id], field(request, "comment"))
    flash(request, Text("已确认。", "Acknowledged."))
    return see_other(f"/alerts/{alert_id}")


@router.post("/alerts/{alert_id}/assign", name="alert_assign", dependencies=[allowed(HANDLE)])
def assign(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """Give it to a person."""
    with desk.office.begin() as session:
        acting.assign(session, viewer, [alert_id], field(request, "login", most=80), field(request, "comment"))
    flash(request, Text("已指派。", "Assigned."))
    return see_other(f"/alerts/{alert_id}")


@router.post("/alerts/{alert_id}/silence", name="alert_silence", dependencies=[allowed(HANDLE)])
def silence_one(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """Mute its rule for its key for a while."""
    flash(request, silence(request, desk, viewer, [alert_id]))
    return see_other(f"/alerts/{alert_id}")


@router.post("/alerts/{alert_id}/unsilence", name="alert_unsilence", dependencies=[allowed(HANDLE)])
def unsilence(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """End the silence made from it."""
    with desk.office.begin() as session:
        written = acting.end_silence(session, viewer, alert_id, field(request, "why"), watch=watch_folder(desk))
    flash(request, orders.send(desk.office, watch_folder(desk), written))
    return see_other(f"/alerts/{alert_id}")
