"""The plan of resolving hidden debt against what was done: by quarter, by way, and against the ledger itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.clock import month_end
from houfeng.platforms.ledger import NONE, Platform

METHODS = ("fiscal", "asset_sale", "project_income", "to_operating", "rollover", "bankruptcy")


@dataclass(frozen=True, slots=True)
class Line:
    """One quarter and way. `actual` is None where nothing was told (yet)."""

    quarter: date
    method: str
    planned: Decimal
    actual: Decimal | None
    source_of_money: str = ""
    responsible: str = ""
    evidence: str = ""
    approval: str = ""

    @property
    def gap(self) -> Decimal | None:
        """What was done beyond the plan; below zero what is missing."""
        return None if self.actual is None else self.actual - self.planned


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter over all ways, with the sums since the beginning. `over` says that it has ended by the day asked about,
    `told` that all its lines have an actual amount."""

    quarter: date
    planned: Decimal
    actual: Decimal
    planned_so_far: Decimal
    actual_so_far: Decimal
    over: bool
    told: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a plan stands on a day. Shares are of the debt registered at the baseline; None where that is not known.

    `planned` is the plan of those lines that are told: a quarter nobody has told yet stands in `untold`
    and is not behind.
    """

    day: date
    lines: tuple[Line, ...]
    quarters: tuple[Quarter, ...]
    baseline: Decimal | None
    planned: Decimal
    resolved: Decimal
    untold: tuple[date, ...]

    @property
    def done(self) -> Decimal | None:
        """The part of the baseline that is resolved."""
        return self.resolved / self.baseline if self.baseline else None

    @property
    def due(self) -> Decimal | None:
        """The part of the baseline that the plan has resolved by then."""
        return self.planned / self.baseline if self.baseline else None

    @property
    def behind(self) -> Decimal | None:
        """Percentage points that the resolved part stands behind the plan; below zero ahead of it."""
        return 100 * (self.planned - self.resolved) / self.baseline if self.baseline else None

    @property
    def left(self) -> Decimal | None:
        """What of the baseline remains by this account."""
        return None if self.baseline is None else self.baseline - self.resolved

    def by_method(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Planned and resolved by way, over the quarters that are over."""
        found = dict.fromkeys(METHODS, (NONE, NONE))
        for line in self.lines:
            if line.quarter <= self.day:
                planned, actual = found.get(line.method, (NONE, NONE))
                found[line.method] = planned + line.planned, actual + (line.actual or NONE)
        return {method: pair for method, pair in found.items() if any(pair)}


def progress(platform: Platform, day: date) -> Progress:
    """The plan of a platform as of `day`.

    A quarter is over from its last day on. What is told as done in a quarter that is not over yet counts as done.
    """
    lines = tuple(_line(row) for row in platform.plan)
    quarters, told = _quarters(lines, day), [line for line in lines if line.actual is not None]
    return Progress(
        day=day,
        lines=lines,
        quarters=quarters,
        baseline=platform.baseline,
        planned=sum((line.planned for line in told), NONE),
        resolved=sum((line.actual for line in told if line.actual is not None), NONE),
        untold=tuple(one.quarter for one in quarters if one.over and not one.told),
    )


def _line(row: Mapping[str, Any]) -> Line:
    return Line(
        quarter=row["quarter"],
        method=row["method"],
        planned=row["planned"],
        actual=row["actual"],
        source_of_money=row["source_of_money"] or "",
        responsible=row["responsible"] or "",
        evidence=row["evidence"] or "",
        approval=row["approval"] or "",
    )


def _quarters(lines: Sequence[Line], day: date) -> tuple[Quarter, ...]:
    found, planned_so_far, actual_so_far = [], NONE, NONE
    for quarter in sorted({line.quarter for line in lines}):
        own = [line for line in lines if line.quarter == quarter]
        planned = sum((line.planned for line in own), NONE)
        actual = sum((line.actual for line in own if line.actual is not None), NONE)
        planned_so_far, actual_so_far = planned_so_far + planned, actual_so_far + actual
        told = all(line.actual is not None for line in own)
        found.append(Quarter(quarter, planned, actual, planned_so_far, actual_so_far, quarter <= day, told))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Step:
    """A quarter told against the ledger: hidden debt at its beginning and end, and what was told as resolved between.

    `unexplained` is what was told as resolved but is not gone from the ledger (below zero: gone but not told). New
    hidden debt, which nobody may take on, shows here as well.
    """

    quarter: date
    before: Decimal
    after: Decimal
    resolved: Decimal

    @property
    def unexplained(self) -> Decimal:
        """What was told and is not seen."""
        return self.resolved - (self.before - self.after)


def against_ledger(platform: Platform, hidden: Mapping[date, Decimal], day: date) -> tuple[Step, ...]:
    """The quarters of the plan for which the ledger has hidden debt at both ends, by `hidden` (at quarter ends)."""
    told = {one.quarter: one.actual for one in progress(platform, day).quarters if one.told and one.over}
    steps = []
    for quarter, resolved in sorted(told.items()):
        before = quarter_before(quarter)
        if quarter in hidden and before in hidden:
            steps.append(Step(quarter, hidden[before], hidden[quarter], resolved))
    return tuple(steps)


def quarter_before(quarter: date) -> date:
    """The last day of the quarter before the one that ends on `quarter`."""
    years, month = divmod(quarter.month - 1 - 3, 12)
    return month_end(date(quarter.year + years, month + 1, 1))


def together(all_of: Iterable[Progress]) -> tuple[Decimal, Decimal, Decimal]:
    """Baseline, planned and resolved of several plans together; those without a baseline are left out."""
    known = [one for one in all_of if one.baseline]
    return (
        sum((one.baseline for one in known if one.baseline), NONE),
        sum((one.planned for one in known), NONE),
        sum((one.resolved for one in known), NONE),
    )
