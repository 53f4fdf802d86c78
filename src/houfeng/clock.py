"""The only place that asks what time it is.

The core never reads the wall clock itself: whoever calls it hands over a `Clock`, so that a test, a replay and a court
can put the same question at the same moment and get the same answer. Houfeng keeps time in whole local seconds of
Asia/Shanghai for events, and in microseconds of the same zone for when the book learned something. Both are stored
without a zone: the book has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from houfeng.errors import Text, UsageError

ZONE = ZoneInfo("Asia/Shanghai")
DAY_END = time(23, 59, 59, 999999)

Clock = Callable[[], datetime]
"""Gives the present moment in Asia/Shanghai, without a zone."""


def wall_clock() -> datetime:
    """The machine's clock, as local time of Asia/Shanghai."""
    return datetime.now(ZONE).replace(tzinfo=None)


def fixed_clock(moment: datetime) -> Clock:
    """A clock that stands still, for tests and simulations."""
    return lambda: moment


def end_of_day(day: date) -> datetime:
    """The last microsecond of `day`: a bare date as “known at” means this."""
    return datetime.combine(day, DAY_END)


def parse_moment(text: str) -> datetime:
    """Read `2026-01-16`, `2026-01-16 09:30` or `2026-01-16T09:30:00+08:00`; a bare date means that day's end.

    Raises:
        UsageError: the text is not a date or a moment.
    """
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return end_of_day(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
        return moment.astimezone(ZONE).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):  # the ends of the calendar have no other zones
        raise UsageError(
            Text(
                f"看不懂的时间：{text}；请写作 2026-01-16 或 2026-01-16T09:30",
                f"not a date or time: {text}; write it as 2026-01-16 or 2026-01-16T09:30",
            )
        ) from None


def parse_day(text: str) -> date:
    """Read `2026-01-16`, or a month `2026-01` as its last day.

    Raises:
        UsageError: the text is neither.
    """
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return month_end(date.fromisoformat(text + "-01"))
        return date.fromisoformat(text)
    except (ValueError, OverflowError):  # the last month has no month after it
        raise UsageError(
            Text(
                f"看不懂的日期：{text}；请写作 2026-01-31 或 2026-01",
                f"not a day: {text}; write it as 2026-01-31 or 2026-01",
            )
        ) from None


def month_end(day: date) -> date:
    """The last day of the month `day` is in."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
