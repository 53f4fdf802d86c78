"""The amounts once more, slowly and plainly: Decimal money, days counted one by one, ceilings used up in a dictionary.

It shares nothing with the statement but the meaning: what an item earned by a day is its principal times its points
for each day, a 365th (or 360th) of a percent at a time, rounded half up once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

EXACT = Context(prec=60)
FEN = Decimal("0.01")
DAY = timedelta(days=1)


@dataclass
class Item:
    """An item as a person would write it down: yuan, percent, days."""

    institution_id: str
    contract_no: str
    note_no: str
    item_no: str
    borrower_id: str
    disbursed_on: date
    counted_from: date
    counted_to: date
    base: Decimal
    points: Decimal
    limits: dict[str, Decimal | None] = field(default_factory=dict)
    repaid: dict[date, Decimal] = field(default_factory=dict)  # day → repaid that day

    @property
    def place(self) -> tuple[object, ...]:
        return (self.disbursed_on, self.institution_id, self.contract_no, self.note_no, self.item_no)

    def left(self, day: date) -> Decimal:
        """What is still owed on `day`: the day of a repayment counts as repaid."""
        return max(self.base - sum((paid for on, paid in self.repaid.items() if on <= day), Decimal(0)), Decimal(0))


@dataclass(frozen=True)
class Cap:
    """A ceiling: the name of its limit, how items are grouped (given the year), and what it caps."""

    limit: str
    group: Callable[[Item, int], object]
    on: str
    yearly: bool = False


def half_up(value: Decimal) -> Decimal:
    return value.quantize(FEN, ROUND_HALF_UP, context=EXACT)


def earned(item: Item, counted: Decimal, until: date, day_count: int, follows: bool) -> Decimal:
    """What `counted` of an item has earned before `until`, rounded once."""
    total, day = Decimal(0), item.counted_from
    while day < min(until, item.counted_to):
        total += min(counted, item.left(day)) if follows else counted
        day += DAY
    with_points = EXACT.multiply(total, item.points)
    return half_up(EXACT.divide(with_points, Decimal(100 * day_count)))


def use(caps: Sequence[Cap], wanted: list[tuple[Item, int, Decimal]]) -> list[Decimal]:
    """What the ceilings leave of each amount wanted, in the order given."""
    left = [amount for _, _, amount in wanted]
    for cap in caps:
        before: dict[object, Decimal] = {}
        for at, (item, year, _) in enumerate(wanted):
            group, limit = cap.group(item, year), item.limits[cap.limit]
            gone = before.get(group, Decimal(0))
            before[group] = gone + left[at]
            if limit is not None:
                left[at] = max(Decimal(0), min(left[at], limit - gone))
    return left


def pay(
    items: Sequence[Item], caps: Sequence[Cap], first: date, last: date, *, day_count: int = 365, follows: bool = False
) -> dict[tuple[object, ...], Decimal]:
    """What each item gets for the days `first` to `last`."""
    line = sorted(items, key=lambda item: item.place)
    counted = use([c for c in caps if c.on == "base"], [(i, i.disbursed_on.year, i.base) for i in line])
    on_amount = [c for c in caps if c.on == "amount"]
    start, end = first, last + DAY
    if on_amount:
        start = date(first.year, 1, 1)
        if not all(c.yearly for c in on_amount):
            start = min([first, *(i.counted_from for i in line)])
    edges = {start, first, end, *(date(y, 1, 1) for y in range(start.year + 1, last.year + 1))}
    if not any(c.yearly for c in on_amount):
        edges = {start, first, end}
    times = sorted(edges)
    wanted, claimed = [], []
    for since, until in itertools.pairwise(times):
        for item, base in zip(line, counted, strict=True):
            gain = earned(item, base, until, day_count, follows) - earned(item, base, since, day_count, follows)
            wanted.append((item, since.year, gain))
            claimed.append(since >= first)
    paid: dict[tuple[object, ...], Decimal] = {}
    for (item, _, _), amount, counts in zip(wanted, use(on_amount, wanted), claimed, strict=True):
        if counts:
            paid[item.place] = paid.get(item.place, Decimal(0)) + amount
    return {i.place: paid[i.place] for i in line if i.counted_from < min(i.counted_to, end) and i.counted_to > first}
