"""What the work pages keep between requests: the index's reader, the feed of news, figures that were counted, packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from starlette.requests import Request

from houfeng.office.alerts.bound import Asked, Bound, bind
from houfeng.office.alerts.following import Follower
from houfeng.office.alerts.index import Index
from houfeng_desk.desk import Desk
from houfeng_desk.pages.work.feed import Feed
from houfeng_desk.queries.alert import Packs, evasion_folder, watch_folder
from houfeng_desk.queries.figures import Figures

PATIENCE = 2.5
"""Seconds a page waits for figures that are not counted yet."""


class Work:
    """Made once for a desk; its threads run between `start` and `stop`."""

    def __init__(self, desk: Desk) -> None:
        """Nothing runs yet."""
        self.desk = desk
        self.packs = Packs(desk)
        self.figures = Figures(desk)
        self.index = Index(desk.office, watch_folder(desk), self._bind)
        self.follower = Follower(self.index)
        self.beside = Follower(Index(desk.office, evasion_folder(desk), self._bind))
        self.feed = Feed(desk.office)
        self.patience = PATIENCE

    def _bind(self, asked: Iterable[Asked]) -> Mapping[Asked, Bound]:
        wanted = list(asked)
        return bind(self.desk.book.snapshot(), wanted) if wanted else {}

    def start(self) -> None:
        """Fill the index and hand on what is new."""
        self.feed.start()
        self.follower.start()
        self.beside.start()

    def stop(self) -> None:
        """End the threads; open streams end too."""
        self.follower.stop()
        self.beside.stop()
        self.feed.stop()
        self.figures.close()


def state_of(request: Request) -> Work:
    """The work pages' state of this desk."""
    return cast(Work, request.app.state.work)
