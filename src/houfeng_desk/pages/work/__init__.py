"""The daily work: the overview, the full-screen board, and the alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import func, select

from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert
from houfeng.watch.operations.life import EMITTED
from houfeng_desk.pages.work import acts, alert, alerts, overview, screen, stream
from houfeng_desk.pages.work.state import Work

ROUTERS = (overview.router, screen.router, stream.router, alerts.router, alert.router, acts.router)


def start(app: FastAPI) -> None:
    """Give the app its state; the threads run as long as the app does."""
    work = app.state.work = Work(app.state.desk)
    app.state.rendering.counters["alerts"] = lambda viewer: _waiting(work, viewer)
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def life(inner: Any) -> AsyncIterator[Any]:
        work.start()
        try:
            async with outer(inner) as found:
                yield found
        finally:
            work.stop()

    app.router.lifespan_context = life


def _waiting(work: Work, viewer: Viewer) -> int:
    """Open alerts that nobody has acknowledged, for the badge of the menu."""
    if not viewer.may(Permission.SEE_ALERTS):
        return 0
    with work.desk.office.read() as session:
        wanted = select(func.count()).select_from(Alert)
        wanted = wanted.where(Alert.channel == EMITTED, Alert.cleared_at.is_(None), Alert.acknowledged_at.is_(None))
        return session.scalar(wanted.where(visible(viewer.scope))) or 0
