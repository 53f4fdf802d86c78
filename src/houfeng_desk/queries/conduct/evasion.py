"""Firms with signs of evasion: open alerts of the pack `evasion-rules` put together by firm, and their bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.book.connection import connect
from houfeng.conduct.evidence.gathering import Contents, gather
from houfeng.conduct.evidence.making import make, may_make
from houfeng.conduct.steps import bundles_visible
from houfeng.conduct.tables import Bundle
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert
from houfeng.packs.model import TIERS
from houfeng.watch.operations.life import EMITTED
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.enterprise.words import region
from houfeng_desk.queries.packs import pack_in_force
from houfeng_desk.reader import Reader

PACK = "evasion-rules"
BACK = 730
"""Days back from which a bundle tells alerts."""

COLUMNS = (
    Column("name", Text("企业", "Enterprise"), "link", href="href", sub="id"),
    Column("city", Text("地区", "Region")),
    Column("tier", Text("最高级别", "Gravest"), "tier"),
    Column("signs", Text("线索数", "Signs"), "number", sub="rules"),
    Column("exposure", Text("贷款余额", "Loans"), "money"),
    Column("opened_at", Text("最近一条", "Latest"), "moment"),
    Column("reason", Text("理由", "Reason"), sortable=False),
)


def filters() -> Sequence[Filter]:
    """What the list can be narrowed by."""
    tiers = {"red": Text("红", "red"), "orange": Text("橙", "orange"), "yellow": Text("黄", "yellow")}
    return (
        Filter("tier", Text("级别", "Tier"), [Choice(name, text) for name, text in tiers.items()]),
        Filter("open", Text("状态", "State"), [Choice("all", Text("含已解除", "with cleared ones"))]),
        Filter("text", Text("企业", "Enterprise")),
    )


def alerts_of(session: Session, viewer: Viewer, enterprise_id: str = "", *, cleared: bool = False) -> list[Alert]:
    """The alerts of the pack the viewer may see, gravest first."""
    if not viewer.may(Permission.SEE_ALERTS):
        return []
    wanted = select(Alert).where(
        Alert.pack == PACK, Alert.channel == EMITTED, Alert.enterprise.is_not(None), visible(viewer.scope)
    )
    if enterprise_id:
        wanted = wanted.where(Alert.enterprise == enterprise_id)
    if not cleared:
        wanted = wanted.where(Alert.cleared_at.is_(None))
    return list(session.scalars(wanted.order_by(Alert.tier_rank.desc(), Alert.opened_at.desc(), Alert.id)))


def listing(session: Session, viewer: Viewer, ask: ListRequest) -> Listing:
    """One row per firm: the gravest sign first."""
    firms: dict[str, list[Alert]] = {}
    for alert in alerts_of(session, viewer, cleared=ask["open"] == "all"):
        firms.setdefault(str(alert.enterprise), []).append(alert)
    rows = [_row(firm, own) for firm, own in firms.items()]
    text, tier = ask["text"], ask["tier"]
    rows = [
        r for r in rows if (not text or text in str(r["name"]) or text == r["id"]) and (not tier or r["tier"] == tier)
    ]
    keys: Mapping[str, Any] = {
        "name": lambda r: str(r["name"]), "city": lambda r: r["city"].zh, "tier": lambda r: TIERS.index(r["tier"]),
        "signs": lambda r: r["signs"], "exposure": lambda r: r["exposure"] or 0, "opened_at": lambda r: r["opened_at"],
    }  # fmt: skip
    if ask.sort in keys:
        rows.sort(key=keys[ask.sort], reverse=ask.descending)
    return Listing(ask.columns, ask.cut(rows), len(rows), ask)


def _row(firm: str, own: Sequence[Alert]) -> dict[str, Any]:
    rules = "、".join(dict.fromkeys(alert.rule_id for alert in own if alert.rule_id))
    return {
        "name": own[0].name or firm,
        "id": firm,
        "href": f"/evasion/{firm}",
        "city": region(own[0].region),
        "tier": own[0].tier,
        "signs": len(own),
        "rules": Text(rules, rules.replace("、", ", ")),
        "exposure": own[0].exposure,
        "opened_at": max(alert.opened_at for alert in own),
        "reason": Text(own[0].reason_zh, own[0].reason_en),
    }


def bundles(session: Session, viewer: Viewer, enterprise_id: str) -> list[Bundle]:
    """The bundles made about a firm, newest first."""
    wanted = select(Bundle).where(Bundle.enterprise_id == enterprise_id, bundles_visible(viewer))
    return list(session.scalars(wanted.order_by(Bundle.id.desc())))


def contents(desk: Desk, reader: Reader, enterprise_id: str, lang: str) -> tuple[Contents, str]:
    """What a bundle about a firm tells, through the viewer's scope; and the firm's region."""
    may_make(reader.viewer)
    firm = firm_of(reader, enterprise_id)
    row = register_row(reader, firm)
    pack = pack_in_force(desk, PACK)
    as_of: date = reader.as_of
    named = enterprise_id, row["name"] or enterprise_id
    with connect(memory=desk.settings.memory, threads=desk.settings.threads) as connection:
        found = gather(
            desk.book, reader.snapshot, firm, reader.snapshot, connection, named, as_of, as_of - timedelta(days=BACK),
            pack, lang,
        )  # fmt: skip
    return found, row["region"] or ""


def bundle(desk: Desk, reader: Reader, enterprise_id: str, why: str, lang: str) -> tuple[Bundle, bytes]:
    """Make a bundle; the journal tells of it."""
    found, place = contents(desk, reader, enterprise_id, lang)
    with desk.office.begin() as session:
        return make(session, reader.viewer, found, place, why, lang)
