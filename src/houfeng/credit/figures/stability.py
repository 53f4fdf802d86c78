"""Whether today's firms still look like those a score was built on: PSI of the score by month, and of each field.

PSI = Σ (b − a) · ln(b / a) over bins, with shares a at the beginning and b now. Below 0.1 is taken as stable, above
0.25 as another population; both are conventions of practice, kept as dated parameters in the pack `credit-policy`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

LEAST = 1e-4
"""The share an empty bin counts as, so that its logarithm exists."""


class Moved(NamedTuple):
    """The PSI of one thing (a month, a field) against the beginning, over `n` rows."""

    name: str
    n: int
    psi: float


def psi(before: ArrayLike, after: ArrayLike) -> float:
    """The population stability index of two lists of shares or counts over the same bins."""
    a, b = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if a.sum() <= 0 or b.sum() <= 0:
        return math.nan
    a, b = np.maximum(a / a.sum(), LEAST), np.maximum(b / b.sum(), LEAST)
    return float(np.sum((b - a) * np.log(b / a)))


def score_edges(scores: ArrayLike, bins: int = 10) -> list[float]:
    """Inner edges that cut the scores at the beginning into about equal parts."""
    values = np.asarray(scores, np.float64)
    return [float(edge) for edge in np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))]


def counts_over(edges: Sequence[float], values: ArrayLike) -> list[int]:
    """How many values lie before, between and after the edges."""
    place = np.searchsorted(np.asarray(edges), np.asarray(values, np.float64), side="right")
    return [int(n) for n in np.bincount(place, minlength=len(edges) + 1)]


def by_month(edges: Sequence[float], before: ArrayLike, months: Sequence[str], scores: ArrayLike) -> list[Moved]:
    """The PSI of each month's scores against the counts at the beginning, in order of the months."""
    values, names = np.asarray(scores, np.float64), np.asarray(months)
    found = []
    for month in sorted(set(months)):
        here = values[names == month]
        found.append(Moved(month, len(here), psi(before, counts_over(edges, here))))
    return found


def by_field(before: Mapping[str, Sequence[int]], after: Mapping[str, Sequence[int]]) -> list[Moved]:
    """The PSI of each field's bins, missing and special values among them; the most moved first."""
    found = [Moved(name, int(sum(after[name])), psi(before[name], after[name])) for name in before if name in after]
    return sorted(found, key=lambda moved: -moved.psi)
