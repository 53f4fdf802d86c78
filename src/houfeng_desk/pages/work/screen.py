"""`/screen`: the full-screen board (驾驶舱): the overview's queries on a dark ground, live, without a menu."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts import reading
from houfeng_desk.desk import Desk
from houfeng_desk.locale import say, speak
from houfeng_desk.pages.work.overview import chart_of_days, figures, tiles
from houfeng_desk.pages.work.state import state_of
from houfeng_desk.queries import alerts as alert_query
from houfeng_desk.queries import overview as query
from houfeng_desk.queries import today
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
NEWEST, HIGHLIGHTS = 7, 5


@router.get("/screen", name="screen", dependencies=[allowed(Permission.SEE_MARKET)])
def screen(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The board."""
    return page(request, "work/screen.html", **_content(request, desk, viewer, reader))


@router.get("/screen/tiles", name="screen_tiles", dependencies=[allowed(Permission.SEE_MARKET)])
def screen_tiles(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The tiles alone, which the board loads again when alerts move."""
    content = _content(request, desk, viewer, reader)
    rendering = request.app.state.rendering
    return HTMLResponse(rendering.fragment(request, "work/screen_tiles.html", {**content, "reader": reader}))


def _content(request: Request, desk: Desk, viewer: Viewer, reader: Reader) -> dict[str, Any]:
    speak(lang_of(request))
    work = state_of(request)
    asked = query.MapAsked.of(request.query_params.get("map", ""))
    labels = alert_query.rule_labels(work.packs.all())
    now = desk.clock()
    with desk.office.read() as session:
        alarm = today.alarm(session, viewer.scope)
        days, counts = today.opened_daily(session, viewer.scope)
        newest = [alert_query.row_of(a, labels, desk.clock()) for a in reading.newest(session, viewer.scope, NEWEST)]
        largest = [
            alert_query.row_of(a, labels, desk.clock()) for a in today.largest(session, viewer.scope, HIGHLIGHTS)
        ]
        rules = [
            {"id": rule_id, "label": say(labels[rule]) if rule in labels else rule_id, "number": number}
            for rule_id, rule, number in today.busiest_rules(session, viewer.scope)
        ]
        seq = reading.last_seq(session)
    return {
        **figures(work, reader, night=True),
        "alarm": alarm,
        "tiles": tiles(work, reader, asked, alarm),
        "asked": asked,
        "daily": chart_of_days(days, counts, night=True),
        "newest": newest,
        "largest": largest,
        "rules": rules,
        "worst": alarm.worst_cities(),
        "seq": seq,
        "now": now,
    }
