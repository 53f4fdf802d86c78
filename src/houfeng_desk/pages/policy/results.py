"""What a simulation found: who moves, how much, which alerts come and go; before anyone signs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng.office.packs import work
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries import pack_results as query
from houfeng_desk.queries import packs
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, page

router = APIRouter()
SEE = [allowed(Permission.SEE_PACKS)]
GIVE = [allowed(Permission.EXPORT)]


@router.get("/packs/{name}/simulations/{job_id}", name="pack_simulation", dependencies=SEE)
def simulation(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int) -> Response:
    """The result, or how far it is."""
    with desk.office.read() as session:
        job, result = work.result_of(session, viewer, job_id)
        session.expunge_all()
    if job.payload.get("pack") != name:
        raise NotFoundError(Text(f"没有模拟 {job_id}", f"there is no simulation {job_id}"))
    running = job.state in (jobs.State.WAITING, jobs.State.RUNNING)
    pack = packs.pack_in_force(desk, name) if packs.shelf_of(desk).is_shipped(name) else None
    return page(
        request,
        "policy/simulation.html",
        name=name,
        pack=pack,
        job=job,
        state=jobs.STATE_NAMES[jobs.State(job.state)],
        running=running,
        result=result,
    )


@router.get("/packs/{name}/simulations/{job_id}/movers/{part}", name="pack_movers", dependencies=SEE)
def movers(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int, part: str) -> Response:
    """The records that move."""
    folder, labels = result_part(desk, viewer, job_id, part)
    ask = ListRequest.of(request, query.MOVER_COLUMNS)
    listing = query.movers(folder, part, labels, ask, lang_of(request))
    return page(request, "policy/movers.html", name=name, job_id=job_id, part=part, listing=listing, alerts=False)


@router.get("/packs/{name}/simulations/{job_id}/alerts/{part}", name="pack_moved_alerts", dependencies=SEE)
def alerts(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int, part: str) -> Response:
    """The alerts that come and go."""
    folder, _ = result_part(desk, viewer, job_id, part)
    ask = ListRequest.of(request, query.ALERT_COLUMNS, query.ALERT_FILTERS)
    listing = query.alerts(folder, part, ask, lang_of(request))
    return page(request, "policy/movers.html", name=name, job_id=job_id, part=part, listing=listing, alerts=True)


@router.get("/packs/{name}/simulations/{job_id}/movers/{part}/export", dependencies=GIVE)
def movers_form(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int, part: str) -> Response:
    """How many rows it will be, and what for."""
    return _movers(request, desk, viewer, job_id, part)


@router.post("/packs/{name}/simulations/{job_id}/movers/{part}/export", dependencies=GIVE)
def movers_file(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int, part: str) -> Response:
    """The file."""
    return _movers(request, desk, viewer, job_id, part)


@router.get("/packs/{name}/simulations/{job_id}/alerts/{part}/export", dependencies=GIVE)
def alerts_form(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int, part: str) -> Response:
    """How many rows it will be, and what for."""
    return _alerts(request, desk, viewer, job_id, part)


@router.post("/packs/{name}/simulations/{job_id}/alerts/{part}/export", dependencies=GIVE)
def alerts_file(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, job_id: int, part: str) -> Response:
    """The file."""
    return _alerts(request, desk, viewer, job_id, part)


def _movers(request: Request, desk: Desk, viewer: ViewerDep, job_id: int, part: str) -> Response:
    folder, labels = result_part(desk, viewer, job_id, part)
    ask = ListRequest.of(request, query.MOVER_COLUMNS)
    title = Text("模拟：受影响的记录", "Simulation: records that move")
    return export(
        request, viewer, title, ask, lambda one: query.movers(folder, part, labels, one, lang_of(request)), pack=part
    )


def _alerts(request: Request, desk: Desk, viewer: ViewerDep, job_id: int, part: str) -> Response:
    folder, _ = result_part(desk, viewer, job_id, part)
    ask = ListRequest.of(request, query.ALERT_COLUMNS, query.ALERT_FILTERS)
    title = Text("模拟：预警增减", "Simulation: alerts that come and go")
    return export(request, viewer, title, ask, lambda one: query.alerts(folder, part, one, lang_of(request)), pack=part)


def result_part(desk: Desk, viewer: ViewerDep, job_id: int, part: str) -> tuple[Path, dict[str, Text]]:
    """The folder of a result, and what its items are called."""
    with desk.office.read() as session:
        job, result = work.result_of(session, viewer, job_id)
        found: dict[str, Any] | None = next(
            (one for one in (result or {"parts": []})["parts"] if one["pack"] == part), None
        )
        if found is None:
            raise NotFoundError(Text(f"没有模拟 {job_id}", f"there is no simulation {job_id}"))
        return work.folder_of(job), {one["item"]: Text(one["zh"], one["en"]) for one in found["effects"]}
