"""Pages of matching: runs side by side, one run, one need explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from houfeng_desk.pages.matching import jobs, runs, sending

if TYPE_CHECKING:
    from houfeng_desk.app import DeskApp

ROUTERS = (runs.router, sending.router)


def start(app: DeskApp) -> None:
    """The jobs of this area."""
    jobs.register()
