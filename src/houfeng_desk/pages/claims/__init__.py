"""Pages of claims: the list, a new one, one claim, the quota, audits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng.office.access import Viewer
from houfeng_desk.pages.claims import acting, asking, audit, board, claim, drawing, quota

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (board.router, drawing.router, audit.router, claim.router, asking.router, acting.router, quota.router)


def start(app: DeskApp) -> None:
    """The badge of the menu, the search, and what waits for officers."""
    desk = app.state.desk

    def waiting(viewer: Viewer) -> int:
        return board.waiting_count(desk, viewer)

    app.state.rendering.counters["claims"] = waiting
    board.provide_search(app)
    board.provide_todo(app)
