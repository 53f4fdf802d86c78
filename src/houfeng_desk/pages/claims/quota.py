"""The quota page: pools, tools and banks with what is granted, used, frozen and returned, and the pace of each."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import ledger, quota
from houfeng.claims.acts.drawing import bank_of
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.pages.claims.asking import REASON, money
from houfeng_desk.queries.claims import drawing
from houfeng_desk.queries.claims import quota as query
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, page, see_other, whole

router = APIRouter()
SEE = allowed(Permission.SEE_CLAIMS)
DECIDE = allowed(Permission.DECIDE_CLAIMS)
WAN = Decimal(10_000)


@router.get("/quota", name="quota", dependencies=[SEE])
def quotas(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The tree of quotas, and the chart of one of them."""
    today, lang = desk.clock().date(), lang_of(request)
    asked = request.query_params.get("of", "")
    may = viewer.may(Permission.DECIDE_CLAIMS)
    with desk.office.read() as session:
        tree = query.tree(session, viewer, today)
        chosen = next((line for line in tree if asked and str(line.quota.id) == asked), None) or query.busiest(tree)
        if asked and (chosen is None or str(chosen.quota.id) != asked):
            quota.find(session, viewer, whole(asked, "of"))  # tells that there is none
        option, table = query.chart(session, chosen.quota, today, chosen.pace, lang) if chosen else (None, None)
        return page(
            request,
            "claims/quota.html",
            tree=tree,
            chosen=chosen,
            option=option,
            table=table,
            kinds=query.KINDS,
            tools=[one for one in drawing.tools(desk) if one.comes_back] if may else [],
            faults=ledger.verify(session) if viewer.scope.everything else None,
        )


@router.post("/quota/establish", dependencies=[DECIDE])
def establish(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Make the quotas of the tools in force, or a bank's part of one; nothing is granted by that."""
    bank, name = field(request, "bank", most=60), field(request, "tool", most=80)
    quota.may_grant(viewer)
    with desk.office.begin() as session:
        if bank:
            quota.bank_part(session, drawing.tool(desk, name)[1], bank_of(reader, bank))
        else:
            quota.establish(session, drawing.tools(desk))
    flash(request, Text("额度科目已建立，尚未下达", "the quotas are there; nothing is granted yet"))
    return see_other("/quota")


@router.post("/quota/{quota_id:int}/grant", dependencies=[DECIDE])
def grant(request: Request, desk: DeskDep, viewer: ViewerDep, quota_id: int) -> Response:
    """Propose to move a ceiling."""
    amount = money(request, "amount", Text("变动金额（万元）", "Change (10,000 yuan)")) * WAN
    with desk.office.begin() as session:
        quota.ask_grant(session, viewer, quota_id, amount, field(request, "why", label=REASON))
    flash(request, Text("已送签批", "put forward"))
    return see_other(f"/quota?of={quota_id}")
