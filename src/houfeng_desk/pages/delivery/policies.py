"""The policies: each with its list, how far it has arrived, and how many days it takes."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.matching.delivery import chains, links, lists, receipts, statistics
from houfeng.matching.delivery.chains import DOCUMENT, STEPS
from houfeng.matching.delivery.statistics import BY, FIRMS, PERSONS
from houfeng.office import jobs as queue
from houfeng.office.access import Permission, Viewer
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.locale import speak, spoken
from houfeng_desk.pages.delivery import jobs
from houfeng_desk.queries.delivery import policies as shown
from houfeng_desk.queries.delivery import sent
from houfeng_desk.queries.delivery.judging import policies as known_policies
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.queries.enterprise.words import region
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, number_field, page, see_other

router = APIRouter()
SEE = allowed(Permission.SEE_DELIVERY)
RUN = allowed(Permission.RUN_MATCHING)
TABS = {
    "progress": Text("进展", "Progress"),
    "terms": Text("条件", "Conditions"),
    "lists": Text("名单版本", "List versions"),
    "chains": Text("企业", "Enterprises"),
    "banks": Text("银行", "Banks"),
}


@router.get("/policies", name="policies", dependencies=[SEE])
def policies(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """All policies, with the newest version of each list, the funnel and the days."""
    known = known_policies(desk)
    with desk.office.read() as session:
        lines = shown.lines(session, viewer, known, desk.clock().date())
        total = statistics.days(session, viewer, "policy", who=FIRMS).total
        return page(
            request,
            "delivery/policies.html",
            lines=[line for line in lines if line.begun],
            new=[line for line in lines if not line.begun and line.in_force],
            closed=[line for line in lines if not line.begun and not line.in_force],
            total=total,
            steps=STEPS,
        )


@router.get("/policies/{name}", name="policy", dependencies=[SEE])
def policy(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, name: str) -> Response:
    """One policy. What was sent to a bank and it has not received yet stands at the top, with a button."""
    speak(lang_of(request))
    asked = request.query_params
    tab = asked.get("tab", "progress")
    by = asked.get("by", "region")
    policies_now = known_policies(desk)
    with desk.office.read() as session:
        known, versions = shown.find(session, policies_now, name)
        by = by if by in ("region", "bank") else "region"
        banks = bank_names(reader)
        dated = any(row.document_on for row in versions) or (known is not None and known.persons)
        start = DOCUMENT if dated else "sent"
        return page(
            request,
            "delivery/policy.html",
            name=name,
            policy=known,
            label=known.label if known is not None else Text(versions[0].label_zh, versions[0].label_en),
            versions=versions,
            tab=tab if tab in TABS else "progress",
            tabs=TABS,
            funnel=statistics.funnel(session, viewer, name),
            persons=_persons(session, viewer, name),
            steps=STEPS,
            by=by,
            ways={key: text for key, text in BY.items() if key != "policy"},
            start=start,
            days=statistics.days(session, viewer, by, start, policy=name),
            said=lambda key: region(key).get(spoken()) if by == "region" else banks.get(key, key),
            listing=_listing(request, session, viewer, name, tab, banks),
            waiting=receipts.waiting(session, viewer, name),
            counts={row.number: lists.counted(session, viewer, row) for row in versions} if tab == "lists" else {},
        )


def _listing(
    request: Request, session: Session, viewer: Viewer, name: str, tab: str, banks: Mapping[str, str]
) -> Listing | None:
    """The list of a tab that has one."""
    if tab == "chains":
        ask = ListRequest.of(request, shown.COLUMNS, shown.filters())
        return shown.listing(session, viewer, name, ask, banks)
    if tab == "banks":
        return sent.sent_to(session, viewer, name, ListRequest.of(request, sent.RECEIPTS), banks)
    return None


def _persons(session: Session, viewer: Viewer, name: str) -> tuple[statistics.Reached, ...]:
    """The funnel of persons, where the policy has any."""
    found = statistics.funnel(session, viewer, name, PERSONS)
    return found if any(row.chains != 0 for row in found) else ()


@router.api_route(
    "/policies/{name}/export", methods=["GET", "POST"], name="policy_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_chains(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, name: str) -> Response:
    """The chains of a policy as a file."""
    viewer.require(Permission.SEE_DELIVERY)
    ask = ListRequest.of(request, shown.COLUMNS, shown.filters())
    banks = bank_names(reader)
    with desk.office.read() as session:
        title = Text("政策直达", "Delivery of a policy")
        return export(request, viewer, title, ask, lambda asked: shown.listing(session, viewer, name, asked, banks))


@router.post("/policies/{name}/make", name="policy_make", dependencies=[RUN])
def make(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """Let a worker make the next version of the list."""
    lists.may_make(viewer)
    with desk.office.begin() as session:
        job = queue.enqueue(session, viewer, jobs.LIST, {"policy": name}, Text(f"生成名单 {name}", f"list of {name}"))
    return see_other(f"/jobs/{job.id}")


@router.post("/policies/{name}/publish", name="policy_publish", dependencies=[RUN])
def publish(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """Let a worker send the newest version out."""
    lists.may_make(viewer)
    number = number_field(request, "number", Text("版本", "Version"))
    with desk.office.begin() as session:
        lists.version(session, name, number)
        payload = {"policy": name, "number": number}
        job = queue.enqueue(session, viewer, jobs.PUBLISH, payload, Text(f"发布名单 {name}", f"publish {name}"))
    return see_other(f"/jobs/{job.id}")


@router.post("/policies/{name}/chains/{chain_id:int}/link", name="chain_link", dependencies=[RUN])
def link(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, chain_id: int) -> Response:
    """A one-time link for the firm of a chain, shown once."""
    with desk.office.begin() as session:
        chain = chains.find(session, viewer, chain_id, name)
        row, secret = links.make(session, viewer, chain.subject, chain.name, chain.region)
    address = f"{request.url.scheme}://{request.headers['host']}/enter/{secret}"
    return page(request, "delivery/link.html", address=address, row=row, firm=chain.name, policy=name)
