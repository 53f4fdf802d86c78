"""The words that sentences about packs are made of, and how a value is written with its unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

COMPARES = {
    "=": ("为", "is"),
    "<>": ("不为", "is not"),
    "<": ("小于", "is less than"),
    "<=": ("不超过", "is at most"),
    ">": ("大于", "is more than"),
    ">=": ("不少于", "is at least"),
}
SIGNS = {"+": " + ", "-": " − ", "*": " × ", "/": " ÷ ", "date+": " + ", "date-": " − "}
CALLS = {
    "least": ("较小者", "the least of"),
    "greatest": ("较大者", "the greatest of"),
    "abs": ("绝对值", "the size of"),
    "length": ("字数", "the length of"),
    "trim": ("去空格", "trimmed"),
    "year": ("年份", "the year of"),
    "month": ("月份", "the month of"),
    "day": ("日", "the day of"),
    "days_between": ("相隔天数", "days between"),
    "months_between": ("相隔月数", "months between"),
    "add_months": ("推后若干月", "months after"),
    "month_start": ("当月首日", "the first day of the month of"),
    "quarter_start": ("当季首日", "the first day of the quarter of"),
    "year_start": ("当年首日", "the first day of the year of"),
    "to_date": ("日期", "as a day"),
    "nullif": ("等于时视为未知", "unknown where equal"),
    "set_group": ("代码所属组", "the group of"),
}
FUNCTIONS = {
    "count": ("笔数", "the number"),
    "sum": ("合计", "the sum"),
    "mean": ("平均", "the mean"),
    "min": ("最小", "the least"),
    "max": ("最大", "the greatest"),
    "last": ("最近一笔", "the latest"),
    "distinct": ("不同者的个数", "the number of different"),
    "top_share": ("最大一方的占比", "the share of the largest"),
    "days_since": ("距今天数", "days since"),
}
CALENDAR = {"month": ("本月", "this month"), "quarter": ("本季", "this quarter"), "year": ("本年", "this year")}


class Piece(NamedTuple):
    """A part of a sentence: plain words, or the name of an item, a parameter, a field or a code set."""

    form: str  # text, item, parameter, field, set
    text: str
    name: str = ""
    kind: str = ""


def amount(value: Any, unit: str, lang: str) -> str:
    """A value of a parameter with its unit."""
    if isinstance(value, bool):
        return ("yes" if value else "no") if lang == "en" else ("是" if value else "否")
    text = f"{value:,f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in f"{value:f}" else None
    text = text or (f"{value:,}" if isinstance(value, (int, Decimal)) else str(value))
    if unit == "CNY" and isinstance(value, Decimal) and value >= 10_000 and not value % 10_000:
        return f"{value / 10_000:,f} × 10,000 yuan" if lang == "en" else f"{value / 10_000:,f} 万元"
    units = {
        "CNY": ("元", " yuan"), "percent": ("%", "%"), "days": ("天", " days"), "months": ("个月", " months"),
        "ratio": ("倍", " times"),
    }  # fmt: skip
    zh, en = units.get(unit, ("", ""))
    return text + (en if lang == "en" else (f" {zh}" if zh and zh != "%" else zh))


def joined(pieces: Iterator[Piece]) -> list[Piece]:
    """Neighbouring plain words as one piece."""
    found: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if found and piece.form == "text" == found[-1].form:
            found[-1] = Piece("text", found[-1].text + piece.text)
        else:
            found.append(piece)
    return found


def plain(pieces: Sequence[Piece]) -> str:
    """The sentence without its links."""
    return "".join(piece.text for piece in pieces)
