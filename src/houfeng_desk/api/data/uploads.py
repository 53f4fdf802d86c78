"""Uploading step by step, as on the page: a file is kept and checked, its questions answered, then it is submitted.

A file over 8 MB is checked and submitted by the worker: `state` is `waiting` for as long.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.errors import InputError, NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.api.files import XLSX, gives, takes
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, told
from houfeng_desk.pages.data import upload as page
from houfeng_desk.pages.data import working
from houfeng_desk.pages.data.staging import Upload
from houfeng_desk.web import DeskDep, ViewerDep, allowed, form_of

router = new_router("data")
MAY = [allowed(Permission.SUBMIT_DATA)]
ONE = "/uploads/{token}"
FIELDS = {"kind": "", "period": "2026-01", "reporter": "", "unit": "元, 万元 or 亿元"}


def _told(one: Upload) -> dict[str, Any]:
    return told(one, "token", "name", "size", "state", "answers", "check", "receipt", "error")


@router.post("/uploads", operation_id="upload", dependencies=MAY, openapi_extra=takes(FIELDS))
def upload(request: Request, desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Keep a file and check it. `check.questions` are to be answered before it can be submitted."""
    bench, sent = working.bench_of(desk, viewer), form_of(request).get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError(Text("请附上文件（file）", "attach the file as `file`"))
    return _told(page.kept_and_checked(request, desk, bench, sent))


@router.get(ONE, operation_id="one_upload", dependencies=MAY)
def one(desk: DeskDep, viewer: ViewerDep, token: str) -> dict[str, Any]:
    """What the check found."""
    return _told(working.bench_of(desk, viewer).staging.find(viewer, token))


class Answers(BaseModel):
    """Answers to the questions, each one of its options, or typed in the same way (`field=value`)."""

    answers: list[str] = Field(min_length=1, max_length=200)


@router.post(f"{ONE}/answers", operation_id="answer_upload", dependencies=MAY)
def answer(desk: DeskDep, viewer: ViewerDep, token: str, given: Answers) -> dict[str, Any]:
    """Answer the questions, and check again."""
    bench = working.bench_of(desk, viewer)
    return _told(page.answered_again(desk, bench, page.open_upload(bench, token), given.answers))


class Submitting(BaseModel):
    """Whether rows may vanish by it."""

    confirm: bool = False


@router.post(f"{ONE}/submit", operation_id="submit_upload", dependencies=MAY)
def submit(desk: DeskDep, viewer: ViewerDep, token: str, asked: Submitting) -> dict[str, Any]:
    """Put the file into the book; where rows would vanish, only with `confirm`, and the receipt says which."""
    bench = working.bench_of(desk, viewer)
    return _told(page.submitted(desk, bench, page.open_upload(bench, token), confirm=asked.confirm))


@router.delete(ONE, operation_id="drop_upload", dependencies=MAY)
def drop(desk: DeskDep, viewer: ViewerDep, token: str) -> Done:
    """Forget a file that is not to be submitted."""
    bench = working.bench_of(desk, viewer)
    bench.staging.drop(page.open_upload(bench, token))
    return done(Text("已删除上传的文件，什么也没有入账。", "the file has been removed; nothing went into the book"))


@router.get(f"{ONE}/marked", operation_id="marked_upload", dependencies=MAY, **gives(XLSX))
def marked(desk: DeskDep, viewer: ViewerDep, token: str) -> Response:
    """The bad rows of the check as a workbook, with their cells marked."""
    bench = working.bench_of(desk, viewer)
    path = bench.staging.marked(bench.staging.find(viewer, token))
    if not path.is_file():
        raise NotFoundError(Text("没有坏行。", "there are no bad rows"))
    return FileResponse(path, media_type=XLSX, filename="marked.xlsx")
