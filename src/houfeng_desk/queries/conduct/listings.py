"""The lists of credit: entries inside the viewer's scope, what may be done on one, its evidence in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from houfeng.conduct.lists.entering import visible
from houfeng.conduct.lists.life import GROUNDS, LEVELS, LISTS, PUNISHMENT, STATES, WAYS_OUT, State
from houfeng.conduct.portrait import Line
from houfeng.conduct.tables import Listing as Entry
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.scope import in_regions
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

COLUMNS = (
    Column("number", Text("条目", "Entry"), "link", href="href", sub="firm"),
    Column("list_text", Text("名单", "List"), sub="level_text"),
    Column("ground_text", Text("事由", "Ground"), sub="document"),
    Column("state_text", Text("状态", "State"), sub="more"),
    Column("listed_on", Text("列入", "Listed"), "date"),
    Column("until", Text("期满", "Until"), "date"),
    Column("left_on", Text("移出", "Left"), "date"),
)
EXPORTED = (
    Column("list_code", Text("名单代码", "List code"), "code"),
    Column("member_id", Text("成员代码", "Member"), "code"),
    *COLUMNS,
)
"""With the two columns by which the file can be reported as `list_membership`, so that packs see the lists."""
_ORDERS: Mapping[str, Any] = {
    "number": Entry.id, "list_text": Entry.list_kind, "ground_text": Entry.ground, "state_text": Entry.state,
    "listed_on": Entry.listed_on, "until": Entry.until, "left_on": Entry.left_on,
}  # fmt: skip
DOMAINS = ("records", "credit", "assets", "people", "security", "lists", "status")
"""Domains of a portrait whose lines may stand as evidence."""


def filters() -> Sequence[Filter]:
    """What the list can be narrowed by."""
    return (
        Filter("list", Text("名单", "List"), [Choice(name, text) for name, text in LISTS.items()]),
        Filter("state", Text("状态", "State"), [Choice(name, text) for name, text in STATES.items()]),
        Filter("ground", Text("事由", "Ground"), [Choice(name, one.label) for name, one in GROUNDS.items()]),
        Filter("text", Text("编号或企业", "Number or enterprise")),
    )


def listing(session: Session, viewer: Viewer, ask: ListRequest, today: date) -> Listing:
    """The entries asked for; those that are under way first, then those on a list."""
    viewer.require(Permission.SEE_CONDUCT)
    condition = and_(visible(viewer), *_conditions(ask))
    total = session.scalar(select(func.count()).select_from(Entry).where(condition)) or 0
    wanted = select(Entry).where(condition)
    if ask.sort in _ORDERS:
        column = _ORDERS[ask.sort]
        wanted = wanted.order_by(column.desc() if ask.descending else column.asc())
    wanted = wanted.order_by((Entry.state == State.NOTICED).desc(), (Entry.state == State.LISTED).desc())
    wanted = wanted.order_by(Entry.id.desc())
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    return Listing(ask.columns, [row(one, today) for one in session.scalars(wanted)], total, ask)


def _conditions(ask: ListRequest) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name, column in (("list", Entry.list_kind), ("state", Entry.state), ("ground", Entry.ground)):
        if ask[name]:
            found.append(column == ask[name])
    if text := ask["text"]:
        digits = "".join(sign if sign.isdigit() else " " for sign in text).split()
        like = [Entry.enterprise_name.contains(text, autoescape=True), Entry.enterprise_id == text]
        if len(digits) == 2 and len(digits[0]) == 4 and len(digits[1]) < 9:
            like.append(and_(Entry.year == int(digits[0]), Entry.serial == int(digits[1])))
        found.append(or_(*like))
    return found


def row(one: Entry, today: date) -> dict[str, Any]:
    """An entry as a row of a list."""
    more = None
    if one.approval_id is not None:
        more = Text("待签批", "to be signed")
    elif one.state == State.NOTICED:
        until = one.objection_until
        more = Text(f"申辩至 {until}", f"objections until {until}") if today <= until else Text("可列入", "may be put")
    elif one.left_how:
        more = WAYS_OUT[one.left_how]
    elif one.repair.get("asked_on"):
        more = Text("申请修复", "repair asked for")
    return {
        "list_code": f"conduct_{one.list_kind}",
        "member_id": one.enterprise_id,
        "number": one.number,
        "href": f"/lists/{one.id}",
        "firm": one.enterprise_name,
        "list_text": LISTS[one.list_kind],
        "level_text": LEVELS.get(one.level),
        "ground_text": GROUNDS[one.ground].label,
        "document": one.document_no or None,
        "state_text": STATES[State(one.state)],
        "more": more,
        "listed_on": one.listed_on,
        "until": one.until,
        "left_on": one.left_on,
    }


def of_firm(session: Session, enterprise_id: str) -> list[Entry]:
    """All entries of a firm, newest first."""
    return list(session.scalars(select(Entry).where(Entry.enterprise_id == enterprise_id).order_by(Entry.id.desc())))


def evidence_of(line: Line) -> dict[str, Any]:
    """A line of a portrait as evidence of an entry: what it said, and where it stood."""
    return {
        "kind": line.kind, "key": line.key, "field": line.field, "submission": line.source.submission,
        "row": line.source.row, "reporter": line.source.reporter_name, "day": str(line.day or ""),
        "zh": f"{line.label.zh} {line.value.zh}", "en": f"{line.label.en} {line.value.en}",
    }  # fmt: skip


def acts(session: Session, viewer: Viewer, entry: Entry, today: date) -> set[str]:
    """What the viewer may do on an entry now."""
    own = viewer.scope.enterprise == entry.enterprise_id and viewer.may(Permission.SEE_OWN_FIRM)
    waits = entry.approval_id is not None
    found: set[str] = set()
    if own and not waits:
        if entry.state == State.NOTICED and not entry.objection and today <= entry.objection_until:
            found.add("object")
        due = entry.least_until is None or today >= entry.least_until
        asked = bool(entry.repair.get("asked_on"))
        if entry.state == State.LISTED and entry.list_kind == PUNISHMENT and due and not asked:
            found.add("ask_repair")
    inside = select(Entry.id).where(Entry.id == entry.id, *in_regions(viewer.scope.regions, Entry.region))
    office = viewer.scope.institutions is None and viewer.scope.enterprise is None
    if not (office and session.scalars(inside).first() is not None):
        return found
    if waits:
        return found | ({"sign"} if viewer.may(Permission.APPROVE) else set())
    if viewer.may(Permission.WORK_CONDUCT):
        found |= _officers(entry, today)
    return found


def _officers(entry: Entry, today: date) -> set[str]:
    if entry.state == State.LISTED:
        return {"remove", *(("repair", "refuse_repair") if entry.repair.get("asked_on") else ())}
    if entry.state != State.NOTICED:
        return set()
    open_ = bool(entry.objection) and not entry.objection_answer
    return {"drop", *(("answer",) if open_ else ()), *(("put",) if today > entry.objection_until and not open_ else ())}
