"""The terms by which the items of an instrument turn into money, once the pack's expressions have been read.

An item is what an instrument counts: a note, or one purchase paid out of a note. Its columns are named here once, so
that the statement, the plain oracle of the tests and the benchmarks speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

KEY = ("institution_id", "contract_no", "note_no", "item_no")
"""What names an item. `item_no` is empty where the note itself is the item."""

ITEM: Mapping[str, str] = {
    **dict.fromkeys((*KEY, "borrower_id"), "VARCHAR"),
    "disbursed_on": "DATE",  # of a purchase: the day of the purchase
    "counted_from": "DATE",
    "counted_to": "DATE",  # exclusive
    "base": "BIGINT",  # fen
    "points": "BIGINT",  # percent a year × 10^scale; of relending: percent of the base × 10^scale
}
"""Columns of a table of items, and their types. A shape that follows the balance also wants `steps`; each ceiling
wants the columns of its `by` and its `limit` (fen)."""

STEPS = "STRUCT(since DATE, until DATE, left_fen BIGINT)[]"
ORDER = ("disbursed_on", *KEY)
"""In this order a ceiling is used up: disbursement, then listing, which is the order of the codes (domain §12)."""

YEAR = "year"
FIRST_DAY = date(1, 1, 1)
LAST_DAY = date(9999, 12, 31)


class Prepayment(StrEnum):
    """What an early repayment does to the counted time."""

    CONTRACT = "contract"  # nothing: the time of the contract counts
    TO_REPAYMENT = "to_repayment"  # the time ends on the day of full repayment; repayments in part change nothing
    BALANCE = "balance"  # day by day on what is still owed, up to the principal that was counted


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A cap used up by all items that agree in `by`: of their base, or of their amount. No limit: no cap.

    `by` names columns of the items, or `YEAR`: the calendar year of the days counted (of a base: of disbursement).
    """

    by: tuple[str, ...]
    on: str  # "base" or "amount"
    limit: str  # the column that holds the limit in fen


@dataclass(frozen=True, slots=True)
class Shape:
    """How an instrument counts.

    `over_time`: a subsidy, base × points × days; otherwise a share of the base, once, on disbursement. `scale` is the
    number of decimal places of the points; `central` what the centre pays in percent, nothing: all.
    """

    over_time: bool
    scale: int
    day_count: int = 365
    ceilings: tuple[Ceiling, ...] = ()
    follows_balance: bool = False
    central: Decimal | None = None

    @property
    def divisor(self) -> int:
        """What fen × points × days is divided by."""
        whole: int = 100 * 10**self.scale
        return whole * self.day_count if self.over_time else whole

    @property
    def on_base(self) -> tuple[Ceiling, ...]:
        """The ceilings of the principal, in the order written."""
        return tuple(c for c in self.ceilings if c.on == "base")

    @property
    def on_amount(self) -> tuple[Ceiling, ...]:
        """The ceilings of the money, in the order written."""
        return tuple(c for c in self.ceilings if c.on == "amount")
