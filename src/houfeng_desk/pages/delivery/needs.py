"""Needs: all of an officer's scope, the inbox of a bank, one need, and how banks answer."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import InputError, NotFoundError, Text
from houfeng.matching import authorisation
from houfeng.matching.needs import answering, filing, statistics
from houfeng.matching.terms import DECLINE, REFUSE, shipped
from houfeng.office.access import Permission
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.delivery import needs as shown
from houfeng_desk.queries.delivery.recommending import Ranked, chosen, ranked
from houfeng_desk.queries.enterprise.words import label, region
from houfeng_desk.web import DeskDep, ViewerDep, allowed, flash, form_of, number_field, page, see_other

router = APIRouter()
SEE = allowed(Permission.SEE_DELIVERY)
TITLE = Text("融资需求", "Financing needs")
VERSION = Text("版本", "Version")


@router.get("/needs", name="needs", dependencies=[SEE])
def needs(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The needs of an officer's scope, or what was sent to a bank."""
    bank = viewer.scope.institutions is not None
    ask = ListRequest.of(request, shown.INBOX if bank else shown.COLUMNS, shown.filters(bank))
    with desk.office.read() as session:
        today = desk.clock().date()
        listing = shown.inbox(session, viewer, ask, today) if bank else shown.listing(session, viewer, ask)
        whole = statistics.whole(session, viewer)
        return page(request, "delivery/needs.html", listing=listing, bank=bank, whole=whole)


@router.api_route(
    "/needs/export", methods=["GET", "POST"], name="needs_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_needs(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The list as a file."""
    viewer.require(Permission.SEE_DELIVERY)
    bank = viewer.scope.institutions is not None
    ask = ListRequest.of(request, shown.INBOX if bank else shown.COLUMNS, shown.filters(bank))
    today = desk.clock().date()
    with desk.office.read() as session:
        return export(
            request,
            viewer,
            TITLE,
            ask,
            lambda asked: shown.inbox(session, viewer, asked, today) if bank else shown.listing(session, viewer, asked),
        )


@router.get("/needs/{need_id:int}", name="need", dependencies=[SEE])
def need(request: Request, desk: DeskDep, viewer: ViewerDep, need_id: int) -> Response:
    """One need: for officers with all its offers, for a bank with its own and the forms of its next step."""
    bank = viewer.scope.institutions is not None
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
        may_read = authorisation.allowed(session, viewer, found.enterprise_id, "loan") if bank else frozenset()
        offers = filing.offers(session, viewer, need_id)
        fresh = viewer.may(Permission.RUN_MATCHING) and found.state not in filing.ENDED
        asked = {offer.institution_id for offer in offers}
        fitting, barred = ranked(desk, found) if fresh else Ranked([], [])
        return page(
            request,
            "delivery/need.html",
            need=found,
            bank=bank,
            named=shown.named(session, viewer, found),
            may_read=sorted(may_read),
            data=shipped().data,
            offers=offers,
            steps=filing.steps(session, viewer, need_id),
            states=filing.STATES,
            offer_states=answering.STATES,
            moves=answering.MOVES,
            move_names=answering.MOVE_NAMES,
            reasons=shipped().reasons,
            declines=[(k, r.label) for k, r in shipped().reasons.items() if DECLINE in r.when],
            refuses=[(k, r.label) for k, r in shipped().reasons.items() if REFUSE in r.when],
            proposed=[one for one in fitting if one.institution_id not in asked],
            barred=[one for one in barred if one.institution_id not in asked],
            most=shipped().numbers["recommend_to"],
            today=desk.clock().date(),
            region=region,
            guarantee=label("need", "guarantee_offered", found.guarantee),
            acts=ACTS,
        )


ACTS = {
    "apply": Text("企业申请并授权", "Applied and authorised"),
    "recommend": Text("推荐给银行", "Recommended to banks"),
    "accept": Text("银行受理", "Taken on by a bank"),
    "decline": Text("银行不受理", "Declined by a bank"),
    "contact": Text("银行对接企业", "Bank in contact"),
    "approve": Text("审批通过", "Approved"),
    "refuse": Text("审批不通过", "Refused"),
    "disburse": Text("放款反馈", "Disbursed"),
    "escalate": Text("超期上报", "Escalated as late"),
    "expire": Text("过期", "Expired"),
    "withdraw": Text("企业撤回", "Withdrawn by the firm"),
}


@router.get("/needs/{need_id:int}/data", name="need_data", dependencies=[allowed(Permission.ANSWER_NEEDS)])
def data(request: Request, desk: DeskDep, viewer: ViewerDep, need_id: int) -> Response:
    """What the firm lets this bank read: asked for and journaled at every look."""
    name = request.query_params.get("data", "profile")
    if name not in shipped().data:
        raise NotFoundError(Text("没有这类数据", "there is no such data"))
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
    tables = shown.data_of(desk, viewer, found, name)
    with desk.office.read() as session:
        may_read = authorisation.allowed(session, viewer, found.enterprise_id, "loan")
        known = shown.named(session, viewer, found)
    return page(
        request,
        "delivery/data.html",
        need=found,
        tables=tables,
        name=name,
        data=shipped().data,
        may_read=sorted(may_read),
        named=known,
    )


@router.post("/needs/{need_id:int}/recommend", name="need_recommend", dependencies=[allowed(Permission.RUN_MATCHING)])
def recommend(request: Request, desk: DeskDep, viewer: ViewerDep, need_id: int) -> Response:
    """Send the need to the banks that were chosen."""
    banks = {str(value) for value in form_of(request).getlist("bank")}
    most = shipped().numbers["recommend_to"]
    if not 1 <= len(banks) <= most:
        raise InputError(Text(f"请选择 1 到 {most} 家银行", f"choose 1 to {most} banks"))
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
    offered = chosen(desk, found, banks)
    with desk.office.begin() as session:
        version = number_field(request, "version", VERSION)
        made = filing.recommend(session, viewer, need_id, version, offered)
    flash(request, Text(f"已推荐给 {len(made)} 家银行", f"recommended to {len(made)} banks"))
    return see_other(f"/needs/{need_id}")
