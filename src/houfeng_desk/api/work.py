"""What goes on beside the lists: jobs, exports, briefings, notices."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases.tables import Briefing
from houfeng.clock import parse_day
from houfeng.errors import InputError, Text
from houfeng.office import jobs as queue
from houfeng.office import journal, notices
from houfeng.office.access import Permission
from houfeng.office.tables import Notice
from houfeng_desk.api.alerts import done
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, plain
from houfeng_desk.lists.export import given
from houfeng_desk.lists.jobs import Asked, enqueue, late
from houfeng_desk.pages.cases.jobs import BRIEFING
from houfeng_desk.pages.house.exports import export_of, file_of
from houfeng_desk.queries.briefing import CADENCES, ISSUER, span_of
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router: APIRouter = new_router("work")
ANYBODY = [allowed()]
EXPORT = [allowed(Permission.EXPORT)]

EXPORTED = {
    "alerts": Text("风险预警", "Alerts"),
    "enterprises": Text("企业", "Enterprises"),
    "cases": Text("案件", "Cases"),
    "themes/loans": Text("逐笔明细", "Notes"),
}
"""Lists that can be written as a file."""


class Queued(BaseModel):
    """A job that was asked for."""

    job: int


class Export(BaseModel):
    """A list as a file. `query` is the list's address behind the `?`."""

    list: Literal["alerts", "enterprises", "cases", "themes/loans"]
    query: str = Field("", max_length=2000)
    format: Literal["csv", "xlsx"] = "csv"
    reason: str = Field(min_length=1, max_length=500)


@router.post("/exports", operation_id="ask_export", dependencies=EXPORT)
def ask_export(request: Request, desk: DeskDep, viewer: ViewerDep, asked: Export) -> Queued:
    """Ask for all rows of a list as a file. The worker writes it, or sends it to another person first if it is large:
    then the job's result names the approval, and a second job comes of it."""
    path, title = f"/{asked.list}/export", EXPORTED[asked.list]
    wanted = Asked(path, asked.query, asked.format, True, lang_of(request), asked.reason, title, 0)
    with desk.office.begin() as session:
        return Queued(job=enqueue(session, viewer, wanted).id)


@router.get("/exports/{job_id}", operation_id="fetch_export", dependencies=EXPORT)
def fetch_export(desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """The file of an export that is done; only who asked for it, for three days."""
    with desk.office.begin() as session:
        job = export_of(session, viewer, job_id)
        path = file_of(job, viewer, late(job, desk.clock()))
        journal.write(session, viewer, "export.fetch", f"job:{job.id}", detail={"sha256": job.result["sha256"]})
        return given(path, str(job.result["name"]))


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


@router.get("/briefings", operation_id="briefings", dependencies=[allowed(Permission.SEE_MARKET)])
def briefings(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Briefings the asker may fetch, newest first."""
    wanted = select(Briefing).order_by(Briefing.id.desc())
    if not viewer.scope.everything:
        wanted = wanted.where(Briefing.made_by == viewer.user_id)
    with desk.office.read() as session:
        items = [
            {
                "id": one.id,
                "cadence": one.cadence,
                "first": plain(one.first_on),
                "last": plain(one.last_on),
                "lang": one.lang,
                "files": [{"name": file["name"], "sha256": file["sha256"]} for file in one.files],
            }
            for one in session.scalars(wanted.limit(200))
        ]
    return {"items": items, "total": len(items)}


class Asking(BaseModel):
    """Which briefing: of the day, week or month that `day` lies in."""

    cadence: str = Field(description=f"One of {', '.join(CADENCES)}.", max_length=10)
    day: str = Field("", max_length=20)
    lang: Literal["zh", "en"] = "zh"


@router.post("/briefings", operation_id="ask_briefing", dependencies=EXPORT)
def ask_briefing(desk: DeskDep, viewer: ViewerDep, asked: Asking) -> Queued:
    """Ask for a briefing; the worker writes it."""
    viewer.require(Permission.SEE_MARKET)
    if asked.cadence not in CADENCES:
        raise InputError(Text(f"没有周期 {asked.cadence}", f"there is no cadence {asked.cadence}"))
    span = span_of(asked.cadence, parse_day(asked.day) if asked.day else desk.clock().date())
    payload: dict[str, Any] = {"cadence": span.cadence, "first": span.first.isoformat(), "last": span.last.isoformat()}
    payload |= {"lang": asked.lang, "issuer": list(ISSUER), "as_of": "", "known_at": ""}
    name = CADENCES[span.cadence]
    title = Text(f"{name.zh} {span.first} 至 {span.last}", f"{name.en} briefing {span.first} to {span.last}")
    with desk.office.begin() as session:
        return Queued(job=queue.enqueue(session, viewer, BRIEFING, payload, title).id)
