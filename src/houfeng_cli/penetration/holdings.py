"""What the commands of `houfeng penetration` share: the options, and the holdings asked about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import Text

if TYPE_CHECKING:
    from houfeng.book.snapshot import Snapshot
    from houfeng.penetration.control import Control
    from houfeng.penetration.graph import Holdings


def place(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which book, as known when, and in which language."""
    for option in (
        click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book."),
        click.option("--known-at", help="Moment of knowledge, e.g. 2026-07-15 (its end)."),
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown."),
    ):
        command = option(command)
    return command


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a question about one day."""
    for option in (
        click.option("--as-of", required=True, help="Day of the holdings, e.g. 2026-06-30."),
        click.option("--line", default="50", show_default=True, help="Percent of the votes control must exceed."),
    ):
        command = option(command)
    return place(command)


@dataclass(frozen=True)
class Asked:
    """The holdings asked about, and in which language to answer."""

    snapshot: Snapshot
    day: date
    holdings: Holdings
    lang: str

    def say(self, zh: str, en: str) -> None:
        """One line."""
        click.echo(Text(zh, en).get(self.lang))

    def control(self, line: Decimal) -> Control:
        """Who controls, the agreements to act together in force on the day counted."""
        return self._control(self.holdings, line)

    def with_register(self, line: Decimal) -> tuple[Control, dict[str, str]]:
        """The same, the registered controller taken where nobody controls by votes; and for whom it was taken."""
        from houfeng.penetration.ownership.agreements import registered_controllers, with_registered

        registered = registered_controllers(self.snapshot, self.day)
        graph, said = with_registered(self.control(line), registered)
        return self._control(graph, line), said

    def _control(self, graph: Holdings, line: Decimal) -> Control:
        from houfeng.penetration.control import control
        from houfeng.penetration.ownership.agreements import agreements, known

        agreed = known(agreements(self.snapshot, self.day), graph)
        return control(graph, line, pacts=agreed.pacts, only_in=agreed.only_in)


def open_snapshot(folder: Path | None, known_at: str | None) -> Snapshot:
    """The book as known at a moment."""
    from houfeng.book.store import Book

    book = Book.open(folder or settings.load().book, clock.wall_clock)
    return book.snapshot(clock.parse_moment(known_at) if known_at else None)


def open_holdings(folder: Path | None, as_of: str, known_at: str | None, lang: str | None) -> Asked:
    """The holdings of a day."""
    from houfeng.penetration.graph import Holdings

    snapshot, day = open_snapshot(folder, known_at), clock.parse_day(as_of)
    return Asked(snapshot, day, Holdings.read(snapshot, day), lang or settings.load().lang)
