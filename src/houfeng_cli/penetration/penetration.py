"""`houfeng penetration owners | control | groups | findings …`: who stands behind an enterprise, from the holdings.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houfeng.errors import Text
from houfeng_cli.penetration import bods, contagion, monthly, ownership
from houfeng_cli.penetration.holdings import Asked, open_holdings, options

if TYPE_CHECKING:
    from houfeng.penetration.bounds import Missing


@click.group(name="penetration")
def command() -> None:
    """穿透：股权、控制人、关联集团。 Who owns, who controls, who is connected."""


for _more in (
    ownership.beneficial,
    ownership.links,
    ownership.changes,
    bods.command,
    *monthly.COMMANDS,
    *contagion.COMMANDS,
):
    command.add_command(_more)


@command.command(name="owners")
@click.argument("enterprise")
@options
@click.option(
    "--beneficial", default="25", show_default=True, help="Percent from which a person is a beneficial owner."
)
def owners(
    enterprise: str, folder: Path | None, as_of: str, known_at: str | None, line: str, lang: str | None, beneficial: str
) -> None:
    """Everybody above ENTERPRISE with their integrated share; bounds where stakes are not known exactly."""
    from houfeng.penetration.bounds import Uncertain
    from houfeng.penetration.integrated import Penetration

    asked = open_holdings(folder, as_of, known_at, lang)
    found = Penetration(asked.holdings).of(enterprise)
    top = asked.control(Decimal(line)).ultimate(enterprise)
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


def _first_to_clear(asked: Asked, one: Missing) -> None:
    stake = f"{one.holder} → {one.enterprise} {one.low.normalize():f}–{one.high.normalize():f}%"
    asked.say(f"最该查清的持股：{stake}，可影响 {one.moves:.4%}", f"clear up first: {stake}, may move {one.moves:.4%}")


@command.command(name="control")
@click.argument("enterprise")
@options
@click.option("--registered", is_flag=True, help="Where nobody controls by votes, the registered controller does.")
def control_(
    enterprise: str,
    folder: Path | None,
    as_of: str,
    known_at: str | None,
    line: str,
    lang: str | None,
    registered: bool,
) -> None:
    """The ultimate controller of ENTERPRISE and the path that proves it, then what ENTERPRISE itself controls.

    Agreements to act together count: the controller may be an agreement, whose parties the proof names.
    """
    from houfeng.penetration.control import controlled_by

    asked = open_holdings(folder, as_of, known_at, lang)
    found, said = asked.with_register(Decimal(line)) if registered else (asked.control(Decimal(line)), {})
    top = found.ultimate(enterprise)
    asked.say(f"最终控制人：{top or '无'}", f"ultimate controller: {top or 'none'}")
    if top in found.pacts:
        told = "、".join(found.holdings.names(found.parties[found.pacts.index(top)]))
        asked.say(f"一致行动协议 {top} 的各方：{told}", f"parties of the agreement {top}: {told}")
    for step in found.proof(enterprise):
        if said.get(step.enterprise) == step.holds[0].holder:
            mark = Text("登记的实际控制人", "registered controller").get(asked.lang)
            click.echo(f"  {step.enterprise} ← {step.holds[0].holder} ({mark})")
            continue
        parts = " + ".join(f"{hold.holder} {hold.votes.normalize():f}%" for hold in step.holds)
        click.echo(f"  {step.enterprise} ← {parts} = {step.total.normalize():f}%")
    for name, total in sorted(controlled_by(asked.holdings, enterprise, Decimal(line)).items()):
        asked.say(f"控制 {name}（合计 {total.normalize():f}%）", f"controls {name} ({total.normalize():f} % together)")


@command.command(name="groups")
@options
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

    asked = open_holdings(folder, as_of, known_at, lang)
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
@options
def findings_(folder: Path | None, as_of: str, known_at: str | None, line: str, lang: str | None) -> None:
    """Registered controllers that differ from the computed ones, holders above 100 percent, rings of control."""
    from houfeng.penetration.actual import actual
    from houfeng.penetration.findings import findings
    from houfeng.penetration.ownership.agreements import registered_controllers

    asked = open_holdings(folder, as_of, known_at, lang)
    registered = registered_controllers(asked.snapshot, asked.day)
    found = findings(actual(asked.control(Decimal(line))), registered)
    for one in found:
        click.echo(f"{one.code}  {one.enterprise}  {one.message.get(asked.lang)}")
    asked.say(f"共 {len(found)} 项", f"{len(found)} in all")
