"""Cases: the list, one of them with what may happen next, and its moves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from houfeng.cases import moving
from houfeng.cases.states import MOVES
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.api.alerts import done
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, item, plain
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.queries.cases import detail, listing
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("cases")


def _cases(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return listing.listing(session, asked.viewer, ask, asked.desk.clock().date())


add_list(
    router,
    "/cases",
    "cases",
    listing.COLUMNS,
    listing.filters(),
    Permission.SEE_CASES,
    _cases,
    about="Cases; those whose deadline comes first stand first.",
)


@router.get("/cases/{case_id}", operation_id="case", dependencies=[allowed(Permission.SEE_CASES)])
def case(desk: DeskDep, viewer: ViewerDep, case_id: int) -> dict[str, Any]:
    """One case: its state, the moves from here and what hinders the asker, its alerts, plan, measures and findings."""
    today = desk.clock().date()
    with desk.office.read() as session:
        found = detail.view(session, viewer, case_id, today)
        head = listing.row(found.case, found.name(found.case.owner_id), today)
        return {
            **item(head),
            "id": found.case.id,
            "version": found.case.version,
            "state": found.state.value,
            "moves": [
                {"move": one.name, "label": plain(one.label), "signed": one.signed, "hindered_by": plain(why)}
                for one, why in found.moves
            ],
            "alerts": [one.alert_id for one in found.alerts],
            "plans": [{"number": one.number, "state": one.state, "digest": one.digest} for one in found.plans],
            "measures": [
                {"kind": one.kind, "state": one.state, "amount": plain(one.amount), "due_on": plain(one.due_on)}
                for one in found.measures
            ],
            "steps": [{"at": plain(one.at), "move": one.move, "why": one.why} for one in found.steps],
        }


class Moving(BaseModel):
    """A move. `version` is that of the case as the asker saw it: if it has moved since, nothing happens."""

    move: str = Field(max_length=40, description=f"One of {', '.join(MOVES)}.")
    version: int
    why: str = Field(min_length=1, max_length=4000)


@router.post(
    "/cases/{case_id}/move",
    operation_id="move_case",
    dependencies=[allowed(Permission.WORK_CASES, Permission.APPROVE)],
)
def move(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Moving) -> Done:
    """Make a move, propose it where another must sign, or sign what waits."""
    with desk.office.begin() as session:
        found = moving.move(session, viewer, case_id, asked.version, asked.move, asked.why)
        waits = found.approval_id is not None
    label = MOVES[asked.move].label
    return done(Text(f"已送签：{label.zh}", f"put forward: {label.en}") if waits else label)
