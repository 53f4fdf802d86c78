"""Policies and how far they have arrived, needs of enterprises and what banks answer, what a firm is entitled to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from houfeng.errors import InputError, NotFoundError, Text
from houfeng.matching import authorisation
from houfeng.matching.delivery import chains, statistics
from houfeng.matching.needs import answering, filing
from houfeng.matching.needs.answering import MOVE_NAMES, Loan
from houfeng.matching.needs.filing import Wish
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.matching.terms import shipped
from houfeng.office.access import Permission
from houfeng.office.identity.people import own_firm
from houfeng_desk.api.alerts import done
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, plain
from houfeng_desk.lists import Filter, Listing, ListRequest
from houfeng_desk.queries.delivery import mine as own
from houfeng_desk.queries.delivery import needs as shown
from houfeng_desk.queries.delivery import policies as told
from houfeng_desk.queries.delivery.judging import bank_names
from houfeng_desk.queries.delivery.judging import policies as known_policies
from houfeng_desk.queries.delivery.recommending import suggestions
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("delivery")
SEE = [allowed(Permission.SEE_DELIVERY)]
ANSWER = [allowed(Permission.ANSWER_NEEDS)]
RUN = [allowed(Permission.RUN_MATCHING)]
OWN = [allowed(Permission.SEE_OWN_FIRM)]
Yuan = Annotated[Decimal, Field(gt=0, max_digits=17, decimal_places=2, description="Yuan.")]


@router.get("/policies", operation_id="policies", dependencies=SEE)
def policies(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """All policies: whether in force, the newest version of the list, and how many firms each step has reached."""
    with desk.office.read() as session:
        lines = told.lines(session, viewer, known_policies(desk), desk.clock().date())
        return {
            "items": [
                {
                    "name": line.name,
                    "label": plain(line.label),
                    "in_force": line.in_force,
                    "begun": line.begun,
                    "reached": [{"step": one.step, "chains": one.chains} for one in line.funnel],
                }
                for line in lines
            ]
        }


@router.get("/policies/{name}/days", operation_id="policy_days", dependencies=SEE)
def days(desk: DeskDep, viewer: ViewerDep, name: str, by: str = "region") -> dict[str, Any]:
    """How many days from sending to each later step, by region or bank; groups of fewer than five are not told."""
    if by not in ("region", "bank"):
        raise InputError(Text("by 只能是 region 或 bank", "by is region or bank"))
    with desk.office.read() as session:
        if name not in known_policies(desk) and not told.versions(session, name):
            raise NotFoundError(Text(f"没有政策 {name[:80]}", f"there is no policy {name[:80]}"))
        found = statistics.days(session, viewer, by, "sent", policy=name)
        return {"by": by, "items": [one._asdict() for one in found.rows], "total": found.total._asdict()}


def _needs(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        if asked.viewer.scope.institutions is not None:
            return shown.inbox(session, asked.viewer, ask, asked.desk.clock().date())
        return shown.listing(session, asked.viewer, ask)


def _filters(asked: Asked) -> list[Filter]:
    return list(shown.filters(asked.viewer.scope.institutions is not None))


add_list(
    router, "/needs", "needs", [*shown.COLUMNS, *(one for one in shown.INBOX if one.name in ("product", "due_on"))],
    [Filter(one.name, one.label) for one in shown.filters(False)], Permission.SEE_DELIVERY, _needs,
    about="Financing needs: of an officer's scope, or what was sent to a bank.", filters_now=_filters,
)  # fmt: skip


@router.get("/needs/{need_id}", operation_id="need", dependencies=SEE)
def need(desk: DeskDep, viewer: ViewerDep, need_id: int) -> dict[str, Any]:
    """One need with its offers: all for an officer; for a bank its own, and the firm's name as it is authorised."""
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
        named = shown.named(session, viewer, found)
        bank = viewer.scope.institutions is not None
        may_read = authorisation.allowed(session, viewer, found.enterprise_id, "loan") if bank else frozenset()
        return {
            **_need(found),
            "enterprise_id": found.enterprise_id if named else None,
            "enterprise_name": found.enterprise_name if named else None,
            "may_read": sorted(may_read),
            "offers": [_offer(one) for one in filing.offers(session, viewer, need_id)],
        }


def _need(found: NeedFile) -> dict[str, Any]:
    names = ("number", "version", "state", "amount", "term_months", "created_at", "deadline", "region")
    return {
        "id": found.id,
        **{name: plain(getattr(found, name)) for name in names},
        "label": plain(filing.STATES[found.state]),
    }


def _offer(one: NeedOffer) -> dict[str, Any]:
    names = ("institution_id", "product", "state", "version", "sent_at", "due_on")
    return {"id": one.id, **{name: plain(getattr(one, name)) for name in names}}


class Recommended(BaseModel):
    """The banks a need is sent to."""

    version: int
    banks: list[str] = Field(min_length=1, max_length=20)


@router.post("/needs/{need_id}/recommend", operation_id="recommend_need", dependencies=RUN)
def recommend(desk: DeskDep, viewer: ViewerDep, need_id: int, asked: Recommended) -> dict[str, Any]:
    """Send a need to banks whose products fit it."""
    most = shipped().numbers["recommend_to"]
    if len(set(asked.banks)) > most:
        raise InputError(Text(f"最多 {most} 家银行", f"at most {most} banks"))
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
    offered = [each for each in suggestions(desk, found) if each.institution_id in set(asked.banks)]
    with desk.office.begin() as session:
        made = filing.recommend(session, viewer, need_id, asked.version, offered)
        return {"offers": [_offer(one) for one in made]}


class Answered(BaseModel):
    """A bank's next step: decline and refuse want a coded reason, approve a loan, disburse contract, note and day."""

    version: int
    move: str = Field(max_length=10, description=f"One of {', '.join(MOVE_NAMES)}.")
    note: str = Field("", max_length=1000)
    reason: str = Field("", max_length=40)
    amount: Yuan | None = None
    rate: Annotated[Decimal, Field(ge=0, lt=100, max_digits=8, decimal_places=5)] | None = None
    term_months: int | None = Field(None, ge=1, le=600)
    contract_no: str = Field("", max_length=100)
    note_no: str = Field("", max_length=100)
    day: date | None = None


@router.post("/needs/{need_id}/offers/{offer_id}", operation_id="answer_need", dependencies=ANSWER)
def answer(desk: DeskDep, viewer: ViewerDep, need_id: int, offer_id: int, asked: Answered) -> Done:
    """Take the next step on an offer."""
    with desk.office.begin() as session:
        match asked.move:
            case "accept":
                answering.accept(session, viewer, offer_id, asked.version)
            case "decline":
                answering.decline(session, viewer, offer_id, asked.version, asked.reason, asked.note)
            case "contact":
                answering.contact(session, viewer, offer_id, asked.version, asked.note)
            case "approve" if asked.amount is not None and asked.rate is not None and asked.term_months:
                loan = Loan(asked.amount, asked.rate, asked.term_months)
                answering.approve(session, viewer, offer_id, asked.version, loan, asked.note)
            case "refuse":
                answering.refuse(session, viewer, offer_id, asked.version, asked.reason, asked.note)
            case "disburse" if asked.amount is not None and asked.day is not None:
                answering.disburse(
                    session, viewer, offer_id, asked.version, asked.contract_no, asked.note_no, asked.amount, asked.day
                )
            case "approve" | "disburse":
                raise InputError(Text("缺少金额等内容", "amount, rate and term, or amount and day, are missing"))
            case _:
                raise InputError(Text("没有这一步", "there is no such step"))
    return done(MOVE_NAMES[asked.move])


@router.get("/mine", operation_id="mine", dependencies=OWN)
def mine(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> dict[str, Any]:
    """Every policy in force and how the asker's own firm stands to it, with what is missing and who holds it."""
    firm = own_firm(viewer)
    banks = bank_names(reader)
    with desk.office.begin() as session:
        chains.receive(session, viewer)
    found = own.rights_or_none(desk, firm)
    with desk.office.read() as session:
        needs = [_need(one) for one in own.needs(session, viewer)]
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
    }


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
        return _need(made)


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
