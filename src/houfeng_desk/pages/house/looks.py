"""Choosing the columns of a list and how dense its rows stand: kept for the person, on every machine."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import InputError, Text
from houfeng.office import preferences
from houfeng.office.access import Permission
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, form_of, local, see_other

router = APIRouter()
MOST = 60
"""Columns a list may have."""


@router.post("/looks", name="looks", dependencies=[allowed(Permission.USE_ACCOUNT)])
def choose(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Keep what was chosen, and go back to the list."""
    name = field(request, "list", most=200, label=Text("列表", "List"))
    shown = [str(one)[:60] for one in form_of(request).getlist("column")][:MOST]
    if not name.startswith("/") or not name.isprintable():
        raise InputError(Text("没有这个列表", "there is no such list"))
    every = bool(field(request, "every", most=5))
    with desk.office.begin() as session:
        density = field(request, "density", most=20) or None
        preferences.choose(session, viewer, density=density, columns={name: [] if every else shown})
    return see_other(local(field(request, "back", most=2000), name))
