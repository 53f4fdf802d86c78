"""The list of disputes, one of them, and what its reporter and the office do about it."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.conduct.disputes import answering, filing
from houfeng.conduct.disputes.life import OUTCOMES, STATES, Outcome, State
from houfeng.conduct.steps import steps_of
from houfeng.conduct.tables import Dispute
from houfeng.errors import InputError, Text
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.conduct import disputes as query
from houfeng_desk.queries.conduct import portraits
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import (
    DeskDep,
    ReaderDep,
    ViewerDep,
    allowed,
    field,
    flash,
    number_field,
    page,
    see_other,
)

router = APIRouter()
SEE = allowed(Permission.SEE_CONDUCT)
ACT = allowed(Permission.ANSWER_DISPUTES, Permission.WORK_CONDUCT)
TITLE = Text("信用异议", "Disputes")
VERSION, WHY = Text("版本", "Version"), Text("理由", "Reason")


@router.get("/disputes", name="disputes", dependencies=[SEE])
def disputes(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The disputes of the viewer's scope."""
    ask = ListRequest.of(request, query.COLUMNS, query.filters())
    with desk.office.read() as session:
        found = query.listing(session, viewer, ask, desk.clock().date(), bank_names(reader))
        return page(request, "conduct/disputes.html", listing=found)


@router.api_route(
    "/disputes/export", methods=["GET", "POST"], name="disputes_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_disputes(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The list as a file."""
    viewer.require(Permission.SEE_CONDUCT)
    ask, names, today = ListRequest.of(request, query.COLUMNS, query.filters()), bank_names(reader), desk.clock().date()
    with desk.office.read() as session:
        return export(request, viewer, TITLE, ask, lambda asked: query.listing(session, viewer, asked, today, names))


@router.get("/disputes/{dispute_id:int}", name="dispute", dependencies=[SEE])
def dispute(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, dispute_id: int) -> Response:
    """One dispute: what is disputed, what was answered, what may come next."""
    today = desk.clock().date()
    with desk.office.read() as session:
        one = filing.find(session, viewer, dispute_id)
        submission, says = portraits.now_says(desk, session, one)
        return page(
            request,
            "conduct/dispute.html",
            one=one,
            row=query.row(one, today, bank_names(reader)),
            says=says,
            submission=submission,
            moves=query.moves(viewer, one, today),
            steps=steps_of(session, one),
            states=STATES,
            outcomes=[(name, OUTCOMES[name]) for name in (Outcome.KEPT, Outcome.ANNOTATED)],
            today=today,
        )


@router.post("/disputes/{dispute_id:int}/{move}", name="dispute_move", dependencies=[ACT])
def act(request: Request, desk: DeskDep, viewer: ViewerDep, dispute_id: int, move: str) -> Response:
    """The next step of a dispute."""
    version = number_field(request, "version", VERSION)
    words = field(request, "why", most=2000), field(request, "outcome", most=20), field(request, "statement", most=2000)
    with desk.office.begin() as session:
        one = moved(session, desk, viewer, dispute_id, version, move, *words)
        state = STATES[State(one.state)]
    flash(request, Text(f"{one.number}：{state.zh}", f"{one.number}: {state.en}"))
    return see_other(f"/disputes/{dispute_id}")


def moved(
    session: Session, desk: Desk, viewer: Viewer, dispute_id: int, version: int, move: str, why: str,
    outcome: str = "", statement: str = "",
) -> Dispute:  # fmt: skip
    """A dispute after its next step.

    Raises:
        InputError: there is no such step.
    """
    if move in ("admit", "refuse"):
        return answering.answer(session, viewer, dispute_id, version, move == "admit", why)
    if move == "correct":
        submission, says = portraits.now_says(desk, session, filing.find(session, viewer, dispute_id))
        return answering.correct(session, viewer, dispute_id, version, submission, says)
    if move == "take":
        return answering.take(session, viewer, dispute_id, version, why)
    if move == "decide":
        return answering.decide(session, viewer, dispute_id, version, outcome, why, statement)
    raise InputError(Text("没有这一步", "there is no such step"))
