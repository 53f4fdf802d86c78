"""Needs assigned to products under capacity: a stable way and the best total, with floors, and both explained."""

from __future__ import annotations

from collections.abc import Sequence

from houfeng.errors import Text, UsageError
from houfeng.matching.assign.best import best
from houfeng.matching.assign.market import Assignment, Floor, Market, market
from houfeng.matching.assign.stable import stable

WAYS = ("stable", "best")


def assign(given: Market, way: str = "stable", floors: Sequence[Floor] = (), *, filling: bool = False) -> Assignment:
    """Assign by the way asked for; `filling` gives room a stable assignment leaves to whoever fits.

    Raises:
        UsageError: there is no such way.
        InputError: the floors cannot be met.
        EnvironmentFault: HiGHS is needed and cannot be used in this process.
    """
    if way == "stable":
        return stable(given, floors, filling=filling)
    if way == "best":
        return best(given, floors)
    raise UsageError(
        Text(f"没有“{way}”这种分配方式；有 stable、best", f"there is no way {way} to assign; there are stable, best")
    )


__all__ = ["WAYS", "Assignment", "Floor", "Market", "assign", "best", "market", "stable"]
