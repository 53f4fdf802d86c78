"""`/alerts/{id}`: one alert: why it fired, its indicators over time, the rows behind it, and what is done about it.

The tree, the charts and the rows are computed from the book when they are looked at. They come as parts of the page
that load on their own; without JavaScript each is a link to the page with that part in it.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from houfeng.errors import HoufengError, InputError, NotFoundError, Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts import reading
from houfeng.office.alerts.tables import Alert
from houfeng.packs.model import Rule
from houfeng.watch.operations.words import TIER_NAMES
from houfeng_desk.charts.alerts import Mark, picture
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.locale import say, speak
from houfeng_desk.pages.work import telling
from houfeng_desk.pages.work.alerts import HANDLE, SEE
from houfeng_desk.pages.work.state import state_of
from houfeng_desk.queries import alert as query
from houfeng_desk.queries import alerts as list_query
from houfeng_desk.queries.evidence import EVIDENCE, evidence_rows, seen_rows
from houfeng_desk.queries.reasons import steps as reason_steps
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, page

router = APIRouter()

PARTS = ("why", "indicators", "rows")


@router.get("/alerts/{alert_id}", name="alert", dependencies=[allowed(SEE)])
def alert(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """The page; `?part=` shows one computed part in it at once."""
    speak(lang_of(request))
    work = state_of(request)
    with desk.office.read() as session:
        found = query.find(session, viewer, alert_id)
        labels = list_query.rule_labels(work.packs.all())
        row = list_query.row_of(found.alert, labels, desk.clock())
        others = [list_query.row_of(one, labels, desk.clock()) for one in found.others]
    pack = work.packs.find(found.alert.pack, found.alert.version)
    asked = request.query_params.get("part", "")
    shown = {asked: _html(request, desk, viewer, found, asked)} if asked in PARTS else {}
    return page(
        request,
        "work/alert.html",
        found=found,
        row=row,
        others=others,
        shown=shown,
        rule=_rule(request, found.alert),
        facts=telling.facts(found.alert, row),
        story=telling.story(found),
        values=telling.values(found, pack),
        told_steps=telling.told_steps(found),
        parameters=telling.parameters(found, pack),
        tiers=[(tier, say(text)) for tier, text in reversed(TIER_NAMES.items())],
        handles=viewer.may(HANDLE),
        opens_cases=viewer.may(Permission.WORK_CASES),
    )


@router.get("/alerts/{alert_id}/why", name="alert_why", dependencies=[allowed(SEE)])
def alert_why(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """The tree, as a part."""
    return _answer(request, desk, viewer, alert_id, "why")


@router.get("/alerts/{alert_id}/indicators", name="alert_indicators", dependencies=[allowed(SEE)])
def alert_indicators(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """The charts, as a part."""
    return _answer(request, desk, viewer, alert_id, "indicators")


@router.get("/alerts/{alert_id}/rows", name="alert_rows", dependencies=[allowed(SEE)])
def alert_rows(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """The rows it rests on, as a part."""
    return _answer(request, desk, viewer, alert_id, "rows")


def _answer(request: Request, desk: Desk, viewer: Viewer, alert_id: str, part: str) -> Response:
    speak(lang_of(request))
    with desk.office.read() as session:
        found = query.find(session, viewer, alert_id)
    return HTMLResponse(_html(request, desk, viewer, found, part))


def _html(request: Request, desk: Desk, viewer: Viewer, found: query.Found, part: str) -> Markup:
    """A part as it stands in the page."""
    told = _part(request, desk, viewer, found, part) | {"part": part, "alert": found.alert}
    return Markup(request.app.state.rendering.fragment(request, "work/alert_part.html", told))  # noqa: S704


def _part(request: Request, desk: Desk, viewer: Viewer, found: query.Found, part: str) -> dict[str, Any]:
    """What a part shows; where it cannot be computed, why not."""
    told: dict[str, Any] = {
        "tree": [],
        "agrees": True,
        "pictures": [],
        "evidence": [],
        "hidden": 0,
        "count": 0,
        "fault": None,
    }
    try:
        match part:
            case "why":
                return told | _why(request, desk, viewer, found)
            case "indicators":
                return told | {"pictures": _pictures(request, desk, found)}
            case _:
                return told | _rows(request, desk, viewer, found)
    except (NotFoundError, InputError) as fault:
        return told | {"fault": fault.message}


def _why(request: Request, desk: Desk, viewer: Viewer, found: query.Found) -> dict[str, Any]:
    told = query.why(desk, state_of(request).packs, viewer.scope, found.alert, found.gravest)
    return {
        "step": found.gravest,
        "tree": reason_steps(told.explanation.traces, lang_of(request)),
        "agrees": told.agrees,
    }


def _pictures(request: Request, desk: Desk, found: query.Found) -> list[Any]:
    with desk.office.read() as session:
        watched_to = (reading.newest_moment(session) or found.alert.moved_at).date()
    series = query.indicators(desk, state_of(request).packs, found.alert, watched_to)
    marks = [Mark(step.what, step.at, step.tier) for step in found.steps if step.record_id == found.alert.id]
    return [picture(one, marks, lang_of(request)) for one in series if any(v is not None for _, v in one.points)]


def _rows(request: Request, desk: Desk, viewer: Viewer, found: query.Found) -> dict[str, Any]:
    with desk.office.read() as session:
        kept = reading.kept_of_key(session, found.alert)
    full = query.in_full(desk, state_of(request).packs, found.alert, kept)
    shown = seen_rows(desk, viewer.scope, full.evidence)
    pack = state_of(request).packs.find(found.alert.pack, found.alert.version)
    rows = evidence_rows(shown, pack, found.alert.kind)
    return {"evidence": rows, "hidden": len(full.evidence) - len(shown), "count": full.evidence_count}


@router.get("/alerts/{alert_id}/rows/export", name="alert_rows_export", dependencies=[allowed(Permission.EXPORT)])
def rows_export_form(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, desk, viewer, alert_id)


@router.post("/alerts/{alert_id}/rows/export", dependencies=[allowed(Permission.EXPORT)])
def rows_export_file(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> Response:
    """The file."""
    return _export(request, desk, viewer, alert_id)


def _export(request: Request, desk: Desk, viewer: Viewer, alert_id: str) -> Response:
    viewer.require(SEE)
    speak(lang_of(request))
    with desk.office.read() as session:
        found = query.find(session, viewer, alert_id)
    rows = _rows(request, desk, viewer, found)["evidence"]
    title = Text(f"预警 {alert_id} 的依据", f"Rows behind alert {alert_id}")
    ask = ListRequest(EVIDENCE, ())
    pack = f"{found.alert.pack} {found.alert.version}"
    return export(request, viewer, title, ask, lambda one: Listing(EVIDENCE, rows, len(rows), one), pack=pack)


def _rule(request: Request, alert: Alert) -> Rule | None:
    try:
        return query.rule_of(state_of(request).packs, alert)[1]
    except HoufengError:
        return None
