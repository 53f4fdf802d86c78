"""Briefings: which there are, asking for one, its files; and the round of the cases they tell of."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.responses import Response

from houfeng.cases.tables import Briefing
from houfeng.clock import parse_day
from houfeng.errors import InputError, Text
from houfeng.office import jobs as queue
from houfeng.office.access import Permission
from houfeng_desk.api.files import DOCX, PDF, gives
from houfeng_desk.api.house.exports import Queued
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain
from houfeng_desk.pages.cases.jobs import ROUND
from houfeng_desk.pages.cases.reports import ask_for, file_of
from houfeng_desk.queries.briefing import CADENCES, span_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("work")
SEE = [allowed(Permission.SEE_MARKET)]


@router.get("/briefings", operation_id="briefings", dependencies=SEE)
def briefings(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Briefings the asker may fetch, newest first."""
    wanted = select(Briefing).order_by(Briefing.id.desc())
    if not viewer.scope.everything:
        wanted = wanted.where(Briefing.made_by == viewer.user_id)
    with desk.office.read() as session:
        return listed(
            [
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
        )


class Asking(BaseModel):
    """Which briefing: of the day, week or month that `day` lies in."""

    cadence: str = Field(description=f"One of {', '.join(CADENCES)}.", max_length=10)
    day: str = Field("", max_length=20)
    lang: Literal["zh", "en"] = "zh"
    issuer: str = Field("", max_length=60, description="Who issues it; empty: as the house does.")


@router.post("/briefings", operation_id="ask_briefing", dependencies=[allowed(Permission.EXPORT)])
def ask_briefing(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, asked: Asking) -> Queued:
    """Ask for a briefing; the worker writes it."""
    viewer.require(Permission.SEE_MARKET)
    if asked.cadence not in CADENCES:
        raise InputError(Text(f"没有周期 {asked.cadence}", f"there is no cadence {asked.cadence}"))
    span = span_of(asked.cadence, parse_day(asked.day) if asked.day else desk.clock().date())
    return Queued(job=ask_for(desk, viewer, span, asked.lang, asked.issuer, reader))


@router.get(
    "/briefings/{briefing_id}/files/{number}", operation_id="fetch_briefing", dependencies=SEE, **gives(DOCX, PDF)
)
def fetch(desk: DeskDep, viewer: ViewerDep, briefing_id: int, number: int) -> Response:
    """One file of a briefing, by its place from 0 on; the journal keeps who took it."""
    return file_of(desk, viewer, briefing_id, number)


@router.post("/cases/round", operation_id="round_cases", dependencies=[allowed(Permission.WORK_CASES)])
def round_cases(desk: DeskDep, viewer: ViewerDep) -> Queued:
    """Hold commitments against the book now, rather than at the daily round."""
    with desk.office.begin() as session:
        title = Text("案件巡检：预警、时限、承诺", "Round of cases: alerts, deadlines, commitments")
        return Queued(job=queue.enqueue(session, viewer, ROUND, {}, title).id)
