"""`houfeng platform list | show | ladder | plan | exit | barred | swap`: the debts of financing platforms.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import click

from houfeng.errors import Text
from houfeng_cli.platforms.opening import money, opened, share, shared
from houfeng_cli.platforms.swap import swap_


@click.group(name="platform")
def command() -> None:
    """融资平台：债务、到期墙、化解进度、退出、置换。 Financing platforms: debts, ladder, plan, exit, swap."""


@command.command(name="list")
@shared
def list_(**asked: Any) -> None:
    """Every platform: debt, hidden debt, resolution, alerts among its indicators, exit."""
    from houfeng.platforms.exit import STAGES, examine
    from houfeng.platforms.indicators import indicators
    from houfeng.platforms.ledger import read_platforms
    from houfeng.platforms.plan import progress, together

    with opened(**asked) as it:
        platforms = read_platforms(it.source, it.day)
        rows, plans = [], []
        for one in platforms:
            levels = [found.level for found in indicators(one, it.terms)]
            plans.append(progress(one, it.day))
            stage = STAGES[examine(one, it.terms).stage].get(it.lang)
            figures = money(one.total), money(one.hidden), share(plans[-1].done)
            counts = levels.count("red"), levels.count("orange")
            rows.append((one.enterprise_id, one.list_class or "-", *figures, *counts, stage, one.name))
        heads = (
            ("代码", "code"), ("名单", "list"), ("债务余额", "debt"), ("隐性债务", "hidden"), ("已化解", "resolved"),
            ("红线", "red"), ("预警", "alerts"), ("退出", "exit"), ("名称", "name"),
        )  # fmt: skip
        it.table(heads, rows)
        baseline, planned, resolved = together(plans)
        total = sum((one.total for one in platforms), Decimal(0))
        it.say(f"{len(platforms)} 家，债务 {total:,.2f} 元", f"{len(platforms)} platforms owe {total:,.2f} yuan")
        if baseline:
            done, due = f"{resolved / baseline:.2%}", f"{planned / baseline:.2%}"
            it.say(f"隐性债务已化解 {done}，同期计划 {due}", f"{done} of hidden debt resolved, {due} planned by then")


@command.command(name="show")
@click.argument("enterprise")
@shared
def show(enterprise: str, **asked: Any) -> None:
    """The indicators of ENTERPRISE, each with its lines and the two figures behind it."""
    from houfeng.platforms.indicators import LEVELS, indicators

    with opened(**asked) as it:
        for one in indicators(it.one(enterprise), it.terms):
            value = "-" if one.value is None else share(one.value) if one.unit == "share" else f"{one.value:.2f}"
            level = LEVELS[one.level].get(it.lang) if one.level else ""
            click.echo(f"{one.label.get(it.lang)}  {value}  {level}".rstrip())
            click.echo(f"    {one.why.get(it.lang)}  [{one.line.get(it.lang)}]")


@command.command(name="ladder")
@click.argument("enterprise", required=False)
@click.option("--months", default=24, show_default=True, type=click.IntRange(1, 360), help="Months to look ahead.")
@shared
def ladder_(enterprise: str | None, months: int, **asked: Any) -> None:
    """What falls due month by month for ENTERPRISE, or for all platforms together."""
    from houfeng.platforms.ladder import CLASSES, ladder
    from houfeng.platforms.ledger import read_platforms

    with opened(**asked) as it:
        platforms = [it.one(enterprise)] if enterprise else read_platforms(it.source, it.day)
        day = max((one.period for one in platforms if one.period), default=it.day)
        found = ladder([debt for one in platforms for debt in one.debts], day, months)
        rows = [
            (f"{rung.month:%Y-%m}", *(money(rung.amounts.get(kind)) for kind in CLASSES), money(rung.total))
            for rung in found.rungs
        ]
        heads = (
            ("月份", "month"), ("贷款", "loans"), ("债券", "bonds"), ("非标", "non-standard"), ("境外", "offshore"),
            ("其他", "other"), ("合计", "total"),
        )  # fmt: skip
        it.table(heads, rows)
        it.say(
            f"已到期未还 {money(found.passed)}，更晚 {money(found.later)}，无到期日 {money(found.undated)}",
            f"past due {money(found.passed)}, later {money(found.later)}, without a day {money(found.undated)}",
        )
        rung, value = found.peak(min(months, it.terms.whole("wall_months", 12)))
        if rung is not None:
            it.say(
                f"最大 {rung.month:%Y-%m}，为月均 {value:.2f} 倍",
                f"most in {rung.month:%Y-%m}: {value:.2f} times the mean",
            )


@command.command(name="plan")
@click.argument("enterprise")
@shared
def plan(enterprise: str, **asked: Any) -> None:
    """The resolution plan of ENTERPRISE against what was done, by quarter, by way, and against the ledger."""
    from houfeng.book.model import code_lists
    from houfeng.platforms.ledger import hidden_by_quarter
    from houfeng.platforms.plan import against_ledger, progress

    with opened(**asked) as it:
        platform = it.one(enterprise)
        found = progress(platform, it.day)
        rows = [
            (
                q.quarter,
                money(q.planned),
                money(q.actual if q.told else None),
                money(q.planned_so_far),
                money(q.actual_so_far),
            )
            for q in found.quarters
        ]
        heads = (
            ("季度", "quarter"),
            ("计划", "planned"),
            ("实际", "actual"),
            ("累计计划", "so far"),
            ("累计实际", "done"),
        )
        it.table(heads, rows)
        words = code_lists()["resolution_method"].members
        for method, (planned, actual) in found.by_method().items():
            name = words[method].get(it.lang)
            it.say(
                f"{name}：计划 {planned:,.2f}，实际 {actual:,.2f}",
                f"{name}: {planned:,.2f} planned, {actual:,.2f} done",
            )
        base, done, due = money(found.baseline), share(found.done), share(found.due)
        it.say(
            f"基数 {base}，已化解 {done}，同期计划 {due}", f"baseline {base}, {done} resolved, {due} planned by then"
        )
        for quarter in found.untold:
            it.say(f"{quarter} 未报实际数", f"{quarter} has not been told")
        hidden = hidden_by_quarter(it.source, it.day).get(enterprise, {})
        for step in against_ledger(platform, hidden, it.day):
            if step.unexplained:
                told, gone = money(step.resolved), money(step.before - step.after)
                it.say(
                    f"{step.quarter} 报 {told}，台账减少 {gone}",
                    f"{step.quarter}: {told} told, {gone} gone from the ledger",
                )


@command.command(name="exit")
@click.argument("enterprise")
@shared
def exit_(enterprise: str, **asked: Any) -> None:
    """Whether ENTERPRISE may leave the lists: each condition, the creditors' answers, monitoring and breaches."""
    from houfeng.platforms.exit import STAGES, examine

    with opened(**asked) as it:
        found = examine(it.one(enterprise), it.terms)
        marks = {True: "✓", False: "✗", None: "?"}
        it.say(f"阶段：{STAGES[found.stage].zh}", f"stage: {STAGES[found.stage].en}")
        for one in found.conditions:
            click.echo(f"{marks[one.met]} {one.label.get(it.lang)}：{one.why.get(it.lang)}")
        amount, heads = found.consent.missing
        if amount or heads:
            it.say(f"尚差金额 {amount:,.2f} 元，户数 {heads}", f"wanting: {amount:,.2f} yuan, {heads} creditors")
        if found.consent.enough:
            names = ", ".join(found.consent.enough)
            it.say(f"再有这些债权人同意即可：{names}", f"the consent of these would do: {names}")
        if found.monitoring_ends:
            it.say(f"监测期至 {found.monitoring_ends}", f"monitored until {found.monitoring_ends}")
        for debt, why in found.breaches:
            click.echo(f"! {debt.debt_no if debt else ''} {why.get(it.lang)}")
        words = {
            "consent": Text("同意", "consents"),
            "object": Text("不同意", "objects"),
            "pending": Text("未答复", "—"),
        }
        rows = [(c.creditor_id, money(c.balance), words[c.vote].get(it.lang), c.name) for c in found.consent.creditors]
        it.table((("债权人", "creditor"), ("余额", "balance"), ("意见", "answer"), ("名称", "name")), rows)


@command.command(name="barred")
@click.argument("enterprise", required=False)
@shared
def barred_(enterprise: str | None, **asked: Any) -> None:
    """New debts that run against a prohibition, of ENTERPRISE or of all platforms."""
    from houfeng.platforms.barred import barred

    with opened(**asked) as it:
        found = barred(it.source, it.pack, it.day, it.terms.known).debts
        rows = [
            (firm, debt, "; ".join(f"{theme.label.get(it.lang)}（{theme.reference}）" for theme in themes))
            for (firm, debt), themes in sorted(found.items())
            if enterprise in (None, firm)
        ]
        it.table((("平台", "platform"), ("债务", "debt"), ("依据", "why")), rows)
        it.say(f"{len(rows)} 笔", f"{len(rows)} debts")


command.add_command(swap_)
