"""The money of relending: interest by ACT/360, drawings and their extensions, what is taken back after an audit.

Terms are those of a day, handed in: rates, months and penalties are dated parameters of the packs, never constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from houfeng.errors import Text, UsageError
from houfeng.packs.language.functions import add_months

FEN = Decimal("0.01")
YEAR = 360
"""Days of a year in the interest of central-bank money (domain §12)."""

_EXACT = Context(prec=60)

Rates = Callable[[date], Decimal | None]
"""The rate in percent a year that holds on a day, or nothing."""


def interest(principal: Decimal, rate: Decimal, since: date, until: date, *, year: int = YEAR) -> Decimal:
    """Interest from `since` to before `until`, half up to the fen.

    Raises:
        UsageError: the days are turned.
    """
    if until < since:
        raise UsageError(Text(f"起止日颠倒：{since}、{until}", f"the days are turned: {since}, {until}"))
    whole = _EXACT.multiply(_EXACT.multiply(principal, rate), Decimal((until - since).days))
    return _EXACT.divide(whole, Decimal(100 * year)).quantize(FEN, ROUND_HALF_UP, context=_EXACT)


@dataclass(frozen=True, slots=True)
class Leg:
    """One term of a drawing: from `since` to its maturity `until`, at the rate of its first day.

    An extension is a leg of its own (`number` from 1); the loans behind it are tested again on its first day.
    """

    number: int
    since: date
    until: date
    rate: Decimal
    interest: Decimal


def legs(
    principal: Decimal, drawn_on: date, term_months: int, extensions: int, rate_on: Rates, *, year: int = YEAR
) -> list[Leg]:
    """The drawing and as many extensions as are allowed, each a term long at the rate of its first day.

    Raises:
        UsageError: no rate holds on a leg's first day, or a term is not above zero.
    """
    if term_months < 1:
        raise UsageError(Text("期限应至少一个月", "a term is at least one month"))
    found: list[Leg] = []
    for number in range(extensions + 1):
        since, until = add_months(drawn_on, number * term_months), add_months(drawn_on, (number + 1) * term_months)
        assert since is not None
        assert until is not None
        rate = rate_on(since)
        if rate is None:
            raise UsageError(Text(f"{since} 没有再贷款利率", f"no relending rate holds on {since}"))
        found.append(Leg(number, since, until, rate, interest(principal, rate, since, until, year=year)))
    return found


@dataclass(frozen=True, slots=True)
class Penalty:
    """What a failed audit adds: `points` a year on top of the rate, and a ban of so many months; both parameters."""

    points: Decimal
    ban_months: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Money taken back early: the principal, its interest from the last payment, the penalty, and the ban's end."""

    principal: Decimal
    interest: Decimal
    penalty: Decimal
    banned_until: date | None

    @property
    def total(self) -> Decimal:
        """What is to be paid in all."""
        return self.principal + self.interest + self.penalty


def recall(
    principal: Decimal, rate: Decimal, drawn_on: date, paid_until: date, found_on: date, terms: Penalty,
    *, year: int = YEAR,
) -> Recall:  # fmt: skip
    """Recall relending whose loans failed an audit on `found_on`; the day of repayment does not count.

    Interest runs from `paid_until`, the penalty from the drawing: the money should never have been lent.
    """
    ends = add_months(found_on, terms.ban_months) if terms.ban_months else None
    return Recall(
        principal,
        interest(principal, rate, paid_until, found_on, year=year),
        interest(principal, terms.points, drawn_on, found_on, year=year),
        ends,
    )


@dataclass(frozen=True, slots=True)
class Refund:
    """A subsidy given back: how much, and to whom."""

    amount: Decimal
    central: Decimal

    @property
    def provincial(self) -> Decimal:
        """The province's part: what is not the centre's."""
        return self.amount - self.central


def refund(paid: Sequence[tuple[Decimal, Decimal]], due: Sequence[tuple[Decimal, Decimal]]) -> Refund:
    """What is to be given back where a claim is counted anew: paid less due, line by line.

    Each pair is (amount, central part). A line that is due more than was paid is no refund: it is claimed, not netted.

    Raises:
        UsageError: the lines do not pair.
    """
    if len(paid) != len(due):
        raise UsageError(Text("两份明细的行数不同", "the two lists differ in length"))
    amount = central = Decimal("0.00")
    for (gave, of_centre), (owed, owed_centre) in zip(paid, due, strict=True):
        if gave > owed:
            amount, central = amount + gave - owed, central + of_centre - owed_centre
    return Refund(amount, central)
