"""How figures look on screen: money in 万元 or 亿元, dates as 2026-06-30, and a dash where nothing is known."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

NOTHING = "—"
WAN = Decimal(10_000)
YI = Decimal(100_000_000)


def number(value: Any, places: int | None = None) -> str:
    """`value` with thousands separated; without `places`, as many decimals as it has."""
    if value is None or value == "":
        return NOTHING
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{exact:,f}".replace("-", "−")


def wan(value: Any, places: int = 2) -> str:
    """Yuan as 万元."""
    return NOTHING if value is None else number(Decimal(str(value)) / WAN, places)


def yi(value: Any, places: int = 2) -> str:
    """Yuan as 亿元."""
    return NOTHING if value is None else number(Decimal(str(value)) / YI, places)


def percent(value: Any, places: int = 2) -> str:
    """A percentage that is stored as one: 3.85 is 3.85%."""
    return NOTHING if value is None else number(value, places) + "%"


def share(value: Any, places: int = 1) -> str:
    """A part of one as a percentage: 0.395 is 39.5%."""
    return NOTHING if value is None else number(Decimal(str(value)) * 100, places) + "%"


def day(value: date | datetime | str | None) -> str:
    """A day as 2026-06-30."""
    return NOTHING if not value else str(value)[:10]


def moment(value: datetime | str | None, seconds: bool = False) -> str:
    """A moment as 2026-06-30 09:30."""
    if not value:
        return NOTHING
    return str(value).replace("T", " ")[: 19 if seconds else 16]


def credit_code(value: str | None) -> str:
    """A unified social credit code in groups that the eye can compare."""
    text = value or NOTHING
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4)) if len(text) == 18 else text
