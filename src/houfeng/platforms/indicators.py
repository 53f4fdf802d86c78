"""The indicators of a platform (domain §4.3): each with its two figures, its lines, and what is missing where unknown.

Comparisons are exact; a value shown is a quotient of decimals. Lines are parameters of the pack, starting points of
practice that want calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.errors import Text
from houfeng.packs.language.functions import add_months
from houfeng.platforms.consent import consent
from houfeng.platforms.ladder import ladder
from houfeng.platforms.ledger import NONE, Platform, weighted_cost
from houfeng.platforms.plan import progress
from houfeng.platforms.terms import Terms

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. `unit` is share, percent, points, ratio or count; `level` is empty, blue (stands against an exit),
    yellow, orange (alert) or red; `line` says the lines; `why` the two figures, or what is missing. `applies` is false
    where there is nothing to be measured: no short debt for cash to cover."""

    name: str
    label: Text
    value: Decimal | None
    unit: str
    level: str
    line: Text
    why: Text
    applies: bool = True


def indicators(platform: Platform, terms: Terms) -> tuple[Indicator, ...]:
    """All indicators, in the order of the catalogue."""
    return tuple(make(platform, terms) for make in MAKERS)


def _fraction(
    name: str,
    label: Text,
    parts: tuple[Decimal | None, Decimal | None],
    words: tuple[Text, Text],
    lines: tuple[tuple[str, Decimal | None], ...],
    *,
    unit: str = "share",
    below: bool = False,
    closed: bool = False,
) -> Indicator:
    """A quotient against its lines; `lines` are (level, line) from mild to grave, in percent for a share."""
    part, whole = parts
    shown = _lines(lines, unit, below=below, closed=closed)
    if part is None or whole is None or whole <= 0:
        return Indicator(name, label, None, unit, "", shown, _missing(parts, words), applies=whole != 0)
    scale = HUNDRED if unit == "share" else Decimal(1)
    level = ""
    for one, line in lines:
        if line is not None:
            left, right = part * scale, line * whole
            beyond = left < right if below else left >= right if closed else left > right
            level = one if beyond else level
    why = Text(
        f"{words[0].zh}{part:,.2f}元，{words[1].zh}{whole:,.2f}元",
        f"{words[0].en} {part:,.2f} yuan, {words[1].en} {whole:,.2f}",
    )
    return Indicator(name, label, part / whole, unit, level, shown, why)


LEVELS = {
    "blue": Text("影响退出", "against an exit"),
    "yellow": Text("黄", "yellow"),
    "orange": Text("预警", "alert"),
    "red": Text("红线", "red line"),
}


def _lines(lines: tuple[tuple[str, Decimal | None], ...], unit: str, *, below: bool, closed: bool) -> Text:
    sign = "<" if below else "≥" if closed else ">"
    mark = "%" if unit == "share" else ""
    known = [(LEVELS[level], line) for level, line in lines if line is not None]
    return Text(
        "，".join(f"{level.zh} {sign}{line.normalize():f}{mark}" for level, line in known),
        ", ".join(f"{level.en} {sign}{line.normalize():f}{mark}" for level, line in known),
    )


def _missing(parts: tuple[Decimal | None, Decimal | None], words: tuple[Text, Text]) -> Text:
    lacking = [word for part, word in zip(parts, words, strict=True) if part is None]
    if lacking:
        return Text(f"缺：{'、'.join(w.zh for w in lacking)}", f"missing: {', '.join(w.en for w in lacking)}")
    return Text(f"{words[1].zh}不大于零", f"{words[1].en} is not above zero")


DEBT = Text("有息债务", "interest-bearing debt")


def _total(platform: Platform) -> Decimal | None:
    return platform.total if platform.period is not None else None


def _short(platform: Platform) -> Decimal | None:
    """What falls due within twelve months of the ledger's day, or was due before it."""
    if platform.period is None:
        return None
    limit = add_months(platform.period, 12) or date.max
    return sum((d.balance for d in platform.debts if d.matures_on is not None and d.matures_on <= limit), NONE)


def _resolution(platform: Platform, terms: Terms) -> Indicator:
    found = progress(platform, terms.day)
    label, limit = Text("隐性债务化解进度", "Hidden debt resolved"), terms.number("behind_plan_limit")
    line = Text("", "")
    if limit is not None:
        shown = f"{limit.normalize():f}"
        line = Text(f"预警 落后计划>{shown}个百分点", f"alert behind plan by >{shown} points")
    if found.done is None or found.behind is None or found.baseline is None:
        why, some = Text("缺：基数", "missing: the baseline"), bool(platform.hidden or platform.plan)
        return Indicator("resolution", label, None, "share", "", line, why, applies=some or platform.period is None)
    late = limit is not None and (found.planned - found.resolved) * HUNDRED > limit * found.baseline
    behind = found.behind.quantize(Decimal("0.01"))
    why = Text(
        f"已化解{found.resolved:,.2f}元，同期计划{found.planned:,.2f}元，落后{behind}个百分点",
        f"{found.resolved:,.2f} yuan resolved, {found.planned:,.2f} planned by then: {behind} points behind",
    )
    return Indicator("resolution", label, found.done, "share", "orange" if late else "", line, why)


def _hidden(platform: Platform, terms: Terms) -> Indicator:
    part = platform.hidden if platform.period is not None else None
    words = Text("隐性债务", "hidden debt"), DEBT
    label = Text("隐性债务占比", "Hidden debt over debt")
    return _fraction("hidden_share", label, (part, _total(platform)), words, (("blue", NONE),))


def _short_share(platform: Platform, terms: Terms) -> Indicator:
    lines = ("orange", terms.number("short_debt_watch")), ("red", terms.number("short_debt_limit"))
    words = Text("一年内到期", "due within a year"), DEBT
    label = Text("短债占比", "Short debt over debt")
    return _fraction("short_share", label, (_short(platform), _total(platform)), words, lines)


def _cash(platform: Platform, terms: Terms) -> Indicator:
    free = platform.report.get("free_cash")
    cash, word = free, Text("非受限货币资金", "unrestricted cash")
    if free is None and platform.statement.get("cash") is not None:
        cash, word = platform.statement["cash"], Text("货币资金（含受限）", "cash, restricted cash too,")
    lines = ("orange", terms.number("cash_ratio_watch")), ("red", terms.number("cash_ratio_limit"))
    words = word, Text("短期债务", "short debt")
    label = Text("现金短债比", "Cash over short debt")
    return _fraction("cash_cover", label, (cash, _short(platform)), words, lines, unit="ratio", below=True)


def _nonstandard(platform: Platform, terms: Terms) -> Indicator:
    part = platform.nonstandard if platform.period is not None else None
    lines = ("orange", terms.number("nonstandard_watch")), ("red", terms.number("nonstandard_limit"))
    words = Text("非标债务", "non-standard debt"), DEBT
    label = Text("非标占比", "Non-standard debt over debt")
    return _fraction("nonstandard_share", label, (part, _total(platform)), words, lines)


def _cost(platform: Platform, terms: Terms) -> Indicator:
    cost, base, over = weighted_cost(platform.debts), terms.number("lpr_5y"), terms.number("cost_over_lpr_limit")
    label = Text("综合融资成本", "All-in cost")
    limit = None if base is None or over is None else base + over
    line = Text("", "")
    if limit is not None and base is not None:
        line = Text(f"预警 >{limit:f}%（五年期LPR {base:f}%）", f"alert >{limit:f}% (five-year LPR {base:f}%)")
    if cost is None:
        return Indicator("cost", label, None, "percent", "", line, Text("缺：成本或利率", "missing: cost or rate"))
    known = sum((debt.balance for debt in platform.debts if debt.all_in is not None), NONE)
    why = Text(
        f"按余额加权，{known:,.2f}元有成本，共{platform.total:,.2f}元",
        f"weighted by balance; cost known of {known:,.2f} of {platform.total:,.2f} yuan",
    )
    return Indicator("cost", label, cost, "percent", "orange" if limit is not None and cost > limit else "", line, why)


def _cover(platform: Platform, terms: Terms) -> Indicator:
    parts = platform.statement.get("ebitda"), platform.statement.get("interest_expense")
    words = Text("EBITDA", "EBITDA"), Text("利息支出", "interest")
    lines = (("orange", terms.number("interest_cover_limit")),)
    label = Text("利息保障倍数", "Interest cover")
    return _fraction("interest_cover", label, parts, words, lines, unit="ratio", below=True)


def _refinancing(platform: Platform, terms: Terms) -> Indicator:
    """Over the last quarters that count as lasting; alert where each of them is at the line or above."""
    wanted, limit = terms.whole("refinancing_quarters", 4), terms.number("refinancing_limit")
    told = [r for r in platform.reports if r.get("repaid") is not None and r.get("refinanced") is not None][-wanted:]
    label = Text("借新还旧比例", "Refinancing over repayment")
    line = Text("", "")
    if limit is not None:
        shown = f"{limit.normalize():f}"
        line = Text(f"预警 连续{wanted}个季度≥{shown}%", f"alert ≥{shown}% in {wanted} quarters running")
    repaid = sum((r["repaid"] for r in told), NONE)
    refinanced = sum((r["refinanced"] for r in told), NONE)
    if not told or repaid <= 0:
        return Indicator("refinancing", label, None, "share", "", line, Text("缺：偿还本金", "missing: repayments"))
    each = all(r["repaid"] > 0 and limit is not None and r["refinanced"] * HUNDRED >= limit * r["repaid"] for r in told)
    level = "orange" if each and len(told) >= wanted else ""
    why = Text(
        f"近{len(told)}个季度借新还旧{refinanced:,.2f}元，偿还{repaid:,.2f}元",
        f"last {len(told)} quarters: {refinanced:,.2f} yuan refinanced of {repaid:,.2f} repaid",
    )
    return Indicator("refinancing", label, refinanced / repaid, "share", level, line, why)


def _guarantees(platform: Platform, terms: Terms) -> Indicator:
    parts = platform.report.get("guarantees_given"), platform.statement.get("net_assets")
    words = Text("对外担保", "guarantees"), Text("净资产", "net assets")
    lines = ("orange", terms.number("guarantees_watch")), ("red", terms.number("guarantees_limit"))
    found = _fraction("guarantees", Text("对外担保比率", "Guarantees over net assets"), parts, words, lines)
    if parts[0] and parts[1] is not None and parts[1] <= 0:  # nothing of one's own stands behind them
        return replace(found, level="red", applies=True)
    return found


def _region(platform: Platform, terms: Terms) -> Indicator:
    given: Any = platform.finance
    both = (given.get("government_debt"), given.get("hidden_debt"))
    owed = both[0] + both[1] if both[0] is not None and both[1] is not None else None
    levels = ("yellow", "orange", "red")
    lines = tuple((level, terms.number(f"region_debt_{level}")) for level in levels)
    words = Text("政府债务与隐性债务", "government and hidden debt"), Text("综合财力", "fiscal capacity")
    label = Text("地区债务率", "Debt ratio of the region")
    return _fraction("region_debt", label, (owed, given.get("fiscal_capacity")), words, lines, closed=True)


def _receivables(platform: Platform, terms: Terms) -> Indicator:
    parts = platform.report.get("government_receivables"), platform.statement.get("total_assets")
    words = Text("政府性应收", "receivable from government"), Text("总资产", "total assets")
    lines = (("orange", terms.number("receivables_limit")),)
    return _fraction("receivables", Text("政府性应收占比", "Government receivables"), parts, words, lines)


def _wall(platform: Platform, terms: Terms) -> Indicator:
    label, limit, months = Text("到期墙", "Due wall"), terms.number("wall_limit"), terms.whole("wall_months", 12)
    line = Text("", "")
    if limit is not None:
        shown = f"{limit.normalize():f}"
        line = Text(f"预警 最大单月>月均{shown}倍", f"alert: a month >{shown} times the mean")
    rung, value = ladder(platform.debts, platform.period or terms.day, months).peak(months)
    if rung is None or value is None:
        why = Text(f"{months}个月内无到期", f"nothing due in {months} months")
        return Indicator("wall", label, None, "ratio", "", line, why, applies=not platform.debts)
    over = limit is not None and value > limit
    why = Text(
        f"{rung.month:%Y-%m}到期{rung.total:,.2f}元，{months}个月内最大",
        f"{rung.total:,.2f} yuan due in {rung.month:%Y-%m}, the most of {months} months",
    )
    return Indicator("wall", label, value, "ratio", "orange" if over else "", line, why)


def _consent(platform: Platform, terms: Terms) -> Indicator:
    found, parts, of = consent(platform, terms), terms.value("consent_parts"), terms.value("consent_of")
    line = Text(f"退出要求≥{parts}/{of}", f"an exit asks for ≥{parts}/{of}") if parts and of else Text("", "")
    label = Text("债权人同意率", "Consent of creditors")
    if found.by_amount is None:
        return Indicator(
            "consent", label, None, "share", "", line, Text("无经营性金融债务", "no operating financial debt")
        )
    why = Text(
        f"同意{found.amount[0]:,.2f}元，经营性金融债务{found.amount[1]:,.2f}元",
        f"{found.amount[0]:,.2f} yuan consenting of {found.amount[1]:,.2f} of operating financial debt",
    )
    return Indicator("consent", label, found.by_amount, "share", "blue" if found.reached is False else "", line, why)


def _overdue(platform: Platform, terms: Terms) -> Indicator:
    late = [debt for debt in platform.debts if debt.nonstandard and debt.state == "overdue"]
    label, line = Text("非标、商票逾期", "Non-standard debt or bills overdue"), Text("红线 任一笔", "red line: any")
    if platform.period is None and platform.overdue_records is None:
        return Indicator("overdue", label, None, "count", "", line, Text("缺：债务台账", "missing: the ledger"))
    records = platform.overdue_records or 0
    number = Decimal(len(late) + records)
    why = Text(
        f"台账逾期非标{len(late)}笔，近一年逾期记录{records}条",
        f"{len(late)} overdue in the ledger, {records} records within a year",
    )
    return Indicator("overdue", label, number, "count", "red" if number else "", line, why)


Maker = Callable[[Platform, Terms], Indicator]
MAKERS: tuple[Maker, ...] = (
    _resolution, _hidden, _short_share, _cash, _nonstandard, _cost, _cover, _refinancing, _guarantees, _region,
    _receivables, _wall, _consent, _overdue,
)  # fmt: skip
GRAVITY = ("", "blue", "yellow", "orange", "red")


def worst(found: tuple[Indicator, ...]) -> str:
    """The gravest level among the indicators."""
    return max((one.level for one in found), key=GRAVITY.index, default="")
