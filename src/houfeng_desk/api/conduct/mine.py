"""What a firm does about its own portrait: dispute a line, follow it, object to a notice, ask for a repair."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from houfeng.conduct.disputes import filing
from houfeng.conduct.lists import entering
from houfeng.errors import NotFoundError
from houfeng.office.access import Permission
from houfeng.office.identity.people import own_firm
from houfeng_desk.api.conduct.disputes import dispute_told, outcome_of
from houfeng_desk.api.conduct.listings import entry_told, state_of
from houfeng_desk.api.conduct.portraits import portrait_told
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, told
from houfeng_desk.pages.conduct.mine import acted, filed, moved
from houfeng_desk.queries.conduct import disputes, listings, portraits
from houfeng_desk.queries.delivery.judging import HOUSE
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("conduct")
OWN = [allowed(Permission.SEE_OWN_FIRM)]


@router.get("/mine/portrait", operation_id="own_portrait", dependencies=OWN)
def portrait(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """What the book says of the firm, line by line; its disputes, and its entries on lists."""
    firm, today = own_firm(viewer), desk.clock().date()
    with desk.office.read() as session:
        try:
            found = portrait_told(portraits.own(desk, session, firm))
        except NotFoundError:  # an account of a firm the book does not know yet
            found = None
        return {
            "portrait": found,
            "disputes": [outcome_of(one) for one in disputes.of_firm(session, firm)],
            "entries": [
                {**item(listings.row(one, today)), **told(one, "id", "version")}
                for one in listings.of_firm(session, firm)
            ],
        }


class Filed(BaseModel):
    """Which line (its `id` in the portrait), what it should say, and why."""

    line: str = Field(min_length=1, max_length=40)
    asked: str = Field(min_length=1, max_length=2000)
    why: str = Field(min_length=1, max_length=2000)


@router.post("/mine/disputes", operation_id="file_dispute", dependencies=OWN)
def file(desk: DeskDep, viewer: ViewerDep, given: Filed) -> dict[str, Any]:
    """Dispute a line of one's own portrait."""
    with desk.office.begin() as session:
        return outcome_of(filed(session, desk, viewer, given.line, given.asked, given.why))


@router.get("/mine/disputes/{dispute_id}", operation_id="own_dispute", dependencies=OWN)
def dispute(desk: DeskDep, viewer: ViewerDep, dispute_id: int) -> dict[str, Any]:
    """How far one dispute has come."""
    own_firm(viewer)
    with desk.office.read() as session:
        return dispute_told(session, desk, viewer, filing.find(session, viewer, dispute_id), desk.reader(HOUSE))


class Moved(BaseModel):
    """What the firm does about its dispute: to review, accept the answer, withdraw."""

    version: int
    move: Literal["appeal", "accept", "withdraw"]
    why: str = Field("", max_length=2000)


@router.post("/mine/disputes/{dispute_id}/move", operation_id="move_own_dispute", dependencies=OWN)
def move(desk: DeskDep, viewer: ViewerDep, dispute_id: int, asked: Moved) -> dict[str, Any]:
    """Take the next step of a dispute of one's own."""
    with desk.office.begin() as session:
        return outcome_of(moved(session, viewer, dispute_id, asked.version, asked.move, asked.why))


@router.get("/mine/lists/{listing_id}", operation_id="own_entry", dependencies=OWN)
def entry(desk: DeskDep, viewer: ViewerDep, listing_id: int) -> dict[str, Any]:
    """An entry about the firm: what it rests on, and what the firm may do."""
    own_firm(viewer)
    with desk.office.read() as session:
        return entry_told(session, desk, viewer, entering.find(session, viewer, listing_id))


class Acted(BaseModel):
    """Object to a notice; or ask for a repair, saying what was put right and promising."""

    version: int
    act: Literal["object", "ask_repair"]
    why: str = Field(min_length=1, max_length=2000)
    promise: bool = False


@router.post("/mine/lists/{listing_id}/act", operation_id="act_on_own_entry", dependencies=OWN)
def act(desk: DeskDep, viewer: ViewerDep, listing_id: int, asked: Acted) -> dict[str, Any]:
    """Object, or ask for a repair."""
    with desk.office.begin() as session:
        acted(session, viewer, listing_id, asked.version, asked.act, asked.why, promise=asked.promise)
        return state_of(entering.find(session, viewer, listing_id))
