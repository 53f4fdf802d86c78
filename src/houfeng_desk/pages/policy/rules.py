"""The life of warning rules: draft, shadow, a share of keys, active, retired; moved by two persons."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text, UsageError
from houfeng.office import approvals
from houfeng.office.access import Permission
from houfeng.office.packs import handing
from houfeng.office.tables import Approval
from houfeng.watch.operations.words import CHANNEL_TEXTS
from houfeng_desk.queries import pack_rules as query
from houfeng_desk.queries import packs
from houfeng_desk.queries.pack_words import Words
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, page, see_other

router = APIRouter()
SEE = [allowed(Permission.SEE_PACKS)]


@router.get("/packs/{name}/rules", name="pack_rules", dependencies=SEE)
def rules(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """All rules of a pack with their life, and what they said lately."""
    lives = query.lives(desk.book.path)
    with desk.office.read() as session:
        pack, _ = packs.opened(session, desk, name)
        if not pack.rules:
            raise UsageError(Text(f"{name} 没有预警规则", f"{name} has no rules"))
        last = query.last_day(session) or desk.clock().date()
        days = (last - query.LOOK_BACK, last)
        said = query.said(session, viewer.scope, name, days) if viewer.may(Permission.SEE_ALERTS) else {}
        shared = query.shared(session, viewer.scope, pack, days) if said else {}
        waiting = _waiting(session)
    return page(
        request,
        "policy/rules.html",
        pack=pack,
        rows=[(rule, lives.of(pack, rule), said.get(rule.name, {})) for rule in pack.rules.values()],
        shared=shared,
        lives=lives,
        days=days,
        waiting=waiting,
    )


@router.get("/packs/{name}/rules/{rule}", name="pack_rule_life", dependencies=SEE)
def rule(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, rule: str) -> Response:
    """One rule: who moved it and why, what it said in shadow, what it adds to the others."""
    lives = query.lives(desk.book.path)
    with desk.office.read() as session:
        pack, _ = packs.opened(session, desk, name)
        found = packs.rule_of(pack, rule)
        life = lives.of(pack, found)
        last = query.last_day(session) or desk.clock().date()
        days = (last - query.LOOK_BACK, last)
        sees = viewer.may(Permission.SEE_ALERTS)
        shared = query.shared(session, viewer.scope, pack, days) if sees else {}
        approval = _waiting(session).get(f"rule:{name}/{found.name}")
        return page(
            request,
            "policy/rule_life.html",
            pack=pack,
            rule=found,
            life=life,
            lives=lives,
            ways=[(way, query.way_stage(way)) for way in query.ways(life)] if lives.known else [],
            months=query.monthly(session, viewer.scope, name, found.name) if sees else [],
            latest=query.latest(session, viewer.scope, name, found.name) if sees else [],
            overlap=(shared or {}).get(found.name),
            days=days,
            approval=approval,
            may_decide=approval is not None
            and viewer.may(Permission.APPROVE)
            and approval.proposer_id != viewer.user_id,
            channels=CHANNEL_TEXTS,
            words=[
                (tier, Words(pack, lang_of(request), desk.clock().date()).say(node))
                for tier, node in found.tiers.items()
            ],
        )


@router.post("/packs/{name}/rules/{rule}/move", dependencies=[allowed(Permission.PROPOSE_PACKS)])
def move(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, rule: str) -> Response:
    """Ask another person to let the rule into another stage."""
    to = field(request, "to", most=20, label=Text("改为", "To"))
    why = field(request, "why", label=Text("理由", "Reason"))
    with desk.office.begin() as session:
        pack, _ = packs.opened(session, desk, name)
        found = packs.rule_of(pack, rule)
        handing.propose_move(session, viewer, desk.book.path, f"{name}/{found.name}", to, why)
    flash(request, Text("已提交审批，由另一人决定。", "Submitted; another person decides."))
    return see_other(f"/packs/{name}/rules/{found.name}")


def _waiting(session: Session) -> dict[str, Approval]:
    """Moves of rules that wait for a decision, by rule."""
    asked = select(Approval).where(Approval.kind == handing.RULE_LIFE, Approval.state == approvals.State.WAITING)
    return {one.about: one for one in session.scalars(asked)}
