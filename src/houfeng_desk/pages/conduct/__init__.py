"""Pages of conduct: portraits, disputes, lists of credit, firms with signs of evasion and their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng.conduct.disputes.life import STATES, State
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.pages.conduct import disputes, evasion, jobs, listings, mine, portraits
from houfeng_desk.pages.house import todo
from houfeng_desk.pages.house.todo import Waiting
from houfeng_desk.queries.conduct import disputes as query

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (portraits.router, disputes.router, listings.router, evasion.router, mine.router)
TITLE = Text("信用异议", "Disputes")


def start(app: DeskApp) -> None:
    """The badge of the menu, what waits, and the jobs of this area."""
    desk = app.state.desk

    def count(viewer: Viewer) -> int:
        if not _works(viewer):
            return 0
        with desk.office.read() as session:
            return query.count_mine(session, viewer, desk.clock().date())

    def waiting(desk: Desk, viewer: Viewer) -> list[Waiting]:
        if not _works(viewer):
            return []
        with desk.office.read() as session:
            found = query.mine(session, viewer, desk.clock().date())
            return [
                Waiting(
                    Text(f"{one.number} {one.enterprise_name}", f"{one.number} {one.enterprise_name}"),
                    STATES[State(one.state)],
                    f"/disputes/{one.id}",
                    due=one.due_on,
                )
                for one in found
            ]

    app.state.rendering.counters["disputes"] = count
    todo.provide(app, TITLE, waiting)
    jobs.register()


def _works(viewer: Viewer) -> bool:
    return viewer.may(Permission.ANSWER_DISPUTES) or viewer.may(Permission.WORK_CONDUCT)
