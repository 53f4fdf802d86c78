"""The list of financing platforms."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.platforms import listing
from houfeng_desk.queries.platforms.book import platforms_of
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
TITLE = Text("融资平台", "Financing platforms")


@router.get("/platforms", name="platforms", dependencies=[allowed(Permission.SEE_MARKET)])
def platforms(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """All platforms the viewer may see."""
    found = platforms_of(desk, reader)
    ask = ListRequest.of(request, listing.COLUMNS, listing.filters())
    return page(
        request,
        "platforms/list.html",
        title=TITLE,
        listing=listing.listing(found, ask),
        totals=listing.totals(found),
        pack=found.pack,
    )


@router.get("/platforms/export", name="platforms_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, desk, viewer, reader)


@router.post("/platforms/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The file."""
    return _export(request, desk, viewer, reader)


def _export(request: Request, desk: Desk, viewer: ViewerDep, reader: Reader) -> Response:
    found = platforms_of(desk, reader)
    ask = ListRequest.of(request, listing.EXPORTED, listing.filters())
    return export(
        request,
        viewer,
        TITLE,
        ask,
        lambda asked: listing.listing(found, asked),
        pack=f"{found.pack.name} {found.pack.version}",
    )
