"""One submission: its receipt, what was wrong, the rows in quarantine, and the workbook that goes back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.errors import NotFoundError, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.queries.quarantine import quarantine, write_workbook
from houfeng_desk.queries.submissions.one import receipt
from houfeng_desk.queries.submissions.seen import Reporters, find
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page, whole

router = APIRouter()
SIZE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/data/submissions/{submission_id}", name="submission", dependencies=[allowed(Permission.SEE_DATA)])
def submission(request: Request, desk: DeskDep, reader: ReaderDep, submission_id: str) -> Response:
    """Everything about one submission."""
    asked = request.query_params
    one = receipt(reader, submission_id)
    bad = quarantine(desk.book, one.entry)
    code, field = asked.get("code", ""), asked.get("field", "")
    rows = bad.with_code(code, field)
    number = max(1, whole(asked.get("page") or "1", "page"))
    return page(
        request,
        "data/submission.html",
        one=one,
        bad=bad,
        code=code,
        field=field,
        rows=rows[(number - 1) * SIZE : number * SIZE],
        total=len(rows),
        number=number,
        pages=max(1, -(-len(rows) // SIZE)),
    )


@router.get("/data/submissions/{submission_id}/marked", name="marked", dependencies=[allowed(Permission.SEE_DATA)])
def marked(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, submission_id: str) -> Response:
    """The bad rows as a workbook with their cells marked, to be corrected and sent back."""
    return marked_file(desk, viewer, reader, submission_id, lang_of(request))


def marked_file(desk: Desk, viewer: Viewer, reader: Reader, submission_id: str, lang: str) -> Response:
    """The workbook of the bad rows; the journal keeps who took it.

    Raises:
        NotFoundError: the submission has none, or the viewer may not know of it.
    """
    entry = find(reader, Reporters(reader), submission_id)
    bad = quarantine(desk.book, entry)
    if not bad.rows:
        raise NotFoundError(Text("这次报送没有隔离的行。", "this submission has no rows in quarantine"))
    folder = tempfile.TemporaryDirectory(prefix="houfeng-marked-")
    path = Path(folder.name) / "marked.xlsx"
    count = write_workbook(bad, path, lang)
    with desk.office.begin() as session:
        journal.write(session, viewer, "data.marked", f"submission:{submission_id}", detail={"rows": count})
    name = quote(f"{desk.book.kinds[entry.kind].label.zh}-{entry.period or ''}-待更正.xlsx")
    headers = {"content-disposition": f"attachment; filename=\"marked.xlsx\"; filename*=UTF-8''{name}"}
    return FileResponse(path, media_type=XLSX, headers=headers, background=BackgroundTask(folder.cleanup))
