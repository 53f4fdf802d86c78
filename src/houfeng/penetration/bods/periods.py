"""From what was stated of a relationship, one time after another, to what held when.

A statement says what is so on its date; an interest may say itself from when to when it holds. A later statement of the
same record replaces the earlier one, so that an interest it no longer states, or states anew from a later day, ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

FIRST, LAST = date.min, date.max


@dataclass(frozen=True, slots=True)
class Interest:
    """One interest while it lasts (from, exclusive to); `declared` is the start its statement gives."""

    kind: str
    reach: str
    share: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    beneficial: bool | None = None
    begins: date | None = None
    ends: date | None = None
    declared: date | None = None

    @property
    def amount(self) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """The share and its bounds."""
        return self.share, self.least, self.most

    def over(self, first: date, last: date) -> bool:
        """Whether it holds through all of a stretch cut where interests begin and end."""
        return (self.begins or FIRST) <= first and last <= (self.ends or LAST)


def lasting(versions: Iterable[tuple[date | None, bool, Sequence[Interest]]]) -> list[Interest]:
    """What held when, from the statements of one record in order: (date, whether it closes the record, interests)."""
    past: list[Interest] = []
    present: list[Interest] = []
    for day, closes, stated in versions:
        following = [_carried(one, present, day) for one in stated]
        for old in present:
            if not any(_same(old, new) and old.amount == new.amount for new in stated):
                past.append(_ended(old, stated, day))
        present = following
        if closes:
            past += [one if one.ends else replace(one, ends=day) for one in present]
            present = []
    return [one for one in (*past, *present) if one.begins is None or one.ends is None or one.begins < one.ends]


def _same(one: Interest, other: Interest) -> bool:
    return (one.kind, one.reach, one.declared) == (other.kind, other.reach, other.declared)


def _carried(new: Interest, present: Sequence[Interest], day: date | None) -> Interest:
    """An interest stated again: since when it was so before; with another share and no later start, since that day."""
    for old in present:
        if _same(old, new):
            return replace(new, begins=old.begins if old.amount == new.amount else day)
    return new


def _ended(old: Interest, stated: Sequence[Interest], day: date | None) -> Interest:
    """An interest that is no longer stated so: it ended where the next of its kind begins, else on that day."""
    if old.ends:
        return old
    later = [
        one.begins
        for one in stated
        if (one.kind, one.reach) == (old.kind, old.reach) and one.begins and one.begins > (old.begins or FIRST)
    ]
    return replace(old, ends=min(later) if later else day)


def stretches(interests: Sequence[Interest]) -> list[tuple[date | None, date | None, list[Interest]]]:
    """Time cut wherever one begins or ends: (from, to, those that hold), stretches where none does left out."""
    cuts = sorted({FIRST, LAST} | {d for one in interests for d in (one.begins, one.ends) if d})
    found = []
    for first, last in pairwise(cuts):
        holding = [one for one in interests if one.over(first, last)]
        if holding:
            found.append((None if first == FIRST else first, None if last == LAST else last, holding))
    return found
