"""What every route of the API has: a limit per asker, texts without hidden signs, an ETag, and no cache in between."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from houfeng_desk.api.shapes import Error
from houfeng_desk.security.limits import API
from houfeng_desk.security.session import viewer_of
from houfeng_desk.web import HIDDEN

FAULTS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "The request was put wrongly."},
    401: {"model": Error, "description": "Nobody is signed in."},
    403: {"model": Error, "description": "Not allowed."},
    404: {"model": Error, "description": "No such thing, or none the asker may know of."},
    409: {"model": Error, "description": "Somebody else was there before, or it is not in the state for this."},
    413: {"model": Error, "description": "Too large."},
    422: {"model": Error, "description": "What was sent cannot be used; `problems` says why."},
    429: {"model": Error, "description": "Too often; wait a minute."},
    503: {"model": Error, "description": "The machine said no."},
}

ESCAPED = re.compile(rb"\\u(?:00[01]|fff[ef])|\xef\xbf[\xbe\xbf]", re.IGNORECASE)
"""How JSON may write a hidden sign; whether it means one shows when it is read."""


class Route(APIRoute):
    """A route that counts its askers and answers 304 where nothing has changed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler with the limit before it and the ETag after."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            viewer = viewer_of(request)
            asker = f"user {viewer.user_id}" if viewer else f"address {request.client.host if request.client else ''}"
            request.app.state.limits.take(f"api {asker}", API)
            await _check_texts(request)
            answer = await usual(request)
            answer.headers["cache-control"] = "private, no-cache"
            body = getattr(answer, "body", None)  # a file has none
            if request.method != "GET" or answer.status_code != 200 or not isinstance(body, bytes):
                return answer
            tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
            if tag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers={"etag": tag, "cache-control": "private, no-cache"})
            answer.headers["etag"] = tag
            return answer

        return handle


async def _check_texts(request: Request) -> None:
    """Refuse JSON with signs that are no text, all of them at once; what is not JSON FastAPI itself refuses.

    Raises:
        RequestValidationError: where they are.
    """
    if "json" not in request.headers.get("content-type", "") or not ESCAPED.search(await request.body()):
        return
    try:
        sent = json.loads(await request.body())
    except ValueError:
        return
    if found := [{"type": "hidden_signs", "loc": ("body", *path)} for path in _hidden(sent)]:
        raise RequestValidationError(found)


def _hidden(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, str) and HIDDEN.search(value):
        yield path
    elif isinstance(value, list):
        for inner in value:
            yield from _hidden(inner, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _hidden(name, path)
            yield from _hidden(inner, (*path, name))


def router(tag: str) -> APIRouter:
    """A router of the API."""
    return APIRouter(prefix="/api/v1", tags=[tag], route_class=Route, responses=FAULTS)
