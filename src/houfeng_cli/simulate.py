"""`houfeng simulate`: a synthetic province as files, and putting it into a book."""

from __future__ import annotations

from pathlib import Path

import click

from houfeng.settings import load


@click.group(name="simulate")
def command() -> None:
    """模拟省份（全部为合成数据）。 A synthetic province; every record is marked as such."""


@command.command(name="province")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for the files; must not exist or be empty."
)
@click.option("--enterprises", default=1000, show_default=True, type=click.IntRange(1000, 3_000_000), help="How many.")
@click.option("--months", default=13, show_default=True, type=click.IntRange(2, 60), help="How many month ends.")
@click.option("--end", default="2025-12", show_default=True, help="Last month.")
@click.option("--seed", default=20260130, show_default=True, help="The same seed gives the same province.")
def province(out: Path, enterprises: int, months: int, end: str, seed: int) -> None:
    """Write a province that looks like Henan: banks, firms, loans, networks, troubles with causes."""
    from houfeng.clock import parse_day
    from houfeng.simulate.messy import write_messy
    from houfeng.simulate.province import simulate

    made = simulate(out, enterprises=enterprises, seed=seed, months=months, end=parse_day(end))
    total = sum(made.rows.values())
    click.echo(f"模拟数据 / synthetic: {total:,} rows of {len(made.rows)} kinds → {made.folder}")
    for kind, rows in sorted(made.rows.items()):
        click.echo(f"  {kind:24} {rows:>12,}")
    messy = write_messy(out)
    click.echo(
        f"另有像人报来的文件 / files as people send them: {', '.join(path.name for path in messy)} → {messy[0].parent}"
    )


@command.command(name="load")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--book", "book", default=None, help="Folder of the book; made where there is none.")
def load_into(folder: Path, book: str | None) -> None:
    """Put a simulated province into a synthetic book, received day by day as its manifest says.

    Month by month what penetration finds is kept in it too: groups, guarantee circles, controllers, exposures, signs.
    """
    from houfeng.book.store import Book
    from houfeng.clock import wall_clock
    from houfeng.penetration.monthly.history import Keeper
    from houfeng.simulate.loading import load_province

    path = Path(book or load().book)
    opened = (
        Book.open(path, wall_clock) if (path / "book.json").is_file() else Book.create(path, wall_clock, synthetic=True)
    )
    keeper = Keeper(opened)

    def told(day: str, files: int) -> None:
        click.echo(f"\r{day}: {files} files ", nl=False, err=True)
        keeper.told(day, files)

    loaded = load_province(opened, folder, told)
    click.echo("", err=True)
    click.echo(f"{loaded.files:,} files, {loaded.rows:,} rows, {loaded.quarantined:,} quarantined → {path}")
