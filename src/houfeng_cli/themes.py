"""`houfeng themes report | tag`: the statistics of the five articles, and the tags of every loan.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import Text, UsageError

if TYPE_CHECKING:
    from houfeng.book.snapshot import Snapshot
    from houfeng.themes.report import Report


@click.group(name="themes")
def command() -> None:
    """五篇大文章统计。 Statistics of the five articles."""


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of both commands."""
    for option in (
        click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book."),
        click.option("--pack", "pack_name", default="five-articles", show_default=True, help="Name or folder."),
        click.option("--as-of", required=True, help="Period: 2025-12, or its last day."),
        click.option(
            "--known-at",
            "--as-known-at",
            "known_at",
            help="Moment of knowledge, e.g. 2026-01-16 (its end) or 2026-01-16T09:30.",
        ),
        click.option("--reading", "readings", multiple=True, metavar="NAME=READING", help="Read a clause otherwise."),
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown."),
    ):
        command = option(command)
    return command


@command.command(name="report")
@_shared
@click.option("--by", default="", help="Breakdowns, e.g. region,institution or region+size (crossed).")
@click.option("--measures", default="", help="Measures or groups: basic,growth,flows,first,guarantee,quality or all.")
@click.option("--compare", help="An earlier period to compare with.")
@click.option("--only", multiple=True, metavar="DIMENSION=CODE", help="Only notes of these codes; may stand often.")
@click.option("--components", is_flag=True, help="Show components in breakdowns too, not the articles alone.")
@click.option("--unit", default="auto", show_default=True, help="Unit of money: yi, wan, yuan or auto.")
@click.option("--out", type=click.Path(path_type=Path), help="Write an .xlsx, .csv or .parquet file.")
@click.option("--exporter", default="", help="Who exports, for the workbook.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; money as text, in yuan, exactly.")
def report(
    folder: Path | None,
    pack_name: str,
    as_of: str,
    known_at: str | None,
    readings: tuple[str, ...],
    lang: str | None,
    by: str,
    measures: str,
    compare: str | None,
    only: tuple[str, ...],
    components: bool,
    unit: str,
    out: Path | None,
    exporter: str,
    as_json: bool,
) -> None:
    """Count the loans of each theme, print the tables, and write a workbook if asked.

    Dimensions: institution, institution_type, region, county, industry, division, borrower_industry, size, ownership,
    guarantee_mode.
    """
    from houfeng.themes.export import write_report
    from houfeng.themes.measures import DEFAULT
    from houfeng.themes.render import render
    from houfeng.themes.report import report as count

    snapshot, pack, run = _open(folder, known_at), _pack(pack_name), settings.load()
    lang = lang or run.lang
    where: dict[str, list[str]] = {}
    for name, code in _pairs(only, "--only"):
        where.setdefault(name, []).append(code)
    answer = count(
        snapshot,
        pack,
        as_of=clock.parse_day(as_of),
        by=_listed(by),
        measures=_listed(measures) or DEFAULT,
        where=where,
        readings=dict(_pairs(readings, "--reading")),
        compare=clock.parse_day(compare) if compare else None,
    )
    if as_json:
        _print_json(answer)
    else:
        click.echo(render(answer, lang=lang, unit=unit, components=components), nl=False)
    if out is not None:
        write_report(answer, out, lang=lang, unit=unit, components=components, exporter=exporter)
        click.echo(Text(f"已写出 {out}", f"wrote {out}").get(lang), err=True)


@command.command(name="tag")
@_shared
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .parquet file to write.")
def tag(
    folder: Path | None,
    pack_name: str,
    as_of: str,
    known_at: str | None,
    readings: tuple[str, ...],
    lang: str | None,
    out: Path,
) -> None:
    """Write a row per loan: its key, a flag and the counted amount for each theme, and why."""
    from houfeng.themes.report import check_period
    from houfeng.themes.tagging import tag as tag_loans

    if out.suffix.lower() != ".parquet":
        raise UsageError(Text(f"{out.name} 应是 .parquet 文件", f"{out.name} should be a .parquet file"))
    snapshot, day = _open(folder, known_at), clock.parse_day(as_of)
    check_period(snapshot, day)
    pack = _pack(pack_name).with_readings(dict(_pairs(readings, "--reading")))
    done = tag_loans(snapshot, pack, day, out=out)
    text = Text(f"已写出 {done.rows} 笔到 {out}", f"wrote {done.rows} notes to {out}")
    click.echo(text.get(lang or settings.load().lang))


def _open(folder: Path | None, known_at: str | None) -> Snapshot:
    from houfeng.book.store import Book

    book = Book.open(folder or settings.load().book, clock.wall_clock)
    return book.snapshot(clock.parse_moment(known_at) if known_at else None)


def _pack(name: str) -> Any:
    from houfeng.packs.loading.load import load_pack

    return load_pack(name)


def _listed(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise UsageError(
                Text(f"{option} 要写作 名字=取值，不是 {one}", f"{option} is written NAME=VALUE, not {one}")
            )
        pairs.append((name.strip(), value.strip()))
    return pairs


def _print_json(answer: Report) -> None:
    """One line about the report, then one for each row."""
    about = {
        "pack": answer.pack.name,
        "version": answer.pack.version,
        "digest": answer.pack.digest,
        "as_of": answer.as_of.isoformat(),
        "known_at": answer.known_at.isoformat(),
        "synthetic": answer.synthetic,
        "periods": {name: day.isoformat() for name, day in answer.periods.items()},
        "readings": dict(answer.readings),
        "where": {name: list(codes) for name, codes in answer.where.items()},
        "notes": [{"about": note.about, **note.text._asdict()} for note in answer.notes],
    }
    click.echo(json.dumps(about, ensure_ascii=False))
    for table in answer.tables:
        for row in table.rows:
            line = {
                "by": dict(zip(table.by, row.codes, strict=True)),
                "names": [name.zh for name in row.names],
                "theme": row.theme,
                "tag": row.tag,
                "label": row.label.zh,
                **{key: str(value) if isinstance(value, Decimal) else value for key, value in row.values.items()},
            }
            click.echo(json.dumps(line, ensure_ascii=False))
