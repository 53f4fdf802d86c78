"""What a bank answers to a need, one address each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases.plan.measures import amount_in_yuan
from houfeng.clock import parse_day
from houfeng.errors import InputError, Text
from houfeng.matching.needs import answering
from houfeng.matching.needs.answering import MOVE_NAMES, Loan
from houfeng.office.access import Permission
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, number_field, see_other

router = APIRouter()
ANSWER = allowed(Permission.ANSWER_NEEDS)
VERSION = Text("版本", "Version")
AMOUNT, RATE, MONTHS = Text("金额", "Amount"), Text("利率", "Rate"), Text("期限", "Term")


def money(request: Request, name: str = "amount") -> Decimal:
    """An amount in 万元, as yuan.

    Raises:
        InputError: it is none.
    """
    text = field(request, name, most=40, label=AMOUNT)
    try:
        found = amount_in_yuan(text)
    except ValueError:
        found = None
    if found is None:
        raise InputError(Text(f"“金额”不是金额：{text}", f"“Amount” is no amount: {text}"))
    return found


def rate_of(request: Request) -> Decimal:
    """A rate in percent a year."""
    text = field(request, "rate", most=12, label=RATE)
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found != round(found, 5):
        raise InputError(Text(f"“利率”不是百分数：{text}", f"“Rate” is no percentage: {text}"))
    return found


def day_of(request: Request, name: str, label: Text) -> date:
    """A day of the form."""
    return parse_day(field(request, name, most=20, label=label))


@router.post("/needs/{need_id:int}/offers/{offer_id:int}/{move}", name="need_answer", dependencies=[ANSWER])
def answer(request: Request, desk: DeskDep, viewer: ViewerDep, need_id: int, offer_id: int, move: str) -> Response:
    """The next step of a bank."""
    version, note = number_field(request, "version", VERSION), field(request, "note", most=1000)
    with desk.office.begin() as session:
        answering.belongs(session, need_id, offer_id)
        if move == "accept":
            answering.accept(session, viewer, offer_id, version)
        elif move == "decline":
            answering.decline(session, viewer, offer_id, version, field(request, "reason", most=40), note)
        elif move == "contact":
            answering.contact(session, viewer, offer_id, version, note)
        elif move == "approve":
            loan = Loan(money(request), rate_of(request), number_field(request, "term_months", MONTHS))
            answering.approve(session, viewer, offer_id, version, loan, note)
        elif move == "refuse":
            answering.refuse(session, viewer, offer_id, version, field(request, "reason", most=40), note)
        elif move == "disburse":
            day = day_of(request, "day", Text("放款日期", "Day of disbursement"))
            contract, paper = field(request, "contract_no", most=100), field(request, "note_no", most=100)
            answering.disburse(session, viewer, offer_id, version, contract, paper, money(request), day)
        else:
            raise InputError(Text("没有这一步", "there is no such step"))
    flash(request, Text(f"已登记：{MOVE_NAMES[move].zh}", f"done: {MOVE_NAMES[move].en}"))
    return see_other(f"/needs/{need_id}")
