"""The life of warning rules: draft, shadow, a share of keys, active, retired; moved by two persons."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from houfeng.errors import Text, UsageError
from houfeng.office.access import Permission
from houfeng.office.packs import handing
from houfeng.packs.model import Pack
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.queries import pack_rules as query
from houfeng_desk.queries import packs
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("packs")
SEE = [allowed(Permission.SEE_PACKS)]


@router.get("/packs/{name}/rules", operation_id="pack_rules", dependencies=SEE)
def rules(desk: DeskDep, viewer: ViewerDep, name: str) -> dict[str, Any]:
    """All rules of a pack with their stage; for who sees alerts, how many each opened lately, by channel and tier."""
    lives = query.lives(desk.book.path)
    with desk.office.read() as session:
        pack = _with_rules(packs.opened(session, desk, name)[0])
        last = query.last_day(session) or desk.clock().date()
        days = (last - query.LOOK_BACK, last)
        said = query.said(session, viewer.scope, name, days) if viewer.may(Permission.SEE_ALERTS) else {}
    rows = [
        {
            **told(rule, "id", "name", "label", "over", "group"),
            "stage": plain(lives.of(pack, rule).now) if lives.known else None,
            "opened": dict(said.get(rule.name, {})),
        }
        for rule in pack.rules.values()
    ]
    return listed(rows) | {"since": plain(days[0]), "until": plain(days[1])}


def _with_rules(pack: Pack) -> Pack:
    if not pack.rules:
        raise UsageError(Text(f"{pack.name} 没有预警规则", f"{pack.name} has no rules"))
    return pack


@router.get("/packs/{name}/rules/{rule}", operation_id="pack_rule_life", dependencies=SEE)
def rule(desk: DeskDep, viewer: ViewerDep, name: str, rule: str) -> dict[str, Any]:
    """One rule: the stages it went through, where it may go, what it said by month, its newest alerts, what it adds to
    the other rules."""
    lives = query.lives(desk.book.path)
    with desk.office.read() as session:
        pack = packs.opened(session, desk, name)[0]
        found = packs.rule_of(pack, rule)
        told_ = {
            **told(found, "id", "name", "label", "over", "group", "reference"),
            "stage": plain(lives.of(pack, found).now) if lives.known else None,
            "past": plain(lives.of(pack, found).past) if lives.known else [],
            "ways": query.ways(lives.of(pack, found)) if lives.known else [],
        }
        if not viewer.may(Permission.SEE_ALERTS):
            return told_
        last = query.last_day(session) or desk.clock().date()
        shared = query.shared(session, viewer.scope, pack, (last - query.LOOK_BACK, last))
        months = query.monthly(session, viewer.scope, name, found.name)
        latest = query.latest(session, viewer.scope, name, found.name)
        return told_ | {
            "months": [{"month": month, "opened": dict(counts)} for month, counts in months],
            "latest": [told(one, "id", "tier", "channel", "kind", "key", "name", "opened_at") for one in latest],
            "overlap": plain((shared or {}).get(found.name)),
        }


class Moved(BaseModel):
    """Into which stage (one of the rule's `ways`), and why."""

    to: str = Field(min_length=1, max_length=20)
    why: str = Field(min_length=1, max_length=4000)


@router.post(
    "/packs/{name}/rules/{rule}/move", operation_id="move_rule", dependencies=[allowed(Permission.PROPOSE_PACKS)]
)
def move(desk: DeskDep, viewer: ViewerDep, name: str, rule: str, asked: Moved) -> dict[str, Any]:
    """Ask another person to let the rule into another stage."""
    with desk.office.begin() as session:
        found = packs.rule_of(packs.opened(session, desk, name)[0], rule)
        made = handing.propose_move(session, viewer, desk.book.path, f"{name}/{found.name}", asked.to, asked.why)
        return {"approval": made.id}
