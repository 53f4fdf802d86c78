"""The house: who asks, jobs, approvals, the journal, people."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, Field

from houfeng.errors import NotFoundError, Text
from houfeng.office import approvals
from houfeng.office.access import Permission
from houfeng.office.jobs import queue
from houfeng.office.tables import Approval, JournalEntry
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, item, plain, told
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.house.jobs import again
from houfeng_desk.pages.house.journal import verified
from houfeng_desk.queries.house import jobs, journal, people
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("house")


@router.get("/me", operation_id="me", dependencies=[allowed()])
def me(viewer: ViewerDep) -> dict[str, Any]:
    """Who the asker is and what they may do."""
    scope = viewer.scope
    return {
        "login": viewer.login,
        "name": viewer.name,
        "roles": sorted(viewer.roles),
        "permissions": sorted(viewer.permissions),
        "regions": None if scope.regions is None else sorted(scope.regions),
        "institutions": None if scope.institutions is None else sorted(scope.institutions),
        "enterprise": scope.enterprise,
    }


def _jobs(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return jobs.jobs(session, asked.viewer, ask)


def _journal(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return journal.entries(session, ask)


def _people(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return people.people(session, ask)


add_list(
    router,
    "/jobs",
    "jobs",
    jobs.COLUMNS,
    jobs.FILTERS,
    Permission.USE_ACCOUNT,
    _jobs,
    about="One's own jobs; all of them for who looks after the system.",
)
add_list(
    router,
    "/journal",
    "journal",
    journal.COLUMNS,
    journal.FILTERS,
    Permission.SEE_JOURNAL,
    _journal,
    about="The journal, newest first.",
)
add_list(
    router,
    "/users",
    "users",
    people.COLUMNS,
    people.FILTERS,
    Permission.MANAGE_USERS,
    _people,
    about="Who has an account.",
)


@router.get("/jobs/{job_id}", operation_id="job", dependencies=[allowed()])
def job(desk: DeskDep, viewer: ViewerDep, job_id: int) -> dict[str, Any]:
    """One job: how far it is and what it said."""
    with desk.office.read() as session:
        found = queue.find(session, viewer, job_id)
        return {**item(jobs.row(found)), "done": found.done, "total": found.total, "log": found.log}


@router.get("/approvals", operation_id="approvals", dependencies=[allowed(Permission.APPROVE)])
def waiting(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """What waits for the asker's decision."""
    with desk.office.read() as session:
        found = [_proposal(one) for one in approvals.waiting(session, viewer)]
    return {"items": found, "total": len(found)}


def _proposal(one: Approval) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "about": one.about,
        "title": plain(Text(one.title_zh, one.title_en)),
        "why": one.why,
        "proposer": one.proposer.name,
        "proposed_at": plain(one.proposed_at),
    }


class Decision(BaseModel):
    """Yes or no, and why."""

    approve: bool
    why: str = Field(min_length=1, max_length=4000)


@router.post("/approvals/{approval_id}/decide", operation_id="decide", dependencies=[allowed(Permission.APPROVE)])
def decide(desk: DeskDep, viewer: ViewerDep, approval_id: int, said: Decision) -> Done:
    """Approve or refuse; never one's own proposal."""
    with desk.office.begin() as session:
        approvals.decide(session, viewer, approval_id, said.approve, said.why)
    return done(Text("已批准。", "Approved.") if said.approve else Text("已否决。", "Refused."))


class Withdrawal(BaseModel):
    """Why a proposal is taken back."""

    why: str = Field(min_length=1, max_length=4000)


@router.post("/approvals/{approval_id}/withdraw", operation_id="withdraw_proposal", dependencies=[allowed()])
def withdraw(desk: DeskDep, viewer: ViewerDep, approval_id: int, said: Withdrawal) -> Done:
    """Take back one's own proposal."""
    with desk.office.begin() as session:
        approvals.withdraw(session, viewer, approval_id, said.why)
    return done(Text("已撤回。", "Withdrawn."))


@router.post("/jobs/{job_id}/retry", operation_id="retry_job", dependencies=[allowed()])
def retry(desk: DeskDep, viewer: ViewerDep, job_id: int) -> dict[str, Any]:
    """The same again, as a new job; only for who asked for it, and only where it failed or was stopped."""
    with desk.office.begin() as session:
        return {"job": again(session, viewer, job_id).id}


@router.get("/journal/{seq}", operation_id="journal_entry", dependencies=[allowed(Permission.SEE_JOURNAL)])
def entry(desk: DeskDep, seq: int) -> dict[str, Any]:
    """One entry in full, with the hash that chains it to the one before."""
    with desk.office.read() as session:
        found = session.get(JournalEntry, seq)
        if found is None:
            raise NotFoundError(Text(f"没有第 {seq} 条", f"there is no entry {seq}"))
        names = ("seq", "at", "who", "via", "act", "about", "why", "algorithm", "previous", "hash")
        return {**told(found, *names), "detail": json.loads(found.detail)}


@router.post("/journal/verify", operation_id="verify_journal", dependencies=[allowed(Permission.SEE_JOURNAL)])
def verify(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Compute every hash again; `problems` is empty where the chain is whole. That it was done is an entry itself."""
    found = verified(desk, viewer)
    return {"problems": [{"code": one.code, "message": plain(one.message)} for one in found]}
