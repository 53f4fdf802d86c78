"""The portrait of an enterprise's credit, for who may see it, and its export."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.conduct.lists.life import LISTS
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.conduct import portraits as query
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
SEE = allowed(Permission.SEE_CONDUCT)


@router.get("/enterprises/{enterprise_id}/portrait", name="portrait", dependencies=[SEE])
def portrait(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """Every line with its source, its day and what became of disputes about it."""
    with desk.office.read() as session:
        found = query.shown(reader, session, enterprise_id)
        return page(
            request, "conduct/portrait.html", firm=found.party, portrait=found.portrait, listed=found.lists, lists=LISTS
        )


@router.api_route(
    "/enterprises/{enterprise_id}/portrait/export", methods=["GET", "POST"], name="portrait_export",
    dependencies=[allowed(Permission.EXPORT)],
)  # fmt: skip
def export_portrait(
    request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str
) -> Response:
    """The lines as a file."""
    viewer.require(Permission.SEE_CONDUCT)
    ask = ListRequest.of(request, query.COLUMNS, query.filters())
    with desk.office.read() as session:
        found = query.shown(reader, session, enterprise_id)
    title = Text(f"{found.party.name} 信用画像", f"Portrait of {found.party.name}")
    return export(request, viewer, title, ask, lambda asked: query.listing(found.portrait, asked))
