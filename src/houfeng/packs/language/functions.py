"""The functions of the pack language: what they take, what they give, in Python and in DuckDB.

Nothing off this table can be called. Each function stands here once, with both of its meanings side by side, because
the explaining evaluator (Python) and the compiler (SQL) must say the same; property tests hold them to it.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from houfeng.errors import Text

if TYPE_CHECKING:
    from houfeng.packs.language.expression import Node


class T(StrEnum):
    """The types of the pack language. A ratio is a double; a decimal is exact."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    RATIO = "ratio"
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    NULL = "null"

    @property
    def zh(self) -> str:
        """The type's name for a Chinese reader."""
        return _ZH[self]


_ZH = {
    T.BOOLEAN: "真假值",
    T.INTEGER: "整数",
    T.DECIMAL: "小数",
    T.RATIO: "比率",
    T.TEXT: "文字",
    T.DATE: "日期",
    T.DATETIME: "时刻",
    T.NULL: "未知",
}
_NUMBERS = (T.INTEGER, T.DECIMAL, T.RATIO)


def numeric(kind: T) -> bool:
    """Whether `kind` is a number."""
    return kind in _NUMBERS


def unify(kinds: Sequence[T]) -> T | None:
    """The one type that values of all `kinds` have in common, or nothing: numbers widen, unknown fits all."""
    known = {kind for kind in kinds if kind is not T.NULL}
    if not known:
        return T.NULL
    if len(known) == 1:
        return known.pop()
    if known <= set(_NUMBERS):
        return max(known, key=_NUMBERS.index)
    if known == {T.DATE, T.DATETIME}:
        return T.DATETIME
    return None


@dataclass(frozen=True)
class Function:
    """One function: allowed argument types by position (the last repeats where `more`), result, Python, SQL."""

    name: str
    takes: tuple[tuple[T, ...], ...]
    gives: T | None  # nothing: the common type of the arguments
    python: Callable[..., Any]
    sql: Callable[..., str]
    least: int
    more: bool = False
    names_set: bool = False

    def wrong(self, args: Sequence[Node]) -> Text | None:
        """Why `args` cannot be the arguments, or nothing."""
        if len(args) < self.least or (not self.more and len(args) > len(self.takes)):
            wanted = str(self.least) + ("" if self.least == len(self.takes) and not self.more else "+")
            return Text(
                f"{self.name} 要 {wanted} 个参数，给了 {len(args)} 个",
                f"{self.name} takes {wanted} arguments, not {len(args)}",
            )
        for number, arg in enumerate(args):
            allowed = self.takes[min(number, len(self.takes) - 1)]
            if arg.type is not T.NULL and arg.type not in allowed:
                return Text(
                    f"{self.name} 的第 {number + 1} 个参数“{arg.text}”类型是{arg.type.zh}",
                    f"argument {number + 1} of {self.name}, “{arg.text}”, is {arg.type}",
                )
        if self.names_set and args[1].op != "literal":
            return Text("代码集要写成引号里的名字", "name the code set in quotes")
        if self.name == "at" and args[0].op != "parameter":
            return Text(
                "at 的第一个参数是参数名，如 at(:rate, day)", "the first argument of at is a parameter: at(:rate, day)"
            )
        if self.name == "round" and (args[1].op != "literal" or args[1].value not in range(13)):
            return Text("round 的位数是 0 到 12 的数字", "the digits of round are a number from 0 to 12")
        alike = args if self.name == "nullif" else self._alike(args)
        if self.gives is None and unify([arg.type for arg in alike]) is None:
            return Text(f"{self.name} 的参数类型不一", f"the arguments of {self.name} are of different types")
        return None

    def result(self, args: Sequence[Node]) -> tuple[T, int]:
        """The type and scale of a call."""
        if self.name == "at":
            return args[0].type, args[0].scale
        alike = self._alike(args)
        kind = self.gives or unify([arg.type for arg in alike]) or T.NULL
        if self.name == "round":
            return kind, min(args[0].scale, args[1].value) if kind is T.DECIMAL else 0
        return kind, max((arg.scale for arg in alike), default=0) if kind is T.DECIMAL else 0

    def _alike(self, args: Sequence[Node]) -> Sequence[Node]:
        return args[:1] if self.name in ("round", "abs", "nullif", "at") else args


def months_between(start: date | datetime, end: date | datetime) -> int:
    """Whole months from `start` to `end`, negative backwards. The last day of a shorter month completes one."""
    start, end = to_date(start), to_date(end)
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    last = calendar.monthrange(end.year, end.month)[1]
    return months - (end.day < start.day and end.day < last)


def add_months(day: date | datetime, months: int) -> date | None:
    """`day` so many months later; where that month is shorter, its last day. Past the calendar's ends: unknown."""
    day = to_date(day)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return None
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_start(day: date | datetime) -> date:
    """The first day of the month of `day`."""
    return to_date(day).replace(day=1)


def quarter_start(day: date | datetime) -> date:
    """The first day of the quarter of `day`."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def year_start(day: date | datetime) -> date:
    """The first of January of the year of `day`."""
    return date(day.year, 1, 1)


def add_days(day: date, days: int) -> date | None:
    """`day` so many days later; past the calendar's ends (years 1 to 9999): unknown."""
    number = day.toordinal() + days
    return date.fromordinal(number) if 1 <= number <= date.max.toordinal() else None


def in_calendar(day: str) -> str:
    """SQL of a day that is unknown outside the years 1 to 9999. `day` is written once: expressions nest."""
    low, high = "DATE '0000-12-31'", "DATE '10000-01-01'"
    return f"nullif(nullif(greatest(least({day}, {high}), {low}), {high}), {low})"


def clamped(number: str, limit: int) -> str:
    """SQL of an integer that DuckDB can add to a day. `limit` leads out of ours, so an unknown one ends as unknown."""
    return f"CAST(greatest(least({number}, {limit}), -{limit}) AS INTEGER)"


def left(text: str, count: int) -> str | None:
    """The first `count` characters, or all but the last ones where it is negative; unknown beyond 32 bits."""
    if not -(2**31) <= count < 2**31:
        return None
    return text[:count] if count >= 0 else text[: max(0, len(text) + count)]


def to_date(moment: date | datetime) -> date:
    """The day of a moment."""
    return moment.date() if isinstance(moment, datetime) else moment


def round_half_away(value: Any, digits: int) -> Any:
    """Round half away from zero, as DuckDB does for decimals and doubles alike."""
    if isinstance(value, float):
        if abs(value) > 2.0**53:
            return value  # whole already
        factor = 10.0**digits
        scaled = abs(value) * factor
        whole = float(int(scaled))
        rounded = (whole + (scaled - whole >= 0.5)) / factor
        return rounded if value >= 0 else -rounded
    if isinstance(value, int):
        return value
    places = -value.as_tuple().exponent
    return value if places <= digits else value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _add_months_sql(day: str, months: str) -> str:
    return in_calendar(f"CAST(CAST({day} AS DATE) + to_months({clamped(months, 200_000)}) AS DATE)")


def _start(of: str) -> Callable[[str], str]:
    return lambda day: f"CAST(date_trunc('{of}', CAST({day} AS DATE)) AS DATE)"


def _call(name: str) -> Callable[..., str]:
    return lambda *args: f"{name}({', '.join(args)})"


_ANY = (T.BOOLEAN, T.INTEGER, T.DECIMAL, T.RATIO, T.TEXT, T.DATE, T.DATETIME)
_DAYS = (T.DATE, T.DATETIME)
_TEXT = (T.TEXT,)
_INT = (T.INTEGER,)
SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What trim takes away, as DuckDB does: Unicode's space separators, the full-width space among them."""


def _handled(*_: Any) -> Any:
    raise AssertionError("evaluated and compiled by the code that knows parameters, sets and the day")


def _table() -> dict[str, Function]:
    rows = (
        Function(
            "coalesce",
            (_ANY,),
            None,
            lambda *a: next((x for x in a if x is not None), None),
            _call("coalesce"),
            2,
            True,
        ),
        Function("nullif", (_ANY, _ANY), None, lambda a, b: None if a == b else a, _call("nullif"), 2),
        Function(
            "least",
            (_ANY,),
            None,
            lambda *a: min((x for x in a if x is not None), default=None),
            _call("least"),
            2,
            True,
        ),
        Function(
            "greatest",
            (_ANY,),
            None,
            lambda *a: max((x for x in a if x is not None), default=None),
            _call("greatest"),
            2,
            True,
        ),
        Function("abs", (_NUMBERS,), None, abs, _call("abs"), 1),
        Function("round", (_NUMBERS, _INT), None, round_half_away, lambda x, n: f"round({x}, CAST({n} AS INTEGER))", 2),
        Function("length", (_TEXT,), T.INTEGER, len, _call("length"), 1),
        Function("left", (_TEXT, _INT), T.TEXT, left, lambda s, n: f"left({s}, TRY_CAST({n} AS INTEGER))", 2),
        Function("trim", (_TEXT,), T.TEXT, lambda s: s.strip(SPACES), _call("trim"), 1),
        Function("starts_with", (_TEXT, _TEXT), T.BOOLEAN, str.startswith, _call("starts_with"), 2),
        Function("contains", (_TEXT, _TEXT), T.BOOLEAN, lambda s, part: part in s, _call("contains"), 2),
        Function("year", (_DAYS,), T.INTEGER, lambda d: d.year, _call("year"), 1),
        Function("month", (_DAYS,), T.INTEGER, lambda d: d.month, _call("month"), 1),
        Function("day", (_DAYS,), T.INTEGER, lambda d: d.day, _call("day"), 1),
        Function(
            "days_between",
            (_DAYS, _DAYS),
            T.INTEGER,
            lambda a, b: (to_date(b) - to_date(a)).days,
            lambda a, b: f"(CAST({b} AS DATE) - CAST({a} AS DATE))",
            2,
        ),
        Function(
            "months_between",
            (_DAYS, _DAYS),
            T.INTEGER,
            months_between,
            lambda a, b: f"datesub('month', CAST({a} AS DATE), CAST({b} AS DATE))",
            2,
        ),
        Function(
            "add_months",
            (_DAYS, _INT),
            T.DATE,
            add_months,
            _add_months_sql,
            2,
        ),
        Function("month_start", (_DAYS,), T.DATE, month_start, _start("month"), 1),
        Function("quarter_start", (_DAYS,), T.DATE, quarter_start, _start("quarter"), 1),
        Function("year_start", (_DAYS,), T.DATE, year_start, _start("year"), 1),
        Function("to_date", (_DAYS,), T.DATE, to_date, lambda d: f"CAST({d} AS DATE)", 1),
        Function("as_of", (), T.DATE, _handled, _handled, 0),
        Function("at", (_ANY, _DAYS), None, _handled, _handled, 2),
        Function("in_set", (_TEXT, _TEXT, _TEXT), T.BOOLEAN, _handled, _handled, 2, names_set=True),
        Function("set_group", (_TEXT, _TEXT), T.TEXT, _handled, _handled, 2, names_set=True),
    )
    return {row.name: row for row in rows}


FUNCTIONS = _table()
LOOKUPS = frozenset({"at", "in_set", "set_group"})
"""Functions that ask a pack's own facts."""
SKIP_UNKNOWN = frozenset({"coalesce", "least", "greatest"})
"""Functions that look at unknown arguments instead of becoming unknown themselves."""
