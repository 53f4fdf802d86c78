"""Papers of a case: documents in and out, confidential ones for a reason, creditors, versions compared, the plan."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import documents
from houfeng.cases.plan.creditors import creditors_from
from houfeng.errors import InputError, NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.api.files import ANY, DOCX, PDF, gives, takes
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain, told
from houfeng_desk.pages.cases.papers import attachment, plan_file
from houfeng_desk.queries.cases import detail
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, form_of, number_field

router = new_router("cases")
SEE = [allowed(Permission.SEE_CASES)]
UNMASK = [allowed(Permission.WORK_CASES, Permission.APPROVE)]
ONE = "/cases/{case_id}"


@router.get(f"{ONE}/papers", operation_id="case_papers", dependencies=SEE)
def papers(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, case_id: int) -> dict[str, Any]:
    """Members, documents, creditors as the book has them now, votes, broken commitments, and the timeline in
    the asker's language."""
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, desk.clock().date())
        members = ("id", "part", "name", "organisation", "institution_id", "since", "until")
        files = ("id", "name", "sha256", "size", "media_type", "confidential", "note", "at")
        return {
            "informant": view.informant,
            "members": [told(one, *members) for one in view.members],
            "documents": [told(one, *files) for one in view.documents],
            "creditors": plain(creditors_from(reader, view.case.enterprise_id)),
            "votes": [
                {"plan": plan, "institution_id": bank, "vote": vote.vote, "note": vote.note}
                for plan, own in view.votes.items()
                for bank, vote in own.items()
            ],
            "findings": [
                {
                    **told(one, "id", "period", "tier", "opened_at", "settled_at", "settled_why"),
                    "reason": {"zh": one.reason_zh, "en": one.reason_en},
                }
                for one in view.findings
            ],
            "timeline": [
                {name: plain(one.get(name)) for name in ("at", "text", "sub")}
                for one in detail.timeline(session, view, lang_of(request))
            ],
        }


@router.get(f"{ONE}/plans/compare", operation_id="compare_plans", dependencies=SEE)
def compare(
    desk: DeskDep, viewer: ViewerDep, case_id: int, old: int = Query(ge=1, le=10**6), new: int = Query(ge=1, le=10**6)
) -> dict[str, Any]:
    """What changed between two versions of the plan."""
    with desk.office.read() as session:
        found = detail.compared(detail.view(session, viewer, case_id, desk.clock().date()), old, new)
        if found is None:
            raise NotFoundError(Text("没有这一版方案", "there is no such version of the plan"))
        first, second, changes = found
        items = [
            {"key": key, "label": plain(label), "old": plain(before), "new": plain(after)}
            for key, label, before, after in changes
        ]
    return {"old": first.number, "new": second.number, "items": items, "total": len(items)}


@router.post(
    f"{ONE}/documents", operation_id="attach_document", dependencies=[allowed(Permission.WORK_CASES)],
    openapi_extra=takes({"version": "Of the case.", "note": "", "confidential": "1: it is."}, "version"),
)  # fmt: skip
def attach(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> dict[str, Any]:
    """Add a document to the case."""
    upload = form_of(request).get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise InputError(Text("请附上文件（file）", "attach the file as `file`"))
    version = number_field(request, "version", Text("版本", "Version"))
    with desk.office.begin() as session:
        made = documents.attach(
            session, viewer, case_id, version, desk.work_folder, upload.filename, upload.file,
            confidential=bool(field(request, "confidential")), note=field(request, "note", most=500),
        )  # fmt: skip
        return told(made, "id", "name", "sha256", "size", "media_type", "confidential")


@router.get(f"{ONE}/documents/{{document_id}}", operation_id="case_document", dependencies=SEE, **gives(ANY))
def document(desk: DeskDep, viewer: ViewerDep, case_id: int, document_id: int) -> Response:
    """A document that is not confidential to the asker."""
    return _given(desk, viewer, case_id, document_id, "")


class For(BaseModel):
    """What for; the journal keeps it."""

    why: str = Field(min_length=1, max_length=4000)


@router.post(
    f"{ONE}/documents/{{document_id}}", operation_id="confidential_document", dependencies=UNMASK, **gives(ANY)
)
def confidential(desk: DeskDep, viewer: ViewerDep, case_id: int, document_id: int, asked: For) -> Response:
    """A confidential document, for a reason."""
    return _given(desk, viewer, case_id, document_id, asked.why)


def _given(desk: DeskDep, viewer: ViewerDep, case_id: int, document_id: int, why: str) -> Response:
    with desk.office.begin() as session:
        found, data = documents.fetch(session, viewer, case_id, document_id, desk.work_folder, why)
        return attachment(data, ANY, found.name)


@router.post(f"{ONE}/unmask", operation_id="unmask_case", dependencies=UNMASK)
def unmask(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: For) -> dict[str, Any]:
    """The confidential fields, once, for a reason."""
    with desk.office.begin() as session:
        case = documents.unmask(session, viewer, case_id, asked.why)
        informant = case.informant
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, desk.clock().date())
        names = ("id", "part", "name", "organisation", "phone")
        return {"informant": informant, "members": [told(one, *names) for one in view.members]}


class Paper(BaseModel):
    """Which version of the plan, as what, in which language, what for."""

    number: int | None = Field(None, ge=1, le=10**6, description="None: the newest.")
    format: Literal["docx", "pdf"] = "docx"
    lang: Literal["zh", "en"] = "zh"
    why: str = Field(min_length=1, max_length=500)


@router.post(f"{ONE}/paper", operation_id="plan_paper", dependencies=[allowed(Permission.EXPORT)], **gives(DOCX, PDF))
def plan_paper(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Paper) -> Response:
    """A version of the plan as Word or PDF; the journal keeps what for."""
    viewer.require(Permission.SEE_CASES)
    return plan_file(desk, viewer, case_id, asked.number, asked.format, asked.lang, asked.why)
