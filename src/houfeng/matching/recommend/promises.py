"""What is promised under one limit and not in any book yet, by need."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal(0)


@dataclass
class Promises:
    """A need that several banks are asked for gets one loan: it counts once, with the most."""

    amounts: dict[str, Decimal] = field(default_factory=dict)
    total: Decimal = ZERO

    def take(self, need: str, amount: Decimal) -> None:
        """Note that `amount` is promised to a need."""
        before = self.amounts.get(need, ZERO)
        if amount > before:
            self.amounts[need] = amount
            self.total += amount - before

    def others(self, need: str) -> Decimal:
        """What is promised to other needs: none is counted against itself."""
        return self.total - self.amounts.get(need, ZERO)


NOTHING = Promises()
"""Nothing is promised; never added to."""
