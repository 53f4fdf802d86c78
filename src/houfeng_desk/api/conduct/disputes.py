"""Disputes about what the book says of a firm: the list, one of them, and what its reporter and the office do."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from houfeng.conduct.disputes import filing
from houfeng.conduct.disputes.life import STATES, State
from houfeng.conduct.steps import steps_of
from houfeng.conduct.tables import Dispute
from houfeng.office.access import Permission, Viewer
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, plain, told
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.conduct.disputes import moved
from houfeng_desk.queries.conduct import disputes as query
from houfeng_desk.queries.conduct import portraits
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("conduct")
SEE = [allowed(Permission.SEE_CONDUCT)]
ACT = [allowed(Permission.ANSWER_DISPUTES, Permission.WORK_CONDUCT)]


def _disputes(asked: Asked, ask: ListRequest) -> Listing:
    names, today = bank_names(asked.reader), asked.desk.clock().date()
    with asked.desk.office.read() as session:
        return query.listing(session, asked.viewer, ask, today, names)


add_list(
    router, "/disputes", "disputes", query.COLUMNS, query.filters(), Permission.SEE_CONDUCT, _disputes,
    about="Disputes of the asker's scope; open ones first, by when they are due.",
)  # fmt: skip


def dispute_told(session: Session, desk: Desk, viewer: Viewer, one: Dispute, reader: Reader) -> dict[str, Any]:
    """A dispute in full, with the moves the asker may make now."""
    today = desk.clock().date()
    submission, says = portraits.now_says(desk, session, one)
    names = ("id", "version", "enterprise_id", "state", "outcome", "why", "answer", "statement", "correction")
    return {
        **item(query.row(one, today, bank_names(reader))),
        **told(one, *names, "escalated_on", "answered_at", "closed_at"),
        "now_says": {"submission": submission, "value": plain(says)},
        "moves": [{"move": move.name, "label": plain(move.label)} for move in query.moves(viewer, one, today)],
        "steps": [told(step, "move", "start", "to", "at", "who", "note") for step in steps_of(session, one)],
    }


def outcome_of(one: Dispute) -> dict[str, Any]:
    """Where a dispute stands after a move."""
    return {**told(one, "id", "number", "version", "state"), "label": plain(STATES[State(one.state)])}


@router.get("/disputes/{dispute_id}", operation_id="dispute", dependencies=SEE)
def dispute(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, dispute_id: int) -> dict[str, Any]:
    """One dispute: what is disputed, what was answered, what the book says now, what may come next."""
    with desk.office.read() as session:
        return dispute_told(session, desk, viewer, filing.find(session, viewer, dispute_id), reader)


class Moved(BaseModel):
    """The next step: the reporter admits or refuses and corrects; the office takes a late one over, and decides."""

    version: int
    move: Literal["admit", "refuse", "correct", "take", "decide"]
    why: str = Field("", max_length=2000)
    outcome: str = Field("", max_length=20, description="Of a decision: kept or annotated.")
    statement: str = Field("", max_length=2000, description="Of the firm, shown beside a line that stays.")


@router.post("/disputes/{dispute_id}/move", operation_id="move_dispute", dependencies=ACT)
def move(desk: DeskDep, viewer: ViewerDep, dispute_id: int, asked: Moved) -> dict[str, Any]:
    """Take the next step of a dispute."""
    with desk.office.begin() as session:
        words = (asked.why, asked.outcome, asked.statement)
        return outcome_of(moved(session, desk, viewer, dispute_id, asked.version, asked.move, *words))
