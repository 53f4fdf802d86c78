"""Pages of the house itself: signing in, one's account, and what the administrators look after."""

from __future__ import annotations

from houfeng.office import notices
from houfeng.office.access import Viewer
from houfeng_desk.lists import permit
from houfeng_desk.pages.house import (
    account,
    channels,
    exports,
    help,
    inbox,
    jobs,
    journal,
    looks,
    patterns,
    search,
    settings,
    sign_in,
    todo,
    users,
)

ROUTERS = tuple(
    page.router
    for page in (
        sign_in,
        account,
        todo,
        inbox,
        search,
        users,
        journal,
        jobs,
        exports,
        looks,
        channels,
        settings,
        help,
        patterns,
    )
)


def start(app: object) -> None:
    """The badges of the house."""
    permit.register()
    state = app.state  # type: ignore[attr-defined]
    desk, counters = state.desk, state.rendering.counters

    def unread(viewer: Viewer) -> int:
        with desk.office.read() as session:
            return notices.unread(session, viewer)

    counters["inbox"] = unread
    counters["todo"] = lambda viewer: todo.waiting_count(desk, viewer)
