"""Policy: the five-article cube, and packs from draft to signature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from houfeng.office.packs import work
from houfeng_desk.pages.policy import loans, packs, results, rules, themes, versions
from houfeng_desk.queries.theme_boards import Boards

ROUTERS = (
    themes.router,
    loans.router,
    results.router,
    rules.router,
    versions.router,
    packs.router,
)


def start(app: FastAPI) -> None:
    """Register what follows signatures, and keep counted grids as long as the app lives."""
    work.install()
    boards = app.state.boards = Boards(app.state.desk)
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def life(inner: Any) -> AsyncIterator[Any]:
        try:
            async with outer(inner) as found:
                yield found
        finally:
            boards.close()

    app.router.lifespan_context = life
