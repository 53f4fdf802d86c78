"""The list of claims, its export, and what of it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims.life import STATES, State
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.pages.house import search, todo
from houfeng_desk.pages.house.search import Found
from houfeng_desk.pages.house.todo import Waiting
from houfeng_desk.queries.claims import listing
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ViewerDep, allowed, page

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

router = APIRouter()
TITLE = Text("再贷款与贴息申报", "Claims")


@router.get("/claims", name="claims", dependencies=[allowed(Permission.SEE_CLAIMS)])
def claims(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The claims of the viewer's scope."""
    with desk.office.read() as session:
        ask = ListRequest.of(request, listing.COLUMNS, listing.filters(session, viewer))
        found = listing.listing(session, viewer, ask, desk.clock().date())
        return page(request, "claims/list.html", listing=found)


@router.api_route(
    "/claims/export", methods=["GET", "POST"], name="claims_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_claims(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The list as a file."""
    viewer.require(Permission.SEE_CLAIMS)
    today = desk.clock().date()
    with desk.office.read() as session:
        ask = ListRequest.of(request, listing.EXPORTED, listing.filters(session, viewer))
        return export(request, viewer, TITLE, ask, lambda asked: listing.listing(session, viewer, asked, today))


def waiting_count(desk: Desk, viewer: Viewer) -> int:
    """How many claims the viewer should decide on, for the menu."""
    if not viewer.may(Permission.DECIDE_CLAIMS):
        return 0
    with desk.office.read() as session:
        return listing.count_waiting(session, viewer)


def provide_search(app: DeskApp) -> None:
    """Let the search of the desk find claims."""

    def found(desk: Desk, reader: Reader, text: str, limit: int) -> list[Found]:
        with desk.office.read() as session:
            filters = listing.filters(session, reader.viewer)
            ask = ListRequest(listing.COLUMNS, filters, {"text": text}, size=limit)
            rows = listing.listing(session, reader.viewer, ask, desk.clock().date()).rows
        return [Found(f"{row['number']} {row['bank']}", row["period"], row["href"]) for row in rows]

    search.provide(app, TITLE, Permission.SEE_CLAIMS, found)


def provide_todo(app: DeskApp) -> None:
    """Let claims that wait for a decision stand on the page of what waits."""

    def waiting(desk: Desk, viewer: Viewer) -> list[Waiting]:
        if not viewer.may(Permission.DECIDE_CLAIMS):
            return []
        with desk.office.read() as session:
            found = listing.waiting(session, viewer)
            return [
                Waiting(
                    Text(f"{one.number} {one.institution_name}", f"{one.number} {one.institution_name}"),
                    STATES[State(one.state)],
                    f"/claims/{one.id}",
                )
                for one in found
            ]

    todo.provide(app, TITLE, waiting)
