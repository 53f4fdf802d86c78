"""The operators of the pack language in Python, with SQL's unknown, and numbers as DuckDB rounds and bounds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from houfeng.errors import InputError, Problem, Text
from houfeng.packs.language.functions import T, add_days


def to_double(value: Any, scale: int) -> Any:
    """A number as a double, rounded as DuckDB rounds a decimal with `scale` places."""
    if not isinstance(value, Decimal):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    scale = max(scale, -int(value.as_tuple().exponent))
    unscaled = int(value.scaleb(scale))
    if abs(unscaled) <= 2**53:
        return unscaled / 10.0**scale
    whole, part = divmod(abs(unscaled), 10**scale)
    double = float(whole) + float(part) / 10.0**scale
    return double if unscaled >= 0 else -double


def widened(value: Any, kind: T, scale: int) -> Any:
    """`value` as one of the wider type `kind`: a number as a ratio, a day as the moment it begins."""
    if kind is T.RATIO:
        return to_double(value, scale)
    if kind is T.DATETIME and type(value) is date:
        return datetime.combine(value, datetime.min.time())
    return value


def fits(values: Sequence[Any], scale: int, text: str) -> None:
    """Hold `values` to what the compiled statement can hold too; see “Bounds” in the pack language.

    Raises:
        InputError: an integer is over 64 bits, or a decimal over 38 digits with its `scale` decimal places.
    """
    for value in values:
        wide = isinstance(value, int) and not -(2**63) <= value < 2**63
        if wide or (isinstance(value, Decimal) and abs(value) >= Decimal(10) ** (38 - scale)):
            what = Text(f"数太大，装不下：{text}", f"a number too large to hold: {text}")
            raise InputError(what, (Problem("pack.overflow", what, value=str(value)),))


def _and(values: Sequence[Any]) -> bool | None:
    return False if any(v is False for v in values) else None if None in values else True


def _or(values: Sequence[Any]) -> bool | None:
    return True if any(v is True for v in values) else None if None in values else False


def _case(values: Sequence[Any]) -> Any:
    for position in range(0, len(values) - 1, 2):
        if values[position] is True:
            return values[position + 1]
    return values[-1]


def _member(values: Sequence[Any]) -> bool | None:
    if values[0] is None:
        return None
    return True if any(values[0] == v for v in values[1:] if v is not None) else None if None in values[1:] else False


def _between(values: Sequence[Any]) -> bool | None:
    value, low, high = values
    if value is None:
        return None
    return _and((None if low is None else low <= value, None if high is None else value <= high))


def _like(values: Sequence[Any]) -> bool:
    pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in values[1])
    return re.fullmatch(pattern, values[0], re.DOTALL) is not None


LAZY: dict[str, Callable[[Sequence[Any]], Any]] = {
    "and": _and,
    "or": _or,
    "case": _case,
    "is_null": lambda v: v[0] is None,
    "not": lambda v: None if v[0] is None else not v[0],
}
UNKNOWING: dict[str, Callable[[Sequence[Any]], Any]] = {"in": _member, "between": _between}
STRICT: dict[str, Callable[[Sequence[Any]], Any]] = {
    "=": lambda v: v[0] == v[1],
    "<>": lambda v: v[0] != v[1],
    "<": lambda v: v[0] < v[1],
    "<=": lambda v: v[0] <= v[1],
    ">": lambda v: v[0] > v[1],
    ">=": lambda v: v[0] >= v[1],
    "+": lambda v: v[0] + v[1],
    "-": lambda v: v[0] - v[1],
    "*": lambda v: v[0] * v[1],
    "/": lambda v: v[0] / v[1] if v[1] else None,
    "neg": lambda v: -v[0],
    "days": lambda v: (v[0] - v[1]).days,
    "date+": lambda v: add_days(v[0], v[1]),
    "date-": lambda v: add_days(v[0], -v[1]),
    "like": _like,
}
