"""Claims: the list, one of them with its loans and reasons, what a bank and the office do on it, and the quotas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from houfeng.claims import files, quota
from houfeng.claims.acts import deciding, drafting, funding, recalling
from houfeng.claims.life import STATES, LineState, State
from houfeng.claims.tables import Claim
from houfeng.errors import Text
from houfeng.matching.delivery.claims import follow
from houfeng.office.access import Permission, Viewer
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, item, plain
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Filter, Listing, ListRequest
from houfeng_desk.queries.claims import detail, drawing, listing
from houfeng_desk.queries.claims import quota as quotas
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("claims")
SEE = [allowed(Permission.SEE_CLAIMS)]
MAKE = [allowed(Permission.MAKE_CLAIMS)]
DECIDE = [allowed(Permission.DECIDE_CLAIMS)]
Yuan = Annotated[Decimal, Field(max_digits=17, decimal_places=2, description="Yuan.")]

FILTERS = [
    Filter("state", Text("状态", "State")),
    Filter("tool", Text("工具", "Tool")),
    Filter("bank", Text("机构", "Institution")),
    Filter("text", Text("申报号或机构", "Number or institution")),
    Filter("due", Text("到期", "Due")),
    Filter("since", Text("期初不早于", "Period since"), kind="date"),
    Filter("until", Text("期末不晚于", "Period until"), kind="date"),
]
"""As the document names them: which tools and banks there are depends on the claims the asker may see."""


def _filters(asked: Asked) -> list[Filter]:
    with asked.desk.office.read() as session:
        return list(listing.filters(session, asked.viewer))


def _claims(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return listing.listing(session, asked.viewer, ask, asked.desk.clock().date())


add_list(
    router, "/claims", "claims", listing.COLUMNS, FILTERS, Permission.SEE_CLAIMS, _claims,
    about="Claims for relending and subsidies; those that wait for a decision stand first.", filters_now=_filters,
)  # fmt: skip


@router.get("/claims/{claim_id}", operation_id="claim", dependencies=SEE)
def claim(desk: DeskDep, viewer: ViewerDep, claim_id: int) -> dict[str, Any]:
    """One claim: where it stands, what may come next, how many loans stand how, and the steps so far."""
    today = desk.clock().date()
    with desk.office.read() as session:
        view = detail.view(session, viewer, claim_id, today)
        return {
            **item(listing.row(view.claim, today)),
            "id": view.claim.id,
            "version": view.claim.version,
            "waits_for_signature": view.approval is not None,
            "moves": [{"move": one.name, "label": plain(one.label)} for one in view.moves],
            "loans": dict(view.counts),
            "left_under_quota": plain(view.left),
            "steps": [
                {name: plain(one[name]) for name in ("at", "text", "sub")}
                for one in detail.timeline(session, view, "en")
            ],
        }


def _loans(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        found = files.find(session, asked.viewer, int(asked.path["claim_id"]))
        listed = detail.loans(session, found, ask, {}, "en")
        lines = [one["line"] for one in listed.rows]
        names = drawing.names_of(asked.reader, [line.borrower_id for line in lines])
        rows = [detail.row(line, names, "en") for line in lines]
    told = [{name: value for name, value in one.items() if name != "line"} for one in rows]
    return replace(listed, rows=told)


add_list(
    router, "/claims/{claim_id}/loans", "claim_loans", detail.COLUMNS, detail.filters(), Permission.SEE_CLAIMS, _loans,
    about="The loans of a claim with their reasons; those refused or asked for first.", within={"claim_id": int},
)  # fmt: skip


class Begun(BaseModel):
    """A claim to be drawn: nothing is submitted by it."""

    institution_id: str = Field(max_length=60)
    tool: str = Field(max_length=80)
    period: date = Field(description="The first day of a quarter that has begun.")


@router.post("/claims", operation_id="draw_claim", dependencies=MAKE)
def draw(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, asked: Begun) -> dict[str, Any]:
    """Draw a bank's claim from the book."""
    whose = drawing.bank(reader, viewer, asked.institution_id)
    found = drawing.tool(desk, asked.tool)
    period = drawing.period_of(asked.period.isoformat(), desk.clock().date())
    with desk.office.read() as session:
        drawn = drawing.draw(session, desk, found, whose, period)
    with desk.office.begin() as session:
        made = drafting.draw(session, viewer, found[1], whose, drawn)
        return {"id": made.id, "number": made.number, "version": made.version, "loans": len(drawn.lines)}


class Act(BaseModel):
    """An act on a claim. `version` is that of the claim as the asker saw it: if it has moved since, nothing happens."""

    version: int
    why: str = Field("", max_length=4000)


@router.post("/claims/{claim_id}/submit", operation_id="submit_claim", dependencies=MAKE)
def submit(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Act) -> dict[str, Any]:
    """Ask for what was drawn; says how many loans were refused at once because they differ from the book."""
    with desk.office.begin() as session:
        made = drafting.submit(session, viewer, claim_id, asked.version, asked.why)
        refused = len(files.lines(session, made.id, LineState.REFUSED))
        return told_of(made) | {"refused": refused}


class Decided(Act):
    """A decision: every loan that is asked for is accepted but those named."""

    refusals: dict[int, Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=dict, max_length=5000, description="Reason by the id of the loan's line."
    )


@router.post("/claims/{claim_id}/decide", operation_id="decide_claim", dependencies=DECIDE)
def decide(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Decided) -> dict[str, Any]:
    """Accept, in part or wholly; what another must sign waits for the signature, its quota frozen."""
    with desk.office.begin() as session:
        made = deciding.decide(session, viewer, claim_id, asked.version, asked.refusals, asked.why)
        return told_of(made)


class OnDay(Act):
    """An act that happened on a day; `loans` are the ids of lines, none for all."""

    day: date
    loans: list[int] = Field(default_factory=list, max_length=5000)


@router.post("/claims/{claim_id}/disburse", operation_id="disburse_claim", dependencies=DECIDE)
def disburse(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: OnDay) -> dict[str, Any]:
    """Record that it was paid."""
    with desk.office.begin() as session:
        funding.disburse(session, viewer, claim_id, asked.version, asked.day, asked.why)
        follow(session, claim_id)
        return told_of(files.find(session, viewer, claim_id))


@router.post("/claims/{claim_id}/repay", operation_id="repay_claim", dependencies=DECIDE)
def repay(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: OnDay) -> dict[str, Any]:
    """Record that money came back."""
    with desk.office.begin() as session:
        funding.repay(session, viewer, claim_id, asked.version, asked.day, asked.why, asked.loans or None)
        return told_of(files.find(session, viewer, claim_id))


@router.post("/claims/{claim_id}/extend", operation_id="extend_claim", dependencies=DECIDE)
def extend(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Act) -> dict[str, Any]:
    """Test the loans again on the newest book and propose another term for those that stand it."""
    failing = _retested(desk, viewer, claim_id)
    with desk.office.begin() as session:
        funding.extend(session, viewer, claim_id, asked.version, failing, asked.why)
        return told_of(files.find(session, viewer, claim_id)) | {"failing": len(failing)}


def _retested(desk: Desk, viewer: Viewer, claim_id: int) -> dict[int, Text]:
    with desk.office.read() as session:
        found = files.find(session, viewer, claim_id)
        funded = files.lines(session, claim_id, LineState.FUNDED)
        return dict(drawing.retest(desk, found, funded, desk.clock().date()))


class Recalled(Act):
    """Money taken back, of some loans (ids of lines) or of all; with `ban` the bank is barred for a time."""

    loans: list[int] = Field(default_factory=list, max_length=5000)
    ban: bool = False


@router.post("/claims/{claim_id}/recall", operation_id="recall_claim", dependencies=DECIDE)
def recall(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Recalled) -> dict[str, Any]:
    """Propose to take money back; another person signs."""
    with desk.office.begin() as session:
        recalling.recall(session, viewer, claim_id, asked.version, asked.loans, asked.why, ban=asked.ban)
        return told_of(files.find(session, viewer, claim_id))


@router.post("/claims/{claim_id}/drop", operation_id="drop_claim", dependencies=MAKE)
def drop(desk: DeskDep, viewer: ViewerDep, claim_id: int, asked: Act) -> Done:
    """Take the claim back; its period may be claimed anew."""
    with desk.office.begin() as session:
        drafting.drop(session, viewer, claim_id, asked.version, asked.why)
    return done(Text("已撤销，该期可以重新申报", "dropped; the period may be claimed anew"))


def told_of(made: Claim) -> dict[str, Any]:
    """Where a claim stands after an act."""
    return {
        "id": made.id,
        "version": made.version,
        "state": made.state,
        "label": plain(STATES[State(made.state)]),
        "waits_for_signature": made.approval_id is not None,
    }


@router.get("/quotas", operation_id="quotas", dependencies=SEE)
def all_quotas(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """The quotas of the asker's scope, each below its parent, and the day on which its pace would end it."""
    with desk.office.read() as session:
        tree = quotas.tree(session, viewer, desk.clock().date())
        return {
            "items": [
                {
                    "id": line.quota.id,
                    "parent_id": line.quota.parent_id,
                    "label": plain(line.label),
                    **{name: plain(getattr(line.quota, name)) for name in ("ceiling", "used", "frozen", "left")},
                    "ends": plain(line.pace.ends),
                }
                for line in tree
            ]
        }


class Granted(BaseModel):
    """A ceiling to be moved: up, or down with a minus."""

    amount: Yuan
    why: str = Field(min_length=1, max_length=4000)


@router.post("/quotas/{quota_id}/grant", operation_id="grant_quota", dependencies=DECIDE)
def grant(desk: DeskDep, viewer: ViewerDep, quota_id: int, asked: Granted) -> Done:
    """Propose to move a ceiling; another person signs."""
    with desk.office.begin() as session:
        quota.ask_grant(session, viewer, quota_id, asked.amount, asked.why)
    return done(Text("已送签批", "put forward"))
