"""One alert in depth: why it fired, its indicators over time, the rows it rests on; computed from the book when asked.

Where that cannot be done (a merging rule, a version that is not kept) `fault` says why.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from houfeng.errors import InputError, NotFoundError
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts import reading
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, plain
from houfeng_desk.desk import Desk
from houfeng_desk.pages.work.state import state_of
from houfeng_desk.queries import alert as query
from houfeng_desk.queries.evidence import evidence_rows, seen_rows
from houfeng_desk.queries.reasons import steps
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("alerts")
SEE = [allowed(Permission.SEE_ALERTS)]


def _found(desk: Desk, viewer: Viewer, alert_id: str) -> query.Found:
    with desk.office.read() as session:
        return query.find(session, viewer, alert_id)


@router.get("/alerts/{alert_id}/why", operation_id="alert_why", dependencies=SEE)
def why(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> dict[str, Any]:
    """The tree of the condition that opened it, or raised it last, in the asker's language; `agrees` says whether the
    book gives the same answer today."""
    found = _found(desk, viewer, alert_id)
    try:
        told = query.why(desk, state_of(request).packs, viewer.scope, found.alert, found.gravest)
    except (NotFoundError, InputError) as fault:
        return {"tree": [], "agrees": None, "fault": plain(fault.message)}
    return {"tree": plain(steps(told.explanation.traces, lang_of(request))), "agrees": told.agrees, "fault": None}


@router.get("/alerts/{alert_id}/indicators", operation_id="alert_indicators", dependencies=SEE)
def indicators(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> dict[str, Any]:
    """The indicators of its rule around its time, with the thresholds of the day."""
    found = _found(desk, viewer, alert_id)
    with desk.office.read() as session:
        watched_to = (reading.newest_moment(session) or found.alert.moved_at).date()
    try:
        series = query.indicators(desk, state_of(request).packs, found.alert, watched_to)
    except (NotFoundError, InputError) as fault:
        return {"items": [], "fault": plain(fault.message)}
    items = [
        {
            "item": one.item.name,
            "label": plain(one.item.label),
            "window_days": one.window_days,
            "points": [[plain(at), plain(value)] for at, value in one.points],
            "thresholds": plain(one.thresholds),
        }
        for one in series
    ]
    return {"items": items, "fault": None}


@router.get("/alerts/{alert_id}/rows", operation_id="alert_rows", dependencies=SEE)
def rows(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> dict[str, Any]:
    """The rows it rests on that the asker may see; `hidden` counts the others."""
    found, packs = _found(desk, viewer, alert_id), state_of(request).packs
    with desk.office.read() as session:
        kept = reading.kept_of_key(session, found.alert)
    try:
        full = query.in_full(desk, packs, found.alert, kept)
    except (NotFoundError, InputError) as fault:
        return {"items": [], "total": 0, "hidden": 0, "fault": plain(fault.message)}
    seen = seen_rows(desk, viewer.scope, full.evidence)
    pack = packs.find(found.alert.pack, found.alert.version)
    items = [item(one) for one in evidence_rows(seen, pack, found.alert.kind)]
    hidden = len(full.evidence) - len(seen)
    return {"items": items, "total": full.evidence_count, "hidden": hidden, "fault": None}
