"""Financing needs: of an officer's scope or a bank's inbox, what a firm lets banks read, and what banks answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from houfeng.errors import InputError, NotFoundError, Text
from houfeng.matching import authorisation
from houfeng.matching.needs import answering, filing, statistics
from houfeng.matching.needs.answering import MOVE_NAMES, Loan
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.matching.terms import shipped
from houfeng.office.access import Permission
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, listed, plain, told
from houfeng_desk.lists import Filter, Listing, ListRequest
from houfeng_desk.queries.delivery import needs as shown
from houfeng_desk.queries.delivery.recommending import chosen, suggestions
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("delivery")
SEE = [allowed(Permission.SEE_DELIVERY)]
ANSWER = [allowed(Permission.ANSWER_NEEDS)]
RUN = [allowed(Permission.RUN_MATCHING)]
Yuan = Annotated[Decimal, Field(gt=0, max_digits=17, decimal_places=2, description="Yuan.")]


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


@router.get("/needs/figures", operation_id="need_figures", dependencies=SEE)
def figures(desk: DeskDep, viewer: ViewerDep, by: str = "bank") -> dict[str, Any]:
    """How fast banks answer, how often they lend, first-time borrowers, by bank, policy or region; all together."""
    with desk.office.read() as session:
        rows = [{**plain(one), "success": plain(one.success)} for one in statistics.answers(session, viewer, by)]
        return listed(rows) | {"whole": plain(statistics.whole(session, viewer))}


@router.get("/needs/{need_id}", operation_id="need", dependencies=SEE)
def need(desk: DeskDep, viewer: ViewerDep, need_id: int) -> dict[str, Any]:
    """One need with its offers: all for an officer; for a bank its own, and the firm's name as it is authorised."""
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
        named = shown.named(session, viewer, found)
        bank = viewer.scope.institutions is not None
        may_read = authorisation.allowed(session, viewer, found.enterprise_id, "loan") if bank else frozenset()
        return {
            **need_told(found),
            "enterprise_id": found.enterprise_id if named else None,
            "enterprise_name": found.enterprise_name if named else None,
            "may_read": sorted(may_read),
            "offers": [offer_told(one) for one in filing.offers(session, viewer, need_id)],
        }


def need_told(found: NeedFile) -> dict[str, Any]:
    """A need in its own terms."""
    names = ("number", "version", "state", "amount", "term_months", "created_at", "deadline", "region")
    return {
        "id": found.id,
        **{name: plain(getattr(found, name)) for name in names},
        "label": plain(filing.STATES[found.state]),
    }


def offer_told(one: NeedOffer) -> dict[str, Any]:
    """An offer in its own terms."""
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
    offered = chosen(desk, found, asked.banks)
    with desk.office.begin() as session:
        made = filing.recommend(session, viewer, need_id, asked.version, offered)
        return {"offers": [offer_told(one) for one in made]}


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
        answering.belongs(session, need_id, offer_id)
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


@router.get("/needs/{need_id}/suggestions", operation_id="need_suggestions", dependencies=RUN)
def suggested(desk: DeskDep, viewer: ViewerDep, need_id: int) -> dict[str, Any]:
    """Products that fit a need that is still open, the best first, with the reasons."""
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
        asked = {one.institution_id for one in filing.offers(session, viewer, need_id)}
    if found.state in filing.ENDED:
        return listed([])
    return listed([one for one in suggestions(desk, found) if one.institution_id not in asked])


@router.get("/needs/{need_id}/steps", operation_id="need_steps", dependencies=SEE)
def steps(desk: DeskDep, viewer: ViewerDep, need_id: int) -> dict[str, Any]:
    """What happened to a need, in its order, as the asker may see it."""
    with desk.office.read() as session:
        filing.find(session, viewer, need_id)
        return listed(
            [told(one, "offer_id", "act", "at", "who", "note") for one in filing.steps(session, viewer, need_id)]
        )


@router.get("/needs/{need_id}/data", operation_id="need_data", dependencies=ANSWER)
def data(
    desk: DeskDep, viewer: ViewerDep, need_id: int,
    name: str = Query("profile", max_length=40, description=f"One of {', '.join(shipped().data)}."),
) -> dict[str, Any]:  # fmt: skip
    """What the firm lets this bank read; the journal keeps every look."""
    if name not in shipped().data:
        raise NotFoundError(Text("没有这类数据", "there is no such data"))
    with desk.office.read() as session:
        found = filing.find(session, viewer, need_id)
    tables = shown.data_of(desk, viewer, found, name)
    return listed([{"title": title, "heads": heads, "rows": rows} for title, heads, rows in tables])
