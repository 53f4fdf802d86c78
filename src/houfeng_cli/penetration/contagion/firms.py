"""`houfeng penetration fall | expected`: firms that pull down their guarantors."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import Text
from houfeng_cli.penetration.contagion.asking import FILE, options
from houfeng_cli.penetration.holdings import open_snapshot, place

if TYPE_CHECKING:
    from houfeng.book.snapshot import Snapshot
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.contagion.guarantees import Guarantees, Terms
    from houfeng.penetration.contagion.impact import Impact, Rescue

_TERMS = (
    place,
    click.option("--as-of", required=True, help="Day of the facts, e.g. 2026-06-30."),
    click.option("--lgd", default=45.0, show_default=True, help="Percent of a debt lost with its borrower."),
    click.option("--call", type=click.Choice(["whole", "shortfall"]), default="whole", show_default=True,
                 help="Guarantors owe all at once, or what is left after the borrower."),
    click.option("--order", type=click.Choice(["pro_rata", "in_order"]), default="pro_rata", show_default=True,
                 help="How several guarantors of one debt share."),
    click.option("--step-in/--no-step-in", default=True, show_default=True, help="Whether they pay for a fallen one."),
    click.option("--fallen-pays", default=0.0, show_default=True, help="Percent a fallen guarantor pays of its calls."),
    click.option("--unknown", type=click.Choice(["stands", "falls"]), default="stands", show_default=True,
                 help="Guarantors whose net assets are not known."),
    click.option("--cross-default", is_flag=True, help="Firms under one control fall together."),
)  # fmt: skip


@click.command(name="fall")
@click.argument("firms", nargs=-1, required=True)
@options(*_TERMS)
@click.option("--sum", "sum_", type=float, help="Yuan to spend: says which firms to hold up with it.")
@click.option("--limit", multiple=True, type=float, help="Percent of a limit, in the order 10 15 20 25; repeatable.")
def fall_(
    firms: tuple[str, ...], folder: Path | None, as_of: str, known_at: str | None, sum_: float | None,
    limit: tuple[float, ...], lang: str | None, **given: Any,
) -> None:  # fmt: skip
    """If FIRMS fall: who falls with them, what each bank loses, which limits break, what stops it best for a sum."""
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.contagion import reading
    from houfeng.penetration.contagion.impact import LIMITS, impact, rescue

    snapshot, day, lang = open_snapshot(folder, known_at), clock.parse_day(as_of), lang or settings.load().lang
    terms = _terms(given)
    limits = [one if at >= len(limit) else _replaced(one, limit[at]) for at, one in enumerate(LIMITS)]
    with Engine() as engine:
        graph = _guarantees(snapshot, day, engine, given["cross_default"])
        lent = engine.rows(f"SELECT 1 FROM ({snapshot.select('interbank_exposure', as_of=day)}) LIMIT 1")
        system = reading.banks(snapshot, day, engine) if lent else None
        own = reading.capital(snapshot, day, engine)
    found = impact(graph, firms, own, terms=terms, limits=limits, system=system, bank_lgd=given["lgd"] / 100)
    _show(found, lang)
    if sum_ is not None:
        _show_rescue(rescue(graph, firms, sum_, terms=terms), lang)


def _replaced(limit: Any, percent: float) -> Any:
    return dataclasses.replace(limit, percent=percent)


def _show(found: Impact, lang: str) -> None:
    fall = found.fall
    graph = fall.guarantees
    names = graph.names(fall.fallen)
    click.echo(fall.terms.text.get(lang))
    more, lost = len(names) - fall.first, f"{fall.loss:,.2f}"
    click.echo(
        Text(f"另有 {more} 户倒下，各行合计损失 {lost} 元", f"{more} more fall, banks lose {lost} yuan").get(lang)
    )
    for at, name in zip(fall.fallen[fall.first :].tolist(), names[fall.first :], strict=True):
        called, own = f"{fall.burden[at]:,.2f}", f"{graph.net_assets[at]:,.2f}"
        click.echo(
            Text(f"  {name}：被要求代偿 {called}，净资产 {own}", f"  {name}: called for {called}, has {own}").get(lang)
        )
    for row in found.banks:
        text = Text(
            f"{row.bank}：对倒下各户贷款 {row.exposed:,.2f}，损失 {row.lost:,.2f}，因同业损失 {row.by_banks:,.2f}，"
            f"占一级资本 {row.of_capital:.2f}%",
            f"{row.bank}: lent them {row.exposed:,.2f}, loses {row.lost:,.2f} and by other banks {row.by_banks:,.2f}, "
            f"{row.of_capital:.2f} % of tier 1",
        )
        click.echo(text.get(lang))
    fresh = [one for one in found.breaches if not one.before]
    for one in fresh:
        limit, rose = f"{one.limit.percent:g}%", f"{one.percent_before:.2f}% → {one.percent_after:.2f}%"
        click.echo(f"{one.bank}  {one.limit.text.get(lang)}  > {limit}  {one.on}  {rose}")
    old = len(found.breaches) - len(fresh)
    click.echo(
        Text(f"新突破限额 {len(fresh)} 项，原已突破 {old} 项", f"{len(fresh)} limits newly broken, {old} before").get(
            lang
        )
    )


def _show_rescue(found: Rescue, lang: str) -> None:
    if not found.steps:
        click.echo(
            Text("这笔钱托不住任何一户而减少损失", "the sum holds up nobody whose fall costs the banks").get(lang)
        )
        return
    how = Text("逐一比较全部方案", "every choice was tried") if found.exact else Text("贪心选择", "chosen greedily")
    spent, spared = f"{found.cost:,.2f}", f"{found.spared:,.2f}"
    click.echo(
        Text(f"用 {spent} 元可少损失 {spared} 元（{how.zh}）", f"{spent} yuan spare {spared} ({how.en})").get(lang)
    )
    if found.cost > found.spared:
        click.echo(Text("所费多于所省", "that costs more than it spares").get(lang))
    for name, cost, left in found.steps:
        held = Text(f"  托住 {name}：累计 {cost:,.2f}，", f"  hold up {name}: {cost:,.2f} so far, ").get(lang)
        click.echo(held + Text(f"余损 {left:,.2f}", f"{left:,.2f} lost").get(lang))


@click.command(name="expected")
@options(*_TERMS)
@click.option("--chance", type=float, required=True, help="Percent chance of default of every firm over the horizon.")
@click.option("--chances", type=FILE, help="CSV of enterprise_id, chance (percent) for firms with one of their own.")
@click.option("--correlation", default=0.12, show_default=True, help="ρ of the one-factor model.")
@click.option("--scenarios", default=10_000, show_default=True, help="How many are drawn.")
@click.option("--seed", type=int, required=True, help="The same seed gives the same answer.")
@click.option("--workers", default=1, show_default=True, help="Threads.")
@click.option("--most", default=10, show_default=True, help="Show so many firms, those that contagion hits hardest.")
def expected_(
    folder: Path | None, as_of: str, known_at: str | None, chance: float, chances: Path | None, correlation: float,
    scenarios: int, seed: int, workers: int, most: int, lang: str | None, **given: Any,
) -> None:  # fmt: skip
    """Expected loss with correlated defaults and guarantees, with its interval of confidence."""
    import numpy as np

    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.contagion.montecarlo import expected
    from houfeng.penetration.contagion.reading import chances_of

    snapshot, day, lang = open_snapshot(folder, known_at), clock.parse_day(as_of), lang or settings.load().lang
    with Engine() as engine:
        graph = _guarantees(snapshot, day, engine, given["cross_default"])
    own = chances_of(graph, chance, chances)
    drawn = {"scenarios": scenarios, "seed": seed, "correlation": correlation, "workers": workers}
    found = expected(graph, own, terms=_terms(given), **drawn)  # type: ignore[arg-type]
    mean, tail = found.expected, found.quantile(0.99)
    click.echo(found.text.get(lang))
    said = Text(
        f"预期损失 {mean.mean:,.2f}（95% 区间 {mean.low:,.2f}–{mean.high:,.2f}），不计担保与传染 {found.alone:,.2f}；"
        f"99% 分位 {tail:,.2f}",
        f"expected loss {mean.mean:,.2f} (95 %: {mean.low:,.2f}–{mean.high:,.2f}), {found.alone:,.2f} without "
        f"guarantees and contagion; 99 % quantile {tail:,.2f}",
    )
    click.echo(said.get(lang))
    for at in np.argsort(-found.by_bank, kind="stable").tolist():
        click.echo(f"{graph.banks[at]}  {found.by_bank[at]:,.2f}")
    for at in np.argsort(own - found.falls, kind="stable")[:most].tolist():
        click.echo(f"{graph.names(np.array([at]))[0]}  {own[at]:.2%} → {found.falls[at]:.2%}")


def _terms(given: dict[str, Any]) -> Terms:
    from houfeng.penetration.contagion.guarantees import Terms

    return Terms(
        lgd=given["lgd"] / 100, call=given["call"], order=given["order"], step_in=given["step_in"],
        fallen_pays=given["fallen_pays"] / 100, unknown=given["unknown"], cross_default=given["cross_default"],
    )  # fmt: skip


def _guarantees(snapshot: Snapshot, day: date, engine: Engine, cross_default: bool) -> Guarantees:
    from houfeng.penetration.contagion import reading
    from houfeng.penetration.graph import KINDS, Holdings
    from houfeng.penetration.groups import control_links, groups

    member_of: dict[str, str] = {}
    if cross_default:
        graph = Holdings.read(snapshot, day, engine)
        state = graph.names((graph.kinds == KINDS.index("state")).nonzero()[0])
        found = groups(control_links(graph, exempt=set(state)))
        member_of = {member: group.head for group in found for member in group.members}
    return reading.guarantees(snapshot, day, engine, member_of)
