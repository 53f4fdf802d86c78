"""One version of a policy's list, whole and as a file; to which banks it went; and a bank's word that it has it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.matching.delivery import lists, receipts
from houfeng.office.access import Permission
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.delivery import sent as shown
from houfeng_desk.queries.delivery.judging import policies
from houfeng_desk.queries.delivery.policies import find
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, flash, page, see_other

router = APIRouter()
SEE, EXPORT = allowed(Permission.SEE_DELIVERY), allowed(Permission.EXPORT)
MEMBERS = Text("政策名单", "List of a policy")
RECEIPTS = Text("名单送达银行", "Banks a list went to")
VERSIONS = Text("名单版本", "Versions of a list")


@router.get("/policies/{name}/lists/{number:int}", name="policy_list", dependencies=[SEE])
def one_list(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """One version of a list: who is on it, who joined, who left, and why."""
    ask = ListRequest.of(request, shown.MEMBERS, shown.WHICH)
    with desk.office.read() as session:
        row = lists.version(session, name, number)
        listing = shown.members(session, viewer, name, number, ask)
        counts = lists.counted(session, viewer, row)
        return page(request, "delivery/list.html", row=row, counts=counts, listing=listing)


@router.api_route(
    "/policies/{name}/lists/{number:int}/export", methods=["GET", "POST"], name="policy_list_export",
    dependencies=[EXPORT],
)  # fmt: skip
def export_list(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """The list as a file."""
    viewer.require(Permission.SEE_DELIVERY)
    ask = ListRequest.of(request, shown.MEMBERS, shown.WHICH)
    with desk.office.read() as session:
        row = lists.version(session, name, number)
        notes = [(Text("版本", "Version"), f"{row.number}"), (Text("政策包", "Pack"), f"{row.pack} {row.digest[:12]}")]
        return export(
            request, viewer, MEMBERS, ask, lambda asked: shown.members(session, viewer, name, number, asked),
            notes=notes,
        )  # fmt: skip


@router.api_route(
    "/policies/{name}/receipts/export", methods=["GET", "POST"], name="policy_receipts_export", dependencies=[EXPORT]
)
def export_receipts(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, name: str) -> Response:
    """To which banks the list went, as a file."""
    viewer.require(Permission.SEE_DELIVERY)
    ask, banks = ListRequest.of(request, shown.RECEIPTS), bank_names(reader)
    with desk.office.read() as session:
        return export(request, viewer, RECEIPTS, ask, lambda asked: shown.sent_to(session, viewer, name, asked, banks))


@router.api_route(
    "/policies/{name}/lists/export", methods=["GET", "POST"], name="policy_versions_export", dependencies=[EXPORT]
)
def export_versions(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """The versions of the list, as a file."""
    viewer.require(Permission.SEE_DELIVERY)
    with desk.office.read() as session:
        _, versions = find(session, policies(desk), name)
        ask = ListRequest(shown.VERSIONS, (), size=None)
        return export(request, viewer, VERSIONS, ask, lambda asked: shown.of_versions(session, viewer, versions, asked))


@router.post("/policies/{name}/receive", name="policy_receive", dependencies=[allowed(Permission.ANSWER_NEEDS)])
def receive(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """The bank has what was sent to it."""
    with desk.office.begin() as session:
        found = receipts.receive(session, viewer, name)
    numbers = "、".join(str(one.number) for one in reversed(found))
    flash(request, Text(f"已登记收到第 {numbers} 版名单", f"received: version {numbers.replace('、', ', ')}"))
    return see_other(f"/policies/{name}")
