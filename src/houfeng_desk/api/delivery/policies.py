"""Policies: how far each has arrived, its lists by version, its chains, and making and sending a list."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from houfeng.errors import InputError, Text
from houfeng.matching.delivery import chains, links, lists, receipts, statistics
from houfeng.matching.delivery.statistics import PERSONS
from houfeng.matching.tables import PolicyList
from houfeng.office import jobs as queue
from houfeng.office.access import Permission, Viewer
from houfeng_desk.api.house.exports import Queued
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.delivery import jobs
from houfeng_desk.queries.delivery import figures, sent
from houfeng_desk.queries.delivery import policies as shown
from houfeng_desk.queries.delivery.judging import policies as known_policies
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("delivery")
SEE = [allowed(Permission.SEE_DELIVERY)]
RUN = [allowed(Permission.RUN_MATCHING)]
ANSWER = [allowed(Permission.ANSWER_NEEDS)]
LIST = ("number", "document", "document_on", "as_of", "known_at")
MEMBER = ("enterprise_id", "name", "region", "joined_in", "left_in")
MOST = 200


@router.get("/policies", operation_id="policies", dependencies=SEE)
def policies(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """All policies: whether in force, the newest version of the list, and how many firms each step has reached."""
    with desk.office.read() as session:
        lines = shown.lines(session, viewer, known_policies(desk), desk.clock().date())
        return {
            "items": [
                {
                    "name": line.name,
                    "label": plain(line.label),
                    "in_force": line.in_force,
                    "begun": line.begun,
                    "reached": [{"step": one.step, "chains": one.chains} for one in line.funnel],
                }
                for line in lines
            ]
        }


def _arrived(asked: Asked, ask: ListRequest) -> Listing:
    said = figures.names(bank_names(asked.reader), known_policies(asked.desk))
    with asked.desk.office.read() as session:
        return figures.days(session, asked.viewer, ask, said)


add_list(
    router, "/policies/days", "policy_days", figures.DAYS, figures.day_filters({}), Permission.SEE_DELIVERY, _arrived,
    about="Days from the document, or from sending, to the money, by policy, region or bank; few are not told.",
    filters_now=lambda asked: figures.day_filters(known_policies(asked.desk)),
)  # fmt: skip


@router.get("/policies/{name}/days", operation_id="policy_days", dependencies=SEE)
def days(desk: DeskDep, viewer: ViewerDep, name: str, by: str = "region") -> dict[str, Any]:
    """How many days from sending to each later step, by region or bank; groups of fewer than five are not told."""
    if by not in ("region", "bank"):
        raise InputError(Text("by 只能是 region 或 bank", "by is region or bank"))
    with desk.office.read() as session:
        shown.find(session, known_policies(desk), name)
        found = statistics.days(session, viewer, by, "sent", policy=name)
        return {"by": by, "items": [one._asdict() for one in found.rows], "total": found.total._asdict()}


@router.get("/policies/{name}", operation_id="policy", dependencies=SEE)
def policy(desk: DeskDep, viewer: ViewerDep, name: str) -> dict[str, Any]:
    """One policy: its terms, the versions of its list, how many firms (and persons) each step has reached, and which
    versions sent to the asker's bank it has not received yet."""
    policies_now = known_policies(desk)
    with desk.office.read() as session:
        known, versions = shown.find(session, policies_now, name)
        return {
            "name": name,
            "terms": plain(known),
            "versions": [_version(session, viewer, one) for one in versions],
            "reached": plain(statistics.funnel(session, viewer, name)),
            "persons_reached": plain(statistics.funnel(session, viewer, name, PERSONS)),
            "not_received": [one.number for one in receipts.waiting(session, viewer, name)],
        }


@router.post("/policies/{name}/receive", operation_id="receive_list", dependencies=ANSWER)
def receive(desk: DeskDep, viewer: ViewerDep, name: str) -> dict[str, Any]:
    """Say that the asker's bank has the versions of the list that were sent to it."""
    with desk.office.begin() as session:
        found = receipts.receive(session, viewer, name)
        rows = [{"number": one.number, **told(one.sent, "institution_id", "members", "sent_at")} for one in found]
        return listed([{**row, "days": one.days} for row, one in zip(rows, found, strict=True)])


@router.get("/policies/{name}/lists/{number}", operation_id="policy_list", dependencies=SEE)
def one_list(desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> dict[str, Any]:
    """One version of a list: who joined, who left and why, and the first members of the asker's scope; all of them are
    the list of its members."""
    with desk.office.read() as session:
        row = lists.version(session, name, number)
        joined, left = lists.changes(session, viewer, name, number)
        version = _version(session, viewer, row)
        return {
            **version,
            "joined_members": [{**told(one, *MEMBER), "why": plain(one.joined_why)} for one in joined],
            "left_members": [{**told(one, *MEMBER), "why": plain(one.left_why)} for one in left],
            "members": [told(one, *MEMBER) for one in lists.members(session, viewer, name, number)[:MOST]],
            "members_total": version["entitled"],
        }


def _version(session: Session, viewer: Viewer, row: PolicyList) -> dict[str, Any]:
    """A version of a list, with the figures of the asker's scope."""
    return {**told(row, *LIST), **lists.counted(session, viewer, row)._asdict()}


def _members(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return sent.members(session, asked.viewer, asked.path["name"], int(asked.path["number"]), ask)


add_list(
    router, "/policies/{name}/lists/{number}/members", "policy_members", sent.MEMBERS, sent.WHICH,
    Permission.SEE_DELIVERY, _members, about="Who stands on a version of a list, who joined and left in it, and why.",
    within={"name": str, "number": int},
)  # fmt: skip


def _receipts(asked: Asked, ask: ListRequest) -> Listing:
    banks = bank_names(asked.reader)
    with asked.desk.office.read() as session:
        return sent.sent_to(session, asked.viewer, asked.path["name"], ask, banks)


add_list(
    router, "/policies/{name}/receipts", "policy_receipts", sent.RECEIPTS, (), Permission.SEE_DELIVERY, _receipts,
    about="To which banks a list went and when each said to have it; a bank sees its own.", within={"name": str},
)  # fmt: skip


def _chains(asked: Asked, ask: ListRequest) -> Listing:
    banks = bank_names(asked.reader)
    with asked.desk.office.read() as session:
        return shown.listing(session, asked.viewer, asked.path["name"], ask, banks)


add_list(
    router, "/policies/{name}/chains", "policy_chains", shown.COLUMNS, shown.filters(), Permission.SEE_DELIVERY,
    _chains, about="How a policy arrives at each firm of the asker's scope, the furthest first.", within={"name": str},
)  # fmt: skip


@router.post("/policies/{name}/lists", operation_id="make_list", dependencies=RUN)
def make(desk: DeskDep, viewer: ViewerDep, name: str) -> Queued:
    """Let a worker make the next version of the list."""
    lists.may_make(viewer)
    with desk.office.begin() as session:
        title = Text(f"生成名单 {name}", f"list of {name}")
        return Queued(job=queue.enqueue(session, viewer, jobs.LIST, {"policy": name}, title).id)


@router.post("/policies/{name}/lists/{number}/publish", operation_id="publish_list", dependencies=RUN)
def publish(desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Queued:
    """Let a worker send a version of the list out."""
    lists.may_make(viewer)
    with desk.office.begin() as session:
        lists.version(session, name, number)
        payload, title = {"policy": name, "number": number}, Text(f"发布名单 {name}", f"publish {name}")
        return Queued(job=queue.enqueue(session, viewer, jobs.PUBLISH, payload, title).id)


class Link(BaseModel):
    """A way in for the people of one firm: used once, for a short time. It is told here and nowhere else."""

    path: str
    ends_at: str


@router.post("/policies/{name}/chains/{chain_id}/link", operation_id="link_chain", dependencies=RUN)
def link(desk: DeskDep, viewer: ViewerDep, name: str, chain_id: int) -> Link:
    """A one-time link for the firm of a chain."""
    with desk.office.begin() as session:
        chain = chains.find(session, viewer, chain_id)
        row, secret = links.make(session, viewer, chain.subject, chain.name, chain.region)
        return Link(path=f"/enter/{secret}", ends_at=plain(row.ends_at))
