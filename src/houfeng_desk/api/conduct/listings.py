"""The lists of credit: entries, a new one, and what is done about one until the firm has left the list."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from houfeng.conduct.lists import entering, leaving
from houfeng.conduct.lists.entering import Basis
from houfeng.conduct.lists.life import GROUNDS
from houfeng.conduct.steps import steps_of
from houfeng.conduct.tables import Listing as Entry
from houfeng.office.access import Permission, Viewer
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, plain, told
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.conduct.listings import acted, chosen, conditions_of, signed
from houfeng_desk.queries.conduct import evasion, portraits
from houfeng_desk.queries.conduct import listings as query
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("conduct")
SEE = [allowed(Permission.SEE_CONDUCT)]
WORK = [allowed(Permission.WORK_CONDUCT)]
ONE = "/lists/{listing_id}"


def _entries(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return query.listing(session, asked.viewer, ask, asked.desk.clock().date())


add_list(
    router, "/lists", "entries", query.EXPORTED, query.filters(), Permission.SEE_CONDUCT, _entries,
    about="Entries on the lists of credit; those under way first, then those on a list.",
)  # fmt: skip


def entry_told(session: Session, desk: Desk, viewer: Viewer, entry: Entry) -> dict[str, Any]:
    """An entry in full: what it rests on, the conditions of its repair, what the asker may do now."""
    today = desk.clock().date()
    names = (
        "id", "version", "enterprise_id", "authority", "document_no", "document_on", "why", "evidence", "state",
        "objection_until", "objection", "objected_at", "objection_answer", "least_until", "repair", "left_how",
        "left_why",
    )  # fmt: skip
    return {
        **item(query.row(entry, today)),
        **told(entry, *names),
        "ground": entry.ground,
        "reference": GROUNDS[entry.ground].reference,
        "conditions": plain(conditions_of(desk, entry)),
        "acts": sorted(query.acts(session, viewer, entry, today)),
        "steps": [told(step, "move", "start", "to", "at", "who", "note") for step in steps_of(session, entry)],
    }


def state_of(entry: Entry) -> dict[str, Any]:
    """Where an entry stands after an act."""
    return told(entry, "id", "number", "version", "state") | {"waits_for_signature": entry.approval_id is not None}


@router.get("/lists/counts", operation_id="count_entries", dependencies=SEE)
def counts(desk: DeskDep) -> dict[str, int]:
    """How many stand on each list."""
    with desk.office.read() as session:
        return leaving.counts(session)


@router.get(ONE, operation_id="entry", dependencies=SEE)
def one(desk: DeskDep, viewer: ViewerDep, listing_id: int) -> dict[str, Any]:
    """One entry."""
    with desk.office.read() as session:
        return entry_told(session, desk, viewer, entering.find(session, viewer, listing_id))


class Proposed(BaseModel):
    """Notice of an entry. `evidence` are ids of lines of the firm's portrait, or `alert:ID`."""

    enterprise_id: str = Field(min_length=1, max_length=60)
    ground: str = Field(max_length=40, description=f"One of {', '.join(GROUNDS)}.")
    authority: str = Field("", max_length=200)
    document_no: str = Field("", max_length=200)
    document_on: date | None = None
    evidence: list[str] = Field(default_factory=list, max_length=200)
    why: str = Field(min_length=1, max_length=2000)


@router.post("/lists", operation_id="propose_entry", dependencies=WORK)
def propose(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, asked: Proposed) -> dict[str, Any]:
    """Give notice of an entry; the firm may object before it is put on the list."""
    with desk.office.begin() as session:
        found = portraits.shown(reader, session, asked.enterprise_id)
        alerts = {alert.id: alert for alert in evasion.alerts_of(session, viewer, asked.enterprise_id)}
        basis = Basis(
            ground=asked.ground, authority=asked.authority, document_no=asked.document_no,
            document_on=asked.document_on, evidence=chosen(asked.evidence, found.portrait, alerts),
        )  # fmt: skip
        return state_of(entering.propose(session, viewer, found.party, basis, asked.why))


class Signed(BaseModel):
    """A signature, or none. `version` is that of the entry as the asker saw it."""

    version: int
    approve: bool
    why: str = Field(min_length=1, max_length=4000)


@router.post(f"{ONE}/sign", operation_id="sign_entry", dependencies=[allowed(Permission.APPROVE)])
def sign(desk: DeskDep, viewer: ViewerDep, listing_id: int, asked: Signed) -> dict[str, Any]:
    """Sign or refuse what waits on the entry; never what one has put forward oneself."""
    with desk.office.begin() as session:
        return state_of(signed(session, viewer, listing_id, asked.version, asked.approve, asked.why))


class Acted(BaseModel):
    """What an officer does: answer an objection, drop the notice, put on the list, repair or refuse it, remove."""

    version: int
    act: Literal["answer", "drop", "put", "remove", "repair", "refuse_repair"]
    why: str = Field(min_length=1, max_length=2000)
    verified: str = Field("", max_length=2000, description="Of a repair: what was verified, and how.")


@router.post(f"{ONE}/act", operation_id="act_on_entry", dependencies=WORK)
def act(desk: DeskDep, viewer: ViewerDep, listing_id: int, asked: Acted) -> dict[str, Any]:
    """Take the next step; putting on, repairing and removing wait for another's signature."""
    with desk.office.begin() as session:
        acted(session, desk, viewer, listing_id, asked.version, asked.act, asked.why, asked.verified)
        return state_of(entering.find(session, viewer, listing_id))
