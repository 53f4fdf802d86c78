"""The enterprise's own page: what I am entitled to, why, what to bring, whom to call; apply, authorise, follow."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.book.model import code_lists
from houfeng.errors import HoufengError, InputError, Text
from houfeng.matching import authorisation
from houfeng.matching.delivery import chains
from houfeng.matching.delivery.chains import STATES, STEPS
from houfeng.matching.delivery.statistics import own_days
from houfeng.matching.needs import answering, filing
from houfeng.matching.needs.filing import Wish
from houfeng.matching.terms import shipped
from houfeng.office.access import Permission
from houfeng.office.identity.people import own_firm
from houfeng_desk.pages.delivery.answers import day_of, money
from houfeng_desk.pages.delivery.needs import ACTS
from houfeng_desk.queries.delivery import mine as shown
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import (
    DeskDep,
    ReaderDep,
    ViewerDep,
    allowed,
    field,
    flash,
    form_of,
    number_field,
    page,
    see_other,
)

router = APIRouter()
OWN = allowed(Permission.SEE_OWN_FIRM)
NEAR = 4
"""Policies the firm is not entitled to that stand in sight: the nearest; the others open on request."""

VERSION, WHY = Text("版本", "Version"), Text("理由", "Reason")


@router.get("/mine", name="mine", dependencies=[OWN])
def mine(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Every policy in force and how this firm stands to it, with a button for what was sent and not received yet."""
    firm = own_firm(viewer)
    rights = shown.rights_or_none(desk, firm)
    with desk.office.read() as session:
        return page(
            request,
            "delivery/mine.html",
            about=shown.about(desk, firm),
            stands=[
                ("yes", sorted(_of("yes", rights), key=lambda each: each.chain is None)),
                *((state, _of(state, rights)) for state in ("unknown", "no")),
            ],
            near=NEAR,
            fresh=len(chains.waiting(session, viewer)),
            needs=shown.needs(session, viewer),
            need_states=filing.STATES,
            states=STATES,
            steps=STEPS,
            road=shown.road,
            own_days=own_days,
        )


def _of(state: str, rights: list[shown.Right]) -> list[shown.Right]:
    return [each for each in rights if each.verdict.state == state]


@router.post("/mine/receive", name="mine_receive", dependencies=[OWN])
def receive(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The firm has what was sent to it."""
    with desk.office.begin() as session:
        count = chains.receive(session, viewer)
    flash(request, Text(f"已登记收到 {count} 项政策", f"policies received: {count}"))
    return see_other("/mine")


@router.post("/mine/chains/{chain_id:int}", name="mine_answer", dependencies=[OWN])
def answer(request: Request, desk: DeskDep, viewer: ViewerDep, chain_id: int) -> Response:
    """The firm does not want a policy, or wants it again."""
    wants = field(request, "wants", most=5) == "yes"
    with desk.office.begin() as session:
        chains.answer(session, viewer, chain_id, wants, field(request, "note", most=500))
    flash(request, Text("已登记您的答复", "your answer is noted"))
    return see_other("/mine")


@router.get("/mine/apply", name="mine_apply", dependencies=[OWN])
def apply_form(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The form of a need; for `?policy=` it is about that policy."""
    return _form(request, desk, viewer, request.query_params.get("policy", "")[:80])


def _form(
    request: Request, desk: DeskDep, viewer: ViewerDep, policy: str, error: HoufengError | None = None
) -> Response:
    firm = own_firm(viewer)
    right = next((each for each in shown.rights_or_none(desk, firm) if each.policy.name == policy), None)
    form = form_of(request)
    names = ("amount", "term_months", "use", "guarantee", "deadline", "contact", "days")
    values = {name: str(form.get(name, "")) for name in names}
    return page(
        request,
        "delivery/apply.html",
        error.status if error else 200,
        error=error,
        policy=right.policy if right is not None else None,
        values=values,
        chosen=[str(value) for value in form.getlist("data")] if form else ["profile", "loans"],
        data=[(name, each.label) for name, each in shipped().data.items()],
        guarantees=[(code, text) for code, text in code_lists()["guarantee_mode"].members.items()],
        consent_days=shipped().consent_days,
        consent_most=shipped().consent_most,
        banks=shipped().numbers["recommend_to"],
    )


@router.post("/mine/needs", name="mine_need_new", dependencies=[OWN])
def apply(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Apply, and authorise the banks the need will be recommended to."""
    policy = field(request, "policy", most=80)
    try:
        wish = Wish(
            amount=money(request),
            term_months=number_field(request, "term_months", Text("期限", "Term")),
            use=field(request, "use", most=1000),
            guarantee=field(request, "guarantee", most=10),
            deadline=day_of(request, "deadline", Text("最晚用款日期", "Needed by")),
            contact=field(request, "contact", most=200),
            data=tuple(str(value) for value in form_of(request).getlist("data")),
            days=number_field(request, "days", Text("授权天数", "Days of authorisation")),
            policy=policy,
        )
        if not field(request, "agree"):
            raise InputError(Text("请确认授权", "confirm the authorisation"))
        with desk.office.begin() as session:
            need = filing.apply(session, viewer, shown.about(desk, own_firm(viewer)), wish)
    except HoufengError as error:
        if error.status not in (400, 422):
            raise
        return _form(request, desk, viewer, policy, error)
    flash(request, Text(f"申请已提交：{need.number}", f"your application is in: {need.number}"))
    return see_other(f"/mine/needs/{need.id}")


@router.get("/mine/needs/{need_id:int}", name="mine_need", dependencies=[OWN])
def need(request: Request, desk: DeskDep, viewer: ViewerDep, need_id: int) -> Response:
    """How far one need has come."""
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
        chain = chains.find(session, viewer, found.chain_id) if found.chain_id is not None else None
        return page(
            request,
            "delivery/mine_need.html",
            need=found,
            chain=chain,
            road=shown.road(chain),
            steps_=STEPS,
            days=own_days(chain) if chain is not None else None,
            offers=filing.offers(session, viewer, need_id),
            steps=filing.steps(session, viewer, need_id),
            states=filing.STATES,
            offer_states=answering.STATES,
            reasons=shipped().reasons,
            ended=filing.ENDED,
            acts=ACTS,
        )


@router.post("/mine/needs/{need_id:int}/withdraw", name="mine_withdraw", dependencies=[OWN])
def withdraw(request: Request, desk: DeskDep, viewer: ViewerDep, need_id: int) -> Response:
    """Take a need back, and what banks may read for it."""
    with desk.office.begin() as session:
        version = number_field(request, "version", VERSION)
        filing.withdraw(session, viewer, need_id, version, field(request, "why", most=500, label=WHY))
    flash(request, Text("需求已撤回，相关授权同时终止", "withdrawn; the banks may read nothing for it any more"))
    return see_other(f"/mine/needs/{need_id}")


@router.get("/mine/authorisations", name="mine_authorisations", dependencies=[OWN])
def authorisations(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Who may read what of this firm, until when; and who did."""
    firm = own_firm(viewer)
    with desk.office.read() as session:
        rows = authorisation.listing(session, viewer, firm)
        reads = authorisation.reads(session, viewer)
        return page(
            request,
            "delivery/authorisations.html",
            rows=rows,
            reads=reads,
            banks=bank_names(reader),
            data=shipped().data,
            purposes=shipped().purposes,
            alive=lambda row: authorisation.alive(row, desk.clock()),
        )


@router.post("/mine/authorisations/{number:int}/revoke", name="mine_revoke", dependencies=[OWN])
def revoke(request: Request, desk: DeskDep, viewer: ViewerDep, number: int) -> Response:
    """Take an authorisation back, from this moment."""
    with desk.office.begin() as session:
        authorisation.revoke(session, viewer, number, field(request, "why", most=500, label=WHY))
    flash(request, Text("授权已撤回，立即生效", "taken back, from this moment"))
    return see_other("/mine/authorisations")
