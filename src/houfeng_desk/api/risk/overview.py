"""The market at a glance: what `/` and `/screen` show."""

from __future__ import annotations

from typing import Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from houfeng.office.access import Permission
from houfeng.office.alerts import reading
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, plain
from houfeng_desk.pages.work.state import state_of
from houfeng_desk.queries import alerts as alert_query
from houfeng_desk.queries import overview as query
from houfeng_desk.queries import today
from houfeng_desk.queries.figures import has_balances
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("market")
NEWEST = 7
WAIT = 20.0


@router.get(
    "/overview", operation_id="overview", dependencies=[allowed(Permission.SEE_MARKET)], response_model=None,
    responses={202: {"description": "The month is being counted; ask again."}},
)  # fmt: skip
def overview(
    request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep,
    map_: str = Query("", alias="map", max_length=80, description="What the cities are coloured by; empty: alerts."),
) -> Response | dict[str, Any]:  # fmt: skip
    """The month's figures, the five articles, the cities, open alerts by tier and day, the newest and largest ones."""
    work = state_of(request)
    asked = query.MapAsked.of(map_)
    months = work.figures.months(reader, WAIT) if has_balances(reader) else None
    if months is None and has_balances(reader):
        return JSONResponse({"state": "counting"}, 202, {"retry-after": "5"})
    scale, articles = query.articles(months) if months is not None else (None, [])
    names = ("name", "label", "value", "unit", "moves", "done")
    told = {
        "as_of": plain(reader.as_of),
        "known_at": plain(reader.known_at),
        "synthetic": reader.synthetic,
        "figures": [{name: plain(getattr(one, name)) for name in names} for one in query.kpis(months)]
        if months is not None
        else [],
        "articles": {"unit": plain(scale.label) if scale is not None else None, "items": plain(articles)},
    }
    return told | _alarm(request, desk, viewer, asked, months)


def _alarm(request: Request, desk: DeskDep, viewer: ViewerDep, asked: Any, months: Any) -> dict[str, Any]:
    """The part that tells of alerts: nothing of it for who may see none."""
    with desk.office.read() as session:
        alarm = today.alarm(session, viewer.scope)
        counts = alarm.counts if viewer.may(Permission.SEE_ALERTS) else ()
        cities = query.cities(asked, months if asked.theme else None, counts, viewer.scope)
        told: dict[str, Any] = {"map": {"title": plain(asked.title(months)), "cities": plain(cities)}}
        if not viewer.may(Permission.SEE_ALERTS):
            return told
        labels, now = alert_query.rule_labels(state_of(request).packs.all()), desk.clock()
        days, opened = today.opened_daily(session, viewer.scope)
        newest = [alert_query.row_of(one, labels, now) for one in reading.newest(session, viewer.scope, NEWEST)]
        largest = [alert_query.row_of(one, labels, now) for one in today.largest(session, viewer.scope)]
        busiest = today.busiest_rules(session, viewer.scope)
    return told | {
        "alerts": {
            "open_by_tier": alarm.by_tier,
            "waiting": alarm.waiting,
            "total": alarm.total,
            "moved_at": plain(alarm.moved_at),
            "daily": {"days": plain(days), "opened": plain(opened)},
            "newest": [item({**one, "steps": None}) for one in newest],
            "largest": [item({**one, "steps": None}) for one in largest],
            "busiest_rules": [{"id": one, "rule": rule, "alerts": number} for one, rule, number in busiest],
        }
    }
