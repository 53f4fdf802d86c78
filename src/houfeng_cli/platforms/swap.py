"""`houfeng platform swap`: dear non-standard debt replaced by a syndicated loan, as a scenario."""

from __future__ import annotations

from typing import Any

import click

from houfeng.errors import NotFoundError, Text
from houfeng_cli.platforms.opening import amount_of, money, opened, shared


@click.command(name="swap")
@click.argument("enterprise")
@click.option("--rate", required=True, help="Rate of the new loan, percent a year.")
@click.option("--months", default=60, show_default=True, help="Its term.")
@click.option("--fee", default="0", show_default=True, help="Fee, percent of the new loan, once.")
@click.option("--haircut", default="0", show_default=True, help="Percent of the old balances that creditors forgo.")
@click.option("--breakage", default="0", show_default=True, help="Percent of the old balances paid for leaving early.")
@click.option("--stress", default="1", show_default=True, help="Points by which the new rate may rise.")
@click.option("--dearer-than", help="Replace non-standard debts dearer than this; default: the new rate.")
@click.option("--debt", "named", multiple=True, help="Replace this debt; repeatable, instead of --dearer-than.")
@shared
def swap_(
    enterprise: str, rate: str, months: int, fee: str, haircut: str, breakage: str, stress: str,
    dearer_than: str | None, named: tuple[str, ...], **asked: Any,
) -> None:  # fmt: skip
    """Replace dear non-standard debt of ENTERPRISE by a syndicated loan: what it saves, costs and risks."""
    from houfeng.platforms.swap import Offer, candidates, swap

    price = amount_of(rate, "--rate")
    offer = Offer(
        price, months, amount_of(fee, "--fee"), amount_of(haircut, "--haircut"), amount_of(breakage, "--breakage"),
        amount_of(stress, "--stress"),
    )  # fmt: skip
    with opened(**asked) as it:
        platform = it.one(enterprise)
        line = amount_of(dearer_than, "--dearer-than") if dearer_than else price
        debts = [d for d in platform.debts if d.debt_no in named] if named else candidates(platform, line)
        missing = set(named) - {debt.debt_no for debt in debts}
        if missing:
            raise NotFoundError(Text(f"没有债务 {sorted(missing)[0]}", f"there is no debt {sorted(missing)[0]}"))
        found = swap(platform, debts, offer, it.day, it.terms.whole("wall_months", 12))
        rows = [(r.debt.debt_no, money(r.debt.balance), r.debt.all_in, r.days, money(r.saved)) for r in found.replaced]
        it.table(
            (("债务", "debt"), ("余额", "balance"), ("成本%", "cost%"), ("剩余天数", "days"), ("节省", "saved")), rows
        )
        forgone, costs = money(found.forgone), money(found.costs)
        loan, yearly, saved, net = (money(one) for one in (found.principal, found.yearly, found.saved, found.net))
        it.say(
            f"新贷款 {loan}，债权人折让 {forgone}，费用 {costs}",
            f"new loan {loan}, forgone by creditors {forgone}, costs {costs}",
        )
        it.say(
            f"每年节省 {yearly}；至原到期日节省 {saved}，净 {net}",
            f"saves {yearly} a year; {saved} to the old last days, net {net}",
        )
        before, after = found.before, found.after
        for label, old, new in (
            (Text("综合成本%", "all-in cost %"), before.cost, after.cost),
            (Text("非标债务", "non-standard debt"), money(before.nonstandard), money(after.nonstandard)),
            (Text("一年内到期", "due within a year"), money(before.short), money(after.short)),
        ):
            click.echo(f"{label.get(it.lang)}  {old} → {new}")
        for risk in found.risks:
            click.echo(f"! {risk.get(it.lang)}")
