"""Finding one's way: the search over the desk, what waits for the asker, the pages of help."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Query
from starlette.requests import Request

from houfeng.errors import NotFoundError, Text
from houfeng.office import approvals
from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.app_parts import parts_of
from houfeng_desk.helping import help_page, help_titles
from houfeng_desk.pages.house.search import LONGEST, SHOWN
from houfeng_desk.pages.house.todo import own_proposals
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("finding")
ME = [allowed(Permission.USE_ACCOUNT)]
Lang = Literal["zh", "en"]


@router.get("/search", operation_id="search", dependencies=ME)
def search(
    request: Request,
    desk: DeskDep,
    viewer: ViewerDep,
    reader: ReaderDep,
    q: str = Query(min_length=1, max_length=LONGEST, description="A name, a code, a number."),
) -> dict[str, Any]:
    """What matches, by kind of thing: of each kind a few, an exact match first. `page` is the page that shows it."""
    asked = q.strip()
    groups = [
        {"kind": plain(one.label), "items": [{"title": f.title, "sub": f.sub, "page": f.href} for f in found]}
        for one in parts_of(request.app, "search")
        if asked.isprintable() and asked and viewer.may(one.permission)
        for found in [one.find(desk, reader, asked, SHOWN)]
        if found
    ]
    return listed(groups)


@router.get("/todo", operation_id="todo", dependencies=ME)
def todo(request: Request, desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """What waits for the asker beside `/approvals`, and how their own proposals stand."""
    waiting = [
        {"kind": plain(label), **told(one, "title", "sub", "due", "tier"), "page": one.href}
        for label, source in parts_of(request.app, "todo")
        for one in source(desk, viewer)
    ]
    with desk.office.read() as session:
        mine = [
            {
                **told(one, "id", "kind", "about", "state", "why", "proposed_at", "decided_at", "decision"),
                "title": plain(Text(one.title_zh, one.title_en)),
                "label": plain(approvals.STATE_NAMES[approvals.State(one.state)]),
            }
            for one in own_proposals(session, viewer)
        ]
    return {"waiting": waiting, "proposed": mine}


@router.get("/help", operation_id="help", dependencies=ME)
def contents(lang: Lang = "zh") -> dict[str, Any]:
    """The pages of help."""
    return listed([{"name": name, "title": title} for name, title in help_titles(lang)])


@router.get("/help/{name}", operation_id="help_page", dependencies=ME)
def one(name: str, lang: Lang = "zh") -> dict[str, Any]:
    """One page of help, as HTML."""
    found = help_page(name, lang)
    if found is None:
        raise NotFoundError(Text("没有这一页帮助", "there is no such page of help"))
    return {"name": name, "title": found.title, "html": str(found.html)}
