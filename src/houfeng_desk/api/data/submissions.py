"""Data: what was submitted, what was wrong with it, and submitting a file as a bank's own program would."""

from __future__ import annotations

from typing import Any

from fastapi import Query
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.book.storage.manifest import Submission
from houfeng.clock import parse_day
from houfeng.errors import AccessError, InputError, Text
from houfeng.office.access import Permission
from houfeng_desk.api.files import XLSX, gives, takes
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.pages.data import receiving, working
from houfeng_desk.pages.data.submission import marked_file
from houfeng_desk.queries.quarantine import quarantine
from houfeng_desk.queries.submissions.one import receipt
from houfeng_desk.queries.submissions.seen import Reporters, entries_seen
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, form_of

router = new_router("data")
SEE = [allowed(Permission.SEE_DATA)]
COLUMNS = (
    Column("submission_id", Text("报送编号", "Submission"), "code"),
    Column("kind", Text("种类", "Kind"), "code"),
    Column("reporter", Text("报送机构", "Reporter"), "code"),
    Column("period", Text("数据期", "Period"), "date"),
    Column("received_at", Text("收到", "Received"), "moment"),
    Column("rows", Text("入账行数", "Rows"), "number"),
    Column("quarantined", Text("隔离行数", "Quarantined"), "number"),
    Column("in_force", Text("有效", "In force")),
)
FILTERS = (
    Filter("kind", Text("种类", "Kind")),
    Filter("reporter", Text("报送机构", "Reporter")),
    Filter("period", Text("数据期", "Period"), kind="month"),
    Filter(
        "in_force",
        Text("有效", "In force"),
        (Choice("yes", Text("有效", "in force")), Choice("no", Text("已被替换", "replaced"))),
    ),
)


def _row(entry: Submission) -> dict[str, Any]:
    return {one.name: getattr(entry, one.name) for one in COLUMNS} | {"file": entry.file, "sheet": entry.sheet}


def _submissions(asked: Asked, ask: ListRequest) -> Listing:
    reader = asked.reader
    found = list(entries_seen(reader, Reporters(reader)))
    for name in ("kind", "reporter"):
        if value := ask[name]:
            found = [entry for entry in found if getattr(entry, name) == value]
    if day := ask.day("period"):
        found = [entry for entry in found if entry.period == day]
    if state := ask["in_force"]:
        found = [entry for entry in found if entry.in_force == (state == "yes")]
    order = ask.sort or "received_at"
    known = [entry for entry in found if getattr(entry, order) is not None]
    known.sort(key=lambda entry: (getattr(entry, order), entry.submission_id), reverse=ask.descending or not ask.sort)
    rows = [_row(entry) for entry in (*known, *(entry for entry in found if getattr(entry, order) is None))]
    return Listing(COLUMNS, ask.cut(rows), len(rows), ask)


add_list(
    router,
    "/submissions",
    "submissions",
    COLUMNS,
    FILTERS,
    Permission.SEE_DATA,
    _submissions,
    about="Submissions, newest first; a reporter sees its own.",
)


@router.get("/submissions/{submission_id}", operation_id="submission", dependencies=SEE)
def submission(reader: ReaderDep, submission_id: str) -> dict[str, Any]:
    """One submission with what it replaced and what replaced it."""
    found = receipt(reader, submission_id)
    return {
        **plain(_row(found.entry)),
        "state": found.state,
        "replaces": found.replaces.submission_id if found.replaces else None,
        "replaced_by": found.replaced_by.submission_id if found.replaced_by else None,
    }


@router.get("/submissions/{submission_id}/quarantine", operation_id="quarantine", dependencies=SEE)
def bad_rows(
    desk: DeskDep,
    reader: ReaderDep,
    submission_id: str,
    limit: int = Query(200, ge=1, le=5000, description="Rows at most; `total` says how many there are."),
) -> dict[str, Any]:
    """Its bad rows as they were sent, each with what is wrong and what to do."""
    found = quarantine(desk.book, receipt(reader, submission_id).entry)
    return {"items": plain(found.rows[:limit]), "total": len(found.rows)}


@router.get("/submissions/{submission_id}/marked", operation_id="marked_submission", dependencies=SEE, **gives(XLSX))
def marked(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, submission_id: str) -> Response:
    """Its bad rows as a workbook with their cells marked, to be corrected and sent back."""
    return marked_file(desk, viewer, reader, submission_id, lang_of(request))


@router.post(
    "/submissions",
    operation_id="submit",
    dependencies=[allowed(Permission.SUBMIT_DATA)],
    openapi_extra=takes({"kind": "", "period": "2026-01", "reporter": "", "confirm": "1: rows may vanish."}),
)
def submit(request: Request, desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Check a file and, where nothing stands against it, put it into the book. `state` is `submitted`, or `checked`
    with questions or rows that would vanish, or `refused`. A file over 8 MB, or one with questions: see `/uploads`.
    """
    bench, form = working.bench_of(desk, viewer), form_of(request)
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError(Text("请附上文件（file）", "attach the file as `file`"))
    if (sent.size or 0) > receiving.SMALL:
        raise InputError(Text("文件大于 8 MB，请在报送页上传", "larger than 8 MB; send it to /uploads"))
    answers: dict[str, Any] = {name: str(form[name]) for name in ("kind", "period", "reporter") if form.get(name)}
    if "kind" in answers:
        desk.book.kind(answers["kind"])
    if "period" in answers:
        answers["period"] = parse_day(answers["period"]).isoformat()
    own = [one for one, _ in bench.reporters.own()]
    if "reporter" not in answers and len(own) == 1:
        answers["reporter"] = own[0]
    if "reporter" in answers and not bench.reporters.sees(answers["reporter"]):
        raise AccessError(Text("您不能为这家机构报送。", "you may not report for this institution"))
    one = bench.staging.take(viewer, sent.filename, sent.file, desk.clock(), desk.settings.upload_bytes)
    one.answers = answers
    receiving.check(bench, one)
    if one.state == "checked" and not one.check.get("questions"):
        receiving.submit(bench, one, confirm=form.get("confirm") == "1")
    told = {"state": one.state, "check": one.check, "receipt": one.receipt, "error": one.error}
    bench.staging.drop(one)
    return told
