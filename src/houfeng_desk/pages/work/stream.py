"""`/alerts/stream`: steps of alerts as server-sent events. An event's id is its step's number; a browser that comes
back says the last one it saw and is told what it missed.

    as=json    named events `alert` with the step as JSON: for programs
    as=line    unnamed events, HTML of the line “n new, show” for the list it belongs to; takes the list's filters
    as=pulse   named events `alerts-moved` without content: for a board that loads its parts again
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from houfeng.errors import Text, UsageError
from houfeng.office.access import Permission, Viewer
from houfeng_desk.lists import ListRequest
from houfeng_desk.pages.work.feed import Feed, Listener
from houfeng_desk.pages.work.state import state_of
from houfeng_desk.queries import alerts as query
from houfeng_desk.queries.news import News, wanted
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import ViewerDep, allowed

router = APIRouter()

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
SHAPES = ("json", "line", "pulse")


@dataclass
class Line:
    """Makes the line of a list: how many came since its page was made, and the newest."""

    request: Request
    ask: ListRequest
    number: int = 0

    def __call__(self, found: list[News]) -> str:
        """The HTML of the line after `found`."""
        self.number += len(found)
        rendering = self.request.app.state.rendering
        context = {"number": self.number, "newest": found[-1], "query": _query(self.request)}
        return str(rendering.fragment(self.request, "work/news.html", context))


def _query(request: Request) -> str:
    """The address of the list this stream belongs to, from its first page."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("as", "after", "page")]
    return urlencode(kept)


@router.get("/alerts/stream", name="alerts_stream", dependencies=[allowed(Permission.SEE_ALERTS)])
async def alerts_stream(request: Request, viewer: ViewerDep) -> Response:
    """Listen to the steps of alerts in the viewer's scope, from `Last-Event-ID`, `after` or now."""
    shape = request.query_params.get("as", "json")
    if shape not in SHAPES:
        raise UsageError(Text("as 应为 json、line 或 pulse", "as is json, line or pulse"))
    state = state_of(request)
    ask = ListRequest.of(request, query.COLUMNS, query.filters_of(state.packs.all()))
    started = request.query_params.get("after", "")
    seen = request.headers.get("last-event-id", "") or started
    feed = state.feed
    # a browser that comes back counts on from its page, not from the last event it saw
    counted = started if shape == "line" and started.isdigit() else seen
    seq = int(counted) if counted.isascii() and counted.isdigit() and len(counted) < 18 else feed.seq
    write = _writer(shape, Line(request, ask), await run_in_threadpool(lang_of, request))
    return StreamingResponse(
        _events(feed, viewer, ask, seq, write), media_type="text/event-stream; charset=utf-8", headers=HEADERS
    )


Writer = Callable[[list[News]], list[bytes]]


def _writer(shape: str, line: Line, lang: str) -> Writer:
    def as_json(found: list[News]) -> list[bytes]:
        return [_event(json.dumps(one.plain(lang), ensure_ascii=False), "alert", one.seq) for one in found]

    def as_line(found: list[News]) -> list[bytes]:
        return [_event(line(found), None, found[-1].seq)]

    def as_pulse(found: list[News]) -> list[bytes]:
        return [_event("", "alerts-moved", found[-1].seq)]

    return {"json": as_json, "line": as_line, "pulse": as_pulse}[shape]


def _event(data: str, event: str | None, seq: int) -> bytes:
    return format_sse_event(data_str=data, event=event, id=str(seq))


async def _events(feed: Feed, viewer: Viewer, ask: ListRequest, seq: int, write: Writer) -> AsyncIterator[bytes]:
    listener = feed.join(viewer)  # before looking back, so that nothing falls between
    try:
        yield format_sse_event(comment="houfeng", retry=2000)
        while missed := await run_in_threadpool(feed.since, seq):
            seq = missed[-1].seq
            if found := wanted(missed, viewer.scope, ask):
                for event in write(found):
                    yield event
        async for batch in _batches(listener, feed.beat):
            fresh = [one for one in batch if one.seq > seq]
            seq = max(seq, fresh[-1].seq if fresh else seq)
            if found := wanted(fresh, viewer.scope, ask):
                for event in write(found):
                    yield event
            elif not batch:
                yield b": beat\n\n"
    finally:
        feed.leave(listener)


async def _batches(listener: Listener, beat: float) -> AsyncIterator[tuple[News, ...]]:
    """Batches as they come; an empty one where nothing came for `beat` seconds. Ends when the feed lets go."""
    while True:
        try:
            batch: Any = await asyncio.wait_for(listener.queue.get(), beat)
        except TimeoutError:
            yield ()
            continue
        if batch is None:
            return
        yield batch
