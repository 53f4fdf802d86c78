"""Work that takes longer than a request: how far it is, what it said, stopping it, asking for it again."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import AccessError, ConflictError, Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.jobs import queue
from houfeng.office.tables import Job
from houfeng_desk.lists import ListRequest
from houfeng_desk.queries.house.jobs import COLUMNS, FILTERS
from houfeng_desk.queries.house.jobs import jobs as listing_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, flash, page, see_other

router = APIRouter()
MAY = [allowed(Permission.USE_ACCOUNT)]


@router.get("/jobs", name="jobs", dependencies=MAY)
def jobs(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """One's own jobs; all of them for who looks after the system."""
    with desk.office.read() as session:
        listing = listing_of(session, viewer, ListRequest.of(request, COLUMNS, FILTERS))
    return page(request, "house/jobs.html", listing=listing)


@router.get("/jobs/{job_id}", name="job", dependencies=MAY)
def job(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """One job."""
    with desk.office.read() as session:
        found = queue.find(session, viewer, job_id)
        return page(
            request,
            "house/job.html",
            job=found,
            state=queue.STATE_NAMES[queue.State(found.state)],
            running=found.state in (queue.State.WAITING, queue.State.RUNNING),
            mine=found.requested_by == viewer.user_id,
        )


@router.post("/jobs/{job_id}/cancel", dependencies=MAY)
def cancel(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """Stop it."""
    with desk.office.begin() as session:
        queue.cancel(session, viewer, job_id)
    flash(request, Text("已要求停止。", "Asked to stop."))
    return see_other(f"/jobs/{job_id}")


@router.post("/jobs/{job_id}/retry", dependencies=MAY)
def retry(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """The same again, as a new job, for who asked for it."""
    with desk.office.begin() as session:
        new = again(session, viewer, job_id)
    flash(request, Text("已重新排队。", "Queued again."))
    return see_other(f"/jobs/{new.id}")


def again(session: Session, viewer: Viewer, job_id: int) -> Job:
    """The job once more.

    Raises:
        AccessError: somebody else asked for it.
        ConflictError: it has not failed.
    """
    old = queue.find(session, viewer, job_id)
    if old.requested_by != viewer.user_id:
        raise AccessError(
            Text("只有发起人可以重试：任务以发起人的权限运行", "only who asked for it: a job has their rights")
        )
    if old.state not in (queue.State.FAILED, queue.State.CANCELLED):
        raise ConflictError(Text("任务没有失败，不必重试", "the job has not failed"))
    return queue.enqueue(session, viewer, old.kind, old.payload, Text(old.title_zh, old.title_en))
