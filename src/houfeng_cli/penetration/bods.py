"""`houfeng penetration bods read | write`: beneficial ownership data in the open standard, to and from the book.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houfeng import clock, settings
from houfeng.errors import Text
from houfeng_cli.penetration.holdings import open_snapshot, place

if TYPE_CHECKING:
    from houfeng.penetration.bods.rows import Row


@click.group(name="bods")
def command() -> None:
    """BODS 受益所有权数据标准。 The Beneficial Ownership Data Standard, 0.4."""


@command.command(name="read")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "target", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for CSV.")
@click.option("--known-at", help="Leave out what was stated after this day.")
@click.option("--scheme", "schemes", multiple=True, help="Whose identifiers become ids (org-id.guide); repeatable.")
@click.option("--home", default="", help="Country whose holders are not foreign, e.g. CN; empty: not asked.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
def read_(
    file: Path, target: Path, known_at: str | None, schemes: tuple[str, ...], home: str, lang: str | None
) -> None:
    """Turn the statements of FILE into one CSV file for each record kind, ready for `houfeng book submit`."""
    from houfeng.penetration.bods.reading import read
    from houfeng.penetration.bods.rows import SCHEME
    from houfeng.penetration.bods.statements import load

    tongue = lang or settings.load().lang
    day = clock.parse_day(known_at) if known_at else None
    package = read(load(file), file.name, known_at=day, schemes=schemes or (SCHEME,), home=home)
    target.mkdir(parents=True, exist_ok=True)
    for kind, rows in package.kinds().items():
        if rows:
            _csv(target / f"{kind}.csv", kind, rows)
            click.echo(Text(f"{kind}.csv：{len(rows)} 行", f"{kind}.csv: {len(rows)} rows").get(tongue))
    for note in package.notes:
        click.echo(note.render(tongue))


@command.command(name="write")
@place
@click.option("--as-of", required=True, help="Day of the rows, e.g. 2026-06-30.")
@click.option("--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The JSON file.")
@click.option("--publisher", required=True, help="Who publishes.")
@click.option("--published", help="Day of publication; by default the day of the rows.")
def write_(
    folder: Path | None,
    known_at: str | None,
    lang: str | None,
    as_of: str,
    target: Path,
    publisher: str,
    published: str | None,
) -> None:
    """Write who is behind whom on a day as statements: persons, enterprises, holdings and control interests."""
    from houfeng.penetration.bods.exporting import package_of
    from houfeng.penetration.bods.writing import Publisher, text, write

    tongue = lang or settings.load().lang
    day = clock.parse_day(as_of)
    package = package_of(open_snapshot(folder, known_at), day)
    statements = write(package, Publisher(publisher, day, clock.parse_day(published) if published else day))
    target.write_text(text(statements), encoding="utf-8")
    told = Text(f"{target}：{len(statements)} 条声明", f"{target}: {len(statements)} statements")
    click.echo(told.get(tongue))
    for note in package.notes:
        click.echo(note.render(tongue))


def _csv(path: Path, kind: str, rows: Sequence[Mapping[str, object]] | Sequence[Row]) -> None:
    import csv

    from houfeng.penetration.bods.rows import FIELDS

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS[kind])
        writer.writeheader()
        writer.writerows({field: _cell(value) for field, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    """As files of the book write it: no exponents, flags as words."""
    from decimal import Decimal

    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else value
