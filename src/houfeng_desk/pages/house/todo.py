"""What waits for me: proposals to decide, what I have proposed, and what page owners add (cases, plans, deadlines)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import quote

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import InputError, Text
from houfeng.office import approvals
from houfeng.office.access import Permission, Viewer
from houfeng.office.tables import Approval
from houfeng_desk.app_parts import parts_of
from houfeng_desk.desk import Desk
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, local, page, see_other

router = APIRouter()
WHY = Text("理由", "Reason")
OWN_SHOWN = 20
SHOWN = 50
"""Proposals on the page; the oldest first, so that the rest come up as they are decided."""


class Waiting(NamedTuple):
    """One thing that waits for somebody. `tier` is empty or a tier of warning, `due` the day it should be done."""

    title: Text
    sub: Text
    href: str
    due: date | None = None
    tier: str = ""


Source = Callable[[Desk, Viewer], Sequence[Waiting]]


def provide(app: object, label: Text, source: Source) -> None:
    """Let something else wait on this page too."""
    parts_of(app, "todo").append((label, source))


@router.get("/todo", name="todo", dependencies=[allowed(Permission.USE_ACCOUNT)])
def todo(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Everything that waits for this person, and their own open proposals."""
    others = [(label, list(source(desk, viewer))) for label, source in parts_of(request.app, "todo")]
    with desk.office.read() as session:
        mine = own_proposals(session, viewer)
        waiting = approvals.waiting(session, viewer)
        return page(
            request,
            "house/todo.html",
            waiting=waiting[:SHOWN],
            waits=len(waiting),
            links={one.id: link_of(one) for one in (*waiting[:SHOWN], *mine)},
            mine=mine,
            states=approvals.STATE_NAMES,
            others=[(label, things) for label, things in others if things],
            today=desk.clock().date(),
        )


def own_proposals(session: Session, viewer: Viewer) -> Sequence[Approval]:
    """What this person has proposed of late, newest first."""
    mine = select(Approval).where(Approval.proposer_id == viewer.user_id)
    return session.scalars(mine.order_by(Approval.id.desc()).limit(OWN_SHOWN)).all()


def link_of(approval: Approval) -> str:
    """The page of what a proposal is about: where its room says so, else by its name; empty where there is none."""
    about = approval.about if approval.about.startswith("/") else ""
    said = str(approval.detail.get("link") or approval.detail.get("href") or about)
    kind, _, name = approval.about.partition(":")
    by_name = {"case": "/cases/{}", "pack": "/packs/{}/versions"}.get(kind, "")
    return local(said or (by_name.format(quote(name, safe="")) if name else ""), "")


@router.post("/approvals/{approval_id}/decide", name="decide", dependencies=[allowed(Permission.APPROVE)])
def decide(request: Request, desk: DeskDep, viewer: ViewerDep, approval_id: int) -> Response:
    """Approve or refuse, with a reason."""
    answer = field(request, "answer", most=10)
    if answer not in ("approve", "refuse"):
        raise InputError(Text("请选择批准或否决", "choose to approve or to refuse"))
    with desk.office.begin() as session:
        approvals.decide(session, viewer, approval_id, answer == "approve", field(request, "why", label=WHY))
    flash(request, Text("已批准。", "Approved.") if answer == "approve" else Text("已否决。", "Refused."))
    return see_other("/todo")


@router.post("/approvals/{approval_id}/withdraw", name="withdraw", dependencies=[allowed(Permission.USE_ACCOUNT)])
def withdraw(request: Request, desk: DeskDep, viewer: ViewerDep, approval_id: int) -> Response:
    """Take back one's own proposal."""
    with desk.office.begin() as session:
        approvals.withdraw(session, viewer, approval_id, field(request, "why", label=WHY))
    flash(request, Text("已撤回。", "Withdrawn."))
    return see_other("/todo")


def waiting_count(desk: Desk, viewer: Viewer) -> int:
    """For the badge: proposals this person may decide. What page owners add has badges of its own."""
    if not viewer.may(Permission.APPROVE):
        return 0
    with desk.office.read() as session:
        return len(approvals.waiting(session, viewer))
