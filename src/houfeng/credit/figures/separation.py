"""How well a score separates those who default from those who do not: AUC with its interval, KS, Brier, log loss.

`bad` is 1 where the outcome came about, `risk` is higher where it is thought likelier. Ties count half.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Separation:
    """What a score reached on `n` rows, `bad` of them bad. `low` and `high` bound the AUC at 95 % (DeLong)."""

    n: int
    bad: int
    auc: float
    low: float
    high: float
    ks: float
    gini: float
    brier: float | None
    log_loss: float | None

    def plain(self) -> dict[str, float | int | None]:
        """As a mapping, for JSON."""
        return asdict(self)


def separation(bad: ArrayLike, risk: ArrayLike, pd: ArrayLike | None = None) -> Separation:
    """All figures of one score; Brier and log loss where `pd`, a probability, is given."""
    outcome, score = np.asarray(bad, np.float64), np.asarray(risk, np.float64)
    area, error = auc_with_error(outcome, score)
    low, high = max(0.0, area - 1.959963984540054 * error), min(1.0, area + 1.959963984540054 * error)
    chance = None if pd is None else np.asarray(pd, np.float64)
    return Separation(
        n=len(outcome),
        bad=int(outcome.sum()),
        auc=area,
        low=low,
        high=high,
        ks=ks(outcome, score),
        gini=2 * area - 1,
        brier=None if chance is None else brier(outcome, chance),
        log_loss=None if chance is None else log_loss(outcome, chance),
    )


def auc(bad: ArrayLike, risk: ArrayLike) -> float:
    """The chance that a bad row has the higher risk of a bad and a good one drawn at random; not a number if one
    class is missing."""
    return auc_with_error(bad, risk)[0]


def auc_with_error(bad: ArrayLike, risk: ArrayLike) -> tuple[float, float]:
    """The AUC and its standard error after DeLong, DeLong and Clarke-Pearson (1988), by mid-ranks."""
    outcome, score = np.asarray(bad, np.float64), np.asarray(risk, np.float64)
    worse, better = score[outcome == 1], score[outcome == 0]
    m, n = len(worse), len(better)
    if m == 0 or n == 0:
        return math.nan, math.nan
    together = mid_ranks(np.concatenate([worse, better]))
    of_bad = (together[:m] - mid_ranks(worse)) / n
    of_good = 1.0 - (together[m:] - mid_ranks(better)) / m
    area = float(of_bad.mean())
    spread = (of_bad.var(ddof=1) / m if m > 1 else 0.0) + (of_good.var(ddof=1) / n if n > 1 else 0.0)
    return area, math.sqrt(max(spread, 0.0))


def mid_ranks(values: Doubles) -> Doubles:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means = ends - (counts - 1) / 2.0
    return np.asarray(means[inverse], np.float64)


def ks(bad: ArrayLike, risk: ArrayLike) -> float:
    """The largest gap between the two cumulative distributions (Kolmogorov and Smirnov)."""
    outcome, score = np.asarray(bad, np.float64), np.asarray(risk, np.float64)
    total_bad = outcome.sum()
    total_good = len(outcome) - total_bad
    if total_bad == 0 or total_good == 0:
        return math.nan
    _, inverse = np.unique(score, return_inverse=True)
    worse = np.bincount(inverse, weights=outcome)
    better = np.bincount(inverse, weights=1 - outcome)
    return float(np.abs(np.cumsum(worse) / total_bad - np.cumsum(better) / total_good).max())


def brier(bad: ArrayLike, pd: ArrayLike) -> float:
    """Mean squared distance of the probability from what happened (Brier 1950)."""
    return float(np.mean((np.asarray(pd, np.float64) - np.asarray(bad, np.float64)) ** 2))


def log_loss(bad: ArrayLike, pd: ArrayLike) -> float:
    """Mean negative log likelihood; a probability of 0 or 1 counts as 1e-12 from it."""
    outcome = np.asarray(bad, np.float64)
    chance = np.clip(np.asarray(pd, np.float64), TINY, 1 - TINY)
    return float(-np.mean(outcome * np.log(chance) + (1 - outcome) * np.log1p(-chance)))
