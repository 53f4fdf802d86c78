"""“If this firm falls” as a job, where trouble reaches more firms than a program should wait for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng_desk.api.house.exports import Queued
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.pages.penetration.falling import ask_for, fall_of, first, read
from houfeng_desk.queries.penetration.fall import DEFAULTS, asked_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("penetration")
SEE = [allowed(Permission.SEE_MARKET)]


class Assumed(BaseModel):
    """What is assumed of the fall, by name; what is not named is as on the page."""

    values: dict[str, str] = Field(
        default_factory=dict, max_length=20, description=f"Any of {', '.join(DEFAULTS)}; as texts."
    )


@router.post("/enterprises/{enterprise_id}/fall", operation_id="ask_fall", dependencies=SEE)
def ask(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str, asked: Assumed) -> Queued:
    """Compute it in the background, on the day looked at."""
    wanted = asked_of({name: asked.values.get(name, "")[:20] for name in DEFAULTS})
    return Queued(job=ask_for(desk, viewer, reader, enterprise_id, wanted))


@router.get("/penetration/fall/{job_id}", operation_id="fall_answer", dependencies=SEE)
def answer(desk: DeskDep, viewer: ViewerDep, job_id: int) -> dict[str, Any]:
    """The answer of a job of the asker's own, once its state is `done`."""
    with desk.office.read() as session:
        job = fall_of(session, viewer, job_id)
        found = first(read(job)) if job.state == jobs.State.DONE else None
        return {"job": job.id, "state": job.state, "found": plain(found)}
