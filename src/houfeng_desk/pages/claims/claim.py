"""The page of one claim: its loans with reasons, what may come next, what happened."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import files
from houfeng.claims.life import LINE_STATES, LineState
from houfeng.errors import Text
from houfeng.instruments.workbook import workbook
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.claims import detail, drawing
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ON_PAGE = 300
"""Loans with a field of their own on the form of a decision; further ones are named in its text."""


@router.get("/claims/{claim_id:int}", name="claim", dependencies=[allowed(Permission.SEE_CLAIMS)])
def claim(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, claim_id: int) -> Response:
    """One claim."""
    today, lang = desk.clock().date(), lang_of(request)
    ask = ListRequest.of(request, detail.COLUMNS, detail.filters())
    with desk.office.read() as session:
        view = detail.view(session, viewer, claim_id, today)
        states = [LineState.ASKED] if view.can("accept") else []
        states += [LineState.REFUSED] if view.can("correct") else []
        states += [LineState.FUNDED] if view.can("recall") else []
        acted = files.lines(session, claim_id, *states)[:ON_PAGE] if states else []
        plain = detail.loans(session, view.claim, ask, {}, lang)
        names = drawing.names_of(
            reader, [*(row["line"].borrower_id for row in plain.rows), *(line.borrower_id for line in acted)]
        )
        return page(
            request,
            "claims/claim.html",
            view=view,
            claim=view.claim,
            road=detail.road(view.claim),
            listing=detail.loans(session, view.claim, ask, names, lang),
            acted=[detail.row(line, names, lang) for line in acted],
            line_states=LINE_STATES,
            timeline=detail.timeline(session, view, lang),
            today=today,
            on_page=ON_PAGE,
        )


@router.api_route(
    "/claims/{claim_id:int}/export",
    methods=["GET", "POST"],
    name="claim_export",
    dependencies=[allowed(Permission.EXPORT)],
)
def export_claim(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, claim_id: int) -> Response:
    """The loans of a claim as a file."""
    lang = lang_of(request)
    ask = ListRequest.of(request, detail.COLUMNS, detail.filters())
    with desk.office.read() as session:
        found = files.find(session, viewer, claim_id)
        firms = [line.borrower_id for line in files.lines(session, claim_id)]
        names = drawing.names_of(reader, firms)
        title = Text(f"{found.number} 逐笔清单", f"Loans of {found.number}")
        return export(
            request, viewer, title, ask, lambda asked: detail.loans(session, found, asked, names, lang),
            pack=f"{found.pack} {found.pack_digest[:12]}",
        )  # fmt: skip


@router.get("/claims/{claim_id:int}/workbook", name="claim_workbook", dependencies=[allowed(Permission.MAKE_CLAIMS)])
def claim_workbook(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """The claim as the book gives it, as a workbook to be checked, changed and uploaded."""
    name, data = workbook_of(desk, viewer, claim_id, lang_of(request))
    disposition = f"attachment; filename=\"claim.xlsx\"; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=XLSX, headers={"content-disposition": disposition})


def workbook_of(desk: Desk, viewer: Viewer, claim_id: int, lang: str) -> tuple[str, bytes]:
    """The workbook of a bank's own claim, with its name."""
    with desk.office.read() as session:
        found = files.find(session, viewer, claim_id)
        files.bank_only(viewer, found.institution_id)
        drawn = drawing.draw_again(session, desk, found)
        name = f"{found.number}-{found.label_zh}-{found.first:%Y%m%d}.xlsx"
        instrument = found.instrument
    return name, workbook(drawn, drawing.tool(desk, instrument)[0], lang=lang)
