"""What a bank does on its claim: submit as drawn or by workbook, draw again, correct refused loans, take back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import files
from houfeng.claims.acts import deciding, drafting
from houfeng.claims.acts.checking import Correction, key_of
from houfeng.claims.life import LineState
from houfeng.claims.tables import Claim
from houfeng.clock import parse_day
from houfeng.errors import InputError, NotFoundError, Text
from houfeng.instruments.claims import Draft
from houfeng.instruments.workbook import read_workbook
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.queries.claims import drawing
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, form_of, number_field, see_other

router = APIRouter()
MAKE = allowed(Permission.MAKE_CLAIMS)
REASON = Text("理由", "Reason")
VERSION = Text("版本", "Version")
LARGEST = 20_000_000
"""Bytes of a workbook that is checked while the bank waits."""


def back(claim_id: int) -> Response:
    """To the page of the claim."""
    return see_other(f"/claims/{claim_id}")


def version_of(request: Request) -> int:
    """The version of the claim the person saw."""
    return number_field(request, "version", VERSION)


def money(request: Request, name: str, label: Text) -> Decimal:
    """An amount in yuan, of whole fen.

    Raises:
        InputError: it is no amount.
    """
    text = field(request, name, most=40, label=label).replace(",", "").replace("，", "")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 15 or amount != amount.quantize(Decimal("0.01")):
        raise InputError(Text(f"“{label.zh}”不是金额：{text}", f"“{label.en}” is no amount: {text}"))
    return amount.quantize(Decimal("0.01"))


@router.post("/claims/{claim_id:int}/submit", dependencies=[MAKE])
def submit(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Ask for what was drawn."""
    with desk.office.begin() as session:
        claim = drafting.submit(session, viewer, claim_id, version_of(request), field(request, "why"))
        refused = len(files.lines(session, claim.id, LineState.REFUSED))
    _told(request, refused)
    return back(claim_id)


@router.post("/claims/{claim_id:int}/upload", dependencies=[MAKE])
def upload(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Ask for the rows of a workbook, held against the book."""
    sent = form_of(request).get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError(Text("请先选择一个文件。", "choose a file first"))
    version, why = version_of(request), field(request, "why")
    _, refused = asked_by_workbook(desk, viewer, claim_id, version, why, sent.file.read(LARGEST + 1), sent.filename)
    _told(request, refused)
    return back(claim_id)


def asked_by_workbook(
    desk: Desk, viewer: Viewer, claim_id: int, version: int, why: str, data: bytes, name: str
) -> tuple[dict[str, Any], int]:
    """Ask for the rows of a workbook: where the claim stands then, and how many loans were refused at once.

    Raises:
        InputError: the file is too large, or has problems.
    """
    if len(data) > LARGEST:
        raise InputError(Text("文件太大。", "the file is too large"))
    read = read_workbook(data, name=name[:200])
    if read.problems:
        raise InputError(
            Text("申报表有误，没有申报", "the workbook has problems; nothing was submitted"), read.problems
        )
    claim = own_claim(desk, viewer, claim_id)
    with desk.office.read() as session:
        drawn = drawing.draw_again(session, desk, claim, [line.key[1:] for line in read.lines])
    rows = drawing.as_asked(read.lines, claim.institution_id, drawn)
    with desk.office.begin() as session:
        made = drafting.submit(session, viewer, claim_id, version, why, rows, drawn)
        told = {"id": made.id, "version": made.version, "state": made.state}
        return told, len(files.lines(session, made.id, LineState.REFUSED))


def own_claim(desk: Desk, viewer: Viewer, claim_id: int) -> Claim:
    """The bank's own claim, let go of its session."""
    with desk.office.read() as session:
        claim = files.find(session, viewer, claim_id)
        files.bank_only(viewer, claim.institution_id)
        session.expunge(claim)
        return claim


def _told(request: Request, refused: int) -> None:
    if refused:
        text = Text(
            f"已申报；{refused} 笔与账簿不符，未通过，理由见下表，可更正后重报",
            f"submitted; {refused} loans differ from the book and are refused, with reasons below; correct them",
        )
        flash(request, text, "note")
        return
    flash(request, Text("已申报", "submitted"))


@router.post("/claims/{claim_id:int}/redraw", dependencies=[MAKE])
def redraw(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, claim_id: int) -> Response:
    """Put a draft on the newest book."""
    claim = own_claim(desk, viewer, claim_id)
    whose = drawing.bank(reader, viewer, claim.institution_id)
    found = drawing.tool(desk, claim.instrument)
    with desk.office.read() as session:
        drawn = drawing.draw_again(session, desk, claim)
    with desk.office.begin() as session:
        drafting.draw(session, viewer, found[1], whose, drawn)
    flash(request, Text("已按最新账簿重新生成", "drawn anew from the book as it is now"))
    return back(claim_id)


@router.post("/claims/{claim_id:int}/correct", dependencies=[MAKE])
def correct(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Put one refused loan right and ask for it again."""
    number = number_field(request, "line", Text("贷款", "Loan"))
    days = _day(request, "counted_from"), _day(request, "counted_to")
    base = money(request, "base", Text("贷款金额", "Principal"))
    fix, drawn = correction_of(
        desk, viewer, claim_id, number, days, base, money(request, "amount", Text("申报金额", "Amount"))
    )
    with desk.office.begin() as session:
        why = field(request, "why", label=REASON)
        deciding.correct(session, viewer, claim_id, version_of(request), {number: fix}, drawn, why)
    flash(request, Text("已更正并重报这笔贷款", "the loan is corrected and asked for again"))
    return back(claim_id)


def correction_of(
    desk: Desk, viewer: Viewer, claim_id: int, number: int, days: tuple[date | None, date | None], base: Decimal,
    amount: Decimal,
) -> tuple[Correction, Draft]:  # fmt: skip
    """A refused loan put right, and the claim as the book gives it now; days that are not said stay.

    Raises:
        NotFoundError: there is no such loan in the claim.
    """
    claim = own_claim(desk, viewer, claim_id)
    with desk.office.read() as session:
        line = next((one for one in files.lines(session, claim_id) if one.id == number), None)
        if line is None:
            raise NotFoundError(Text("没有这笔贷款", "there is no such loan"))
        drawn = drawing.draw_again(session, desk, claim)
        given = {key_of(one): one for one in drawn.lines}.get(line.key)
        borrower = given.borrower_id if given is not None else line.borrower_id
        fix = Correction(
            *line.key,
            borrower,
            days[0] or line.counted_from,
            days[1] or line.counted_to,
            base,
            amount,
        )
        return fix, drawn


def _day(request: Request, name: str) -> date | None:
    text = field(request, name, most=20)
    return parse_day(text) if text else None


@router.post("/claims/{claim_id:int}/drop", dependencies=[MAKE])
def drop(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """Take the claim back."""
    with desk.office.begin() as session:
        drafting.drop(session, viewer, claim_id, version_of(request), field(request, "why", label=REASON))
    flash(request, Text("已撤销，该期可以重新申报", "dropped; the period may be claimed anew"))
    return back(claim_id)
