"""What the system administrator looks after: the rules of the house, and what the desk runs on."""

from __future__ import annotations

import platform
from importlib.metadata import version

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office import house as rules
from houfeng.office import journal
from houfeng.office.access import Permission
from houfeng.office.tables import Channel
from houfeng_desk.assets import vendored
from houfeng_desk.desk import MEGABYTE
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, number_field, page, see_other

router = APIRouter()
MAY = [allowed(Permission.MANAGE_SYSTEM)]
WHY = Text("理由", "Reason")


@router.get("/settings", name="settings", dependencies=MAY)
def settings(request: Request, desk: DeskDep) -> Response:
    """The settings, and the facts beside them."""
    snapshot = desk.book.snapshot()
    filled = [(desk.book.kinds[k].label, sum(e.rows for e in snapshot.submissions(k))) for k in desk.book.kinds]
    with desk.office.read() as session:
        return page(
            request,
            "house/settings.html",
            house=rules.house(session),
            bounds=rules.BOUNDS,
            head=journal.head(session),
            channels=session.query(Channel).order_by(Channel.name).all(),
            kinds=[(label, rows) for label, rows in filled if rows],
            versions={"houfeng": version("houfeng"), "python": platform.python_version()}
            | {name: entry["version"] for name, entry in vendored().items()},
            upload=desk.settings.upload_bytes // MEGABYTE,
            office_kind="PostgreSQL" if desk.office.postgres else "SQLite",
        )


@router.post("/settings/{name}", name="setting", dependencies=MAY)
def change(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """Change one rule of the house."""
    value = number_field(request, "value", Text("新值", "New value"))
    with desk.office.begin() as session:
        rules.change(session, viewer, name, value, field(request, "why", label=WHY))
    flash(request, Text("设置已更改，立即生效。", "Changed; it holds from now on."))
    return see_other("/settings")
