"""The desk as an application: the frame here, the pages area by area."""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from houfeng.errors import NotFoundError, Text
from houfeng_desk import assets, faults
from houfeng_desk.desk import Desk
from houfeng_desk.rendering import Rendering
from houfeng_desk.security.asking import check_asked, check_form
from houfeng_desk.security.forgery import check_forgery
from houfeng_desk.security.gate import Gate
from houfeng_desk.security.headers import Headers
from houfeng_desk.security.limits import Limits, Tries, limit_api
from houfeng_desk.web import public

AREAS = (
    "house", "work", "risk", "data", "policy", "cases", "delivery", "claims", "credit", "matching", "platforms",
    "conduct", "penetration",
)  # fmt: skip
"""The areas of pages. Each is a package with `ROUTERS`, and `start(app)` where it has something to register."""

YEAR = 31_536_000
AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""Pages made at the same time. More threads than cores can serve would share them out so finely that all are late."""


class DeskApp(FastAPI):
    """FastAPI inside the desk's own gate, so that every answer, a fault's too, passes it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Through the headers and the gate to the pages."""
        settings = self.state.desk.settings
        await Headers(Gate(super().__call__, settings), settings.secure)(scope, receive, send)


def create_app(desk: Desk, tries: Tries | None = None) -> DeskApp:
    """The desk, ready to serve; `tries` are counted together with other processes."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = AT_ONCE
        yield
        desk.close()

    app = DeskApp(
        title="Houfeng",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"auto_configure": False, "logs": False},
        dependencies=[Depends(limit_api), Depends(check_asked), Depends(check_forgery), Depends(check_form)],
        lifespan=life,
    )
    app.state.desk = desk
    app.state.rendering = Rendering(desk)
    app.state.limits = Limits(desk.clock, tries)
    faults.install(app)
    app.include_router(files)
    for area in AREAS:
        package = importlib.import_module(f"houfeng_desk.pages.{area}")
        for router in package.ROUTERS:
            app.include_router(router)
        if hasattr(package, "start"):
            package.start(app)
    for router in importlib.import_module("houfeng_desk.api.document").ALL:
        app.include_router(router)
    return app


files = APIRouter()


@files.get("/static/{mark}/{path:path}", name="static", dependencies=[public()])
async def static(request: Request, mark: str, path: str) -> Response:
    """A style, script or picture, for ever under the hash of its content."""
    found = assets.asset(path)
    if mark != found.mark:
        raise NotFoundError(Text("文件已更新", "the file has changed"))
    headers = {"cache-control": f"public, max-age={YEAR}, immutable", "vary": "accept-encoding"}
    if found.squeezed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.squeezed, media_type=found.type, headers={**headers, "content-encoding": "gzip"})
    return Response(found.body, media_type=found.type, headers=headers)


@files.get("/favicon.ico", name="favicon", dependencies=[public()])
async def favicon() -> Response:
    """The mark of the desk, for browsers that ask without being told."""
    found = assets.asset("img/mark.svg")
    return Response(found.body, media_type=found.type, headers={"cache-control": "public, max-age=86400"})


@files.get("/health", name="health", dependencies=[public()])
async def health() -> Response:
    """That the process answers; what it looks after is shown on the settings page."""
    return Response("ok\n", media_type="text/plain")
