"""Briefings: asked for here, written by a job, kept and given out."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases.tables import Briefing
from houfeng.clock import parse_day
from houfeng.errors import EnvironmentFault, NotFoundError, Text
from houfeng.office import jobs, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.tables import Job, User
from houfeng_desk.desk import Desk
from houfeng_desk.pages.cases.jobs import BRIEFING, ROUND
from houfeng_desk.pages.cases.papers import DOCX, attachment
from houfeng_desk.queries.briefing import CADENCES, ISSUER, Span, span_of
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, page, see_other

router = APIRouter()
SHOWN = 60


@router.get("/reports", name="reports", dependencies=[allowed(Permission.SEE_MARKET)])
def reports(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """What was written, and the form to ask for one."""
    with desk.office.read() as session:
        rows = session.execute(
            select(Briefing, User.name)
            .join(User, User.id == Briefing.made_by)
            .where(Briefing.made_by == viewer.user_id if not _sees_all(viewer) else Briefing.id.is_not(None))
            .order_by(Briefing.id.desc())
            .limit(SHOWN)
        ).all()
        mine = Job.requested_by == viewer.user_id
        running = session.scalars(
            select(Job).where(Job.kind == BRIEFING, mine, Job.state.in_(("waiting", "running", "failed")))
            .order_by(Job.id.desc()).limit(5)
        ).all()  # fmt: skip
        return page(
            request,
            "cases/reports.html",
            rows=rows,
            running=running,
            cadences=CADENCES,
            issuer=ISSUER,
            today=desk.clock().date(),
            job_states=jobs.STATE_NAMES,
        )


def _sees_all(viewer: Viewer) -> bool:
    """Who sees the whole market sees every briefing; others see what they had written in their own scope."""
    return viewer.scope.everything


@router.post("/reports", dependencies=[allowed(Permission.EXPORT)])
def ask(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Ask for a briefing."""
    viewer.require(Permission.SEE_MARKET)
    day = field(request, "day", most=20)
    span = span_of(field(request, "cadence", most=10), parse_day(day) if day else desk.clock().date())
    lang = "en" if field(request, "lang", most=4) == "en" else "zh"
    issuer = field(request, "issuer", most=60)
    number = ask_for(desk, viewer, span, lang, issuer, reader)
    flash(request, Text("已排队，写好后在本页下载", "queued; it can be fetched here when it is written"))
    return see_other(f"/reports?job={number}")


def ask_for(desk: Desk, viewer: Viewer, span: Span, lang: str, issuer: str, reader: Reader) -> int:
    """Let a job write a briefing, on the times of the question where it has any; the job's number."""
    payload = {
        "cadence": span.cadence,
        "first": span.first.isoformat(),
        "last": span.last.isoformat(),
        "lang": lang,
        "issuer": [issuer, issuer] if issuer else list(ISSUER),
        "as_of": reader.as_of.isoformat() if reader.asked_as_of else "",
        "known_at": reader.known_at.isoformat() if reader.asked_known_at else "",
    }
    name = CADENCES[span.cadence]
    title = Text(f"{name.zh} {span.first} 至 {span.last}", f"{name.en} briefing {span.first} to {span.last}")
    with desk.office.begin() as session:
        return jobs.enqueue(session, viewer, BRIEFING, payload, title).id


@router.get("/reports/{briefing_id:int}/{number:int}", name="report", dependencies=[allowed(Permission.SEE_MARKET)])
def give(request: Request, desk: DeskDep, viewer: ViewerDep, briefing_id: int, number: int) -> Response:
    """One file of a briefing."""
    return file_of(desk, viewer, briefing_id, number)


def file_of(desk: Desk, viewer: Viewer, briefing_id: int, number: int) -> Response:
    """One file of a briefing, proved by its hash; the journal keeps who took it.

    Raises:
        NotFoundError: there is none the viewer may know of.
        EnvironmentFault: it is gone, or not what was written.
    """
    with desk.office.begin() as session:
        row = _find(session, viewer, briefing_id)
        if not 0 <= number < len(row.files):
            raise NotFoundError(Text("没有这份文件", "there is no such file"))
        file = row.files[number]
        try:
            data = Path(file["path"]).read_bytes()
        except OSError as error:
            raise EnvironmentFault(Text("文件读不到", "the file cannot be read")) from error
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            raise EnvironmentFault(Text("文件与登记的哈希不符", "the file is not what was written"))
        journal.write(session, viewer, "briefing.fetch", f"briefing:{row.id}", detail={"name": file["name"]})
    return attachment(data, DOCX if file["name"].endswith(".docx") else "application/pdf", file["name"])


def _find(session: Session, viewer: Viewer, briefing_id: int) -> Briefing:
    row = session.get(Briefing, briefing_id)
    if row is None or not (_sees_all(viewer) or row.made_by == viewer.user_id):
        raise NotFoundError(Text("没有这份简报", "there is no such briefing"))
    return row


@router.post("/cases/round", dependencies=[allowed(Permission.WORK_CASES)])
def round_now(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Hold commitments against the book now, rather than at the daily round."""
    with desk.office.begin() as session:
        title = Text("案件巡检：预警、时限、承诺", "Round of cases: alerts, deadlines, commitments")
        job = jobs.enqueue(session, viewer, ROUND, {}, title)
    flash(request, Text("巡检已排队", "the round is queued"))
    return see_other(f"/jobs/{job.id}")
