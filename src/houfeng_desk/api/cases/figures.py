"""Figures over cases: time in each state, recovery, relapse; outcomes as labels for replay."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases import statistics
from houfeng.cases.states import STATES
from houfeng.office.access import Permission
from houfeng_desk.api.files import CSV, gives
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.locale import speak
from houfeng_desk.pages.cases.figures import labels_file, ways_of
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("cases")


@router.get("/cases/figures", operation_id="case_figures", dependencies=[allowed(Permission.SEE_CASES)])
def figures(
    request: Request, desk: DeskDep, viewer: ViewerDep, by: Literal["region", "bank", "measure", "type"] = "region"
) -> dict[str, Any]:
    """The statistics of the asker's cases; groups are named in the asker's language."""
    speak(lang_of(request))
    with desk.office.read() as session:
        cases = statistics.cases_of(session, viewer)
        groups = statistics.groups(session, cases, ways_of(session, by))
        labels = statistics.labels(cases)
        stays = statistics.stays(session, cases)
        return {
            "by": by,
            "total": len(cases),
            "stays": [{**plain(one), "label": plain(STATES[one.state])} for one in stays],
            "groups": [
                {**plain(one), "recovery": plain(one.recovery), "relapse": plain(one.relapse)} for one in groups
            ],
            "labels": {"all": len(labels), "bad": sum(label.bad for label in labels)},
        }


class Given(BaseModel):
    """What for."""

    reason: str = Field(min_length=1, max_length=500)


@router.post("/cases/labels", operation_id="case_labels", dependencies=[allowed(Permission.EXPORT)], **gives(CSV))
def labels(desk: DeskDep, viewer: ViewerDep, asked: Given) -> Response:
    """The outcomes as labels for `houfeng watch replay`; the journal keeps what for."""
    viewer.require(Permission.SEE_CASES)
    return labels_file(desk, viewer, asked.reason)
