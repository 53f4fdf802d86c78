"""The list of disputes inside the viewer's scope, and how many wait for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from houfeng.conduct.disputes.filing import may_move, visible
from houfeng.conduct.disputes.life import MOVES, OUTCOMES, STATES, Move, Outcome, State
from houfeng.conduct.tables import Dispute
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

COLUMNS = (
    Column("number", Text("异议", "Dispute"), "link", href="href", sub="firm"),
    Column("line", Text("记录", "Line"), sortable=False, sub="value"),
    Column("asked", Text("应为", "Should say"), sortable=False),
    Column("reporter", Text("报送单位", "Reporter")),
    Column("state_text", Text("状态", "State"), sub="outcome_text"),
    Column("filed_at", Text("提出", "Filed"), "moment"),
    Column("due_on", Text("时限", "Due"), "date", sub="late"),
)
_ORDERS: Mapping[str, Any] = {
    "number": Dispute.id, "reporter": Dispute.reporter, "state_text": Dispute.state, "filed_at": Dispute.filed_at,
    "due_on": Dispute.due_on,
}  # fmt: skip


def filters() -> Sequence[Filter]:
    """What the list can be narrowed by."""
    waiting = Choice("mine", Text("待我办理", "Waits for me"))
    return (
        Filter("state", Text("状态", "State"), [waiting, *(Choice(state, text) for state, text in STATES.items())]),
        Filter("outcome", Text("结果", "Outcome"), [Choice(name, text) for name, text in OUTCOMES.items()]),
        Filter("text", Text("编号或企业", "Number or enterprise")),
    )


def listing(session: Session, viewer: Viewer, ask: ListRequest, today: date, names: Mapping[str, str]) -> Listing:
    """The disputes asked for; open ones first, by when they are due."""
    viewer.require(Permission.SEE_CONDUCT)
    condition = and_(visible(viewer), *_conditions(viewer, ask, today))
    total = session.scalar(select(func.count()).select_from(Dispute).where(condition)) or 0
    wanted = select(Dispute).where(condition)
    if ask.sort in _ORDERS:
        column = _ORDERS[ask.sort]
        wanted = wanted.order_by(column.desc() if ask.descending else column.asc())
    wanted = wanted.order_by((Dispute.state == State.CLOSED).asc(), Dispute.due_on.is_(None), Dispute.due_on)
    wanted = wanted.order_by(Dispute.id.desc())
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    return Listing(ask.columns, [row(one, today, names) for one in session.scalars(wanted)], total, ask)


def _conditions(viewer: Viewer, ask: ListRequest, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if ask["state"] == "mine":
        found.append(_mine(viewer, today))
    elif ask["state"]:
        found.append(Dispute.state == ask["state"])
    if ask["outcome"]:
        found.append(Dispute.outcome == ask["outcome"])
    if ask["text"]:
        text = ask["text"]
        digits = "".join(sign if sign.isdigit() else " " for sign in text).split()
        like = [Dispute.enterprise_name.contains(text, autoescape=True), Dispute.enterprise_id == text]
        if len(digits) == 2 and len(digits[0]) == 4 and len(digits[1]) < 9:
            like.append(and_(Dispute.year == int(digits[0]), Dispute.serial == int(digits[1])))
        found.append(or_(*like))
    return found


def _mine(viewer: Viewer, today: date) -> ColumnElement[bool]:
    """What waits for the viewer: a bank's facts to be answered or corrected; of the office also reviews and what is
    late."""
    open_ = Dispute.state.in_([State.FILED, State.ADMITTED])
    if viewer.scope.institutions is not None:
        return open_
    late = and_(Dispute.state == State.FILED, Dispute.due_on < today)
    return or_(and_(open_, Dispute.institution_id == ""), Dispute.state == State.REVIEW, late)


def row(one: Dispute, today: date, names: Mapping[str, str]) -> dict[str, Any]:
    """A dispute as a row of a list."""
    late = (today - one.due_on).days if one.due_on is not None else 0
    return {
        "number": one.number,
        "href": f"/disputes/{one.id}",
        "firm": one.enterprise_name,
        "line": Text(one.label_zh, one.label_en),
        "value": Text(one.value_zh, one.value_en),
        "asked": one.asked,
        "reporter": names.get(one.reporter, one.reporter),
        "state_text": STATES[State(one.state)],
        "outcome_text": OUTCOMES[Outcome(one.outcome)] if one.outcome else None,
        "filed_at": one.filed_at,
        "due_on": one.due_on,
        "late": Text(f"超期 {late} 天", f"{late} days late") if late > 0 else None,
    }


def count_mine(session: Session, viewer: Viewer, today: date) -> int:
    """How many disputes wait for the viewer, for the menu."""
    wanted = select(func.count()).select_from(Dispute).where(visible(viewer), _mine(viewer, today))
    return session.scalar(wanted) or 0


def mine(session: Session, viewer: Viewer, today: date, most: int = 50) -> list[Dispute]:
    """The disputes that wait for the viewer, the nearest deadline first."""
    wanted = select(Dispute).where(visible(viewer), _mine(viewer, today)).order_by(Dispute.due_on, Dispute.id)
    return list(session.scalars(wanted.limit(most)))


def of_firm(session: Session, enterprise_id: str) -> list[Dispute]:
    """All disputes of a firm, newest first."""
    wanted = select(Dispute).where(Dispute.enterprise_id == enterprise_id).order_by(Dispute.id.desc())
    return list(session.scalars(wanted))


def moves(viewer: Viewer, dispute: Dispute, today: date) -> list[Move]:
    """The moves the viewer may make now."""
    found = [
        move for name, move in MOVES.items() if State(dispute.state) in move.start and may_move(viewer, dispute, name)
    ]
    in_time = dispute.due_on is not None and dispute.due_on >= today
    return [move for move in found if not (move.name == "take" and in_time) and (move.name != "appeal" or in_time)]
