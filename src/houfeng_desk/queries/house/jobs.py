"""Jobs as a list: one's own, or all for who looks after the system."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.jobs.queue import STATE_NAMES, State
from houfeng.office.tables import Job
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.lists.asking import number_of

COLUMNS = (
    Column("title", Text("任务", "Job"), "link", sortable=False, href="url"),
    Column("state", Text("状态", "State"), sortable=False),
    Column("progress", Text("进度", "Progress"), sortable=False),
    Column("requester", Text("发起人", "Asked by"), sortable=False),
    Column("created_at", Text("发起时间", "Asked at"), "moment", sortable=False),
    Column("finished_at", Text("结束时间", "Ended at"), "moment", sortable=False),
)
FILTERS = (Filter("state", Text("状态", "State"), tuple(Choice(state.value, STATE_NAMES[state]) for state in State)),)


def jobs(session: Session, viewer: Viewer, ask: ListRequest) -> Listing:
    """The jobs `viewer` may see, newest first."""
    chosen = select(Job)
    if not viewer.may(Permission.SEE_JOBS):
        chosen = chosen.where(Job.requested_by == viewer.user_id)
    if state := ask["state"]:
        chosen = chosen.where(Job.state == state)
    total = session.scalar(select(func.count()).select_from(chosen.with_only_columns(Job.id).subquery())) or 0
    chosen = chosen.order_by(Job.id.desc())
    if ask.after:
        chosen = chosen.where(Job.id < number_of(ask.after))
    if ask.size is not None:
        chosen = chosen.limit(ask.size).offset(ask.offset)
    rows = [row(job) for job in session.scalars(chosen)]
    return Listing(COLUMNS, rows, total, ask, str(rows[-1]["id"]) if rows else "")


def row(job: Job) -> dict[str, Any]:
    """One job as plain values."""
    return {
        "id": job.id,
        "url": f"/jobs/{job.id}",
        "title": Text(job.title_zh, job.title_en),
        "kind": job.kind,
        "state": STATE_NAMES[State(job.state)],
        "progress": f"{job.done * 100 // job.total}%" if job.total else "",
        "requester": job.requester.name if job.requester is not None else Text("系统", "the system"),
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }
