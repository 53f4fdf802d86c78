"""Uploading: choose a file, see everything that is wrong with it, answer what it leaves open, then submit it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.clock import parse_day
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, Text
from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng_desk.desk import Desk
from houfeng_desk.pages.data import receiving, working
from houfeng_desk.pages.data.answers import answered, in_words, is_complete
from houfeng_desk.pages.data.receiving import Bench
from houfeng_desk.pages.data.staging import Upload
from houfeng_desk.queries.submissions.due import label
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, page, see_other

router = APIRouter()
MAY = allowed(Permission.SUBMIT_DATA)
UNITS = ("", "元", "万元", "亿元")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/data/upload", name="upload", dependencies=[MAY])
def upload_form(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Choose a file."""
    bench = working.bench_of(desk, viewer)
    kinds = [(name, kind.label) for name, kind in desk.book.kinds.items()]
    limit = desk.settings.upload_bytes >> 20
    return page(request, "data/upload.html", own=bench.reporters.own(), kinds=kinds, units=UNITS[1:], limit=limit)


@router.post("/data/upload", dependencies=[MAY])
def upload(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Keep the file and check it: at once where it is small, else in the worker."""
    bench = working.bench_of(desk, viewer)
    sent = form_of(request).get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError(Text("请先选择一个文件。", "choose a file first"))
    one = kept_and_checked(request, desk, bench, sent)
    return see_other(f"/data/upload/{one.token}")


def kept_and_checked(request: Request, desk: Desk, bench: Bench, sent: UploadFile) -> Upload:
    """Keep a file with what was said beside it, and check it."""
    answers = _answers(request, bench)
    one = bench.staging.take(bench.viewer, sent.filename or "", sent.file, desk.clock(), desk.settings.upload_bytes)
    one.answers = answers
    _check(desk, bench, one)
    return one


def _answers(request: Request, bench: Bench) -> dict[str, Any]:
    """What was said beside the file. Whoever reports for one institution reports for that one.

    Raises:
        InputError: a value cannot be meant.
        AccessError: the reporter is not theirs.
    """
    found: dict[str, Any] = {}
    kind, unit, period = field(request, "kind"), field(request, "unit", most=4), field(request, "period", most=10)
    if kind:
        bench.book.kind(kind)
        found["kind"] = kind
    if unit not in UNITS:
        raise InputError(Text("单位只能是元、万元或亿元。", "the unit is 元, 万元 or 亿元"))
    if unit:
        found["unit"] = unit
    if period:
        found["period"] = parse_day(period).isoformat()
    own = [one for one, _ in bench.reporters.own()]
    reporter = field(request, "reporter", most=60) or (own[0] if len(own) == 1 else "")
    if reporter:
        if not bench.reporters.sees(reporter):
            raise AccessError(Text("您不能为这家机构报送。", "you may not report for this institution"))
        found["reporter"] = reporter
    return found


def _check(desk: Desk, bench: Bench, one: Upload) -> None:
    if one.size <= receiving.SMALL:
        receiving.check(bench, one)
        return
    title = Text(f"核对 {one.name}", f"check {one.name}")
    working.enqueue(desk, bench.viewer, one, working.CHECK, {}, title)


@router.get("/data/upload/{token}", name="upload_one", dependencies=[MAY])
def preview(request: Request, desk: DeskDep, viewer: ViewerDep, token: str) -> Response:
    """What the check found, and what may be done next."""
    bench = working.bench_of(desk, viewer)
    one = bench.staging.find(viewer, token)
    job = None
    if one.state == "waiting":
        with desk.office.read() as session:
            job = jobs.find(session, viewer, one.job)
    questions = [
        (question, [(option, in_words(option), is_complete(option)) for option in question["options"]])
        for question in one.check.get("questions", ())
    ]
    return page(
        request,
        "data/preview.html",
        one=one,
        job=job,
        questions=questions,
        counts=sorted(one.check.get("counts", ()), key=lambda count: -count[2]),
        kind_label=lambda kind: label(kind),
        field_label=lambda name: _field_label(desk, one, name),
        reporter_name=bench.reporters.name,
        has_marked=bench.staging.marked(one).is_file(),
    )


def _field_label(desk: Desk, one: Upload, name: str) -> Text:
    """A field of one of the kinds that the file holds."""
    for part in one.check.get("parts", ()):
        shape = desk.book.kinds[part["kind"]].fields.get(name)
        if shape is not None:
            return shape.label
    return Text(name, name)


@router.post("/data/upload/{token}/answer", name="upload_answer", dependencies=[MAY])
def answer(request: Request, desk: DeskDep, viewer: ViewerDep, token: str) -> Response:
    """Answer the questions, and check again."""
    bench = working.bench_of(desk, viewer)
    one = open_upload(bench, token)
    chosen = [str(value) for name, value in form_of(request).multi_items() if name.startswith("answer-") and value]
    typed = [str(value).strip() for name, value in form_of(request).multi_items() if name.startswith("typed-")]
    answered_again(desk, bench, one, [*chosen, *(value for value in typed if value)])
    return see_other(f"/data/upload/{token}")


def answered_again(desk: Desk, bench: Bench, one: Upload, given: Sequence[str]) -> Upload:
    """Take answers, and check again.

    Raises:
        AccessError: the reporter is not theirs.
    """
    answers = answered(one.answers, given)
    if answers.get("reporter") and not bench.reporters.sees(str(answers["reporter"])):
        raise AccessError(Text("您不能为这家机构报送。", "you may not report for this institution"))
    one.answers = answers
    _check(desk, bench, one)
    return one


@router.post("/data/upload/{token}/submit", name="upload_submit", dependencies=[MAY])
def submit(request: Request, desk: DeskDep, viewer: ViewerDep, token: str) -> Response:
    """Put the file into the book; where rows would vanish, only after that was confirmed by name."""
    bench = working.bench_of(desk, viewer)
    one = open_upload(bench, token)
    submitted(desk, bench, one, confirm=form_of(request).get("confirm") == "1")
    if one.state == "submitted":
        flash(request, Text("已入账。", "it is in the book"))
    return see_other(f"/data/upload/{token}")


def submitted(desk: Desk, bench: Bench, one: Upload, *, confirm: bool) -> Upload:
    """Put a checked file into the book: at once where it is small, else in the worker.

    Raises:
        ConflictError: it has not passed its check.
    """
    if one.state != "checked":
        raise ConflictError(Text("文件还没有通过核对。", "the file has not passed its check"))
    if one.size > receiving.SMALL:
        title = Text(f"报送 {one.name}", f"submit {one.name}")
        working.enqueue(desk, bench.viewer, one, working.SUBMIT, {"confirm": confirm}, title)
        return one
    try:
        receiving.submit(bench, one, confirm=confirm)
    except (InputError, AccessError, ConflictError) as error:
        receiving.refuse(bench, one, error)
    return one


@router.post("/data/upload/{token}/drop", name="upload_drop", dependencies=[MAY])
def drop(request: Request, desk: DeskDep, viewer: ViewerDep, token: str) -> Response:
    """Forget a file that is not to be submitted."""
    bench = working.bench_of(desk, viewer)
    bench.staging.drop(open_upload(bench, token))
    flash(request, Text("已删除上传的文件，什么也没有入账。", "the file has been removed; nothing went into the book"))
    return see_other("/data/upload")


@router.get("/data/upload/{token}/marked", name="upload_marked", dependencies=[MAY])
def marked(desk: DeskDep, viewer: ViewerDep, token: str) -> Response:
    """The bad rows of the check, with their cells marked."""
    bench = working.bench_of(desk, viewer)
    one = bench.staging.find(viewer, token)
    path = bench.staging.marked(one)
    if not path.is_file():
        raise NotFoundError(Text("没有坏行。", "there are no bad rows"))
    return FileResponse(path, media_type=XLSX, filename="marked.xlsx")


def open_upload(bench: Bench, token: str) -> Upload:
    """An upload with which something may still be done.

    Raises:
        ConflictError: it was submitted already, or a worker is at it.
    """
    one = bench.staging.find(bench.viewer, token)
    if one.state in ("submitted", "waiting"):
        raise ConflictError(
            Text("这个文件已提交，或正在处理。", "this file was submitted already, or is being worked on")
        )
    return one
