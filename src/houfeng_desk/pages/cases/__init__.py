"""Pages of cases: the list and the board, one case, its plan and papers; briefings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng.office.access import Viewer
from houfeng_desk.pages.cases import acting, board, case, figures, jobs, papers, planning, reports

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (board.router, figures.router, case.router, acting.router, planning.router, papers.router, reports.router)


def start(app: DeskApp) -> None:
    """The badge of the menu, what waits for people, and the jobs of this area."""
    desk = app.state.desk

    def late(viewer: Viewer) -> int:
        return board.late(desk, viewer)

    app.state.rendering.counters["cases"] = late
    jobs.register()
    board.provide_search(app)
    board.provide_todo(app)
