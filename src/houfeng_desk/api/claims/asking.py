"""The rarer acts on a claim: its workbook out and in, drawn again, loans corrected; signatures, bans, new quotas."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.claims import files, quota
from houfeng.claims.acts import bans, deciding, drafting
from houfeng.claims.acts.drawing import bank_of
from houfeng.errors import InputError, Text
from houfeng.office import approvals
from houfeng.office.access import Permission
from houfeng_desk.api.claims.files import Act, told_of
from houfeng_desk.api.files import XLSX, gives, takes
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done
from houfeng_desk.pages.claims.acting import waiting_of
from houfeng_desk.pages.claims.asking import LARGEST, asked_by_workbook, correction_of, own_claim
from houfeng_desk.pages.claims.claim import workbook_of
from houfeng_desk.queries.claims import drawing
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, form_of, number_field

router = new_router("claims")
MAKE = [allowed(Permission.MAKE_CLAIMS)]
DECIDE = [allowed(Permission.DECIDE_CLAIMS)]
SIGN = [allowed(Permission.APPROVE)]
Yuan = Annotated[Decimal, Field(max_digits=17, decimal_places=2, description="Yuan.")]
ONE = "/claims/{claim_id}"


@router.get(f"{ONE}/workbook", operation_id="claim_workbook", dependencies=MAKE, **gives(XLSX))
def workbook(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> Response:
    """The claim as the book gives it, as a workbook to be checked, changed and sent back."""
    name, data = workbook_of(desk, viewer, claim_id, lang_of(request))
    disposition = f"attachment; filename=\"claim.xlsx\"; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=XLSX, headers={"content-disposition": disposition})


@router.post(
    f"{ONE}/workbook", operation_id="upload_claim", dependencies=MAKE,
    openapi_extra=takes({"version": "Of the claim.", "why": ""}, "version"),
)  # fmt: skip
def upload(request: Request, desk: DeskDep, viewer: ViewerDep, claim_id: int) -> dict[str, Any]:
    """Ask for the rows of a workbook, held against the book."""
    sent = form_of(request).get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError(Text("请附上文件（file）", "attach the file as `file`"))
    version, why = number_field(request, "version", Text("版本", "Version")), field(request, "why")
    data = sent.file.read(LARGEST + 1)
    made, refused = asked_by_workbook(desk, viewer, claim_id, version, why, data, sent.filename)
    return made | {"refused": refused}


@router.post(f"{ONE}/redraw", operation_id="redraw_claim", dependencies=MAKE)
def redraw(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, claim_id: int) -> dict[str, Any]:
    """Put a draft on the newest book."""
    claim = own_claim(desk, viewer, claim_id)
    whose = drawing.bank(reader, viewer, claim.institution_id)
    found = drawing.tool(desk, claim.instrument)
    with desk.office.read() as session:
        drawn = drawing.draw_again(session, desk, claim)
    with desk.office.begin() as session:
        made = drafting.draw(session, viewer, found[1], whose, drawn)
        return {"id": made.id, "number": made.number, "version": made.version, "loans": len(drawn.lines)}


class Corrected(Act):
    """A refused loan put right: `line` is its id in the claim; what is not said stays."""

    line: int
    base: Yuan
    amount: Yuan
    counted_from: date | None = None
    counted_to: date | None = None


@router.post(f"{ONE}/correct", operation_id="correct_claim", dependencies=MAKE)
def correct(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Corrected) -> dict[str, Any]:
    """Put one refused loan right and ask for it again."""
    fix, drawn = correction_of(
        desk, viewer, claim_id, asked.line, (asked.counted_from, asked.counted_to), asked.base, asked.amount
    )
    with desk.office.begin() as session:
        deciding.correct(session, viewer, claim_id, asked.version, {asked.line: fix}, drawn, asked.why)
        return told_of(files.find(session, viewer, claim_id))


class Signed(Act):
    """A signature, or none."""

    approve: bool


@router.post(f"{ONE}/sign", operation_id="sign_claim", dependencies=SIGN)
def sign(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Signed) -> dict[str, Any]:
    """Sign or refuse what waits on the claim; never what one has put forward oneself."""
    with desk.office.begin() as session:
        approvals.decide(
            session, viewer, waiting_of(session, viewer, claim_id, asked.version), asked.approve, asked.why
        )
        return told_of(files.find(session, viewer, claim_id))


@router.post(f"{ONE}/withdraw", operation_id="withdraw_claim_move", dependencies=DECIDE)
def withdraw(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Act) -> dict[str, Any]:
    """Take back what was put forward."""
    with desk.office.begin() as session:
        approvals.withdraw(session, viewer, waiting_of(session, viewer, claim_id, asked.version), asked.why)
        return told_of(files.find(session, viewer, claim_id))


class Why(BaseModel):
    """The reason."""

    why: str = Field(min_length=1, max_length=4000)


@router.post("/claims/bans/{ban_id}/lift", operation_id="lift_ban", dependencies=SIGN)
def lift(desk: DeskDep, viewer: ViewerDep, ban_id: int, asked: Why) -> Done:
    """End a ban early."""
    with desk.office.begin() as session:
        bans.lift(session, viewer, ban_id, asked.why)
    return done(Text("已解除暂停申报", "the ban is lifted"))


class Established(BaseModel):
    """Whose quota: a bank's part of a tool, or (neither given) those of all tools in force."""

    tool: str = Field("", max_length=80)
    institution_id: str = Field("", max_length=60)


@router.post("/quotas", operation_id="establish_quotas", dependencies=DECIDE)
def establish(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, asked: Established) -> Done:
    """Make quotas; nothing is granted by that."""
    quota.may_grant(viewer)
    with desk.office.begin() as session:
        if asked.institution_id:
            quota.bank_part(session, drawing.tool(desk, asked.tool)[1], bank_of(reader, asked.institution_id))
        else:
            quota.establish(session, drawing.tools(desk))
    return done(Text("额度科目已建立，尚未下达", "the quotas are there; nothing is granted yet"))
