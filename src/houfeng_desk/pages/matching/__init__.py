"""Pages of matching: runs side by side, one run, one need explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng_desk.pages.matching import jobs, runs

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (runs.router,)


def start(app: DeskApp) -> None:
    """The job of this area."""
    jobs.register()
