"""What a firm itself sees and does: its rights, its needs, who may read what of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from houfeng.errors import InputError, Text
from houfeng.matching import authorisation
from houfeng.matching.delivery import chains
from houfeng.matching.needs import filing
from houfeng.matching.needs.filing import Wish
from houfeng.office.access import Permission
from houfeng.office.identity.people import own_firm
from houfeng_desk.api.delivery.needs import need_told, offer_told
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, plain, told
from houfeng_desk.queries.delivery import mine as own
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("delivery")
OWN = [allowed(Permission.SEE_OWN_FIRM)]
Yuan = Annotated[Decimal, Field(gt=0, max_digits=17, decimal_places=2, description="Yuan.")]


@router.get("/mine", operation_id="mine", dependencies=OWN)
def mine(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> dict[str, Any]:
    """Every policy in force and how the asker's own firm stands to it, with what is missing and who holds it."""
    firm = own_firm(viewer)
    banks = bank_names(reader)
    found = own.rights_or_none(desk, firm)
    with desk.office.read() as session:
        fresh = [one.id for one in chains.waiting(session, viewer)]
        needs = [need_told(one) for one in own.needs(session, viewer)]
    return {
        "enterprise_id": firm,
        "policies": [
            {
                "policy": one.policy.name,
                "label": plain(one.policy.label),
                "state": one.verdict.state,
                "chain_id": one.chain.id if one.chain is not None else None,
                "bank": banks.get(one.chain.institution_id or "", "") if one.chain is not None else "",
            }
            for one in found
        ],
        "needs": needs,
        "not_received": fresh,
    }


@router.post("/mine/receive", operation_id="receive_policies", dependencies=OWN)
def receive(desk: DeskDep, viewer: ViewerDep) -> Done:
    """Say that the firm has what was sent to it: `not_received` of its page is empty then."""
    with desk.office.begin() as session:
        count = chains.receive(session, viewer)
    return done(Text(f"已登记收到 {count} 项政策", f"policies received: {count}"))


class Wished(BaseModel):
    """An application with its authorisation: `data` are the kinds of data the banks may read, for `days`."""

    policy: str = Field("", max_length=80)
    amount: Yuan
    term_months: int = Field(ge=1, le=600)
    use: str = Field(max_length=1000)
    guarantee: str = Field(max_length=10)
    deadline: date
    contact: str = Field("", max_length=200)
    data: list[str] = Field(default_factory=list, max_length=20)
    days: int = Field(ge=1, le=3660)
    agree: bool = Field(description="That the firm authorises the banks the need is recommended to.")


@router.post("/mine/needs", operation_id="apply", dependencies=OWN)
def apply(desk: DeskDep, viewer: ViewerDep, asked: Wished) -> dict[str, Any]:
    """Apply, and authorise the banks the need will be recommended to."""
    if not asked.agree:
        raise InputError(Text("请确认授权", "confirm the authorisation"))
    given = asked.model_dump(exclude={"agree", "data"})
    with desk.office.begin() as session:
        made = filing.apply(session, viewer, own.about(desk, own_firm(viewer)), Wish(**given, data=tuple(asked.data)))
        return need_told(made)


class Withdrawn(BaseModel):
    """Why a need is taken back."""

    version: int
    why: str = Field(min_length=1, max_length=500)


@router.post("/mine/needs/{need_id}/withdraw", operation_id="withdraw_need", dependencies=OWN)
def withdraw(desk: DeskDep, viewer: ViewerDep, need_id: int, asked: Withdrawn) -> Done:
    """Take a need back, and what banks may read for it."""
    with desk.office.begin() as session:
        filing.withdraw(session, viewer, need_id, asked.version, asked.why)
    return done(Text("需求已撤回，相关授权同时终止", "withdrawn; the banks may read nothing for it any more"))


@router.get("/mine/needs/{need_id}", operation_id="own_need", dependencies=OWN)
def need(desk: DeskDep, viewer: ViewerDep, need_id: int) -> dict[str, Any]:
    """How far one of the firm's needs has come: its offers and steps."""
    own_firm(viewer)
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
        steps = [told(one, "offer_id", "act", "at", "who", "note") for one in filing.steps(session, viewer, need_id)]
        offers = [offer_told(one) for one in filing.offers(session, viewer, need_id)]
        return {**need_told(found), "offers": offers, "steps": steps}


class Wanted(BaseModel):
    """Whether the firm wants a policy."""

    wants: bool
    note: str = Field("", max_length=500)


@router.post("/mine/chains/{chain_id}", operation_id="answer_chain", dependencies=OWN)
def answer(desk: DeskDep, viewer: ViewerDep, chain_id: int, asked: Wanted) -> Done:
    """The firm does not want a policy, or wants it again."""
    with desk.office.begin() as session:
        chains.answer(session, viewer, chain_id, asked.wants, asked.note)
    return done(Text("已登记您的答复", "your answer is noted"))


@router.get("/mine/authorisations", operation_id="authorisations", dependencies=OWN)
def authorisations(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> dict[str, Any]:
    """Who may read what of the firm, until when, and who did."""
    firm, banks = own_firm(viewer), bank_names(reader)
    names = ("id", "institution_id", "data", "purpose", "need_id", "given_at", "ends_at", "revoked_at", "revoked_why")
    with desk.office.read() as session:
        rows = [
            {
                **told(one, *names),
                "bank": banks.get(one.institution_id, ""),
                "alive": authorisation.alive(one, desk.clock()),
            }
            for one in authorisation.listing(session, viewer, firm)
        ]
        reads = [told(one, "at", "who", "why") for one in authorisation.reads(session, viewer)]
    return {"items": rows, "total": len(rows), "reads": plain(reads)}


class Revoked(BaseModel):
    """Why it is taken back."""

    why: str = Field(min_length=1, max_length=500)


@router.post("/mine/authorisations/{number}/revoke", operation_id="revoke_authorisation", dependencies=OWN)
def revoke(desk: DeskDep, viewer: ViewerDep, number: int, asked: Revoked) -> Done:
    """Take an authorisation back, from this moment."""
    with desk.office.begin() as session:
        authorisation.revoke(session, viewer, number, asked.why)
    return done(Text("授权已撤回，立即生效", "taken back, from this moment"))
