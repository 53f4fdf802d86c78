"""Documents of a case in and out, and its plan as Word or PDF."""

from __future__ import annotations

import io
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import documents
from houfeng.cases.briefing.pdf import pdf
from houfeng.cases.briefing.word import word
from houfeng.cases.tables import CaseDocument
from houfeng.errors import InputError, NotFoundError, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.pages.cases.acting import back, version_of
from houfeng_desk.queries.briefing import ISSUER
from houfeng_desk.queries.cases import detail
from houfeng_desk.queries.cases.paper import paper, plan_of
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, whole

router = APIRouter()
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.post("/cases/{case_id:int}/documents", dependencies=[allowed(Permission.WORK_CASES)])
def attach(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """Add a document to the case."""
    upload = form_of(request).get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise InputError(Text("请选择文件", "choose a file"))
    with desk.office.begin() as session:
        document = documents.attach(
            session, viewer, case_id, version_of(request), desk.work_folder, upload.filename, upload.file,
            confidential=bool(field(request, "confidential")), note=field(request, "note", most=500),
        )  # fmt: skip
    flash(request, Text(f"已归入：{document.name}", f"attached: {document.name}"))
    return back(case_id, "documents")


@router.get("/cases/{case_id:int}/documents/{document_id:int}", dependencies=[allowed(Permission.SEE_CASES)])
def document(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int, document_id: int) -> Response:
    """A document that is not confidential to the viewer."""
    with desk.office.begin() as session:
        return _file(*documents.fetch(session, viewer, case_id, document_id, desk.work_folder))


@router.post(
    "/cases/{case_id:int}/documents/{document_id:int}",
    dependencies=[allowed(Permission.WORK_CASES, Permission.APPROVE)],
)
def confidential(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int, document_id: int) -> Response:
    """A confidential document, for a reason."""
    why = field(request, "why", label=Text("事由", "Reason"))
    with desk.office.begin() as session:
        return _file(*documents.fetch(session, viewer, case_id, document_id, desk.work_folder, why))


def _file(found: CaseDocument, data: bytes) -> Response:
    return attachment(data, found.media_type, found.name)


def attachment(data: bytes, media_type: str, name: str) -> Response:
    """A file that the browser keeps and never shows inside the desk."""
    headers = {
        "content-disposition": f"attachment; filename=\"document\"; filename*=UTF-8''{quote(name)}",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(data, media_type=media_type, headers=headers)


@router.post("/cases/{case_id:int}/paper", dependencies=[allowed(Permission.EXPORT)])
def plan_paper(request: Request, desk: DeskDep, viewer: ViewerDep, case_id: int) -> Response:
    """A version of the plan as Word or PDF; asks what for, and the journal keeps it."""
    viewer.require(Permission.SEE_CASES)
    kind = field(request, "format", most=10) or "docx"
    if kind not in ("docx", "pdf"):
        raise NotFoundError(Text("只有 Word 和 PDF", "only Word and PDF"))
    number = field(request, "number", most=8)
    reason = field(request, "why", most=500, label=Text("导出事由", "Reason of the export"))
    return plan_file(desk, viewer, case_id, whole(number, "number") if number else None, kind, lang_of(request), reason)


def plan_file(
    desk: Desk, viewer: Viewer, case_id: int, number: int | None, kind: str, lang: str, reason: str
) -> Response:
    """A version of the plan (none: the newest) as docx or pdf."""
    now = desk.clock()
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, now.date())
        plan = plan_of(view, number)
        made = paper(view, plan, ISSUER, desk.book.synthetic)
        name = f"{made.title.get(lang)}-{plan.number}.{kind}"
    data = io.BytesIO(word(made, lang, now) if kind == "docx" else pdf(made, lang, now)).getvalue()
    with desk.office.begin() as session:
        told = {"plan": plan.number, "format": kind, "digest": plan.digest}
        journal.write(session, viewer, "case.paper", f"case:{case_id}", why=reason, detail=told)
    return attachment(data, DOCX if kind == "docx" else "application/pdf", name)
