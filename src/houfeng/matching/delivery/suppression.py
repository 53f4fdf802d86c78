"""Statistics that tell nothing of few: small counts are hidden, and so are others, where a total would give them away.

A table here is a row of counts of which the total is known too. What is hidden together must be at least two cells, at
least `floor` in sum, and not all ones: then no hidden cell follows from the total, and the sum tells of nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")


def hidden(counts: Mapping[Key, int], floor: int) -> frozenset[Key]:
    """The cells of a table with a known total that must not be told.

    Nothing (0) is told: it is about nobody. At least one larger cell is hidden with the small ones, and cells that are
    alike are hidden together, or the choice would tell of them.
    """
    small = {key for key, count in counts.items() if 0 < count < floor}
    if not small:
        return frozenset()
    chosen = set(small)
    others = sorted((key for key in counts if counts[key] >= floor), key=lambda key: (counts[key], str(key)))
    last = 0
    for key in others:
        if last and counts[key] != last and _safe([counts[each] for each in chosen], floor):
            break
        last = counts[key]
        chosen.add(key)
    return frozenset(chosen)


def total_told(counts: Mapping[Key, int], floor: int) -> bool:
    """Whether the total of a table may stand beside it: not where it is small, or would give a lone cell away."""
    away = hidden(counts, floor)
    if not away:
        return True
    return _safe([counts[key] for key in away], floor)


def _safe(cells: Sequence[int], floor: int) -> bool:
    """Whether the sum of hidden cells may be known."""
    return len(cells) > 1 and sum(cells) >= max(floor, len(cells) + 1)


def steps_hidden(counts: Sequence[int], floor: int) -> tuple[bool, ...]:
    """Which counts of a funnel are hidden: the small ones, and those that differ from the one last told by few.

    Each count holds the next; the difference of two that are told is a count of those who stopped there.
    """
    found: list[bool] = []
    last: int | None = None
    for count in counts:
        away = 0 < count < floor or (last is not None and 0 < last - count < floor)
        found.append(away)
        if not away:
            last = count
    return tuple(found)
