"""Asking for “if this firm falls” as a job, and looking at its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import EnvironmentFault, NotFoundError, Text
from houfeng.office import jobs
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.pages.penetration.jobs import FALL, FILE
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.penetration.fall import CHOICES, DEFAULTS, LABELS, SHOWN, Asked, asked_of
from houfeng_desk.queries.tables.groups import FALLS
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, page, see_other

router = APIRouter()
LARGEST = 2**62
"""No job has such a number; the database could not even look for it."""
MAY = [allowed(Permission.SEE_MARKET)]


@router.post("/enterprises/{enterprise_id}/fall", name="fall_ask", dependencies=MAY)
def ask(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """Compute it in the background."""
    asked = asked_of({name: field(request, name, most=20) for name in DEFAULTS})
    number = ask_for(desk, viewer, reader, enterprise_id, asked)
    flash(request, Text("已排队，算好后在任务页打开结果。", "queued; the answer opens from the job's page"))
    return see_other(f"/penetration/fall/{number}")


def ask_for(desk: Desk, viewer: Viewer, reader: Reader, enterprise_id: str, asked: Asked) -> int:
    """Let a job compute the fall of a firm on the day looked at; the job's number."""
    row = register_row(reader, firm_of(reader, enterprise_id))
    payload = {
        "firm": enterprise_id,
        "as_of": reader.as_of.isoformat(),
        "known_at": reader.known_at.isoformat(),
        "values": dict(asked.values),
    }
    name = row["name"] or enterprise_id
    with desk.office.begin() as session:
        return jobs.enqueue(session, viewer, FALL, payload, Text(f"如果{name}倒下", f"if {name} falls")).id


@router.get("/penetration/fall/{job_id:int}", name="fall", dependencies=MAY)
def answer(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """The answer of a job, or how far it is. Only who asked may look: it was made in their scope."""
    with desk.office.read() as session:
        job = fall_of(session, viewer, job_id)
        if job.state in (jobs.State.FAILED, jobs.State.CANCELLED):
            return see_other(f"/jobs/{job_id}")
        found = first(read(job)) if job.state == jobs.State.DONE else None
    return page(request, "penetration/fall.html", found=found, choices=CHOICES, labels=LABELS, job_id=job_id)


def first(found: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with so many firms and limits as a page shows; the tables give out all."""
    return {**found, **{name: found[name][:SHOWN] for name in ("fallen", "breaches")}}


@router.api_route(
    "/penetration/fall/{job_id:int}/{table}/export", methods=["GET", "POST"], name="fall_export",
    dependencies=[allowed(Permission.EXPORT)],
)  # fmt: skip
def export_table(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int, table: str) -> Response:
    """A table of the answer as a file, all of it."""
    viewer.require(Permission.SEE_MARKET)
    with desk.office.read() as session:
        job = fall_of(session, viewer, job_id)
        if table not in FALLS or job.state != jobs.State.DONE:
            raise NotFoundError(Text("没有这张表", "there is no such table"))
        found = read(job)
    title, made = FALLS[table]
    columns, rows = made(found)
    held = list(rows)
    named = Text(f"{found['name']} {title.zh}", f"{found['name']} {title.en}")
    ask = ListRequest(columns, (), size=None)
    return export(request, viewer, named, ask, lambda asked: Listing(columns, held, len(held), asked))


def fall_of(session: Session, viewer: Viewer, job_id: int) -> jobs.Job:
    """The job of this person's own.

    Raises:
        NotFoundError: there is none.
    """
    job = session.get(jobs.Job, job_id) if job_id < LARGEST else None
    if job is None or job.kind != FALL or job.requested_by != viewer.user_id:
        raise NotFoundError(Text("没有这次推演", "there is no such answer"))
    return job


def read(job: jobs.Job) -> dict[str, Any]:
    """What a job found.

    Raises:
        EnvironmentFault: its file cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads((Path(job.folder) / FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentFault(Text("结果文件读不到", "the file of the result cannot be read")) from error
    return found
