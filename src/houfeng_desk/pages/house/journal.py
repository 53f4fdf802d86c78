"""The journal: who did what and why, and whether its chain is whole. The audit administrator's page."""

from __future__ import annotations

import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Problem, Text
from houfeng.office import journal as records
from houfeng.office.access import Permission, Viewer
from houfeng.office.tables import JournalEntry
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.queries.house.journal import COLUMNS, FILTERS, entries
from houfeng_desk.web import DeskDep, ViewerDep, allowed, page

router = APIRouter()
MAY = [allowed(Permission.SEE_JOURNAL)]


@router.get("/journal", name="journal", dependencies=MAY)
def journal(request: Request, desk: DeskDep) -> Response:
    """The entries, newest first."""
    return _page(request, desk, None)


@router.post("/journal/verify", name="journal_verify", dependencies=MAY)
def verify(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Compute every hash again. That it was done is itself an entry."""
    return _page(request, desk, verified(desk, viewer))


def verified(desk: Desk, viewer: Viewer) -> list[Problem]:
    """What is wrong with the chain; nothing where it is whole."""
    with desk.office.read() as session:
        problems = records.verify(session)
    with desk.office.begin() as session:
        records.write(session, viewer, "journal.verify", "journal", detail={"faults": len(problems)})
    return problems


def _page(request: Request, desk: DeskDep, problems: list[Problem] | None) -> Response:
    with desk.office.read() as session:
        listing = entries(session, ListRequest.of(request, COLUMNS, FILTERS))
        head = records.head(session)
        return page(request, "house/journal.html", listing=listing, head=head, problems=problems)


@router.api_route(
    "/journal/export", methods=["GET", "POST"], name="journal_export", dependencies=[allowed(Permission.EXPORT_JOURNAL)]
)
def journal_export(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The entries as a file, with their hashes and the head of the chain."""
    with desk.office.read() as session:
        head = records.head(session)
        notes = [(Text("链头", "Head of the chain"), f"{head.seq} {head.algorithm} {head.hash}")] if head else []
        return export(
            request,
            viewer,
            Text("审计日志", "Journal"),
            ListRequest.of(request, COLUMNS, FILTERS),
            lambda ask: entries(session, ask),
            notes=notes,
        )


@router.get("/journal/{seq}", name="journal_entry", dependencies=MAY)
def entry(request: Request, desk: DeskDep, seq: int) -> Response:
    """One entry in full."""
    with desk.office.read() as session:
        found = session.get(JournalEntry, seq)
        if found is None:
            raise NotFoundError(Text(f"没有第 {seq} 条", f"there is no entry {seq}"))
        detail = json.dumps(json.loads(found.detail), ensure_ascii=False, indent=2, sort_keys=True)
        return page(request, "house/journal_entry.html", entry=found, detail=detail)
