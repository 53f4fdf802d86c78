"""The stream of news: scope, filters, replay, order, many listeners, slow ones, and those who are shut out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from desk.desk_samples import ClientOf, viewer
from desk.work.work_samples import fill, firms, some
from houfeng.office.access import Viewer
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest
from houfeng_desk.pages.work import stream
from houfeng_desk.pages.work.feed import WAITING, Feed
from houfeng_desk.queries import alerts as query
from houfeng_desk.queries.news import News
from office_alerts.alert_samples import cleared, step, write


class Asked:
    """What has a query."""

    def __init__(self, **query: str) -> None:
        self.query_params = query


def ask(app: DeskApp, **filters: str) -> ListRequest:
    return ListRequest.of(Asked(**filters), query.COLUMNS, query.filters_of(app.state.work.packs.all()))


def as_json(found: list[News]) -> list[bytes]:
    return [stream._event(json.dumps(one.plain("zh")), "alert", one.seq) for one in found]


def told(event: bytes) -> tuple[int, str]:
    lines = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return int(lines["id"]), json.loads(lines["data"])["alert"]


async def take(events: AsyncIterator[bytes], number: int) -> list[tuple[int, str]]:
    """The next events that tell something; comments are passed over."""
    found: list[tuple[int, str]] = []
    while len(found) < number:
        event = await asyncio.wait_for(anext(events), 60)
        if b"data:" in event:
            found.append(told(event))
    return found


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.fixture
def feed(app: DeskApp) -> Feed:
    """A feed that looks when a test says so."""
    return Feed(app.state.desk.office, beat=0.2)


def events(feed: Feed, who: Viewer, asked: ListRequest, seq: int) -> AsyncIterator[bytes]:
    return stream._events(feed, who, asked, seq, as_json)


def test_what_was_missed_is_told_first_and_nothing_twice(app: DeskApp, desk: Desk, feed: Feed) -> None:
    steps = some(desk)
    fill(app, steps[:4])
    who, asked = viewer(desk, "officer"), ask(app)

    async def work() -> None:
        listening = events(feed, who, asked, 2)
        assert [seq for seq, _ in await take(listening, 2)] == [3, 4]
        write(desk.book.path / "watch", [[*steps[4:6], cleared(steps[0]["alert_id"], 1, key=steps[0]["key"])]])
        app.state.work.index.catch_up()
        feed.seq = 2  # it looks from before what was replayed
        feed.look()
        assert await take(listening, 2) == [(5, steps[4]["alert_id"]), (6, steps[5]["alert_id"])]
        await listening.aclose()  # type: ignore[attr-defined]
        assert feed.listeners == 0

    run(work)


def test_each_hears_only_of_their_own(app: DeskApp, desk: Desk, feed: Feed) -> None:
    steps = some(desk)
    fill(app, steps)

    async def work() -> None:
        luoyang = events(feed, viewer(desk, "luoyang"), ask(app), 0)
        assert [seq for seq, _ in await take(luoyang, 6)] == [1, 2, 3, 4, 5, 6]
        assert b"beat" in await asyncio.wait_for(anext(luoyang), 60)
        red = events(feed, viewer(desk, "officer"), ask(app, tier="red", region="410100"), 0)
        assert [seq for seq, _ in await take(red, 1)] == [9]
        for one in (luoyang, red):
            await one.aclose()  # type: ignore[attr-defined]

    run(work)


def test_many_listen_for_the_price_of_one_look(
    app: DeskApp, desk: Desk, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = some(desk)
    fill(app, [])
    who, asked = viewer(desk, "officer"), ask(app)
    looks: list[int] = []

    async def work() -> None:
        listening = [events(feed, who, asked, 0) for _ in range(500)]
        for one in listening:
            await anext(one)
        waiting = [asyncio.ensure_future(take(one, 3)) for one in listening]
        while feed.listeners < 500:
            await asyncio.sleep(0.01)
        write(desk.book.path / "watch", [steps[:3]])
        app.state.work.index.catch_up()
        real = desk.office.read
        monkeypatch.setattr(desk.office, "read", lambda: looks.append(1) or real())
        feed.look()
        found = await asyncio.gather(*waiting)
        assert all([seq for seq, _ in one] == [1, 2, 3] for one in found)
        for one in listening:
            await one.aclose()  # type: ignore[attr-defined]

    run(work)
    assert len(looks) <= 2 + 500  # one look for all, and one of each that looks back as it begins


def test_who_cannot_keep_up_is_let_go(app: DeskApp, desk: Desk, feed: Feed) -> None:
    ((firm, _),) = firms(desk, "410300", 1)

    async def work() -> None:
        listener = feed.join(viewer(desk, "officer"))
        for n in range(WAITING + 1):
            listener.take((_news(n, firm),))
        assert listener.queue.get_nowait() is None
        assert listener.queue.empty()

    run(work)


def _news(seq: int, firm: str) -> News:
    from datetime import datetime

    from houfeng.errors import Text

    at = datetime(2026, 1, 1)
    return News(
        seq, "a", "opened", at, "red", "emitted", "P01", "", "enterprise", firm, "", None, None, None, Text("", "")
    )


def test_a_session_that_was_ended_hears_no_more(app: DeskApp, desk: Desk, client: ClientOf, feed: Feed) -> None:
    from houfeng.office.identity import sessions

    person = client("officer")
    assert person.viewer is not None

    async def work() -> None:
        listening = events(feed, person.viewer, ask(app), 0)  # type: ignore[arg-type]
        await anext(listening)
        waiting = asyncio.ensure_future(anext(listening, b""))
        await asyncio.sleep(0.05)
        with desk.office.begin() as session:
            sessions.sign_out(session, person.viewer)  # type: ignore[arg-type]
        feed.check()
        while (event := await asyncio.wait_for(waiting, 60)) and b"beat" in event:
            waiting = asyncio.ensure_future(anext(listening, b""))
        assert event == b""

    run(work)


def test_the_address_is_checked(client: ClientOf) -> None:
    assert client().get("/alerts/stream").status_code == 401 or client().get("/alerts/stream").status_code == 303
    assert client("reporter").get("/alerts/stream").status_code == 403
    assert client("officer").get("/alerts/stream?as=picture").status_code == 400
    assert client("officer").get("/alerts/stream?tier=purple").status_code == 400


def test_the_line_of_a_list_counts_on(app: DeskApp, desk: Desk) -> None:
    steps = [step(f"{n:016x}", key=firm) for n, (firm, _) in enumerate(firms(desk, "410300", 2))]
    fill(app, steps)

    from starlette.requests import Request

    request = Request(
        {
            "type": "http",
            "app": app,
            "method": "GET",
            "path": "/alerts/stream",
            "headers": [],
            "query_string": b"as=line&after=0&tier=orange&page=3",
            "state": {},
        }
    )
    line = stream.Line(request, ask(app))
    found = app.state.work.feed.since(0)
    assert "1 条新预警" in line(found[:1])
    second = line(found[1:])
    assert "2 条新预警" in second
    assert 'href="/alerts?tier=orange"' in second
