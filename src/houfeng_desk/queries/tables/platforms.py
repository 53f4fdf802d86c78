"""The tables of a platform's tabs that stand beside the list of each: conditions of an exit, ways, a swap's figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from houfeng.errors import Text
from houfeng.platforms.ledger import Platform
from houfeng.platforms.plan import Step, against_ledger
from houfeng.platforms.swap import Measures, Swap
from houfeng_desk.queries.platforms.book import Platforms
from houfeng_desk.queries.platforms.detail import METHODS
from houfeng_desk.queries.tables.shape import NO, YES, Made, column

UNKNOWN = Text("不明", "not known")
SHARE, TIMES, YUAN = Text("%", "%"), Text("倍", "times"), Text("元", "yuan")


@dataclass(frozen=True)
class Given:
    """The question: which platform, and what a swap of the address comes to (nothing: no debt to replace)."""

    platforms: Platforms
    platform: Platform
    swap: Callable[[], Swap | None]


def apart(platforms: Platforms, platform: Platform) -> tuple[tuple[Step, ...], list[Step]]:
    """The quarters told against the ledger, and those of them where the two do not agree."""
    hidden = platforms.hidden.get(platform.enterprise_id, {})
    steps = against_ledger(platform, hidden, platforms.terms.day)
    return steps, [one for one in steps if one.unexplained]


def _conditions(given: Given) -> Made:
    columns = (
        column("label", "条件", "Condition"), column("met", "满足", "Met"), column("why", "依据", "Because"),
        column("reference", "出处", "Reference"),
    )  # fmt: skip
    rows = [
        {
            "label": one.label,
            "met": UNKNOWN if one.met is None else YES if one.met else NO,
            "why": one.why,
            "reference": one.reference,
        }
        for one in given.platforms.exits[given.platform.enterprise_id].conditions
    ]
    return columns, rows


def _breaches(given: Given) -> Made:
    columns = (
        column("why", "问题", "What is wrong"), column("debt_no", "债务", "Debt", "code"),
        column("starts_on", "起始", "From", "date"),
    )  # fmt: skip
    rows = [
        {"why": why, "debt_no": debt.debt_no if debt else "", "starts_on": debt.starts_on if debt else None}
        for debt, why in given.platforms.exits[given.platform.enterprise_id].breaches
    ]
    return columns, rows


def _ways(given: Given) -> Made:
    columns = (
        column("method", "化解方式", "Way"), column("planned", "计划", "Planned", "money"),
        column("actual", "实际", "Actual", "money"),
    )  # fmt: skip
    found = given.platforms.progress[given.platform.enterprise_id].by_method()
    rows = [
        {"method": METHODS.get(name, Text(name, name)), "planned": planned, "actual": actual}
        for name, (planned, actual) in found.items()
    ]
    return columns, rows


def _against(given: Given) -> Made:
    columns = (
        column("quarter", "季度", "Quarter", "date"), column("resolved", "所报化解", "Told as resolved", "money"),
        column("gone", "台账减少", "Gone from the ledger", "money"),
        column("unexplained", "台账未见", "Not seen in the ledger", "money"),
    )  # fmt: skip
    rows = [
        {
            "quarter": one.quarter,
            "resolved": one.resolved,
            "gone": one.before - one.after,
            "unexplained": one.unexplained,
        }
        for one in apart(given.platforms, given.platform)[1]
    ]
    return columns, rows


def _swap(given: Given) -> Made:
    columns = (
        column("label", "指标", "Indicator"), column("unit", "单位", "Unit"), column("before", "置换前", "Before"),
        column("after", "置换后", "After"),
    )  # fmt: skip
    found = given.swap()
    if found is None:
        return columns, []
    before, after = _measured(found.before), _measured(found.after)
    rows = [
        {"label": label, "unit": unit, "before": _plain(value), "after": _plain(after[place][2])}
        for place, (label, unit, value) in enumerate(before)
    ]
    return columns, rows


def _measured(one: Measures) -> tuple[tuple[Text, Text, Decimal | None], ...]:
    def part(value: Decimal) -> Decimal | None:
        return value * 100 / one.total if one.total else None

    return (
        (Text("综合融资成本", "All-in cost"), SHARE, one.cost),
        (Text("非标占比", "Non-standard over debt"), SHARE, part(one.nonstandard)),
        (Text("短债占比", "Short debt over debt"), SHARE, part(one.short)),
        (Text("最大单月与月均之比", "Largest month over the mean"), TIMES, one.peak),
        (Text("隐性债务", "Hidden debt"), YUAN, one.hidden),
    )


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _months(given: Given) -> Made:
    columns = (
        column("month", "月份", "Month"), column("before", "置换前", "Before", "money"),
        column("after", "置换后", "After", "money"),
    )  # fmt: skip
    found = given.swap()
    if found is None:
        return columns, []
    old, new = found.ladders
    rows = [
        {"month": f"{one.month:%Y-%m}", "before": one.total, "after": other.total}
        for one, other in zip(old.rungs, new.rungs, strict=True)
    ]
    return columns, rows


@dataclass(frozen=True)
class PlatformTable:
    """One table: what it is called, on which tab it stands, and its columns and rows."""

    title: Text
    tab: str
    made: Callable[[Given], Made]


TABLES: dict[str, PlatformTable] = {
    "conditions": PlatformTable(Text("退出条件", "Conditions of the exit"), "exit", _conditions),
    "breaches": PlatformTable(Text("退出后的问题", "What is wrong after the exit"), "exit", _breaches),
    "ways": PlatformTable(Text("分方式化解", "Resolution by way"), "plan", _ways),
    "against-ledger": PlatformTable(Text("与债务台账核对", "Against the ledger"), "plan", _against),
    "swap-figures": PlatformTable(Text("置换测算结果", "What a swap comes to"), "swap", _swap),
    "swap-months": PlatformTable(Text("置换前后到期分布", "Due before and after a swap"), "swap", _months),
}
