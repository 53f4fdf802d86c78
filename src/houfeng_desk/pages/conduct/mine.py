"""The enterprise's own portrait: dispute a line, follow a dispute, object to a notice, ask for a repair."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.conduct.disputes import answering, filing
from houfeng.conduct.disputes.life import OUTCOMES, STATES, State
from houfeng.conduct.lists import entering, leaving
from houfeng.conduct.lists.life import LISTS
from houfeng.conduct.steps import steps_of
from houfeng.conduct.tables import Dispute
from houfeng.errors import HoufengError, InputError, NotFoundError, Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.identity.people import own_firm
from houfeng_desk.desk import Desk
from houfeng_desk.pages.conduct.disputes import VERSION
from houfeng_desk.pages.conduct.listings import entry_page
from houfeng_desk.queries.conduct import disputes as query
from houfeng_desk.queries.conduct import listings, portraits
from houfeng_desk.queries.delivery.judging import HOUSE
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, number_field, page, see_other

router = APIRouter()
OWN = allowed(Permission.SEE_OWN_FIRM)


@router.get("/mine/portrait", name="mine_portrait", dependencies=[OWN])
def portrait(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """What the book says of this firm, line by line."""
    firm = own_firm(viewer)
    with desk.office.read() as session:
        try:
            found = portraits.own(desk, session, firm)
        except NotFoundError:  # an account of a firm the book does not know yet
            found = None
        return page(
            request,
            "conduct/mine_portrait.html",
            portrait=found.portrait if found is not None else None,
            disputes=query.of_firm(session, firm),
            entries=listings.of_firm(session, firm),
            states=STATES,
            outcomes=OUTCOMES,
            lists=LISTS,
            rows={one.id: listings.row(one, desk.clock().date()) for one in listings.of_firm(session, firm)},
        )


@router.get("/mine/disputes/new", name="mine_dispute_new", dependencies=[OWN])
def new(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The form about one line; `?line=` says which."""
    return _form(request, desk, viewer, request.query_params.get("line", "")[:40])


def _form(request: Request, desk: Desk, viewer: Viewer, line_id: str, error: HoufengError | None = None) -> Response:
    form = form_of(request)
    with desk.office.read() as session:
        line = portraits.own(desk, session, own_firm(viewer)).portrait.find(line_id)
        if line is None:
            raise NotFoundError(
                Text("没有这条记录，或已更新，请从画像重新选择", "there is no such line; choose it again")
            )
        return page(
            request,
            "conduct/dispute_new.html",
            error.status if error else 200,
            error=error,
            line=line,
            values={name: str(form.get(name, "")) for name in ("asked", "why")},
        )


@router.post("/mine/disputes", name="mine_dispute", dependencies=[OWN])
def file(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Dispute a line."""
    line_id = field(request, "line", most=40)
    try:
        asked, why = field(request, "asked", most=2000), field(request, "why", most=2000)
        with desk.office.begin() as session:
            one = filed(session, desk, viewer, line_id, asked, why)
    except HoufengError as error:
        if error.status not in (400, 422):
            raise
        return _form(request, desk, viewer, line_id, error)
    flash(request, Text(f"异议已提出：{one.number}", f"your dispute is filed: {one.number}"))
    return see_other(f"/mine/disputes/{one.id}")


def filed(session: Session, desk: Desk, viewer: Viewer, line_id: str, asked: str, why: str) -> Dispute:
    """A new dispute about a line of one's own portrait.

    Raises:
        NotFoundError: there is no such line.
    """
    found = portraits.own(desk, session, own_firm(viewer))
    line = found.portrait.find(line_id)
    if line is None:
        raise NotFoundError(Text("没有这条记录，或已更新", "there is no such line, or it has changed"))
    return filing.file(session, viewer, found.party, line, portraits.bank_of(desk, line), asked, why)


@router.get("/mine/disputes/{dispute_id:int}", name="mine_dispute_one", dependencies=[OWN])
def dispute(request: Request, desk: DeskDep, viewer: ViewerDep, dispute_id: int) -> Response:
    """How far one dispute has come."""
    today = desk.clock().date()
    with desk.office.read() as session:
        own_firm(viewer)
        one = filing.find(session, viewer, dispute_id)
        submission, says = portraits.now_says(desk, session, one)
        return page(
            request,
            "conduct/dispute.html",
            one=one,
            row=query.row(one, today, bank_names(desk.reader(HOUSE))),
            says=says,
            submission=submission,
            moves=query.moves(viewer, one, today),
            steps=steps_of(session, one),
            states=STATES,
            outcomes=[],
            today=today,
        )


@router.post("/mine/disputes/{dispute_id:int}/{move}", name="mine_dispute_move", dependencies=[OWN])
def move(request: Request, desk: DeskDep, viewer: ViewerDep, dispute_id: int, move: str) -> Response:
    """What the firm does about its dispute: to review, accept, withdraw."""
    version, why = number_field(request, "version", VERSION), field(request, "why", most=2000)
    with desk.office.begin() as session:
        one = moved(session, viewer, dispute_id, version, move, why)
        state = STATES[State(one.state)]
    flash(request, Text(f"{one.number}：{state.zh}", f"{one.number}: {state.en}"))
    return see_other(f"/mine/disputes/{dispute_id}")


def moved(session: Session, viewer: Viewer, dispute_id: int, version: int, move: str, why: str) -> Dispute:
    """A dispute after the firm's next step.

    Raises:
        InputError: there is no such step.
    """
    if move == "appeal":
        return answering.appeal(session, viewer, dispute_id, version, why)
    if move == "accept":
        return answering.accept(session, viewer, dispute_id, version)
    if move == "withdraw":
        return answering.withdraw(session, viewer, dispute_id, version, why)
    raise InputError(Text("没有这一步", "there is no such step"))


@router.get("/mine/lists/{listing_id:int}", name="mine_listing", dependencies=[OWN])
def listing(request: Request, desk: DeskDep, viewer: ViewerDep, listing_id: int) -> Response:
    """An entry about this firm: what it rests on, and what it may do."""
    own_firm(viewer)
    with desk.office.read() as session:
        entry = entering.find(session, viewer, listing_id)
        return page(request, "conduct/entry.html", **entry_page(desk, session, viewer, entry))


@router.post("/mine/lists/{listing_id:int}/{act}", name="mine_listing_act", dependencies=[OWN])
def act(request: Request, desk: DeskDep, viewer: ViewerDep, listing_id: int, act: str) -> Response:
    """Object to a notice, or ask for a repair."""
    version, why = number_field(request, "version", VERSION), field(request, "why", most=2000)
    with desk.office.begin() as session:
        promise = field(request, "promise", most=1) == "1"
        acted(session, viewer, listing_id, version, act, why, promise=promise)
    flash(request, Text("已提交", "sent"))
    return see_other(f"/mine/lists/{listing_id}")


def acted(
    session: Session, viewer: Viewer, listing_id: int, version: int, act: str, why: str, *, promise: bool
) -> None:
    """Do what a firm does about an entry on it.

    Raises:
        InputError: there is no such step.
    """
    if act == "object":
        entering.object_(session, viewer, listing_id, version, why)
    elif act == "ask_repair":
        leaving.ask_repair(session, viewer, listing_id, version, why, promise)
    else:
        raise InputError(Text("没有这一步", "there is no such step"))
