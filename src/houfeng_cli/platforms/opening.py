"""What the commands on platforms share: their options, the book opened on a day, and how figures are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import NotFoundError, Text, UsageError, did_you_mean
from houfeng_cli.office.opening import table

if TYPE_CHECKING:
    from houfeng.packs.model import Pack
    from houfeng.platforms.ledger import BookSource, Platform
    from houfeng.platforms.terms import Terms


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all commands on platforms."""
    for option in (
        click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book."),
        click.option("--as-of", required=True, help="Day, or month for its last day, e.g. 2025-12."),
        click.option("--known-at", help="Moment of knowledge, e.g. 2026-02-15 (its end)."),
        click.option("--pack", "pack_name", default="platform-debt", show_default=True, help="Pack, or its folder."),
        click.option("--reading", multiple=True, help="Another reading of a clause: NAME=READING; repeatable."),
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """The book asked about, the terms of the day, and in which language to answer."""

    source: BookSource
    pack: Pack
    terms: Terms
    lang: str

    @property
    def day(self) -> date:
        """The day asked about."""
        return self.terms.day

    def say(self, zh: str, en: str) -> None:
        """One line."""
        click.echo(Text(zh, en).get(self.lang))

    def one(self, enterprise: str) -> Platform:
        """The platform of that id.

        Raises:
            NotFoundError: there is none on that day.
        """
        from houfeng.platforms.ledger import read_platforms

        found = read_platforms(self.source, self.day, enterprise)
        if not found:
            near = did_you_mean(enterprise, [one.enterprise_id for one in read_platforms(self.source, self.day)])
            raise NotFoundError(
                Text(f"没有平台 {enterprise}。{near.zh}", f"there is no platform {enterprise}. {near.en}")
            )
        return found[0]

    def table(self, heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> None:
        """A table of plain columns, its heads in the language asked for."""
        words = [Text(*head).get(self.lang) for head in heads]
        table([Text(word, word) for word in words], rows)


@contextmanager
def opened(
    folder: Path | None, as_of: str, known_at: str | None, pack_name: str, reading: tuple[str, ...], lang: str | None
) -> Iterator[Asked]:
    """The book and the terms of a day.

    Raises:
        UsageError: a reading is not written as NAME=READING, or there is none of that name.
    """
    from houfeng.book.store import Book
    from houfeng.engine.duckdb import Engine
    from houfeng.packs.loading.load import load_pack
    from houfeng.platforms.ledger import BookSource
    from houfeng.platforms.terms import Terms

    book = Book.open(folder or settings.load().book, clock.wall_clock)
    snapshot = book.snapshot(clock.parse_moment(known_at) if known_at else None)
    wrong = [one for one in reading if one.count("=") != 1]
    if wrong:
        raise UsageError(Text(f"应写作 名称=读法：{wrong[0]}", f"write NAME=READING, not {wrong[0]}"))
    pack = load_pack(pack_name)
    chosen = pack.with_readings(dict(one.split("=") for one in reading)) if reading else pack
    with Engine() as engine:
        terms = Terms(chosen, clock.parse_day(as_of), snapshot.known_at.date())
        yield Asked(BookSource(snapshot, engine), chosen, terms, lang or settings.load().lang)


def amount_of(text: str, name: str) -> Decimal:
    """A number of the command line.

    Raises:
        UsageError: it is none.
    """
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise UsageError(Text(f"{name} 应为数字：{text}", f"{name} must be a number: {text}"))
    return found


def money(value: Decimal | None) -> str:
    """Yuan with thousands separated, or a dash."""
    return "-" if value is None else f"{value:,.2f}"


def share(value: Decimal | None) -> str:
    """A part of one as a percentage, or a dash."""
    return "-" if value is None else f"{value:.2%}"
