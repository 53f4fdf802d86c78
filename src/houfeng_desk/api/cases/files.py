"""Cases: the list, one of them with what may happen next, and its moves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from houfeng.cases import moving
from houfeng.cases.plan import versions
from houfeng.cases.plan.measures import Measure, check
from houfeng.cases.states import MOVES
from houfeng.cases.terms import shipped
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, item, plain
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.cases.planning import creditors, may_write
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
                {
                    "id": one.id,
                    "kind": one.kind,
                    "state": one.state,
                    "amount": plain(one.amount),
                    "due_on": plain(one.due_on),
                }
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


class PlannedMeasure(BaseModel):
    """One measure of a plan; `key` names it in every version."""

    key: str = Field(min_length=1, max_length=40)
    kind: str = Field(max_length=40)
    due_on: date | None = None
    amount: Decimal | None = Field(None, ge=0, max_digits=20, decimal_places=2, description="Yuan.")
    rate: Decimal | None = Field(None, gt=0, lt=100, max_digits=8, decimal_places=5, description="Percent a year.")
    institution_id: str = Field("", max_length=60)
    unit: str = Field("", max_length=200)
    note: str = Field("", max_length=2000)


class Planned(BaseModel):
    """A draft of the plan. `version` is that of the case as the asker saw it."""

    version: int
    template: str = Field("", max_length=40)
    summary: str = Field("", max_length=2000)
    measures: list[PlannedMeasure] = Field(max_length=60)


WORK = [allowed(Permission.WORK_CASES)]


@router.put("/cases/{case_id}/plan", operation_id="draft_plan", dependencies=WORK)
def draft_plan(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Planned) -> dict[str, Any]:
    """Write the draft of the plan over the creditors as the book has them; what is missing is told, not refused."""
    today = desk.clock().date()
    measures = [Measure(**one.model_dump()) for one in asked.measures]
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, today)
        may_write(view)
        table = creditors(desk.reader(viewer), viewer, view)
    with desk.office.begin() as session:
        plan = versions.write_draft(
            session, viewer, case_id, asked.version,
            template=asked.template, summary=asked.summary, measures=measures, table=table, terms=shipped(),
        )  # fmt: skip
        told = {"number": plan.number, "digest": plan.digest, "state": plan.state}
    missing = check(measures, table, shipped(), today)
    return {**told, "missing": [{"code": one.code, "message": plain(one.message)} for one in missing]}


class Settled(BaseModel):
    """A measure that is done, with its proof, or dropped, with the reason."""

    version: int
    state: str = Field(max_length=10, description="done or dropped.")
    note: str = Field("", max_length=2000)
    done_on: date | None = None
    done_amount: Decimal | None = Field(None, ge=0, max_digits=20, decimal_places=2)
    proof_id: int | None = Field(None, description="The document of the case that proves it.")


@router.post("/cases/{case_id}/measures/{measure_id}", operation_id="settle_measure", dependencies=WORK)
def settle(desk: DeskDep, viewer: ViewerDep, case_id: int, measure_id: int, asked: Settled) -> Done:
    """Say how a measure went."""
    with desk.office.begin() as session:
        versions.settle_measure(
            session, viewer, case_id, asked.version, measure_id, asked.state, asked.note,
            done_on=asked.done_on, done_amount=asked.done_amount, proof_id=asked.proof_id,
        )  # fmt: skip
    return done(Text("措施进展已登记", "the measure is settled"))


class Voted(BaseModel):
    """What a creditor said to the draft."""

    version: int
    institution_id: str = Field(max_length=60)
    vote: str = Field(max_length=10, description=f"One of {', '.join(detail.VOTES)}.")
    note: str = Field("", max_length=2000)


@router.post("/cases/{case_id}/votes", operation_id="record_vote", dependencies=WORK)
def vote(desk: DeskDep, viewer: ViewerDep, case_id: int, asked: Voted) -> Done:
    """Write down a creditor's vote."""
    with desk.office.begin() as session:
        versions.record_vote(session, viewer, case_id, asked.version, asked.institution_id, asked.vote, asked.note)
    return done(Text("表决已登记", "the vote is recorded"))
