"""Pages of delivery: policies and how they arrive, needs and their banks, and the enterprise's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng.office.access import Permission, Viewer
from houfeng_desk.pages.delivery import answers, entering, figures, jobs, mine, needs, policies, sent
from houfeng_desk.queries.delivery.needs import waiting

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (figures.router, policies.router, sent.router, needs.router, answers.router, mine.router, entering.router)


def start(app: DeskApp) -> None:
    """The badge of the menu, and the jobs of this area."""
    desk = app.state.desk

    def count(viewer: Viewer) -> int:
        if not (viewer.may(Permission.ANSWER_NEEDS) or viewer.may(Permission.RUN_MATCHING)):
            return 0
        with desk.office.read() as session:
            return waiting(session, viewer)

    app.state.rendering.counters["needs"] = count
    jobs.register()
