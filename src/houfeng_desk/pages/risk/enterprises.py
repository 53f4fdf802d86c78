"""The list of enterprises."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.pages.house.search import Found
from houfeng_desk.queries.enterprise import identity, lending, listing
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
TITLE = Text("企业", "Enterprises")


@router.get("/enterprises", name="enterprises", dependencies=[allowed(Permission.SEE_MARKET)])
def enterprises(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """All enterprises the viewer may see."""
    ask = ListRequest.of(request, listing.COLUMNS, listing.filters())
    return page(request, "risk/enterprises.html", title=TITLE, listing=_listing(desk, reader, ask))


@router.get("/enterprises/export", name="enterprises_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, desk, viewer, reader)


@router.post("/enterprises/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The file."""
    return _export(request, desk, viewer, reader)


def _export(request: Request, desk: Desk, viewer: ViewerDep, reader: Reader) -> Response:
    ask = ListRequest.of(request, listing.EXPORTED, listing.filters())
    return export(request, viewer, TITLE, ask, lambda asked: _listing(desk, reader, asked))


@router.get(
    "/enterprises/{enterprise_id}/loans/export",
    name="loans_export",
    dependencies=[allowed(Permission.EXPORT)],
)
def loans_form(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """How many notes it will be, and what for."""
    return _loans(request, desk, viewer, reader, enterprise_id)


@router.post("/enterprises/{enterprise_id}/loans/export", dependencies=[allowed(Permission.EXPORT)])
def loans_file(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """The notes of one firm as a file."""
    return _loans(request, desk, viewer, reader, enterprise_id)


def _loans(request: Request, desk: Desk, viewer: ViewerDep, reader: Reader, enterprise_id: str) -> Response:
    firm, pack = firm_of(reader, enterprise_id), pack_of(desk, "five-articles")
    name = identity.register_row(reader, firm)["name"] or enterprise_id
    ask = ListRequest.of(request, lending.COLUMNS)
    title = Text(f"{name}的贷款", f"Loans of {name}")
    return export(
        request,
        viewer,
        title,
        ask,
        lambda asked: lending.listing(reader, firm, pack, asked),
        pack=f"{pack.name} {pack.version}",
    )


def found(desk: Desk, reader: Reader, text: str, limit: int) -> list[Found]:
    """Enterprises for the search of the desk."""
    rows = listing.search(reader, text, limit)
    return [
        Found(row["name"] or row["enterprise_id"], row["enterprise_id"], f"/enterprises/{row['enterprise_id']}")
        for row in rows
    ]


def _listing(desk: Desk, reader: Reader, ask: ListRequest) -> Listing:
    with desk.office.read() as session:
        return listing.listing(reader, session, ask)
