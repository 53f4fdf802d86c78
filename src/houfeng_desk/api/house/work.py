"""What goes on beside the lists: jobs that are stopped, the asker's inbox."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select

from houfeng.errors import Text
from houfeng.office import jobs as queue
from houfeng.office import notices
from houfeng.office.tables import Notice
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, plain
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("work")
ANYBODY = [allowed()]


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job", dependencies=ANYBODY)
def cancel(desk: DeskDep, viewer: ViewerDep, job_id: int) -> Done:
    """Stop a job: a waiting one at once, a running one soon."""
    with desk.office.begin() as session:
        queue.cancel(session, viewer, job_id)
    return done(Text("已要求停止。", "Asked to stop."))


@router.get("/notices", operation_id="notices", dependencies=ANYBODY)
def inbox(desk: DeskDep, viewer: ViewerDep, limit: int = 50, before: int = 0) -> dict[str, Any]:
    """The asker's inbox, newest first; `before` is the id of the last one of the page before."""
    wanted = select(Notice).where(Notice.user_id == viewer.user_id).order_by(Notice.id.desc())
    if before:
        wanted = wanted.where(Notice.id < before)
    size = max(1, min(limit, 500))
    with desk.office.read() as session:
        rows = session.scalars(wanted.limit(size)).all()
        items = [
            {
                "id": one.id,
                "at": plain(one.at),
                "kind": one.kind,
                "title": {"zh": one.title_zh, "en": one.title_en},
                "link": one.link,
                "read_at": plain(one.read_at),
            }
            for one in rows
        ]
        return {"items": items, "unread": notices.unread(session, viewer), "next": items[-1]["id"] if items else None}


class Read(BaseModel):
    """Which notices; nothing: all."""

    ids: list[int] | None = Field(None, max_length=500)


@router.post("/notices/read", operation_id="read_notices", dependencies=ANYBODY)
def read(desk: DeskDep, viewer: ViewerDep, which: Read) -> Done:
    """Mark as read."""
    with desk.office.begin() as session:
        number = notices.read(session, viewer, which.ids)
    return done(Text(f"已读 {number} 条。", f"{number} are read."))
