"""`houfeng penetration circles | limits | quality | signs | keep`: what penetration finds by month.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import NotFoundError, Text
from houfeng_cli.penetration.holdings import open_snapshot, place

if TYPE_CHECKING:
    from datetime import date

    from houfeng.book.snapshot import Snapshot
    from houfeng.penetration.circles.cycles import Listed
    from houfeng.penetration.circles.graph import Guarantees
    from houfeng.penetration.monthly.keeping import Choices

exempt_option = click.option(
    "--exempt", multiple=True, help="Holder that connects nobody (widely held fund …); repeatable."
)
line_option = click.option("--line", default="50", show_default=True, help="Percent of the votes control must exceed.")
most_option = click.option("--most", default=20, show_default=True, help="Show so many.")


def dated(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a question about one day that holdings have no part in."""
    return place(click.option("--as-of", required=True, help="Day, e.g. 2026-06-30.")(command))


def _say(lang: str | None, zh: str, en: str) -> None:
    click.echo(Text(zh, en).get(lang or settings.load().lang))


@click.command(name="circles")
@dated
@click.option("--member", help="Only the circle of this enterprise, with what it carries, its cycles and key firms.")
@click.option("--least", default=3, show_default=True, help="Circles of so many firms at least.")
@click.option("--longest", default=8, show_default=True, help="Cycles of so many firms at most.")
@most_option
def circles_(
    folder: Path | None, as_of: str, known_at: str | None, lang: str | None, member: str | None, least: int,
    longest: int, most: int,
) -> None:  # fmt: skip
    """Guarantee circles (strongly connected), the largest first."""
    from houfeng.penetration.circles.graph import Guarantees
    from houfeng.penetration.circles.rings import circles, mutual

    snapshot, day = open_snapshot(folder, known_at), clock.parse_day(as_of)
    graph = Guarantees.read(snapshot, day)
    if member is not None:
        _one(graph, member, lang, longest, most)
        _means(snapshot, day, graph, member, lang)
        return
    found = circles(graph, least)
    pairs = len(mutual(graph))
    _say(
        lang, f"{len(found)} 个担保圈，{pairs} 对互保", f"{len(found)} circles, {pairs} pairs that guarantee each other"
    )
    for one in found[:most]:
        head, count = one.members[0], len(one.members)
        _say(
            lang,
            f"{head} 等 {count} 户  {one.form}  {one.amount:,.2f} 元",
            f"{head} and {count - 1} more  {one.form}  {one.amount:,.2f} yuan",
        )


def _one(graph: Guarantees, member: str, lang: str | None, longest: int, most: int) -> None:
    """The circle of one firm: its members, every way round, groups of which everyone guarantees everyone."""
    import numpy as np

    from houfeng.penetration.circles.cycles import joint_groups, simple_cycles
    from houfeng.penetration.circles.rings import Rings, chain

    rings = Rings.of(graph)
    places = np.flatnonzero(rings.label == rings.label[graph.place(member)])
    inside = graph.among(places)
    if len(places) > 1:
        _say(
            lang,
            f"担保圈 {len(places)} 户：{'、'.join(graph.names(places))}",
            f"circle of {len(places)}: {', '.join(graph.names(places))}",
        )
        _listed(simple_cycles(inside, longest=longest, most=most), lang, Text("环", "cycle"))
        _listed(joint_groups(inside, most=most), lang, Text("联保", "joint group"))
    else:
        _say(lang, "不在担保圈内", "stands in no circle")
    steps = [("=".join(one) if len(one) < 4 else f"{one[0]}…({len(one)})") for one in chain(graph, member, rings)]
    _say(
        lang,
        f"担保链 {len(steps) - 1} 步：{' → '.join(steps)}",
        f"chain of {len(steps) - 1} steps: {' → '.join(steps)}",
    )


def _listed(listed: Listed, lang: str | None, label: Text) -> None:
    for path in listed.found:
        click.echo(f"  {label.get(lang or settings.load().lang)}  {' → '.join(path)}")
    if not listed.complete:
        _say(lang, "  …还有更多，未列完", "  … there are more")


def _means(snapshot: Snapshot, day: date, graph: Guarantees, member: str, lang: str | None) -> None:
    """What the firm carries for others; of its circle, which bank has lent how much, and who matters most."""
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.circles.reading import debts, lent_by_bank, net_assets
    from houfeng.penetration.circles.rings import Rings
    from houfeng.penetration.circles.standing import Standing
    from houfeng.penetration.circles.walk import Walk

    label = Rings.of(graph).label
    inside = graph.among((label == label[graph.place(member)]).nonzero()[0])
    with Engine() as engine:
        means, debt = net_assets(snapshot, day, engine), debts(snapshot, day, engine)
        banks = lent_by_bank(snapshot, day, inside.ids.to_pylist(), engine)
    own = Standing.of(graph).burden(member, means)
    ratio = "—" if own.ratio is None else f"{own.ratio}%"
    _say(
        lang,
        f"为 {own.firms} 户担保 {own.guaranteed:,.2f} 元，占净资产 {ratio}；{own.guarantors} 户为其担保",
        f"guarantees {own.guaranteed:,.2f} yuan for {own.firms} firms, {ratio} of its net assets;"
        f" {own.guarantors} guarantee it",
    )
    if inside.size < 2:
        return
    for bank, firms, owed in banks:
        _say(lang, f"  {bank} 贷给 {firms} 户 {owed:,.2f} 元", f"  {bank} has lent {firms} firms {owed:,.2f} yuan")
    for key in Walk.of(inside, means, {}, debt).keys(most=3, of=50):
        saved, others = f"{key.saved:,.0f}", f"{key.elsewhere:,.0f}"
        _say(
            lang,
            f"  关键节点 {key.firm}：移除可少损失约 {saved} 元，其中他户 {others} 元",
            f"  key firm {key.firm}: without it the expected loss is about {saved} yuan less, {others} of it elsewhere",
        )


def _choices(line: str, exempt: tuple[str, ...]) -> Choices:
    from houfeng.penetration.monthly.keeping import Choices

    return Choices(line=Decimal(line), exempt=frozenset(exempt))


@click.command(name="limits")
@dated
@line_option
@exempt_option
@click.option("--institution", help="Only this institution.")
@most_option
def limits_(
    folder: Path | None, as_of: str, known_at: str | None, lang: str | None, line: str, exempt: tuple[str, ...],
    institution: str | None, most: int,
) -> None:  # fmt: skip
    """Large exposures by client and group, over a limit first; then joint credit that is due, or near its limit."""
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.monthly.keeping import memberships
    from houfeng.penetration.monthly.limits import joint_credit, large_exposures

    snapshot, day = open_snapshot(folder, known_at), clock.parse_day(as_of)
    with Engine() as engine:
        members = memberships(snapshot, day, _choices(line, exempt), engine)
        found = large_exposures(snapshot, day, members, engine)
        joint = joint_credit(snapshot, day, members, engine)
    over = sum(one.over for one in found)
    shown = [one for one in found if institution in (None, one.institution)]
    _say(lang, f"大额暴露 {len(found)} 项，超限 {over} 项", f"{len(found)} large exposures, {over} over a limit")
    for one in shown[:most]:
        share = "?" if one.share is None else f"{one.share.quantize(Decimal('0.01'))}%"
        mark = "!" if one.over else " "
        click.echo(f"{mark} {one.basis:<9} {one.institution}  {one.client}  {one.amount:,.2f}  {share} / {one.limit}%")
    _say(lang, f"联合授信 {len(joint)} 户", f"{len(joint)} clients of joint credit")
    for client in joint[:most]:
        used = "—" if client.used is None else f"{client.used}%"
        click.echo(
            f"  {client.client}  {client.lenders}  {client.finance:,.2f}  {client.duty or '-'}  {client.state}  {used}"
        )


@click.command(name="quality")
@dated
@most_option
def quality_(folder: Path | None, as_of: str, known_at: str | None, lang: str | None, most: int) -> None:
    """Debtors whose classes at their banks do not go together (P05, P06, P07)."""
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.monthly.quality import inconsistencies

    snapshot, day = open_snapshot(folder, known_at), clock.parse_day(as_of)
    with Engine() as engine:
        found = inconsistencies(snapshot, day, engine)
    _say(lang, f"{len(found)} 项分类不一致", f"{len(found)} inconsistencies")
    for one in found[:most]:
        share = "" if one.share is None else f"  {one.share}%"
        click.echo(f"{one.rule}  {one.enterprise}  {one.institution}  {one.amount:,.2f}{share}")


@click.command(name="signs")
@dated
@line_option
@exempt_option
@click.option("--finding", help="Only findings of this kind, e.g. round_trip.")
@most_option
def signs_(
    folder: Path | None, as_of: str, known_at: str | None, lang: str | None, line: str, exempt: tuple[str, ...],
    finding: str | None, most: int,
) -> None:  # fmt: skip
    """Signs to look at: rings of holdings, firms at one address, round trips, changes shortly before trouble."""
    from houfeng.book.model import code_lists
    from houfeng.penetration.monthly.keeping import find

    known = code_lists()["penetration_finding"].members
    if finding is not None and finding not in known:
        listed = ", ".join(known)
        raise NotFoundError(Text(f"没有情形 {finding}，有 {listed}", f"there is no finding {finding}: one of {listed}"))
    snapshot, day = open_snapshot(folder, known_at), clock.parse_day(as_of)
    rows = find(snapshot, day, _choices(line, exempt)).rows["penetration_finding"]
    rows = [row for row in rows if finding in (None, row["finding"])]
    _say(lang, f"{len(rows)} 项", f"{len(rows)} in all")
    for row in rows[:most]:
        told = {name: row[name] for name in ("occurred_on", "firms", "lending", "amount", "share", "days")}
        facts = "  ".join(f"{name} {value}" for name, value in told.items() if value is not None)
        label = known[row["finding"]].get(lang or settings.load().lang)
        click.echo(f"{row['enterprise_id']}  {label}  {row['subject']}  {facts}".rstrip())


@click.command(name="keep")
@click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book.")
@click.option("--as-of", required=True, help="Day, usually the end of a month.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
@line_option
@exempt_option
def keep_(folder: Path | None, as_of: str, lang: str | None, line: str, exempt: tuple[str, ...]) -> None:
    """Put groups, circles, controllers, exposures and signs as of a day into the book, for the watch and the rules."""
    from houfeng.book.model import kinds
    from houfeng.book.store import Book
    from houfeng.penetration.monthly.keeping import KEPT, keep

    book = Book.open(folder or settings.load().book, clock.wall_clock)
    found, receipt = keep(book, clock.parse_day(as_of), choices=_choices(line, exempt))
    told = {one.kind: one.status.value for one in receipt.outcomes}
    for kind in KEPT:
        label = kinds()[kind].label.get(lang or settings.load().lang)
        click.echo(f"{label}  {found.count(kind):,}  {told[kind]}")


COMMANDS = (circles_, limits_, quality_, signs_, keep_)
"""For the group `penetration`."""
