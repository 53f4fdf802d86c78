"""What can be said of a cell: the catalogue of measures, and how each follows from exact sums.

All quotients are taken here, once, from whole sums, in decimal arithmetic and rounded half up: a weighted rate to five
decimals, a percentage to two. Nothing that was rounded is used again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from typing import Any

from houfeng.errors import Text, UsageError, did_you_mean

RATE_STEP, PERCENT_STEP = Decimal("0.00001"), Decimal("0.01")
EXACT = Context(prec=76, rounding=ROUND_HALF_UP)

Value = Decimal | int | None


class Unit(StrEnum):
    """How a figure is shown: money in the table's unit, a rate or a share in percent, a count."""

    MONEY = "money"
    RATE = "rate"
    PERCENT = "percent"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Cell:
    """The sums of one theme in one cell: of the period, of all loans there, of the month's flow, of other periods.

    `then` maps the name of an earlier period (`year`, `month`, `ytd`, `compare`) to its amount there; a period that is
    not in the book is missing.
    """

    now: Mapping[str, Any]
    every: Mapping[str, Any]
    flow: Mapping[str, Any]
    then: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what it needs, and how it follows."""

    name: str
    label: Text
    unit: Unit
    of: Callable[[Cell], Value]
    sums: tuple[str, ...] = ()
    flow: tuple[str, ...] = ()
    then: str = ""


def quotient(part: Decimal, whole: Decimal, step: Decimal, times: int = 1) -> Decimal | None:
    """`part` × `times` ÷ `whole`, rounded half up to `step`; nothing where the whole is nothing."""
    if not whole:
        return None
    with localcontext(EXACT):
        return (part * times / whole).quantize(step)


def _sum(name: str) -> Callable[[Cell], Value]:
    return lambda cell: cell.now.get(name, Decimal(0))


def _count(name: str) -> Callable[[Cell], Value]:
    return lambda cell: int(cell.now.get(name, 0))


def _part(name: str) -> Callable[[Cell], Value]:
    return lambda cell: quotient(cell.now.get(name, Decimal(0)), cell.now.get("amount", Decimal(0)), PERCENT_STEP, 100)


def _growth(period: str) -> Callable[[Cell], Value]:
    def growth(cell: Cell) -> Value:
        then = cell.then.get(period)
        if then is None:
            return None
        return quotient(cell.now.get("amount", Decimal(0)) - then, then, PERCENT_STEP, 100)

    return growth


def _change(cell: Cell) -> Value:
    then = cell.then.get("compare")
    return None if then is None else cell.now.get("amount", Decimal(0)) - then


def _rate(cell: Cell) -> Value:
    return quotient(cell.now.get("weighted", Decimal(0)), cell.now.get("weight", Decimal(0)), RATE_STEP)


def _flow_rate(cell: Cell) -> Value:
    return quotient(cell.flow.get("weighted", Decimal(0)), cell.flow.get("weight", Decimal(0)), RATE_STEP)


def _flow_amount(cell: Cell) -> Value:
    amount: Decimal = cell.flow.get("amount", Decimal(0))
    return amount


def _share(cell: Cell) -> Value:
    return quotient(cell.now.get("amount", Decimal(0)), cell.every.get("amount", Decimal(0)), PERCENT_STEP, 100)


def _catalogue() -> Iterable[Measure]:
    money, rate, percent, count = Unit.MONEY, Unit.RATE, Unit.PERCENT, Unit.COUNT
    weigh = ("weighted", "weight")
    yield Measure("balance", Text("余额", "Balance"), money, _sum("amount"), ("amount",))
    yield Measure("share", Text("占各项贷款%", "Share of all loans, %"), percent, _share, ("amount",))
    yield Measure("rate", Text("加权利率%", "Weighted rate, %"), rate, _rate, weigh)
    yield Measure("borrowers", Text("户数", "Borrowers"), count, _count("borrowers"), ("borrowers",))
    yield Measure("notes", Text("笔数", "Notes"), count, _count("notes"), ("notes",))
    for period, zh, en in (
        ("year", "同比%", "On the year, %"),
        ("month", "环比%", "On the month, %"),
        ("ytd", "比年初%", "On the year's start, %"),
        ("compare", "比对比期%", "On the period compared, %"),
    ):
        yield Measure(f"growth_{period}", Text(zh, en), percent, _growth(period), ("amount",), then=period)
    yield Measure(
        "balance_compare", Text("对比期余额", "Balance then"), money, lambda c: c.then.get("compare"), then="compare"
    )
    yield Measure("change", Text("比对比期增减", "Change"), money, _change, ("amount",), then="compare")
    yield Measure(
        "flow",
        Text("当月发放额", "Lent in the month"),
        money,
        _flow_amount,
        (),
        ("amount",),
    )
    yield Measure("flow_rate", Text("发放利率%", "Rate of new loans, %"), rate, _flow_rate, (), weigh)
    yield Measure(
        "flow_borrowers", Text("发放户数", "Borrowers lent to"), count, lambda c: int(c.flow.get("borrowers", 0)), (),
        ("borrowers",),
    )  # fmt: skip
    yield Measure(
        "flow_notes", Text("发放笔数", "Disbursements"), count, lambda c: int(c.flow.get("notes", 0)), (), ("notes",)
    )
    yield Measure("first_notes", Text("首贷笔数", "First loans"), count, _count("first_notes"), ("first_notes",))
    yield Measure(
        "first_borrowers", Text("首贷户数", "First borrowers"), count, _count("first_borrowers"), ("first_borrowers",)
    )
    yield Measure("first_amount", Text("首贷余额", "Balance of first loans"), money, _sum("first"), ("first",))
    yield Measure("credit_share", Text("信用贷款占比%", "Unsecured, %"), percent, _part("mode_D"), ("mode_D", "amount"))
    for mode, name, zh, en in (
        ("A", "pledged", "质押", "Pledged"),
        ("B", "mortgaged", "抵押", "Mortgaged"),
        ("C", "guaranteed", "保证", "Guaranteed"),
        ("D", "unsecured", "信用", "Unsecured"),
        ("E", "combined", "组合", "Combined"),
    ):
        yield Measure(name, Text(f"{zh}余额", en), money, _sum(f"mode_{mode}"), (f"mode_{mode}",))
    yield Measure("npl", Text("不良余额", "Non-performing"), money, _sum("npl"), ("npl",))
    yield Measure("npl_ratio", Text("不良率%", "NPL ratio, %"), percent, _part("npl"), ("npl", "amount"))


MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _catalogue()}

GROUPS: Mapping[str, tuple[str, ...]] = {
    "basic": ("balance", "share", "rate", "borrowers", "notes"),
    "growth": ("growth_year", "growth_month", "growth_ytd"),
    "flows": ("flow", "flow_rate", "flow_borrowers", "flow_notes"),
    "first": ("first_notes", "first_borrowers", "first_amount"),
    "guarantee": ("pledged", "mortgaged", "guaranteed", "unsecured", "combined", "credit_share"),
    "quality": ("npl", "npl_ratio"),
}
DEFAULT = (*GROUPS["basic"], "growth_year", "growth_ytd", "flow", "first_borrowers", "credit_share", "npl_ratio")


def chosen(names: Sequence[str], compare: bool) -> tuple[Measure, ...]:
    """The measures of these names, or groups of `GROUPS`, or `all`; those of a period compared only if there is one.

    Raises:
        UsageError: there is no such measure; names the nearest.
    """
    known = [*MEASURES, *GROUPS, "all"]
    found: dict[str, None] = {}
    for one in names:
        if one not in known:
            near, listed = did_you_mean(one, known), ", ".join(known)
            raise UsageError(
                Text(f"没有指标 {one}。{near.zh}可用：{listed}", f"no measure {one}. {near.en} There are: {listed}")
            )
        found |= dict.fromkeys(MEASURES if one == "all" else GROUPS.get(one, (one,)))
    if compare:
        found |= dict.fromkeys(("balance_compare", "change", "growth_compare"))
    return tuple(
        measure for name, measure in MEASURES.items() if name in found and (compare or measure.then != "compare")
    )
