"""A scenario: dear non-standard debt replaced by a syndicated loan. What it saves, what it costs, what it risks.

A scenario proposes; it changes nothing in the book. Interest is simple, by days over 365, on whole balances: a balance
is taken to stand until its last day, as the ledger has no instalments. Saving is counted until the old debts would have
fallen due, for after that the old cost is not known. Every amount is rounded to the fen once, half up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from houfeng.errors import InputError, Problem, Text
from houfeng.packs.language.functions import add_months
from houfeng.platforms.ladder import Ladder, ladder
from houfeng.platforms.ledger import NONE, Debt, Platform, weighted_cost

FEN = Decimal("0.01")
HUNDRED = Decimal(100)
YEAR = 365


@dataclass(frozen=True, slots=True)
class Offer:
    """The new loan: `rate` and `fee` in percent (the fee once, of the new principal), `term_months`, `haircut` percent
    of the old balances that creditors forgo, `breakage` percent of them paid for leaving early, `stress` percentage
    points that its rate may rise."""

    rate: Decimal
    term_months: int
    fee: Decimal = NONE
    haircut: Decimal = NONE
    breakage: Decimal = NONE
    stress: Decimal = Decimal(1)
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """One debt that is replaced: interest it would have cost to its last day, and that of the new loan on its part."""

    debt: Debt
    days: int | None
    old_interest: Decimal | None
    new_interest: Decimal | None

    @property
    def saved(self) -> Decimal | None:
        """Interest saved to the old last day; below zero where the new loan is dearer."""
        if self.old_interest is None or self.new_interest is None:
            return None
        return self.old_interest - self.new_interest


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures a swap moves."""

    total: Decimal
    cost: Decimal | None
    nonstandard: Decimal
    short: Decimal
    peak: Decimal | None
    hidden: Decimal


@dataclass(frozen=True, slots=True)
class Swap:
    """What comes of the scenario. `yearly` is the saving of a full year at today's balances, `saved` all interest saved
    to the old last days, `costs` fee and breakage, `net` saved less costs plus what creditors forgo; `months_to_even`
    until the yearly saving has paid the costs. `risks` are told in words."""

    offer: Offer
    on: date
    replaced: tuple[Replaced, ...]
    principal: Decimal
    forgone: Decimal
    yearly: Decimal | None
    saved: Decimal
    costs: Decimal
    net: Decimal
    months_to_even: int | None
    before: Measures
    after: Measures
    ladders: tuple[Ladder, Ladder]
    risks: tuple[Text, ...]


def candidates(platform: Platform, dearer_than: Decimal) -> list[Debt]:
    """Non-standard debts whose all-in cost is above `dearer_than`, the dearest first."""
    found = [d for d in platform.debts if d.nonstandard and d.all_in is not None and d.all_in > dearer_than]
    return sorted(found, key=lambda d: (-(d.all_in or NONE), d.debt_no))


def swap(platform: Platform, debts: Sequence[Debt], offer: Offer, day: date, wall_months: int = 12) -> Swap:
    """The scenario of replacing `debts` of `platform` by one new loan taken on `day` (or `offer.on`).

    Raises:
        InputError: nothing is chosen, or a figure of the offer is out of range; tells all at once.
    """
    on = offer.on or day
    _check(debts, offer)
    every = [_replaced(debt, offer, on) for debt in debts]
    balance = sum((debt.balance for debt in debts), NONE)
    forgone = _fen(balance * offer.haircut / HUNDRED)
    principal = balance - forgone
    costs = _fen(principal * offer.fee / HUNDRED) + _fen(balance * offer.breakage / HUNDRED)
    saved = sum((one.saved for one in every if one.saved is not None), NONE)
    yearly = _yearly(debts, principal, offer.rate)
    after = _after(platform, debts, principal, offer, on)
    before_ladder, after_ladder = ladder(platform.debts, on, 36), ladder(after, on, 36)
    return Swap(
        offer=offer,
        on=on,
        replaced=tuple(every),
        principal=principal,
        forgone=forgone,
        yearly=yearly,
        saved=saved,
        costs=costs,
        net=saved - costs + forgone,
        months_to_even=_even(costs, yearly),
        before=_measures(platform.debts, before_ladder, on, wall_months),
        after=_measures(after, after_ladder, on, wall_months),
        ladders=(before_ladder, after_ladder),
        risks=tuple(_risks(debts, principal, offer, on, yearly)),
    )


def _check(debts: Sequence[Debt], offer: Offer) -> None:
    problems = []
    if not debts:
        problems.append(
            Problem("swap.nothing", Text("没有可置换的债务", "there is no debt to replace"),
                    suggestion=Text("放低成本线，或指明债务", "lower the line of cost, or name debts"))
        )  # fmt: skip
    for name, zh, value, most in (
        ("rate", "利率", offer.rate, 36), ("fee", "费率", offer.fee, 20), ("haircut", "折让", offer.haircut, 100),
        ("breakage", "提前还款成本", offer.breakage, 20), ("stress", "压力上浮", offer.stress, 36),
    ):  # fmt: skip
        if not NONE <= value <= most:
            text = Text(f"{zh}应在 0 至 {most}% 之间", f"{name} must be 0 to {most} %")
            problems.append(Problem("swap.out_of_range", text, value=str(value)))
    if not 1 <= offer.term_months <= 360:
        text = Text("期限应为 1 至 360 个月", "the term must be 1 to 360 months")
        problems.append(Problem("swap.out_of_range", text, value=str(offer.term_months)))
    if problems:
        raise InputError(Text("置换方案不成立", "the scenario cannot be counted"), problems)


def _replaced(debt: Debt, offer: Offer, on: date) -> Replaced:
    if debt.matures_on is None or debt.all_in is None:
        return Replaced(debt, None, None, None)
    days = max(0, (debt.matures_on - on).days)
    part = debt.balance - debt.balance * offer.haircut / HUNDRED
    return Replaced(debt, days, _interest(debt.balance, debt.all_in, days), _interest(part, offer.rate, days))


def _interest(balance: Decimal, rate: Decimal, days: int) -> Decimal:
    return _fen(balance * rate * days / (HUNDRED * YEAR))


def _fen(amount: Decimal) -> Decimal:
    return amount.quantize(FEN, "ROUND_HALF_UP")


def _yearly(debts: Iterable[Debt], principal: Decimal, rate: Decimal) -> Decimal | None:
    """The saving of a full year; None where the cost of a debt is not known."""
    old = NONE
    for debt in debts:
        if debt.all_in is None:
            return None
        old += debt.balance * debt.all_in
    return _fen((old - principal * rate) / HUNDRED)


def _even(costs: Decimal, yearly: Decimal | None) -> int | None:
    """Whole months until the yearly saving has paid the costs; None where it never does."""
    if not costs:
        return 0
    if yearly is None or yearly <= 0:
        return None
    return math.ceil(Fraction(costs) * 12 / Fraction(yearly))


def _after(platform: Platform, debts: Sequence[Debt], principal: Decimal, offer: Offer, on: date) -> list[Debt]:
    """The debts once the new loan has taken the place of the old; the hidden part of it stays hidden."""
    gone = {debt.debt_no for debt in debts}
    hidden = sum((debt.balance for debt in debts if debt.hidden), NONE)
    share = hidden / sum((debt.balance for debt in debts), NONE)
    kept = _fen(principal * share)
    loan = Debt(
        "syndicated", principal - kept, instrument="bank_loan", cost=offer.rate, starts_on=on, hidden=False,
        matures_on=add_months(on, offer.term_months),
    )  # fmt: skip
    parts = [loan, replace(loan, debt_no="syndicated-hidden", balance=kept, hidden=True)]
    return [debt for debt in platform.debts if debt.debt_no not in gone] + [one for one in parts if one.balance]


def _measures(debts: Sequence[Debt], steps: Ladder, on: date, months: int) -> Measures:
    limit = add_months(on, 12) or date.max
    return Measures(
        total=sum((debt.balance for debt in debts), NONE),
        cost=weighted_cost(debts),
        nonstandard=sum((debt.balance for debt in debts if debt.nonstandard), NONE),
        short=sum((d.balance for d in debts if d.matures_on is not None and d.matures_on <= limit), NONE),
        peak=steps.peak(months)[1],
        hidden=sum((debt.balance for debt in debts if debt.hidden), NONE),
    )


def _risks(debts: Sequence[Debt], principal: Decimal, offer: Offer, on: date, yearly: Decimal | None) -> list[Text]:
    found = []
    if yearly is not None and yearly <= 0:
        found.append(Text("新贷款不比原债务便宜", "the new loan is not cheaper than the old debts"))
    if offer.stress:
        more = _fen(principal * offer.stress / HUNDRED)
        zh = f"利率若上浮{offer.stress.normalize():f}个百分点，每年多付{more:,.2f}元"
        found.append(Text(zh, f"a rate {offer.stress.normalize():f} points higher costs {more:,.2f} yuan a year more"))
    due = add_months(on, offer.term_months)
    longer = sum(
        (d.balance for d in debts if d.matures_on is not None and due is not None and d.matures_on < due), NONE
    )
    if longer:
        found.append(
            Text(
                f"{longer:,.2f}元的到期日推后，总利息会随期限增加；节省只算到原到期日",
                f"{longer:,.2f} yuan fall due later: interest goes on; the saving is counted to the old days only",
            )
        )
    hidden = sum((d.balance for d in debts if d.hidden), NONE)
    if hidden:
        found.append(
            Text(
                f"其中{hidden:,.2f}元是隐性债务，置换后仍是隐性债务，须报监测平台",
                f"{hidden:,.2f} yuan are hidden debt and stay so: the registry must be told",
            )
        )
    unknown = sum(one.matures_on is None or one.all_in is None for one in debts)
    if unknown:
        found.append(
            Text(f"{unknown}笔缺到期日或成本，未计入节省", f"{unknown} without a last day or cost: not in the saving")
        )
    late = sum(one.state == "overdue" for one in debts)
    if late:
        found.append(Text(f"{late}笔已逾期，罚息与违约责任未计", f"{late} overdue: penalties are not counted"))
    held = sorted({one.holder for one in debts})
    found.append(
        Text(
            f"{len(held)}个原债权人须同意提前结清；风险由非标债权人转到银团",
            f"{len(held)} old creditors must agree to be paid early; the risk moves from them to the banks",
        )
    )
    return found
