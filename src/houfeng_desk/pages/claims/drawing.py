"""A new claim: the bank picks tool and period and sees what the book gives."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims.acts import drafting
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.queries.claims import drawing
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, page, see_other

router = APIRouter()
MAKE = allowed(Permission.MAKE_CLAIMS)


@router.get("/claims/new", name="claim_new", dependencies=[MAKE])
def new(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The form: bank, tool, period."""
    return page(
        request,
        "claims/new.html",
        banks=[(one.id, one.name) for one in drawing.banks(reader, viewer)],
        tools=drawing.tools(desk),
        quarters=drawing.quarters(desk.clock().date()),
    )


@router.post("/claims", dependencies=[MAKE])
def begin(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Draw the claim; nothing is submitted yet."""
    whose = drawing.bank(reader, viewer, field(request, "bank", most=60, label=Text("机构", "Institution")))
    found = drawing.tool(desk, field(request, "tool", most=80, label=Text("工具", "Tool")))
    period = drawing.period_of(field(request, "period", most=10), desk.clock().date())
    with desk.office.read() as session:
        drawn = drawing.draw(session, desk, found, whose, period)
    with desk.office.begin() as session:
        claim = drafting.draw(session, viewer, found[1], whose, drawn)
    flash(
        request,
        Text(
            f"账簿中有 {len(drawn.lines)} 笔符合条件；核对后申报",
            f"the book gives {len(drawn.lines)} loans; look at them, then submit",
        ),
    )
    return see_other(f"/claims/{claim.id}")
