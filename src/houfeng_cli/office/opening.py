"""What the nouns of the office share: opening the records, saying who acts, and printing tables."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import Text
from houfeng.settings import load, office_url

if TYPE_CHECKING:
    from houfeng.office.database import Office

book_option = click.option(
    "--book", default=None, help="Folder of the book; its office.db is meant where HOUFENG_OFFICE is not set."
)
office_option = click.option("--office", "url", default=None, help="Database of the office; default: HOUFENG_OFFICE.")
why_option = click.option("--why", default="", help="Reason, kept in the journal.")


def url_of(book: str | None, url: str | None) -> str:
    """The address of the records: the option, else HOUFENG_OFFICE, else office.db in the book."""
    return url or office_url(load(), Path(book) if book else None)


@contextmanager
def opened(book: str | None, url: str | None, *, create: bool = False) -> Iterator[Office]:
    """The office, closed afterwards."""
    from houfeng.clock import wall_clock
    from houfeng.office.database import Office

    make = Office.create if create else Office.open
    office = make(url_of(book, url), wall_clock, load().hash)
    try:
        yield office
    finally:
        office.close()


def me() -> str:
    """Who acts, as the journal knows it: the account of the machine."""
    return f"cli:{getpass.getuser()}"


def say(zh: str, en: str) -> None:
    """One line in the language of the settings."""
    click.echo(Text(zh, en).get(load().lang))


def table(heads: Sequence[Text], rows: Sequence[Sequence[Any]]) -> None:
    """Rows under heads, aligned; Chinese characters count twice."""
    lang = load().lang
    cells = [[head.get(lang) for head in heads], *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[n]) for line in cells) for n in range(len(heads))]
    for line in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _width(text: str) -> int:
    return sum(2 if ord(char) >= 0x2E80 else 1 for char in text)
