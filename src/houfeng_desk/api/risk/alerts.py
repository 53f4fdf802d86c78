"""Alerts: the list, one of them, and what people do about them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request

from houfeng.clock import parse_moment
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts import acting, orders, reading
from houfeng.watch.operations.silences import LOUDEST
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, item, plain
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Filter, Listing, ListRequest
from houfeng_desk.pages.work.state import state_of
from houfeng_desk.queries import alerts as query
from houfeng_desk.queries.alert import watch_folder
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("alerts")
HANDLE = [allowed(Permission.HANDLE_ALERTS)]


def _filters(asked: Asked) -> list[Filter]:
    return query.filters_of(state_of(asked.request).packs.all())


def _alerts(asked: Asked, ask: ListRequest) -> Listing:
    packs = state_of(asked.request).packs.all()
    with asked.desk.office.read() as session:
        return query.listing(session, asked.viewer, ask, packs, asked.desk.clock())


FILTERS = [
    Filter(one.name, one.label, kind=one.kind) if one.name in ("rule", "group") else one for one in query.filters_of([])
]
"""As the document names them: which rules and groups there are depends on the packs of the moment."""

add_list(
    router,
    "/alerts",
    "alerts",
    query.COLUMNS,
    FILTERS,
    Permission.SEE_ALERTS,
    _alerts,
    about="Alerts, newest first; without `channel`, those that people were told of.",
    filters_now=_filters,
)


@router.get("/alerts/{alert_id}", operation_id="alert", dependencies=[allowed(Permission.SEE_ALERTS)])
def alert(request: Request, desk: DeskDep, viewer: ViewerDep, alert_id: str) -> dict[str, Any]:
    """One alert with its steps and what people did about it."""
    packs = state_of(request).packs.all()
    with desk.office.read() as session:
        found = reading.find(session, viewer.scope, alert_id)
        row = query.row_of(found, query.rule_labels(packs), desk.clock())
        steps = [
            {
                "what": one.what,
                "at": one.at,
                "tier": one.tier,
                "event": one.event,
                "channel": one.channel,
                "kept": one.kept,
            }
            for one in reading.steps_of(session, found)
        ]
        acts = [
            {"at": one.at, "who": one.who, "act": one.act, "comment": one.comment, "detail": one.detail}
            for one in reading.acts_of(session, found)
        ]
        return {**item({**row, "steps": None}), "steps": plain(steps), "acts": plain(acts)}


class Comment(BaseModel):
    """What somebody thinks of an alert."""

    comment: str = Field(min_length=1, max_length=2000)


class Assignment(BaseModel):
    """Who is to see to it; an empty login: nobody."""

    login: str = Field("", max_length=80)
    comment: str = Field("", max_length=2000)


class Silence(BaseModel):
    """Until when (event time) and why."""

    why: str = Field(min_length=1, max_length=2000)
    until: str = Field(max_length=40, description="A date (its end) or a moment, e.g. 2026-03-31.")
    whole_key: bool = Field(False, description="All rules of this key, not only the alert's.")
    tier: str = Field(LOUDEST, description="Mute up to this tier.")


@router.post("/alerts/{alert_id}/acknowledge", operation_id="acknowledge_alert", dependencies=HANDLE)
def acknowledge(desk: DeskDep, viewer: ViewerDep, alert_id: str, said: Comment) -> Done:
    """Say that it was seen, and what one thinks."""
    with desk.office.begin() as session:
        acting.acknowledge(session, viewer, [alert_id], said.comment)
    return done(Text("已确认。", "Acknowledged."))


@router.post("/alerts/{alert_id}/assign", operation_id="assign_alert", dependencies=HANDLE)
def assign(desk: DeskDep, viewer: ViewerDep, alert_id: str, said: Assignment) -> Done:
    """Give it to a person."""
    with desk.office.begin() as session:
        acting.assign(session, viewer, [alert_id], said.login, said.comment)
    return done(Text("已指派。", "Assigned."))


@router.post("/alerts/{alert_id}/silence", operation_id="silence_alert", dependencies=HANDLE)
def silence(desk: DeskDep, viewer: ViewerDep, alert_id: str, said: Silence) -> Done:
    """Mute its rule for its key for a while; an order to the watch."""
    return _silenced(desk, viewer, [alert_id], said)


class Several(Comment):
    """Which alerts, and what somebody thinks of them."""

    ids: list[str] = Field(min_length=1, max_length=acting.MOST)


@router.post("/alerts/acknowledge", operation_id="acknowledge_alerts", dependencies=HANDLE)
def acknowledge_several(desk: DeskDep, viewer: ViewerDep, said: Several) -> Done:
    """Say of several alerts that they were seen; all of them or none."""
    with desk.office.begin() as session:
        number = acting.acknowledge(session, viewer, said.ids, said.comment)
    return done(Text(f"已确认 {number} 条预警。", f"{number} alerts are acknowledged."))


class AssignedSeveral(Assignment):
    """Which alerts, and who is to see to them."""

    ids: list[str] = Field(min_length=1, max_length=acting.MOST)


@router.post("/alerts/assign", operation_id="assign_alerts", dependencies=HANDLE)
def assign_several(desk: DeskDep, viewer: ViewerDep, said: AssignedSeveral) -> Done:
    """Give several alerts to a person."""
    with desk.office.begin() as session:
        number = acting.assign(session, viewer, said.ids, said.login, said.comment)
    return done(Text(f"已指派 {number} 条预警。", f"{number} alerts are assigned."))


class SilencedSeveral(Silence):
    """Which alerts are silenced."""

    ids: list[str] = Field(min_length=1, max_length=acting.MOST)


@router.post("/alerts/silence", operation_id="silence_alerts", dependencies=HANDLE)
def silence_several(desk: DeskDep, viewer: ViewerDep, said: SilencedSeveral) -> Done:
    """Mute the rules of several alerts for their keys."""
    return _silenced(desk, viewer, said.ids, said)


class Ended(BaseModel):
    """Why a silence ends."""

    why: str = Field(min_length=1, max_length=2000)


@router.post("/alerts/{alert_id}/unsilence", operation_id="unsilence_alert", dependencies=HANDLE)
def unsilence(desk: DeskDep, viewer: ViewerDep, alert_id: str, said: Ended) -> Done:
    """End the silence of an alert."""
    with desk.office.begin() as session:
        written = acting.end_silence(session, viewer, alert_id, said.why, watch=watch_folder(desk))
    return done(orders.send(desk.office, watch_folder(desk), written))


def _silenced(desk: Desk, viewer: Viewer, ids: list[str], said: Silence) -> Done:
    until = parse_moment(said.until).replace(microsecond=0)
    with desk.office.begin() as session:
        written = acting.silence(
            session, viewer, ids, said.why, until,
            watch=watch_folder(desk), whole_key=said.whole_key, tier=said.tier,
        )  # fmt: skip
    return done(orders.send(desk.office, watch_folder(desk), written))
