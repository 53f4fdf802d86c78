"""One cell at a time, exactly: the slow road for the odd cells the vectorised road does not know.

Every function takes a trimmed, half-width (NFKC) text and gives a value, or raises `Unreadable` with the reason.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from houfeng.clock import ZONE, month_end
from houfeng.errors import Text

UNIT_FACTORS = {
    "元": 1,
    "人民币元": 1,
    "cny": 1,
    "rmb": 1,
    "yuan": 1,
    "千元": 1000,
    "万元": 10_000,
    "万": 10_000,
    "人民币万元": 10_000,
    "百万元": 1_000_000,
    "亿元": 100_000_000,
    "亿": 100_000_000,
    "人民币亿元": 100_000_000,
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_UNIT_TAIL = re.compile(r"(.*\d)\s*(元|千元|万元?|百万元|亿元?)")
_EPOCH = date(1899, 12, 30)  # Excel's day 0, right for every day after February 1900

_YMD = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_MONTH = re.compile(r"(\d{4})(?:[-/.年])(\d{1,2})月?|(\d{4})(\d{2})")
_QUARTER = re.compile(r"(\d{4})年?[-/ ]?(?:第?([1-4一二三四])季度?末?|[Qq]([1-4]))")
_TIME = re.compile(r"(.+?)[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[-+]\d{2}:?\d{2})?")


class Unreadable(ValueError):
    """A cell that is no such value; carries the reason in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(zh, en)


class Reading(NamedTuple):
    """A date and the style it was written in."""

    value: date
    style: str


def number_of(text: str) -> Decimal:
    """An exact decimal; thousands separators, brackets for negative, currency signs and 万/亿 are understood."""
    body = text.replace(" ", "").replace("−", "-").replace("—", "-").lstrip("¥$").removeprefix("人民币")
    if body.startswith("(") and body.endswith(")"):
        body = "-" + body[1:-1]
    factor = 1
    if tail := _UNIT_TAIL.fullmatch(body):
        body, factor = tail[1], UNIT_FACTORS[tail[2]]
    if _THOUSANDS.fullmatch(body):
        body = body.replace(",", "")
    if not body.isascii() or not _NUMBER.fullmatch(body):
        raise Unreadable("不是数字", "not a number")
    try:
        return Decimal(body) * factor
    except InvalidOperation:
        raise Unreadable("不是数字", "not a number") from None


def fixed_of(value: Decimal, precision: int, scale: int) -> tuple[Decimal, bool]:
    """`value` with `scale` decimals, rounded half up (away from zero), and whether anything was cut off.

    Raises:
        Unreadable: more digits before the point than the field holds.
    """
    if value and value.adjusted() >= precision - scale:
        raise Unreadable(f"整数位超过 {precision - scale} 位", f"more than {precision - scale} digits before the point")
    if value and value.adjusted() < -scale - 2:
        return Decimal(0).scaleb(-scale), True
    fixed = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if fixed and fixed.adjusted() >= precision - scale:
        raise Unreadable(f"整数位超过 {precision - scale} 位", f"more than {precision - scale} digits before the point")
    return fixed, fixed != value


def rate_of(text: str) -> Decimal:
    """A rate in percent: `3.45`, `3.45%` and `34.5‰` are the same."""
    if text.endswith("%"):
        return number_of(text[:-1])
    if text.endswith("‰"):
        return number_of(text[:-1]) / 10
    return number_of(text)


def integer_of(text: str) -> int:
    """A whole number; `12.0` is one, `12.5` is not."""
    value = number_of(text)
    if value != value.to_integral_value():
        raise Unreadable("不是整数", "not a whole number")
    if abs(value) >= 10**18:
        raise Unreadable("整数过大", "the whole number is too large")
    return int(value)


_TRUE = frozenset(("1", "y", "yes", "true", "t", "是", "有", "√", "对", "✓"))
_FALSE = frozenset(("0", "n", "no", "false", "f", "否", "无", "×", "x", "非", "不是"))


def boolean_of(text: str) -> bool:
    """是/否, 1/0, Y/N, true/false and their like."""
    word = text.casefold()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Unreadable("不是“是/否”", "neither yes nor no")


def date_of(text: str) -> Reading:
    """A day as people write it: 2026-01-31, 2026/1/31, 20260131, 2026年1月31日, 31.01.2026, an Excel serial."""
    body = text.replace(" ", "") if "年" in text else text
    if timed := _TIME.fullmatch(body):
        inner = date_of(timed[1])
        return Reading(inner.value, inner.style)
    for pattern, style in ((_YMD, ""), (_CHINESE, "2026年1月31日"), (_COMPACT, "20260131")):
        if found := pattern.fullmatch(body):
            groups = [int(g) for g in found.groups() if g.isdigit()]
            return Reading(_day(*groups), style or {"-": "2026-01-31", "/": "2026/1/31", ".": "2026.1.31"}[found[2]])
    if found := _GERMAN.fullmatch(body):
        return Reading(_day(int(found[3]), int(found[2]), int(found[1])), "31.01.2026")
    if (found := _SERIAL.fullmatch(body)) and 10_000 <= int(found[1]) <= 80_000:
        return Reading(_EPOCH + timedelta(days=int(found[1])), "Excel")
    if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", body):
        raise Unreadable("日、月次序不明", "day and month cannot be told apart")
    if _MONTH.fullmatch(body):
        raise Unreadable("只有年月，缺少日", "only a month, the day is missing")
    raise Unreadable("不是日期", "not a date")


def period_of(text: str) -> Reading:
    """A period's end: a day as it stands, a month or quarter as its last day."""
    body = text.replace(" ", "").removesuffix("末")
    if found := _QUARTER.fullmatch(body):
        mark = found[2] or found[3]
        quarter = int(mark) if mark.isdigit() else "一二三四".index(mark) + 1
        return Reading(month_end(_day(int(found[1]), quarter * 3, 1)), "2026Q1")
    if found := _MONTH.fullmatch(body):
        year, month = (found[1], found[2]) if found[1] else (found[3], found[4])
        return Reading(month_end(_day(int(year), int(month), 1)), "2026-01")
    return date_of(text)


def moment_of(text: str) -> datetime:
    """A moment in whole seconds, local time; a bare day is its midnight."""
    if re.fullmatch(r"\d{14}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}:{text[12:]}"
    timed = _TIME.fullmatch(text)
    if not timed:
        if (serial := _SERIAL.fullmatch(text)) and serial[2]:
            seconds = int((Decimal("0" + serial[2]) * 86_400).to_integral_value(ROUND_HALF_UP))
            return datetime.combine(date_of(serial[1]).value, datetime.min.time()) + timedelta(seconds=seconds)
        return datetime.combine(date_of(text).value, datetime.min.time())
    day = date_of(timed[1]).value
    try:
        moment = datetime(day.year, day.month, day.day, int(timed[2]), int(timed[3]), int(timed[4] or 0))
        if timed[5]:
            zone = datetime.fromisoformat(f"2000-01-01T00:00:00{timed[5]}").tzinfo
            moment = moment.replace(tzinfo=zone).astimezone(ZONE).replace(tzinfo=None)
    except ValueError:
        raise Unreadable("没有这个时刻", "there is no such moment") from None
    return moment


def _day(year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise Unreadable("没有这一天", "there is no such day") from None
    if not 1800 <= year <= 9999:
        raise Unreadable("年份不对", "the year is impossible")
    return found
