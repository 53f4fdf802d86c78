"""What a loan truly costs: the effective annual rate of the money that actually moves, fees and subsidies included.

The firm receives the principal less the fees taken at once, pays interest and principal month by month, and gets a
subsidy with the interest of each month in which it is counted. The rate at which all of it is worth nothing at the
start, compounded yearly, is the effective annual rate (the internal rate of return, as 中国人民银行公告〔2021〕第3号
asks for with 复利). Beside it stands the simple rate: all costs over the principal outstanding, a year (单利). Money
is exact and rounded to the fen where it is paid; the rates are doubles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

FEN = Decimal("0.01")
MONTHS = 12


class Repayment(StrEnum):
    """How principal comes back."""

    BULLET = "bullet"
    EQUAL_PRINCIPAL = "equal_principal"
    ANNUITY = "annuity"


@dataclass(frozen=True, slots=True)
class Support:
    """A subsidy on interest: `points` percent a year of the principal, for `months`, on at most `ceiling` yuan.

    At most `of_interest` percent of the interest itself comes back (100: all of it), and at most `most` yuan in all.
    """

    name: str
    points: Decimal
    months: int
    ceiling: Decimal | None = None
    most: Decimal | None = None
    of_interest: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True)
class Loan:
    """What is borrowed and on which terms: `rate` percent a year, `fee` yuan at the start, `yearly_fee` percent of the
    principal outstanding at the start of each year (a guarantee's)."""

    amount: Decimal
    months: int
    rate: Decimal
    fee: Decimal = Decimal(0)
    yearly_fee: Decimal = Decimal(0)
    repayment: Repayment = Repayment.BULLET
    support: Support | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What it comes to. `flows[t]` is what the firm receives (or, negative, pays) t months after the start.

    `effective` is nothing where no rate makes the flows worth nothing.
    """

    effective: float | None
    simple: float
    interest: Decimal
    fees: Decimal
    subsidy: Decimal
    flows: tuple[Decimal, ...] = field(repr=False)


def cost_of(loan: Loan) -> Cost:
    """The cost of a loan, to the fen."""
    flows = [Decimal(0)] * (loan.months + 1)
    outstanding = loan.amount
    flows[0] = loan.amount - loan.fee
    interest, fees, subsidy, borrowed = Decimal(0), loan.fee, Decimal(0), Decimal(0)
    parts = _principal(loan)
    for month in range(1, loan.months + 1):
        if (month - 1) % MONTHS == 0 and loan.yearly_fee:
            charged = _fen(outstanding * loan.yearly_fee / 100)
            flows[month - 1] -= charged
            fees += charged
        due = _fen(outstanding * loan.rate / 100 / MONTHS)
        back = _subsidy(loan.support, month, outstanding, due, subsidy)
        flows[month] -= due - back + parts[month - 1]
        interest, subsidy, borrowed = interest + due, subsidy + back, borrowed + outstanding
        outstanding -= parts[month - 1]
    simple = float((interest + fees - subsidy) / (borrowed / MONTHS) * 100) if borrowed else 0.0
    return Cost(effective_rate(flows), simple, interest, fees, subsidy, tuple(flows))


def _subsidy(support: Support | None, month: int, outstanding: Decimal, due: Decimal, given: Decimal) -> Decimal:
    """What comes back of one month's interest."""
    if support is None or month > support.months:
        return Decimal(0)
    base = outstanding if support.ceiling is None else min(outstanding, support.ceiling)
    back = min(_fen(base * support.points / 100 / MONTHS), _fen(due * support.of_interest / 100))
    return back if support.most is None else max(Decimal(0), min(back, support.most - given))


def _principal(loan: Loan) -> list[Decimal]:
    """What of the principal is paid back each month; the last month takes the rounding."""
    months, amount = loan.months, loan.amount
    if loan.repayment is Repayment.BULLET:
        return [Decimal(0)] * (months - 1) + [amount]
    if loan.repayment is Repayment.EQUAL_PRINCIPAL or loan.rate == 0:
        parts = [_fen(amount / months)] * (months - 1)
        return [*parts, amount - sum(parts)]
    monthly = loan.rate / 100 / MONTHS
    payment = _fen(amount * monthly / (1 - (1 + monthly) ** -months))
    parts, outstanding = [], amount
    for _ in range(months - 1):
        parts.append(payment - _fen(outstanding * monthly))
        outstanding -= parts[-1]
    return [*parts, outstanding]


def effective_rate(flows: Sequence[Decimal]) -> float | None:
    """The yearly rate in percent at which monthly `flows` are worth nothing at the start; nothing where there is none.

    A borrower's flows are first in, then out, so their worth rises with the rate and has one root; it is found by
    halving, which cannot miss it.
    """
    values = [float(flow) for flow in flows]
    if not values or values[0] <= 0 or sum(value < 0 for value in values) == 0:
        return None
    low, high = -0.5, 1.0
    while _worth(values, high) < 0:
        high *= 2
        if high > 1e6:
            return None
    if _worth(values, low) > 0:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        if _worth(values, middle) < 0:
            low = middle
        else:
            high = middle
        if high - low < 1e-15:
            break
    monthly = (low + high) / 2
    return float(((1 + monthly) ** MONTHS - 1) * 100)


def _worth(values: Sequence[float], monthly: float) -> float:
    worth = 0.0
    for value in reversed(values):
        worth = worth / (1 + monthly) + value
    return worth


def _fen(value: Decimal) -> Decimal:
    return value.quantize(FEN, ROUND_HALF_UP)
