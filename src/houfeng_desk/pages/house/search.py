"""One search over the desk: whoever owns a page says how to find what it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.app_parts import parts_of
from houfeng_desk.desk import Desk
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page, see_other

router = APIRouter()
SHOWN = 20
"""Things of one kind that a search shows."""

LONGEST = 100


class Found(NamedTuple):
    """One thing that was found."""

    title: str
    sub: str
    href: str


Finder = Callable[[Desk, Reader, str, int], Sequence[Found]]
"""Gives at most so many things that match a text, inside the reader's scope; an exact match first."""


class Provider(NamedTuple):
    """How one kind of thing is found, and who may."""

    label: Text
    permission: Permission
    find: Finder


def provide(app: object, label: Text, permission: Permission, find: Finder) -> None:
    """Let the search find one more kind of thing."""
    parts_of(app, "search").append(Provider(label, permission, find))


@router.get("/search", name="search", dependencies=[allowed(Permission.USE_ACCOUNT)])
def search(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """What matches; where that is one thing only, straight to it."""
    asked = request.query_params.get("q", "").strip()[:LONGEST]
    groups = []
    if asked and asked.isprintable():
        for provider in parts_of(request.app, "search"):
            if viewer.may(provider.permission):
                groups.append((provider.label, list(provider.find(desk, reader, asked, SHOWN))))
    found = [one for _, several in groups for one in several]
    if len(found) == 1:
        return see_other(found[0].href)
    return page(request, "house/search.html", asked=asked, results=[g for g in groups if g[1]], shown=SHOWN)
