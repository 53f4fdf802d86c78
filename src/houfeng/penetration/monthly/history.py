"""Keep month by month while a book is filled with history, as if somebody had asked each month for the last one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from houfeng.book.store import Book
from houfeng.penetration.monthly.keeping import Choices, Found, keep

AFTER = 16
"""Days after a month's end at which its balances are taken to be there."""


@dataclass
class Keeper:
    """Hand `told` to what loads history (`load_province`): once a day so long after a month's end has been loaded, the
    month is kept, known from that day's last minute on."""

    book: Book
    choices: Choices | None = None
    after: int = AFTER
    found: list[Found] = field(default_factory=list)
    _first: date | None = None

    def told(self, day: str, files: int) -> None:
        """`day` has been loaded whole."""
        here = date.fromisoformat(day)
        self._first = self._first or here
        end = (here - timedelta(days=self.after - 1)).replace(day=1) - timedelta(days=1)
        if end < self._first or (self.found and self.found[-1].as_of >= end):
            return
        moment = datetime.combine(here, time(23, 59))
        self.found.append(keep(self.book, end, choices=self.choices, received_at=moment)[0])
