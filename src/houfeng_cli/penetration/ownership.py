"""`houfeng penetration beneficial | links | changes`: persons behind an enterprise, close links, what changed.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from houfeng import clock, settings
from houfeng.errors import Text
from houfeng_cli.penetration.holdings import open_holdings, open_snapshot, options, place

WHY = {
    "share": Text("股权", "shares"),
    "votes": Text("表决权", "votes"),
    "control": Text("实际控制", "control"),
    "in_charge": Text("负责人（无人达到标准）", "in charge (nobody passes a test)"),
}


@click.command(name="beneficial")
@click.argument("enterprises", nargs=-1, required=True)
@options
@click.option("--least", default="25", show_default=True, help="Percent of shares or votes that makes one.")
def beneficial(
    enterprises: tuple[str, ...],
    folder: Path | None,
    as_of: str,
    known_at: str | None,
    line: str,
    lang: str | None,
    least: str,
) -> None:
    """The beneficial owners of ENTERPRISES: person, share, votes, and by which tests."""
    from houfeng.engine.duckdb import Engine
    from houfeng.penetration.ownership.beneficial import BeneficialOwners

    asked = open_holdings(folder, as_of, known_at, lang)
    rows = asked.snapshot.select("enterprise", as_of=asked.day)
    with Engine() as engine:
        sql = f"SELECT enterprise_id, legal_representative_id FROM ({rows}) WHERE legal_representative_id IS NOT NULL"
        in_charge = dict(engine.rows(sql))
    owners = BeneficialOwners(asked.control(Decimal(line)), Decimal(least), in_charge)
    for enterprise in enterprises:
        found = owners.of(enterprise)
        asked.say(f"{enterprise}：{len(found)} 名受益所有人", f"{enterprise}: {len(found)} beneficial owners")
        for one in found:
            why = Text("、".join(WHY[w].zh for w in one.why), ", ".join(WHY[w].en for w in one.why)).get(asked.lang)
            if not one.certain:
                why = Text(f"可能：股权至多 {one.most:.4%}", f"may be: up to {one.most:.4%} of the shares").get(
                    asked.lang
                )
            click.echo(f"  {one.person}  {one.share:>10.4%}  {one.votes:>10.4%}  {why}")


@click.command(name="links")
@click.argument("enterprise")
@options
@click.option("--least", default="20", show_default=True, help="Percent over all simple ways that makes a close link.")
def links(
    enterprise: str, folder: Path | None, as_of: str, known_at: str | None, line: str, lang: str | None, least: str
) -> None:
    """Close links down from ENTERPRISE, summed over all simple ways; bounds where these are too many to walk."""
    from houfeng.penetration.ownership.closelinks import CloseLinks

    asked = open_holdings(folder, as_of, known_at, lang)
    found = CloseLinks(asked.holdings).of(enterprise, Decimal(least))
    for one in found:
        told = f"{float(one.least):.4%}" + ("" if one.exact else f"–{float(one.most):.4%}")
        click.echo(f"{enterprise} → {one.held}  {told}")
    asked.say(f"共 {len(found)} 项", f"{len(found)} in all")


@click.command(name="changes")
@place
@click.option("--from", "first", required=True, help="First month, e.g. 2026-01-01: any day of it.")
@click.option("--to", "last", required=True, help="Last month.")
@click.option("--line", default="50", show_default=True, help="Percent of the votes control must exceed.")
@click.option("--exempt", multiple=True, help="Holder that connects nobody, besides the state; repeatable.")
@click.option("--enterprise", help="Only what concerns this enterprise.")
def changes(
    folder: Path | None,
    known_at: str | None,
    lang: str | None,
    first: str,
    last: str,
    line: str,
    exempt: tuple[str, ...],
    enterprise: str | None,
) -> None:
    """Month by month: whose ultimate controller changed, and who joined and left which group."""
    from houfeng.penetration.ownership.history import month_ends, over_time

    tongue = lang or settings.load().lang
    days = month_ends(clock.parse_day(first), clock.parse_day(last))
    for day in over_time(open_snapshot(folder, known_at), days, Decimal(line), exempt):
        turns = [one for one in day.turns if enterprise in (None, one.enterprise, one.before, one.after)]
        groups = [one for one in day.groups if enterprise in (None, one.head, one.before, *one.joined, *one.left)]
        if day.day == days[0]:
            continue
        head = Text(
            f"{len(turns)} 户换控制人，{len(groups)} 个集团有变", f"{len(turns)} controllers, {len(groups)} groups"
        )
        click.echo(f"{day.day}  {head.get(tongue)}")
        nobody = Text("无", "nobody").get(tongue)
        for one in turns:
            click.echo(f"  {one.enterprise}: {one.before or nobody} → {one.after or nobody}")
        for change in groups:
            joined, left = (" ".join(names) for names in (change.joined, change.left))
            ended = Text("已解散", "ended").get(tongue)
            click.echo(f"  {change.head or change.before + ' ' + ended}" + (f" +{joined}" if joined else "")
                       + (f" -{left}" if left else ""))  # fmt: skip
