"""Fetching a file that the worker has written: by who asked for it, while its time lasts, whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import AccessError, EnvironmentFault, NotFoundError, Text
from houfeng.office import jobs, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.tables import Job
from houfeng_desk.lists.export import given
from houfeng_desk.lists.jobs import KIND, late, told_scope
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = APIRouter()
MAY = [allowed(Permission.EXPORT, Permission.EXPORT_JOURNAL)]
"""Also who gives out the journal only: a file is fetched by who asked for it, and only what they may was written."""


@router.get("/exports/{job_id:int}", name="export_file", dependencies=MAY)
def fetch(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """The file; the journal keeps each time."""
    with desk.office.begin() as session:
        job = export_of(session, viewer, job_id)
        path = file_of(job, viewer, late(job, desk.clock()))
        journal.write(session, viewer, "export.fetch", f"job:{job.id}", detail={"sha256": job.result["sha256"]})
        return given(path, str(job.result["name"]))


def export_of(session: Session, viewer: Viewer, job_id: int) -> Job:
    """The export of that number, if it is this person's own and done.

    Raises:
        NotFoundError: there is none.
    """
    job = session.get(Job, job_id)
    mine = job is not None and job.kind == KIND and job.requested_by == viewer.user_id
    if job is None or not mine or job.state != jobs.State.DONE:
        raise NotFoundError(Text(f"没有导出文件 {job_id}", f"there is no exported file {job_id}"))
    return job


def file_of(job: Job, viewer: Viewer, over: bool) -> Path:
    """Where the file lies.

    Raises:
        NotFoundError: its time is over.
        AccessError: the person's scope is another by now.
        EnvironmentFault: it is gone, or not what was written.
    """
    if over:
        raise NotFoundError(Text("文件已过保存期，请重新导出", "the file was kept long enough; export it again"))
    if job.result["scope"] != told_scope(viewer.scope):
        raise AccessError(Text("您的数据范围已变，请重新导出", "your scope has changed; export it again"))
    path = Path(job.folder) / str(job.result["file"])
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EnvironmentFault(Text("文件读不到，请重新导出", "the file cannot be read; export it again")) from error
    if found != job.result["sha256"]:
        raise EnvironmentFault(Text("文件与登记的哈希不符，请重新导出", "the file is not what was written"))
    return path
