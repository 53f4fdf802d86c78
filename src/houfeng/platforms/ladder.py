"""The ladder (到期墙): what falls due month by month, by instrument, and the largest month against the mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from houfeng.clock import month_end
from houfeng.platforms.ledger import NONE, Debt

CLASSES = ("bank_loan", "bond", "nonstandard", "offshore", "other")
"""The steps of a rung: instruments as the ladder groups them."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One month: what falls due in it by class of instrument, and how many debts."""

    month: date
    amounts: dict[str, Decimal]
    debts: int

    @property
    def total(self) -> Decimal:
        """All that falls due in the month."""
        return sum(self.amounts.values(), NONE)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs from the month after `day` on. `passed` was due on `day` or before and still stands; `later` falls due
    after the last rung; `undated` has no day. Rungs and these three make the whole balance."""

    day: date
    rungs: tuple[Rung, ...]
    passed: Decimal
    later: Decimal
    undated: Decimal

    @property
    def within(self) -> Decimal:
        """What falls due on the rungs."""
        return sum((rung.total for rung in self.rungs), NONE)

    def peak(self, months: int) -> tuple[Rung | None, Decimal | None]:
        """The largest of the first `months` rungs, and it over their mean (months without a debt count); None where
        nothing falls due."""
        looked = self.rungs[:months]
        whole = sum((rung.total for rung in looked), NONE)
        if not whole:
            return None, None
        largest = max(looked, key=lambda rung: (rung.total, -rung.month.toordinal()))
        return largest, largest.total * len(looked) / whole


def ladder(debts: Iterable[Debt], day: date, months: int = 24) -> Ladder:
    """The ladder of `debts` over the `months` months after `day`.

    The whole balance is taken to fall due on its last day: the ledger has no schedule of instalments. What falls due in
    the rest of the month of `day` stands on the first rung where `day` is not that month's end.
    """
    first = _month_after(day) if day == month_end(day) else month_end(day)
    ends = [first]
    while len(ends) < months:
        ends.append(_month_after(ends[-1]))
    amounts: dict[date, dict[str, Decimal]] = {end: {} for end in ends}
    counts = dict.fromkeys(ends, 0)
    passed = later = undated = NONE
    for debt in debts:
        if debt.matures_on is None:
            undated += debt.balance
        elif debt.matures_on <= day:
            passed += debt.balance
        elif (end := month_end(debt.matures_on)) in amounts:
            kind = class_of(debt.instrument)
            amounts[end][kind] = amounts[end].get(kind, NONE) + debt.balance
            counts[end] += 1
        else:
            later += debt.balance
    rungs = tuple(Rung(end, amounts[end], counts[end]) for end in ends)
    return Ladder(day, rungs, passed, later, undated)


def class_of(instrument: str) -> str:
    """The class of the ladder an instrument belongs to."""
    kind = instrument.partition("_")[0] if instrument.startswith("nonstandard") else instrument
    return kind if kind in CLASSES else "other"


def _month_after(end: date) -> date:
    return month_end(date.fromordinal(end.toordinal() + 1))
