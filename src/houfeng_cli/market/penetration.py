"""`houfeng penetration owners | control | groups | findings`: who stands behind an enterprise, from the holdings.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

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
    from houfeng.penetration.bounds import Missing
    from houfeng.penetration.graph import Holdings


@click.group(name="penetration")
def command() -> None:
    """穿透：股权、控制人、关联集团。 Who owns, who controls, who is connected."""


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all commands."""
    for option in (
        click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book."),
        click.option("--as-of", required=True, help="Day of the holdings, e.g. 2026-06-30."),
        click.option("--known-at", help="Moment of knowledge, e.g. 2026-07-15 (its end)."),
        click.option("--line", default="50", show_default=True, help="Percent of the votes control must exceed."),
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class _Asked:
    """The holdings asked about, and in which language to answer."""

    snapshot: Snapshot
    day: date
    holdings: Holdings
    lang: str

    def say(self, zh: str, en: str) -> None:
        """One line."""
        click.echo(Text(zh, en).get(self.lang))


def _open(folder: Path | None, as_of: str, known_at: str | None, lang: str | None) -> _Asked:
    from houfeng.book.store import Book
    from houfeng.penetration.graph import Holdings

    book = Book.open(folder or settings.load().book, clock.wall_clock)
    snapshot = book.snapshot(clock.parse_moment(known_at) if known_at else None)
    day = clock.parse_day(as_of)
    return _Asked(snapshot, day, Holdings.read(snapshot, day), lang or settings.load().lang)


@command.command(name="owners")
@click.argument("enterprise")
@_shared
@click.option(
    "--beneficial", default="25", show_default=True, help="Percent from which a person is a beneficial owner."
)
def owners(
    enterprise: str, folder: Path | None, as_of: str, known_at: str | None, line: str, lang: str | None, beneficial: str
) -> None:
    """Everybody above ENTERPRISE with their integrated share; bounds where stakes are not known exactly."""
    from houfeng.penetration.bounds import Uncertain
    from houfeng.penetration.control import control
    from houfeng.penetration.integrated import Penetration

    asked = _open(folder, as_of, known_at, lang)
    found = Penetration(asked.holdings).of(enterprise)
    top = control(asked.holdings, Decimal(line)).ultimate(enterprise)
    least = float(Decimal(beneficial)) / 100
    for owner in found.owners:
        marks = [Text("最终", "ultimate")] if owner.ultimate else []
        if owner.kind == "person" and (owner.share >= least or owner.holder == top):
            marks.append(Text("受益所有人", "beneficial owner"))
        if owner.holder == top:
            marks.append(Text("控制人", "controller"))
        told = " ".join(mark.get(asked.lang) for mark in marks)
        click.echo(f"{owner.holder}  {owner.share:>10.4%}  {owner.direct:>10.4%}  {told}".rstrip())
    if found.unknown > 0:
        asked.say(f"归属不明 {found.unknown:.4%}", f"owner unknown: {found.unknown:.4%}")
    if found.over:
        asked.say("上游有企业的股东合计超过 100%，已按比例折算", "holders above 100 % somewhere above: scaled down")
    uncertain = Uncertain(asked.holdings)
    missing = uncertain.missing(enterprise)
    if missing:
        for bound in uncertain.of(enterprise):
            asked.say(f"{bound.holder} 在 {bound.least:.4%} 与 {bound.most:.4%} 之间",
                      f"{bound.holder} has between {bound.least:.4%} and {bound.most:.4%}")  # fmt: skip
        _first_to_clear(asked, missing[0])


def _first_to_clear(asked: _Asked, one: Missing) -> None:
    stake = f"{one.holder} → {one.enterprise} {one.low.normalize():f}–{one.high.normalize():f}%"
    asked.say(f"最该查清的持股：{stake}，可影响 {one.moves:.4%}", f"clear up first: {stake}, may move {one.moves:.4%}")


@command.command(name="control")
@click.argument("enterprise")
@_shared
def control_(
    enterprise: str, folder: Path | None, as_of: str, known_at: str | None, line: str, lang: str | None
) -> None:
    """The ultimate controller of ENTERPRISE and the path that proves it, then what ENTERPRISE itself controls."""
    from houfeng.penetration.control import control, controlled_by

    asked = _open(folder, as_of, known_at, lang)
    found = control(asked.holdings, Decimal(line))
    top = found.ultimate(enterprise)
    asked.say(f"最终控制人：{top or '无'}", f"ultimate controller: {top or 'none'}")
    for step in found.proof(enterprise):
        parts = " + ".join(f"{hold.holder} {hold.votes.normalize():f}%" for hold in step.holds)
        click.echo(f"  {step.enterprise} ← {parts} = {step.total.normalize():f}%")
    for name, total in sorted(controlled_by(asked.holdings, enterprise, Decimal(line)).items()):
        asked.say(f"控制 {name}（合计 {total.normalize():f}%）", f"controls {name} ({total.normalize():f} % together)")


@command.command(name="groups")
@_shared
@click.option(
    "--exempt", multiple=True, help="Holder that connects nobody (state organ, widely held fund); repeatable."
)
@click.option("--member", help="Only the group of this enterprise, with the reasons.")
@click.option("--most", default=20, show_default=True, help="Show so many groups, the largest first.")
def groups_(
    folder: Path | None,
    as_of: str,
    known_at: str | None,
    line: str,
    lang: str | None,
    exempt: tuple[str, ...],
    member: str | None,
    most: int,
) -> None:
    """Groups of connected clients: control and economic dependence. State holders are always exempt."""
    from houfeng.penetration.dependence import dependence
    from houfeng.penetration.graph import KINDS
    from houfeng.penetration.groups import control_links, groups

    asked = _open(folder, as_of, known_at, lang)
    graph = asked.holdings
    state = graph.names((graph.kinds == KINDS.index("state")).nonzero()[0])
    links = control_links(graph, exempt={*exempt, *state}, line=Decimal(line))
    found = groups([*links, *dependence(asked.snapshot, asked.day)])
    if member is None:
        asked.say(f"{len(found)} 个集团", f"{len(found)} groups")
        for group in found[:most]:
            asked.say(f"{group.head}：{len(group.members)} 户", f"{group.head}: {len(group.members)} members")
        return
    own = next((group for group in found if member in group.members), None)
    if own is None:
        asked.say(f"{member} 不属于任何集团", f"{member} belongs to no group")
        return
    asked.say(f"{own.head}：{len(own.members)} 户", f"{own.head}: {len(own.members)} members")
    for link in own.tree:
        click.echo(f"  {link.text.get(asked.lang)}")


@command.command(name="findings")
@_shared
def findings_(folder: Path | None, as_of: str, known_at: str | None, line: str, lang: str | None) -> None:
    """Registered controllers that differ from the computed ones, holders above 100 percent, rings of control."""
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.actual import actual
    from houfeng.penetration.control import control
    from houfeng.penetration.findings import findings

    asked = _open(folder, as_of, known_at, lang)
    rows = asked.snapshot.select("enterprise", as_of=asked.day)
    with Engine() as engine:
        sql = f"SELECT enterprise_id, controller_id FROM ({rows}) WHERE controller_id IS NOT NULL"
        registered = dict(engine.rows(sql))
    found = findings(actual(control(asked.holdings, Decimal(line))), registered)
    for one in found:
        click.echo(f"{one.code}  {one.enterprise}  {one.message.get(asked.lang)}")
    asked.say(f"共 {len(found)} 项", f"{len(found)} in all")
