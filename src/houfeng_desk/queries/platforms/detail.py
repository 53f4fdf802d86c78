"""The tables of one platform: its indicators, rungs, plan, debts, creditors, and the debts a swap would replace."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from houfeng.book.model import code_lists
from houfeng.errors import Text
from houfeng.platforms.barred import UNTOLD
from houfeng.platforms.indicators import Indicator
from houfeng.platforms.ladder import CLASSES, Ladder, ladder
from houfeng.platforms.ledger import Platform
from houfeng.platforms.swap import Swap
from houfeng_desk.lists import Column, Listing, ListRequest
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.platforms.book import Platforms
from houfeng_desk.queries.platforms.listing import arranged

MONTHS = 36
"""Months the ladder shows."""

LADDER_CLASSES: Mapping[str, Text] = {
    "bank_loan": Text("贷款", "Loans"),
    "bond": Text("债券", "Bonds"),
    "nonstandard": Text("非标", "Non-standard"),
    "offshore": Text("境外", "Offshore"),
    "other": Text("其他", "Other"),
}
VOTES = code_lists()["exit_vote"].members
METHODS = code_lists()["resolution_method"].members

COLUMNS: dict[str, tuple[Column, ...]] = {
    "overview": (
        Column("label", Text("指标", "Indicator")),
        Column("value", Text("数值", "Value"), sortable=False),
        Column("mark", Text("判断", "Judgement")),
        Column("line", Text("界线", "Lines"), sortable=False),
        Column("why", Text("依据", "Because"), sortable=False),
    ),
    "ladder": (
        Column("month", Text("月份", "Month")),
        *(Column(name, text, "money") for name, text in LADDER_CLASSES.items()),
        Column("total", Text("合计", "Total"), "money"),
        Column("debts", Text("笔数", "Debts"), "number"),
    ),
    "plan": (
        Column("quarter", Text("季度", "Quarter"), "date"),
        Column("method", Text("化解方式", "Way")),
        Column("planned", Text("计划", "Planned"), "money"),
        Column("actual", Text("实际", "Actual"), "money"),
        Column("gap", Text("实际减计划", "Actual less planned"), "money"),
        Column("source_of_money", Text("资金来源", "Source of the money")),
        Column("responsible", Text("责任单位", "Responsible")),
        Column("evidence", Text("凭据", "Evidence")),
        Column("approval", Text("批准文件", "Approval")),
    ),
    "debts": (
        Column("debt_no", Text("债务", "Debt"), "code", sub="creditor"),
        Column("instrument", Text("类型", "Instrument"), sub="guarantee_mode"),
        Column("balance", Text("余额", "Balance"), "money"),
        Column("cost", Text("综合成本", "All-in cost"), "percent"),
        Column("starts_on", Text("起始", "From"), "date"),
        Column("matures_on", Text("到期", "Due"), "date"),
        Column("use", Text("用途", "Use")),
        Column("hidden", Text("隐性", "Hidden")),
        Column("state", Text("状态", "State"), sub="treatment"),
        Column("barred", Text("受限依据", "Barred by")),
    ),
    "exit": (
        Column("name", Text("债权人", "Creditor"), sub="creditor_id"),
        Column("balance", Text("经营性金融债务余额", "Operating financial debt"), "money"),
        Column("part", Text("占比", "Share"), "share"),
        Column("answer", Text("意见", "Answer")),
        Column("told", Text("回函债权额", "Claim it names"), "money"),
        Column("voted_on", Text("答复日期", "Answered on"), "date"),
        Column("evidence", Text("回函", "Letter")),
    ),
    "swap": (
        Column("debt_no", Text("债务", "Debt"), "code", sub="creditor"),
        Column("instrument", Text("类型", "Instrument")),
        Column("balance", Text("余额", "Balance"), "money"),
        Column("cost", Text("综合成本", "All-in cost"), "percent"),
        Column("matures_on", Text("到期", "Due"), "date"),
        Column("days", Text("剩余天数", "Days left"), "number"),
        Column("old_interest", Text("原利息", "Old interest"), "money"),
        Column("new_interest", Text("新利息", "New interest"), "money"),
        Column("saved", Text("节省", "Saved"), "money"),
    ),
}
"""The columns of the one table of each tab."""

_PLAIN = {name: tuple(column._replace(sub="") for column in columns) for name, columns in COLUMNS.items()}
EXPORTED: Mapping[str, tuple[Column, ...]] = _PLAIN | {
    "debts": (
        *_PLAIN["debts"],
        Column("creditor", Text("债权人", "Creditor")),
        Column("guarantee_mode", Text("担保", "Guarantee")),
        Column("treatment", Text("化解安排", "Treatment")),
        Column("registry_no", Text("监测平台编号", "Registry no."), "code"),
        Column("next_payment_on", Text("下一还款日", "Next payment on"), "date"),
    ),
    "swap": (*_PLAIN["swap"], Column("creditor", Text("债权人", "Creditor"))),
    "exit": (*_PLAIN["exit"], Column("creditor_id", Text("债权人代码", "Creditor code"), "code")),
}
"""The same for a file, where what stands small below on screen has a column of its own."""

LEVEL_WORDS = {
    "": Text("正常", "In order"),
    "blue": Text("影响退出", "Against an exit"),
    "yellow": Text("黄档", "Yellow"),
    "orange": Text("预警", "Alert"),
    "red": Text("红线", "Red line"),
}


def shown(one: Indicator) -> str:
    """The value of an indicator as it is read."""
    if one.value is None:
        return "—"
    if one.unit == "share":
        return f"{one.value * 100:,.2f}%"
    if one.unit == "percent":
        return f"{one.value:,.2f}%"
    return f"{one.value:,.0f}" if one.unit == "count" else f"{one.value:,.2f}"


def overview(platforms: Platforms, platform: Platform, ask: ListRequest) -> Listing:
    """The indicators, in the order of the catalogue unless another is asked for."""
    rows = [
        {
            "label": one.label,
            "value": shown(one),
            "mark": _mark(one),
            "tone": one.level or ("plain" if one.value is None else ""),
            "line": one.line,
            "why": one.why,
        }
        for one in platforms.indicators[platform.enterprise_id]
    ]
    return arranged(ask, rows)


def _mark(one: Indicator) -> Text:
    if one.value is None and not one.level:
        return Text("资料不足", "Not known") if one.applies else Text("不适用", "Does not apply")
    return LEVEL_WORDS[one.level]


def steps_of(platforms: Platforms, platform: Platform) -> Ladder:
    """The ladder from the day of the ledger on."""
    return ladder(platform.debts, platform.period or platforms.terms.day, MONTHS)


def rungs(platforms: Platforms, platform: Platform, ask: ListRequest) -> Listing:
    """The months of the ladder in which something falls due."""
    rows = [
        {"month": f"{rung.month:%Y-%m}", "total": rung.total, "debts": rung.debts}
        | {name: rung.amounts.get(name) for name in CLASSES}
        for rung in steps_of(platforms, platform).rungs
        if rung.debts
    ]
    return arranged(ask, rows)


def plan(platforms: Platforms, platform: Platform, ask: ListRequest) -> Listing:
    """The lines of the plan."""
    rows = [
        {
            "quarter": one.quarter,
            "method": METHODS.get(one.method, Text(one.method, one.method)),
            "planned": one.planned,
            "actual": one.actual,
            "gap": one.gap,
            **{name: getattr(one, name) or None for name in ("source_of_money", "responsible", "evidence", "approval")},
        }
        for one in platforms.progress[platform.enterprise_id].lines
    ]
    return arranged(ask, rows)


def debts(platforms: Platforms, platform: Platform, ask: ListRequest) -> Listing:
    """The ledger of debts, each with the prohibitions it runs against."""
    barred = platforms.barred.of(platform.enterprise_id)
    rows = []
    for one in platform.debts:
        why = barred.get(one.debt_no, ())
        rows.append(
            {
                "debt_no": one.debt_no,
                "creditor": one.creditor,
                "instrument": words.label("platform_debt", "instrument", one.instrument),
                "balance": one.balance,
                "cost": one.all_in,
                "starts_on": one.starts_on,
                "matures_on": one.matures_on,
                "use": words.label("platform_debt", "use", one.use),
                "hidden": words.label("platform_debt", "is_hidden", one.hidden),
                "guarantee_mode": words.label("platform_debt", "guarantee_mode", one.guarantee_mode),
                "treatment": words.label("platform_debt", "treatment", one.treatment),
                "state": words.label("platform_debt", "debt_state", one.state),
                "barred": _together([theme.label for theme in why]),
                "registry_no": one.registry_no or None,
                "next_payment_on": one.next_payment_on,
            }
        )
    return arranged(ask, rows)


def _together(texts: list[Text]) -> Text | None:
    return Text("；".join(t.zh for t in texts), "; ".join(t.en for t in texts)) if texts else None


def barred_debts(platforms: Platforms, platform: Platform) -> int:
    """How many debts run against a prohibition; those whose use nobody told are not counted."""
    found = platforms.barred.of(platform.enterprise_id).values()
    return sum(any(theme.name != UNTOLD for theme in themes) for themes in found)


def creditors(platforms: Platforms, platform: Platform, ask: ListRequest) -> Listing:
    """The creditors and their answers."""
    found = platforms.exits[platform.enterprise_id].consent
    whole = sum((one.balance for one in found.creditors), Decimal(0))
    rows = [
        {
            "name": one.name,
            "creditor_id": one.creditor_id if one.creditor_id != one.name else "",
            "balance": one.balance,
            "part": one.balance / whole if whole else None,
            "answer": VOTES[one.vote],
            "told": one.told,
            "voted_on": one.voted_on,
            "evidence": one.evidence or None,
        }
        for one in found.creditors
    ]
    return arranged(ask, rows)


def replaced(found: Swap | None, ask: ListRequest) -> Listing:
    """The debts a scenario replaces."""
    rows: list[dict[str, Any]] = [
        {
            "debt_no": one.debt.debt_no,
            "creditor": one.debt.creditor,
            "instrument": words.label("platform_debt", "instrument", one.debt.instrument),
            "balance": one.debt.balance,
            "cost": one.debt.all_in,
            "matures_on": one.debt.matures_on,
            "days": one.days,
            "old_interest": one.old_interest,
            "new_interest": one.new_interest,
            "saved": one.saved,
        }
        for one in (found.replaced if found is not None else ())
    ]
    return arranged(ask, rows)
