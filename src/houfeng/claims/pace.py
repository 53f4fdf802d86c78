"""How fast a quota is used, and the day it will be used up: a plain mean over the last days, and it says so.

The pace is the net use (used less returned, where what comes back can be used again) of the last `days` days divided by
`days`; the day of exhaustion is today plus what is left divided by the pace, rounded up. No season, no trend: with a
handful of claims a quarter anything finer would be a guess in better clothes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from houfeng.claims.tables import ZERO, Quota, QuotaMove
from houfeng.errors import Text

FURTHEST = 36_500
"""Days ahead beyond which no day is named."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_day` in yuan; `ends` is the day it is used up, none where it is not, `days` the window it is taken over."""

    days: int
    net: Decimal
    per_day: Decimal
    left: Decimal | None
    ends: date | None

    @property
    def method(self) -> Text:
        """How it was reckoned, in words."""
        return Text(
            f"最近 {self.days} 天净使用 {self.net:,.2f} 元，日均 {self.per_day:,.2f} 元；按日均推算，不考虑季节与趋势",
            f"{self.net:,.2f} yuan net over the last {self.days} days, {self.per_day:,.2f} a day; carried on as it is, "
            "without season or trend",
        )


def pace(quota: Quota, moves: Sequence[QuotaMove], today: date, days: int) -> Pace:
    """The pace of a quota over the `days` days up to and with `today`."""
    since = today - timedelta(days=days)
    net = ZERO
    for move in moves:
        if since < move.day <= today:
            net += move.amount if move.act == "use" else -move.amount if move.act == "return" and quota.revolving else 0
    per_day = (net / days).quantize(Decimal("0.01"))
    ends = None
    if quota.left is not None and net > 0:
        ahead = math.ceil(quota.left * days / net)
        ends = today + timedelta(days=ahead) if ahead <= FURTHEST else None
    return Pace(days, net, per_day, quota.left, ends)


def daily(quota: Quota, moves: Sequence[QuotaMove]) -> list[tuple[date, Decimal, Decimal, Decimal]]:
    """At the end of each day on which something moved: ceiling, used, frozen."""
    ceiling = used = frozen = ZERO
    found: dict[date, tuple[Decimal, Decimal, Decimal]] = {}
    for move in moves:
        match move.act:
            case "grant":
                ceiling += move.amount
            case "freeze":
                frozen += move.amount
            case "unfreeze":
                frozen -= move.amount
            case "use":
                frozen, used = frozen - move.amount, used + move.amount
            case "return" if quota.revolving:
                used -= move.amount
        found[move.day] = (ceiling, used, frozen)
    return [(day, *sums) for day, sums in found.items()]
