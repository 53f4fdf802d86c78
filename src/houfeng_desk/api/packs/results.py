"""What a simulation found: who moves, how much, which alerts come and go; before anyone signs."""

from __future__ import annotations

from typing import Any

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.office.packs import work
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.policy.results import result_part
from houfeng_desk.queries import pack_results as query
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("packs")
ONE = "/packs/{name}/simulations/{job_id}"
WITHIN = {"name": str, "job_id": int, "part": str}


@router.get(ONE, operation_id="simulation", dependencies=[allowed(Permission.SEE_PACKS)])
def simulation(desk: DeskDep, viewer: ViewerDep, name: str, job_id: int) -> dict[str, Any]:
    """The result of a simulation, once its state is `done`: effects by item, part by part."""
    with desk.office.read() as session:
        job, result = work.result_of(session, viewer, job_id)
        if job.payload.get("pack") != name:
            raise NotFoundError(Text(f"没有模拟 {job_id}", f"there is no simulation {job_id}"))
        return {"job": job.id, "state": job.state, "asked": plain(job.payload), "result": plain(result)}


def _movers(asked: Asked, ask: ListRequest) -> Listing:
    part = asked.path["part"]
    folder, labels = result_part(asked.desk, asked.viewer, int(asked.path["job_id"]), part)
    return query.movers(folder, part, labels, ask, lang_of(asked.request))


def _alerts(asked: Asked, ask: ListRequest) -> Listing:
    part = asked.path["part"]
    folder, _ = result_part(asked.desk, asked.viewer, int(asked.path["job_id"]), part)
    return query.alerts(folder, part, ask, lang_of(asked.request))


add_list(
    router, f"{ONE}/movers/{{part}}", "simulated_movers", query.MOVER_COLUMNS, (), Permission.SEE_PACKS, _movers,
    about="The records whose answer changes under a part of a simulation.", within=WITHIN,
)  # fmt: skip
add_list(
    router, f"{ONE}/alerts/{{part}}", "simulated_alerts", query.ALERT_COLUMNS, query.ALERT_FILTERS,
    Permission.SEE_PACKS, _alerts, about="The alerts that come, go or change under a part of a simulation.",
    within=WITHIN,
)  # fmt: skip
