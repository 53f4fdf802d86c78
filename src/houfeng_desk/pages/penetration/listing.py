"""`/penetration`: groups, circles and findings of the month, each a list that can be given out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.penetration.listing import LISTS, Kind, kept
from houfeng_desk.reader import Reader
from houfeng_desk.web import ReaderDep, ViewerDep, allowed, page, see_other

router = APIRouter()
TITLE = Text("穿透", "Penetration")


@router.get("/penetration", name="penetration", dependencies=[allowed(Permission.SEE_MARKET)])
def penetration(request: Request) -> Response:
    """To the groups."""
    return see_other("/penetration/groups" + (f"?{request.url.query}" if request.url.query else ""))


@router.get("/penetration/{what}", name="penetration_list", dependencies=[allowed(Permission.SEE_MARKET)])
def one_list(request: Request, reader: ReaderDep, what: str) -> Response:
    """One of the lists."""
    title, columns, filters, listing = _list(what)
    ask = ListRequest.of(request, columns, filters())
    return page(
        request,
        "penetration/list.html",
        title=TITLE,
        what=what,
        called=title,
        kinds={name: one[0] for name, one in LISTS.items()},
        listing=listing(reader, ask),
        kept=kept(reader),
    )


@router.get("/penetration/{what}/export", name="penetration_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, viewer: ViewerDep, reader: ReaderDep, what: str) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, viewer, reader, what)


@router.post("/penetration/{what}/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, viewer: ViewerDep, reader: ReaderDep, what: str) -> Response:
    """The file."""
    return _export(request, viewer, reader, what)


def _export(request: Request, viewer: ViewerDep, reader: Reader, what: str) -> Response:
    title, columns, filters, listing = _list(what)
    ask = ListRequest.of(request, columns, filters())
    return export(request, viewer, title, ask, lambda asked: listing(reader, asked))


def _list(what: str) -> Kind:
    if what not in LISTS:
        raise NotFoundError(Text("没有这个列表", "there is no such list"))
    return LISTS[what]
