"""`/alerts`: the list, its export, and acts on several alerts at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.clock import end_of_day, parse_day
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts import acting, orders, reading
from houfeng.watch.operations.silences import LOUDEST
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.pages.work.state import Work, state_of
from houfeng_desk.queries import alerts as query
from houfeng_desk.queries import today
from houfeng_desk.queries.alert import watch_folder
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, local, page, see_other

router = APIRouter()

SEE, HANDLE = Permission.SEE_ALERTS, Permission.HANDLE_ALERTS
TITLE = Text("风险预警", "Alerts")


def ask_of(request: Request, work: Work) -> ListRequest:
    """The question of the list."""
    return ListRequest.of(request, query.COLUMNS, query.filters_of(work.packs.all()))


def listing_of(desk: Desk, work: Work, viewer: Viewer, ask: ListRequest) -> Listing:
    """The answer."""
    with desk.office.read() as session:
        return query.listing(session, viewer, ask, work.packs.all(), desk.clock())


@router.get("/alerts", name="alerts", dependencies=[allowed(SEE)])
def alerts(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The list, newest first."""
    work = state_of(request)
    ask = ask_of(request, work)
    with desk.office.read() as session:
        seq = reading.last_seq(session)  # before the rows: what comes in between is told twice rather than never
        alarm = today.alarm(session, viewer.scope)
    listing = listing_of(desk, work, viewer, ask)
    return page(
        request,
        "work/alerts.html",
        listing=listing,
        rows=replace(
            listing, ask=replace(ask, filters=(), values={})
        ),  # the list's macro would put a form into the form of acts
        seq=seq,
        alarm=alarm,
        handles=viewer.may(HANDLE),
        fault=work.follower.fault,
    )


@router.get("/alerts/export", name="alerts_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, desk, viewer)


@router.post("/alerts/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The file."""
    return _export(request, desk, viewer)


def _export(request: Request, desk: Desk, viewer: Viewer) -> Response:
    viewer.require(SEE)
    work = state_of(request)
    ask = replace(ask_of(request, work), columns=query.EXPORTED)
    pack = ", ".join(f"{one.name} {one.version}" for one in work.packs.all())
    return export(request, viewer, TITLE, ask, lambda one: listing_of(desk, work, viewer, one), pack=pack)


@router.post("/alerts/acknowledge", name="alerts_acknowledge", dependencies=[allowed(HANDLE)])
def acknowledge_many(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Acknowledge the alerts that are ticked."""
    with desk.office.begin() as session:
        number = acting.acknowledge(session, viewer, chosen(request), field(request, "comment"))
    flash(request, Text(f"已确认 {number} 条预警。", f"{number} alerts are acknowledged."))
    return see_other(back(request))


@router.post("/alerts/assign", name="alerts_assign", dependencies=[allowed(HANDLE)])
def assign_many(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Give the alerts that are ticked to a person."""
    with desk.office.begin() as session:
        login, comment = field(request, "login", most=80), field(request, "assign_comment")
        number = acting.assign(session, viewer, chosen(request), login, comment)
    flash(request, Text(f"已指派 {number} 条预警。", f"{number} alerts are assigned."))
    return see_other(back(request))


@router.post("/alerts/silence", name="alerts_silence", dependencies=[allowed(HANDLE)])
def silence_many(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Silence the alerts that are ticked."""
    flash(request, silence(request, desk, viewer, chosen(request)))
    return see_other(back(request))


def silence(request: Request, desk: Desk, viewer: Viewer, ids: list[str]) -> Text:
    """Order the silences that a form asks for; what became of them."""
    with desk.office.begin() as session:
        written = acting.silence(
            session,
            viewer,
            ids,
            field(request, "why"),
            end_of(request),
            watch=watch_folder(desk),
            whole_key=field(request, "whole_key", most=10) == "1",
            tier=field(request, "tier", most=10) or LOUDEST,
        )
    return orders.send(desk.office, watch_folder(desk), written)


def end_of(request: Request) -> datetime:
    """The last moment of a silence: the end of the day that was given.

    Raises:
        InputError, UsageError: there is none.
    """
    return end_of_day(parse_day(field(request, "until", most=20, label=Text("静默至", "Silent until")))).replace(
        microsecond=0
    )


def chosen(request: Request) -> list[str]:
    """The alerts that are ticked."""
    return [str(one)[:64] for one in form_of(request).getlist("id")]


def back(request: Request) -> str:
    """The list as it was."""
    return local(field(request, "next", most=2000), "/alerts")
