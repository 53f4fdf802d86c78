"""The months a simulation covers, and the days on which its parts arrive."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from houfeng.errors import Text, UsageError
from houfeng.simulate.ground.columns import day_number

HISTORY = 12  # months before the first one that paths also cover: comparisons with last year need them
LPR = (  # effective day, one year, five years and above; percent
    (date(2019, 8, 20), 4.25, 4.85), (date(2020, 4, 20), 3.85, 4.65), (date(2022, 1, 20), 3.70, 4.60),
    (date(2022, 8, 22), 3.65, 4.30), (date(2023, 6, 20), 3.55, 4.20), (date(2024, 2, 20), 3.45, 3.95),
    (date(2024, 7, 22), 3.35, 3.85), (date(2024, 10, 21), 3.10, 3.60), (date(2025, 5, 20), 3.00, 3.50),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Months:
    """`count` months in a row; month 0 is the first one reported, negative numbers lie before it."""

    first_year: int
    first_month: int
    count: int

    def first(self, month: int) -> date:
        """The first day of month number `month`."""
        years, rest = divmod(self.first_month - 1 + month, 12)
        return date(self.first_year + years, rest + 1, 1)

    def end(self, month: int) -> date:
        """The last day of month number `month`."""
        day = self.first(month)
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])

    def starts(self, low: int, high: int) -> npt.NDArray[np.int64]:
        """Day numbers of the first days of months low … high - 1."""
        return np.array([day_number(self.first(m)) for m in range(low, high)], dtype=np.int64)

    def ends_quarter(self, month: int) -> bool:
        """Whether a quarter ends with this month."""
        return self.first(month).month % 3 == 0

    def received(self, month: int, after: int) -> datetime:
        """The moment a part about this month arrives: `after` days later at nine."""
        return datetime.combine(self.end(month) + timedelta(days=after), time(9))


def months_until(end: date, count: int) -> Months:
    """The `count` whole months up to `end`; the month of `end` counts where `end` is its last day.

    Raises:
        UsageError: less than one month is asked for.
    """
    if count < 1:
        raise UsageError(Text("至少模拟 1 个月", "at least one month is needed"))
    last = end.year * 12 + end.month - 1
    if end.day < calendar.monthrange(end.year, end.month)[1]:
        last -= 1
    first = last - count + 1
    return Months(first // 12, first % 12 + 1, count)


def lpr(day_numbers: npt.NDArray[np.int64], long: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The loan prime rate in force on each day, in 0.00001 percent; before the table begins, its first row."""
    at = np.searchsorted(np.array([day_number(row[0]) for row in LPR]), day_numbers, side="right") - 1
    at = np.maximum(at, 0)
    one = np.array([round(row[1] * 100_000) for row in LPR], dtype=np.int64)
    five = np.array([round(row[2] * 100_000) for row in LPR], dtype=np.int64)
    return np.where(long, five[at], one[at])
