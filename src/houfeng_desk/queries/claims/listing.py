"""The list of claims inside the viewer's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from houfeng.claims.files import visible
from houfeng.claims.life import OUT, STATES, WAITING, State
from houfeng.claims.tables import Claim
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

DUE: Mapping[str, Text] = {"soon": Text("三十天内到期", "Due within 30 days"), "late": Text("已逾期", "Past its day")}
COLUMNS = (
    Column("number", Text("申报号", "Number"), "link", href="href", sub="period"),
    Column("tool", Text("工具", "Tool")),
    Column("bank", Text("机构", "Institution")),
    Column("state_text", Text("状态", "State"), sub="waits"),
    Column("asked", Text("申报金额", "Asked"), "money"),
    Column("granted", Text("核准金额", "Granted"), "money"),
    Column("outstanding", Text("余额", "Outstanding"), "money"),
    Column("due_on", Text("到期日", "Due"), "date"),
    Column("submitted_at", Text("申报时间", "Submitted"), "moment"),
)
EXPORTED = (
    *COLUMNS[:3],
    Column("institution_id", Text("机构代码", "Institution id"), "code"),
    Column("first", Text("期初", "From"), "date"),
    Column("last", Text("期末", "To"), "date"),
    *COLUMNS[3:],
    Column("extensions", Text("已展期次数", "Extensions"), "number"),
    Column("rate", Text("利率", "Rate"), "percent"),
)
_ORDERS: Mapping[str, Any] = {
    "number": (Claim.year, Claim.serial),
    "tool": (Claim.instrument,),
    "bank": (Claim.institution_name,),
    "state_text": (Claim.state,),
    "asked": (Claim.asked,),
    "granted": (Claim.granted,),
    "outstanding": (Claim.outstanding,),
    "due_on": (Claim.due_on,),
    "submitted_at": (Claim.submitted_at,),
}


def filters(session: Session, viewer: Viewer) -> Sequence[Filter]:
    """What the list can be narrowed by: only tools and banks of claims that the viewer may see."""
    seen = select(Claim.instrument, Claim.label_zh, Claim.label_en).where(visible(viewer)).distinct()
    tools = {name: Text(zh, en) for name, zh, en in session.execute(seen.order_by(Claim.instrument))}
    banks = select(Claim.institution_id, Claim.institution_name).where(visible(viewer)).distinct()
    names = dict(session.execute(banks.order_by(Claim.institution_name)).all())
    waiting = Choice("waiting", Text("待审核", "To be decided"))
    return (
        Filter("state", Text("状态", "State"), [waiting, *(Choice(state, text) for state, text in STATES.items())]),
        Filter("tool", Text("工具", "Tool"), [Choice(name, text) for name, text in tools.items()]),
        Filter("bank", Text("机构", "Institution"), [Choice(one, Text(name, name)) for one, name in names.items()]),
        Filter("text", Text("申报号或机构", "Number or institution")),
        Filter("due", Text("到期", "Due"), [Choice(name, text) for name, text in DUE.items()]),
        Filter("since", Text("期初不早于", "Period since"), kind="date"),
        Filter("until", Text("期末不晚于", "Period until"), kind="date"),
    )


def listing(session: Session, viewer: Viewer, ask: ListRequest, today: date) -> Listing:
    """The claims asked for; those that wait for a decision stand first."""
    viewer.require(Permission.SEE_CLAIMS)
    condition = and_(visible(viewer), *_conditions(ask, today))
    total = session.scalar(select(func.count()).select_from(Claim).where(condition)) or 0
    order = [each.desc() if ask.descending else each.asc() for each in _ORDERS.get(ask.sort, ())]
    waits = Claim.state.in_(list(WAITING)).desc()
    wanted = select(Claim).where(condition).order_by(*order, waits, Claim.id.desc())
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    return Listing(ask.columns, [row(each, today) for each in session.scalars(wanted)], total, ask)


def _conditions(ask: ListRequest, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if ask["state"] == "waiting":
        found.append(Claim.state.in_(list(WAITING)))
    elif ask["state"]:
        found.append(Claim.state == ask["state"])
    if ask["tool"]:
        found.append(Claim.instrument == ask["tool"])
    if ask["bank"]:
        found.append(Claim.institution_id == ask["bank"])
    if ask["text"]:
        found.append(_named(ask["text"]))
    if ask["due"]:
        last = today if ask["due"] == "late" else date.fromordinal(today.toordinal() + 31)
        found += [Claim.state.in_(list(OUT)), Claim.due_on < last]
        found += [Claim.due_on >= today] if ask["due"] == "soon" else []
    since, until = ask.day("since"), ask.day("until")
    found += [Claim.first >= since] if since is not None else []
    found += [Claim.last <= until] if until is not None else []
    return found


def _named(text: str) -> ColumnElement[bool]:
    digits = "".join(sign if sign.isdigit() else " " for sign in text).split()
    like = [Claim.institution_name.contains(text, autoescape=True), Claim.institution_id == text.replace(" ", "")]
    if len(digits) == 2 and len(digits[0]) == 4 and len(digits[1]) < 9:
        like.append(and_(Claim.year == int(digits[0]), Claim.serial == int(digits[1])))
    return or_(*like)


def row(each: Claim, today: date) -> dict[str, Any]:
    """A claim as a row of a list."""
    late = each.due_on is not None and each.due_on < today and State(each.state) in OUT
    waits = Text("待签批", "to be signed") if each.approval_id is not None else None
    return {
        "id": each.id,
        "href": f"/claims/{each.id}",
        "number": each.number,
        "period": f"{each.first}—{each.last}",
        "first": each.first,
        "last": each.last,
        "tool": Text(each.label_zh, each.label_en),
        "bank": each.institution_name,
        "institution_id": each.institution_id,
        "state": each.state,
        "state_text": STATES[State(each.state)],
        "waits": waits or (Text("已逾期", "past its day") if late else None),
        "asked": each.asked,
        "granted": each.granted,
        "outstanding": each.outstanding if each.comes_back else None,
        "due_on": each.due_on,
        "submitted_at": each.submitted_at,
        "extensions": each.extensions,
        "rate": each.rate,
    }


def waiting(session: Session, viewer: Viewer) -> list[Claim]:
    """The claims the viewer should decide on, oldest first."""
    wanted = select(Claim).where(visible(viewer), Claim.state.in_(list(WAITING)), Claim.approval_id.is_(None))
    return list(session.scalars(wanted.order_by(Claim.submitted_at, Claim.id).limit(50)))


def count_waiting(session: Session, viewer: Viewer) -> int:
    """How many claims wait for a decision in the viewer's scope."""
    wanted = (visible(viewer), Claim.state.in_(list(WAITING)), Claim.approval_id.is_(None))
    return session.scalar(select(func.count()).select_from(Claim).where(*wanted)) or 0
