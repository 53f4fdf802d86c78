"""Pages of penetration: neighbours of a firm for the graph, groups and circles, what falls with a firm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng_desk.pages.penetration import around, falling, jobs, listing

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (around.router, listing.router, falling.router)


def start(app: DeskApp) -> None:
    """The job of this area."""
    jobs.register()
