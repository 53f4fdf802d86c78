"""The lists of credit: who is on them, a new entry, one entry and what is done about it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.clock import parse_day
from houfeng.conduct.lists import entering, leaving
from houfeng.conduct.lists.conditions import Condition
from houfeng.conduct.lists.entering import Basis
from houfeng.conduct.lists.life import GROUNDS, INCENTIVE, LEVELS, LISTS, PUNISHMENT, WAYS_OUT
from houfeng.conduct.steps import steps_of
from houfeng.conduct.tables import Listing as Entry
from houfeng.conduct.terms import terms_on
from houfeng.errors import ConflictError, HoufengError, InputError, Text
from houfeng.office import approvals
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.pages.conduct.disputes import VERSION, WHY
from houfeng_desk.queries.conduct import evasion, portraits
from houfeng_desk.queries.conduct import listings as query
from houfeng_desk.reader import Reader
from houfeng_desk.web import (
    DeskDep,
    ReaderDep,
    ViewerDep,
    allowed,
    field,
    flash,
    form_of,
    number_field,
    page,
    see_other,
)

router = APIRouter()
SEE, WORK = allowed(Permission.SEE_CONDUCT), allowed(Permission.WORK_CONDUCT)
TITLE = Text("信用名单", "Lists of credit")
FIELDS = ("ground", "authority", "document_no", "document_on", "why")


@router.get("/lists", name="lists", dependencies=[SEE])
def lists(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The entries the viewer may see."""
    ask = ListRequest.of(request, query.COLUMNS, query.filters())
    with desk.office.read() as session:
        found = query.listing(session, viewer, ask, desk.clock().date())
        counts = [(INCENTIVE, LISTS[INCENTIVE]), (PUNISHMENT, LISTS[PUNISHMENT])]
        held = leaving.counts(session)
        return page(request, "conduct/lists.html", listing=found, counts=[(name, t, held[name]) for name, t in counts])


@router.api_route(
    "/lists/export", methods=["GET", "POST"], name="lists_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_lists(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The entries as a file, which can be reported as list memberships."""
    viewer.require(Permission.SEE_CONDUCT)
    ask, today = ListRequest.of(request, query.EXPORTED, query.filters()), desk.clock().date()
    with desk.office.read() as session:
        return export(request, viewer, TITLE, ask, lambda asked: query.listing(session, viewer, asked, today))


@router.get("/lists/new", name="listing_new", dependencies=[WORK])
def new(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The form of an entry; `?enterprise=` says about whom."""
    return _form(request, desk, viewer, reader, request.query_params.get("enterprise", "").strip()[:60])


def _form(
    request: Request, desk: Desk, viewer: Viewer, reader: Reader, enterprise: str, error: HoufengError | None = None
) -> Response:
    form = form_of(request)
    with desk.office.read() as session:
        found = portraits.shown(reader, session, enterprise) if enterprise else None
        alerts = evasion.alerts_of(session, viewer, enterprise) if enterprise else []
        lines = [one for one in found.portrait.lines if one.domain in query.DOMAINS] if found is not None else []
        return page(
            request,
            "conduct/list_new.html",
            error.status if error else 200,
            error=error,
            firm=found.party if found is not None else None,
            lines=lines,
            alerts=alerts,
            grounds=[(name, LISTS[one.list_kind], one) for name, one in GROUNDS.items()],
            values={name: str(form.get(name, "")) for name in FIELDS},
            chosen=[str(one) for one in form.getlist("evidence")],
            terms=terms_on(desk.clock().date()),
        )


@router.post("/lists", name="listing_propose", dependencies=[WORK])
def propose(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Give notice of an entry."""
    enterprise = field(request, "enterprise", most=60, label=Text("企业", "Enterprise"))
    try:
        day = field(request, "document_on", most=20)
        with desk.office.begin() as session:
            found = portraits.shown(reader, session, enterprise)
            alerts = {alert.id: alert for alert in evasion.alerts_of(session, viewer, enterprise)}
            basis = Basis(
                ground=field(request, "ground", most=40),
                authority=field(request, "authority", most=200),
                document_no=field(request, "document_no", most=200),
                document_on=parse_day(day) if day else None,
                evidence=chosen([str(one) for one in form_of(request).getlist("evidence")], found.portrait, alerts),
            )
            entry = entering.propose(session, viewer, found.party, basis, field(request, "why", most=2000))
    except HoufengError as error:
        if error.status not in (400, 422):
            raise
        return _form(request, desk, viewer, reader, enterprise, error)
    flash(request, Text(f"已告知：{entry.number}", f"notice given: {entry.number}"))
    return see_other(f"/lists/{entry.id}")


def chosen(ids: list[str], portrait: Any, alerts: Any) -> list[dict[str, Any]]:
    """The lines and alerts that were ticked; what is not there any more is left out."""
    found: list[dict[str, Any]] = []
    for value in dict.fromkeys(ids):
        line = portrait.find(value)
        alert = alerts.get(value.removeprefix("alert:"))
        if line is not None:
            found.append(query.evidence_of(line))
        elif alert is not None:
            told = {"zh": f"{alert.rule_id} {alert.reason_zh}", "en": f"{alert.rule_id} {alert.reason_en}"}
            found.append({"kind": "alert", "key": alert.id, "day": f"{alert.opened_at:%Y-%m-%d}", **told})
    return found


@router.get("/lists/{listing_id:int}", name="listing", dependencies=[SEE])
def listing(request: Request, desk: DeskDep, viewer: ViewerDep, listing_id: int) -> Response:
    """One entry: what it rests on, how it stands, what may come next."""
    with desk.office.read() as session:
        entry = entering.find(session, viewer, listing_id)
        return page(request, "conduct/entry.html", **entry_page(desk, session, viewer, entry))


def entry_page(desk: Desk, session: Any, viewer: Viewer, entry: Any) -> dict[str, Any]:
    """What the page of an entry shows, the office's and the firm's own."""
    today = desk.clock().date()
    return {
        "entry": entry,
        "row": query.row(entry, today),
        "ground": GROUNDS[entry.ground],
        "levels": LEVELS,
        "lists": LISTS,
        "ways": WAYS_OUT,
        "acts": query.acts(session, viewer, entry, today),
        "conditions": conditions_of(desk, entry),
        "steps": steps_of(session, entry),
        "today": today,
    }


def conditions_of(desk: Desk, entry: Entry) -> list[Condition]:
    """How the conditions of a repair stand; of an entry without repair none."""
    if entry.list_kind != PUNISHMENT:
        return []
    today = desk.clock().date()
    days = terms_on(today).number("repair_clean_days")
    asked = bool(entry.repair.get("asked_on"))
    found = portraits.new_failings(desk, entry.enterprise_id, days) if asked and days else None
    return leaving.standing(entry, today, found)


@router.post("/lists/{listing_id:int}/sign", name="listing_sign", dependencies=[allowed(Permission.APPROVE)])
def sign(request: Request, desk: DeskDep, viewer: ViewerDep, listing_id: int) -> Response:
    """Sign or refuse what waits on the entry."""
    approve = field(request, "decision", most=10) == "approve"
    with desk.office.begin() as session:
        version = number_field(request, "version", VERSION)
        signed(session, viewer, listing_id, version, approve, field(request, "why", label=WHY))
    flash(request, Text("已签批", "signed") if approve else Text("已退回", "sent back"))
    return see_other(f"/lists/{listing_id}")


def signed(session: Session, viewer: Viewer, listing_id: int, version: int, approve: bool, why: str) -> Entry:
    """An entry after what waited on it was signed or refused.

    Raises:
        ConflictError: nothing waits, or the entry has moved.
    """
    entry = entering.find(session, viewer, listing_id)
    if entry.approval_id is None or entry.version != version:
        raise ConflictError(Text("没有待签批的事项，或已更新", "nothing waits for a signature, or it has changed"))
    approvals.decide(session, viewer, entry.approval_id, approve, why)
    return entry


@router.post("/lists/{listing_id:int}/{act}", name="listing_act", dependencies=[WORK])
def act(request: Request, desk: DeskDep, viewer: ViewerDep, listing_id: int, act: str) -> Response:
    """What an officer does on an entry."""
    version, why = number_field(request, "version", VERSION), field(request, "why", most=2000)
    with desk.office.begin() as session:
        acted(session, desk, viewer, listing_id, version, act, why, field(request, "verified", most=2000))
    asked = act in ("put", "repair", "remove")
    flash(request, Text("已送签批", "put forward") if asked else Text("已登记", "done"))
    return see_other(f"/lists/{listing_id}")


def acted(
    session: Session, desk: Desk, viewer: Viewer, listing_id: int, version: int, act: str, why: str, verified: str
) -> None:
    """Do what an officer does on an entry.

    Raises:
        InputError: there is no such step.
    """
    match act:
        case "answer":
            entering.answer(session, viewer, listing_id, version, why)
        case "drop":
            entering.drop(session, viewer, listing_id, version, why)
        case "put":
            entering.put(session, viewer, listing_id, version, why)
        case "remove":
            leaving.remove(session, viewer, listing_id, version, why)
        case "refuse_repair":
            leaving.refuse_repair(session, viewer, listing_id, version, why)
        case "repair":
            days = terms_on(desk.clock().date()).number("repair_clean_days")
            entry = entering.find(session, viewer, listing_id)
            found = portraits.new_failings(desk, entry.enterprise_id, days) if days else None
            leaving.repair(session, viewer, listing_id, version, verified, why, found)
        case _:
            raise InputError(Text("没有这一步", "there is no such step"))
