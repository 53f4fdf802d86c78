"""The list of cases and the board of states, inside the viewer's scope. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from houfeng.cases.files import visible
from houfeng.cases.states import LIVE, OUTCOMES, STATES, Outcome, State
from houfeng.cases.tables import CaseFile
from houfeng.cases.terms import shipped
from houfeng.clock import end_of_day
from houfeng.errors import Text
from houfeng.office.access import Viewer
from houfeng.office.scope import stem
from houfeng.office.tables import User
from houfeng.packs.model import TIERS
from houfeng.watch.operations.words import TIER_NAMES
from houfeng_desk.charts.map import GRID, city_of
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

WHOSE: Mapping[str, Text] = {
    "mine": Text("我承办的", "Mine"),
    "begun": Text("我发起的", "Begun by me"),
    "free": Text("待认领", "Without an owner"),
}
DUE: Mapping[str, Text] = {"late": Text("已超期", "Overdue"), "week": Text("七天内到期", "Due within seven days")}
LIVING = "live"

COLUMNS = (
    Column("number", Text("案号", "Number"), "link", href="href", sub="title"),
    Column("tier", Text("等级", "Tier"), "tier"),
    Column("enterprise_name", Text("企业", "Enterprise"), "link", href="firm_href", sub="city"),
    Column("type_text", Text("类型", "Type")),
    Column("state_text", Text("状态", "State"), sub="outcome_text"),
    Column("owner", Text("承办人", "Owner")),
    Column("exposure", Text("贷款敞口", "Loans outstanding"), "money"),
    Column("due_on", Text("时限", "Deadline"), "date", sub="late"),
    Column("created_at", Text("建案", "Begun"), "date"),
)
EXPORTED = (
    *COLUMNS[:2],
    Column("title", Text("名称", "Title")),
    Column("enterprise_id", Text("企业代码", "Enterprise id"), "code"),
    *COLUMNS[2:],
    Column("city", Text("地区", "Region")),
    Column("outcome_text", Text("处置结果", "Outcome")),
    Column("recovered", Text("收回", "Recovered"), "money"),
    Column("ended_at", Text("办结", "Ended"), "date"),
)
_TIER_RANK = case({tier: rank for rank, tier in enumerate(TIERS, 1)}, value=CaseFile.tier, else_=0)
_ORDERS: Mapping[str, Any] = {
    "number": (CaseFile.year, CaseFile.serial),
    "tier": (_TIER_RANK,),
    "enterprise_name": (CaseFile.enterprise_name,),
    "type_text": (CaseFile.type,),
    "state_text": (case({state.value: n for n, state in enumerate(State)}, value=CaseFile.state),),
    "owner": (CaseFile.owner_id,),
    "exposure": (CaseFile.exposure,),
    "due_on": (CaseFile.due_on,),
    "created_at": (CaseFile.created_at,),
}


def filters() -> Sequence[Filter]:
    """What the list can be narrowed by."""
    states = [Choice(LIVING, Text("在办", "Live")), *(Choice(state, text) for state, text in STATES.items())]
    return (
        Filter("whose", Text("办理", "Whose"), _choices(WHOSE)),
        Filter("state", Text("状态", "State"), states),
        Filter("due", Text("时限", "Deadline"), _choices(DUE)),
        Filter("text", Text("案号、名称或企业", "Number, title or enterprise")),
        Filter("type", Text("类型", "Type"), _choices(shipped().types)),
        Filter("tier", Text("等级", "Tier"), [Choice(tier, TIER_NAMES[tier]) for tier in reversed(TIERS)]),
        Filter("city", Text("地区", "Region"), [Choice(code, name) for code, (name, *_) in GRID.items()]),
        Filter("outcome", Text("处置结果", "Outcome"), _choices(OUTCOMES)),
        Filter("since", Text("建案不早于", "Begun since"), kind="date"),
        Filter("until", Text("建案不晚于", "Begun until"), kind="date"),
    )


def _choices(texts: Mapping[Any, Text]) -> list[Choice]:
    return [Choice(str(value), text) for value, text in texts.items()]


def listing(session: Session, viewer: Viewer, ask: ListRequest, today: date) -> Listing:
    """The cases asked for; those whose deadline comes first stand first."""
    condition = and_(visible(viewer), *_conditions(viewer, ask, today))
    total = session.scalar(select(func.count()).select_from(CaseFile).where(condition)) or 0
    order = [each.desc() if ask.descending else each.asc() for each in _ORDERS.get(ask.sort, ())]
    ended = case((CaseFile.ended_at.is_(None), 0), else_=1)
    wanted = select(CaseFile, User.name).outerjoin(User, User.id == CaseFile.owner_id).where(condition)
    wanted = wanted.order_by(*order, ended, CaseFile.due_on, CaseFile.id.desc())
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    rows = [row(each, owner, today) for each, owner in session.execute(wanted)]
    return Listing(ask.columns, rows, total, ask)


def _conditions(viewer: Viewer, ask: ListRequest, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if ask["state"] == LIVING:
        found.append(CaseFile.ended_at.is_(None))
    elif ask["state"]:
        found.append(CaseFile.state == ask["state"])
    if ask["whose"] == "mine":
        found.append(CaseFile.owner_id == viewer.user_id)
    elif ask["whose"] == "begun":
        found.append(CaseFile.created_by == viewer.user_id)
    elif ask["whose"] == "free":
        found += [CaseFile.owner_id.is_(None), CaseFile.state.in_(LIVE)]
    if ask["due"]:
        last = today if ask["due"] == "late" else date.fromordinal(today.toordinal() + 8)
        found += [CaseFile.due_on < last, CaseFile.state.in_(LIVE)]
        found += [CaseFile.due_on >= today] if ask["due"] == "week" else []
    if ask["text"]:
        found.append(_named(ask["text"]))
    found += [getattr(CaseFile, name) == ask[name] for name in ("type", "tier", "outcome") if ask[name]]
    if ask["city"]:
        found.append(CaseFile.region.startswith(stem(ask["city"]), autoescape=True))
    since, until = ask.day("since"), ask.day("until")
    if since is not None:
        found.append(CaseFile.created_at >= datetime.combine(since, time.min))
    if until is not None:
        found.append(CaseFile.created_at <= end_of_day(until))
    return found


def _named(text: str) -> ColumnElement[bool]:
    digits = "".join(sign if sign.isdigit() else " " for sign in text).split()
    like = [
        CaseFile.title.contains(text, autoescape=True),
        CaseFile.enterprise_name.contains(text, autoescape=True),
        CaseFile.enterprise_id == text.replace(" ", ""),
    ]
    if len(digits) == 2 and len(digits[0]) == 4 and len(digits[1]) < 9:
        like.append(and_(CaseFile.year == int(digits[0]), CaseFile.serial == int(digits[1])))
    return or_(*like)


def row(each: CaseFile, owner: str | None, today: date) -> dict[str, Any]:
    """A case as a row of a list."""
    late = (today - each.due_on).days if each.due_on is not None and each.ended_at is None else 0
    city = GRID[code][0] if (code := city_of(each.region)) else Text(each.region, each.region)
    return {
        "id": each.id,
        "href": f"/cases/{each.id}",
        "firm_href": f"/enterprises/{each.enterprise_id}",
        "number": each.number,
        "title": each.title,
        "tier": each.tier,
        "enterprise_id": each.enterprise_id,
        "enterprise_name": each.enterprise_name,
        "city": city,
        "type_text": shipped().types.get(each.type, Text(each.type, each.type)),
        "state": State(each.state),
        "state_text": STATES[State(each.state)],
        "outcome_text": OUTCOMES[Outcome(each.outcome)] if each.outcome and each.ended_at else None,
        "owner": owner or "",
        "exposure": each.exposure,
        "recovered": each.recovered,
        "due_on": each.due_on if each.ended_at is None else None,
        "late": Text(f"超期 {late} 天", f"{late} days late") if late > 0 else None,
        "created_at": each.created_at,
        "ended_at": each.ended_at,
        "waiting": each.approval_id is not None,
    }


def board(listed: Listing) -> list[tuple[State, list[Mapping[str, Any]]]]:
    """The listed cases by state, in the order of the road; ended ones only where there are any."""
    return [
        (state, found)
        for state in State
        if (found := [row for row in listed.rows if row["state"] is state]) or state in LIVE
    ]


def waiting(session: Session, viewer: Viewer, today: date) -> list[dict[str, Any]]:
    """What of cases waits for the viewer: theirs by deadline, and for officers those nobody owns."""
    ours = CaseFile.owner_id == viewer.user_id
    wanted = (
        select(CaseFile)
        .where(visible(viewer), CaseFile.state.in_(LIVE), CaseFile.state != State.APPROVE, ours)
        .order_by(CaseFile.due_on, CaseFile.id)
        .limit(50)
    )
    return [row(each, viewer.name, today) for each in session.scalars(wanted)]


def overdue(session: Session, viewer: Viewer, today: date) -> int:
    """How many of the viewer's cases are past their deadline."""
    late = (CaseFile.owner_id == viewer.user_id, CaseFile.state.in_(LIVE), CaseFile.due_on < today)
    return session.scalar(select(func.count()).select_from(CaseFile).where(*late)) or 0
