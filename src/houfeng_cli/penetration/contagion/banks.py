"""`houfeng penetration contagion | cascade | contagion-report`: banks that pull each other down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import Problem, Text, UsageError
from houfeng_cli.penetration.contagion.asking import FILE, options
from houfeng_cli.penetration.holdings import open_snapshot, place

if TYPE_CHECKING:
    from houfeng.penetration.contagion.system import Doubles, System

_SYSTEM = (
    place,
    click.option("--as-of", help="Day of the facts, e.g. 2026-06-30."),
    click.option("--json", "json_", type=FILE, help="Banks from a JSON file instead of the book."),
    click.option("--sheets", type=FILE, help="Banks from a CSV of balance sheets instead; with --claims."),
    click.option("--claims", type=FILE, help="CSV of who lent how much to whom."),
    click.option("--totals", type=FILE, help="Banks from a CSV of totals instead; claims by maximum entropy."),
)


@click.command(name="contagion")
@options(*_SYSTEM)
@click.option("--shock", multiple=True, metavar="BANK=AMOUNT", help="What a bank's external assets lose; repeatable.")
@click.option("--failed", multiple=True, metavar="BANK", help="A bank that fails in Furfine's model; repeatable.")
@click.option("--external", type=click.Choice(["equal", "senior", "both"]), default="both", show_default=True,
              help="How debt to the outside ranks in clearing.")  # fmt: skip
@click.option("--alpha", default=1.0, show_default=True, help="α of nonlinear DebtRank.")
@click.option("--lgd", default=100.0, show_default=True, help="Percent of a claim lost with a bank (not in clearing).")
def contagion_(
    shock: tuple[str, ...],
    failed: tuple[str, ...],
    external: str,
    alpha: float,
    lgd: float,
    lang: str | None,
    **given: Any,
) -> None:
    """Equity of each bank after a shock, in each model; the line of a model names its assumptions."""
    system = _system(given, lang)
    lang = lang or settings.load().lang
    loss = system.column(_pairs(shock))
    columns = models(system, loss, failed, external, alpha, lgd / 100)
    for number, (text, _) in enumerate(columns, 1):
        click.echo(f"[{number}] {text.get(lang)}")
    rows = [["", "", *(f"[{number}]" for number in range(1, len(columns) + 1))]]
    for at, name in enumerate(system.ids):
        rows.append([name, f"{system.equity[at]:,.6f}", *(f"{equity[at]:,.6f}" for _, equity in columns)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        told = "  ".join(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        click.echo(f"{row[0]:{widths[0]}}  {told}")


def models(
    system: System, loss: Doubles, failed: Sequence[str], external: str, alpha: float, lgd: float
) -> list[tuple[Text, Doubles]]:
    """What each model is called, and the equities it comes to."""
    from houfeng.penetration.contagion.clearing import External, clear
    from houfeng.penetration.contagion.debtrank import linear, nonlinear, original
    from houfeng.penetration.contagion.furfine import furfine

    cleared = [clear(system, loss, rank) for rank in External if external in (rank, "both")]
    spread = [linear(system, loss, lgd), original(system, loss, lgd), nonlinear(system, loss, alpha, lgd)]
    cascade = furfine(system, loss, failed, lgd)
    return [
        *((one.text, one.equity) for one in cleared),
        *((one.model, one.equity) for one in spread),
        (cascade.text, cascade.equity),
    ]


@click.command(name="cascade")
@options(*_SYSTEM)
@click.option("--lgd", default=45.0, show_default=True, help="Percent of a claim lost with a bank.")
@click.option("--most", default=20, show_default=True, help="Show so many banks, the gravest first.")
def cascade_(lgd: float, most: int, lang: str | None, **given: Any) -> None:
    """What each bank's failure alone brings down (Furfine), the gravest first."""
    from houfeng.penetration.contagion.furfine import each_fails

    system = _system(given, lang)
    lang = lang or settings.load().lang
    found = [(one, float(one.lost.sum())) for one in each_fails(system, lgd / 100)]
    order = sorted(zip(system.ids, found, strict=True), key=lambda row: (-row[1][0].fallen.sum(), -row[1][1], row[0]))
    for name, (one, lost) in order[:most]:
        others = [system.ids[at] for at in one.fallen.nonzero()[0] if system.ids[at] != name]
        count = len(others)
        text = Text(
            f"{name}：另有 {count} 家倒下，合计损失 {lost:,.2f}", f"{name}: {count} more fail, {lost:,.2f} lost"
        )
        click.echo(text.get(lang) + (f"  {', '.join(others[:8])}" if others else ""))


@click.command(name="contagion-report")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder with the files of network_contagion.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Markdown file to write.")
def report_(data: Path, out: Path) -> None:
    """Run every model on the public networks and write their fixed points to six digits."""
    from houfeng_cli.penetration.contagion.report import report

    out.write_text(report(data), encoding="utf-8")
    click.echo(str(out))


def _system(given: dict[str, Any], lang: str | None) -> System:
    """The banks, from files where some are named, else from the book."""
    from houfeng.penetration.contagion import reading

    json_, sheets, claims, totals = (given[name] for name in ("json_", "sheets", "claims", "totals"))
    if (sheets is None) != (claims is None) or sum(one is not None for one in (json_, sheets, totals)) > 1:
        raise UsageError(
            Text(
                "--sheets 与 --claims 要一起给，且三种文件只取一种", "--sheets and --claims go together; one form only"
            )
        )
    if json_ is not None:
        return reading.from_json(json_)
    if sheets is not None:
        return reading.from_tables(sheets, claims)
    if totals is not None:
        return reading.from_totals(totals)[0]
    from houfeng.engine.duckdb import Engine

    if given["as_of"] is None:
        raise UsageError(Text("没有说明日期，请给 --as-of", "the day is missing: give --as-of"))
    snapshot, day = open_snapshot(given["folder"], given["known_at"]), clock.parse_day(given["as_of"])
    with Engine() as engine:
        system, own = reading.banks(snapshot, day, engine), reading.capital(snapshot, day, engine)
    unknown = [name for name in system.ids if name not in own or own[name].tier1_capital != own[name].tier1_capital]
    if unknown:
        names = ", ".join(unknown)
        told = Text(f"一级资本未知，视为不会倒下：{names}", f"tier-1 capital not known, taken to stand: {names}")
        click.echo(told.get(lang or settings.load().lang))
    return system


def _pairs(texts: Sequence[str]) -> dict[str, float]:
    """NAME=AMOUNT arguments; all that are wrong are told at once."""
    found: dict[str, float] = {}
    problems = []
    for text in texts:
        name, _, amount = text.rpartition("=")
        try:
            found[name] = float(amount.replace(",", ""))
        except ValueError:
            form = Text("应写成 名称=金额", "write NAME=AMOUNT")
            problems.append(Problem("contagion.shock_form", form, value=text, suggestion=Text("A=1.25", "A=1.25")))
    if problems:
        raise UsageError(Text("冲击写法有误", "the shocks cannot be read"), problems)
    return found
