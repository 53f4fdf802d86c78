"""From a risk to a probability: two calibrators, and how well probabilities hold.

Platt's sigmoid is a logistic regression of the outcome on the log-odds; the isotonic one is a rising step function.
Both are fitted here in few lines, so that a card can be read without the library that made it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

Doubles = NDArray[np.float64]
FLOOR = 1e-4
"""The least probability a step may give, and 1 less it the most: nothing is impossible."""


@dataclass(frozen=True, slots=True)
class Calibrator:
    """`platt`: 1 / (1 + exp(−(a + b·x))). `isotonic`: `values[i]` from `edges[i]` on, the first also below."""

    way: str
    a: float = 0.0
    b: float = 1.0
    edges: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __call__(self, log_odds: ArrayLike) -> Doubles:
        """Probabilities of the outcome."""
        x = np.asarray(log_odds, np.float64)
        if self.way == "isotonic":
            place = np.clip(np.searchsorted(np.asarray(self.edges), x, side="right") - 1, 0, len(self.edges) - 1)
            return np.asarray(np.asarray(self.values)[place], np.float64)
        return sigmoid(self.a + self.b * x)

    def plain(self) -> dict[str, Any]:
        """As a mapping, for JSON."""
        if self.way == "isotonic":
            return {"way": self.way, "edges": list(self.edges), "values": list(self.values)}
        return {"way": self.way, "a": self.a, "b": self.b}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Calibrator:
        """From what `plain` gave."""
        if raw["way"] == "isotonic":
            return cls("isotonic", edges=tuple(raw["edges"]), values=tuple(raw["values"]))
        return cls(raw["way"], a=float(raw["a"]), b=float(raw["b"]))


def sigmoid(x: ArrayLike) -> Doubles:
    """1 / (1 + exp(−x)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, np.float64))), np.float64)


def logit(p: ArrayLike) -> Doubles:
    """The log-odds of a probability, kept within 1e-9 of its ends."""
    chance = np.clip(np.asarray(p, np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(chance) - np.log1p(-chance), np.float64)


def fit_platt(bad: ArrayLike, log_odds: ArrayLike) -> Calibrator:
    """Platt's sigmoid with his targets (n₊+1)/(n₊+2) and 1/(n₋+2), by Newton's method; its slope is 0 or more."""
    outcome, x = np.asarray(bad, np.float64), np.asarray(log_odds, np.float64)
    worse = outcome.sum()
    better = len(outcome) - worse
    target = np.where(outcome == 1, (worse + 1) / (worse + 2), 1 / (better + 2))
    a, b = logistic_line(target, x)
    if b < 0:
        return Calibrator("platt", float(logit((worse + 1) / (len(outcome) + 2))), 0.0)
    return Calibrator("platt", a, b)


def logistic_line(target: Doubles, x: Doubles) -> tuple[float, float]:
    """Intercept and slope of the logistic regression of `target` (0 to 1) on `x`."""
    mean = min(max(float(target.mean()), 1e-9), 1 - 1e-9)
    a, b = math.log(mean / (1 - mean)), 0.0
    for _ in range(100):
        p = sigmoid(a + b * x)
        weight = np.maximum(p * (1 - p), 1e-12)
        gap = target - p
        h00, h01, h11 = weight.sum() + 1e-10, (weight * x).sum(), (weight * x * x).sum() + 1e-10
        g0, g1 = gap.sum(), (gap * x).sum()
        determinant = h00 * h11 - h01 * h01
        if determinant <= 1e-18 * h00 * h11:
            return a, b
        step_a = (h11 * g0 - h01 * g1) / determinant
        step_b = (h00 * g1 - h01 * g0) / determinant
        size = max(abs(step_a), abs(step_b))
        damped = min(1.0, 5.0 / size) if size > 0 else 1.0
        a, b = a + damped * step_a, b + damped * step_b
        if size < 1e-10:
            break
    return float(a), float(b)


def fit_isotonic(bad: ArrayLike, log_odds: ArrayLike) -> Calibrator:
    """The rising step function nearest to the outcomes; steps are kept off 0 and 1."""
    outcome, x = np.asarray(bad, np.float64), np.asarray(log_odds, np.float64)
    points, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(inverse, weights=outcome) / counts
    fitted = isotonic_regression(means, weights=counts.astype(np.float64)).x
    starts = np.flatnonzero(np.concatenate([[True], np.diff(fitted) > 1e-12]))
    values = np.clip(fitted[starts], FLOOR, 1 - FLOOR)
    return Calibrator("isotonic", edges=tuple(map(float, points[starts])), values=tuple(map(float, values)))


@dataclass(frozen=True, slots=True)
class Band:
    """Rows of like probability: how many, what was said on average, what happened."""

    n: int
    bad: int
    said: float
    seen: float


@dataclass(frozen=True, slots=True)
class Holding:
    """How probabilities hold: `slope` 1 and `intercept` 0 are right; a slope below 1 says they are too extreme, an
    intercept above 0 that they are too low. `ratio` is outcomes seen over outcomes said."""

    slope: float
    intercept: float
    ratio: float
    bands: tuple[Band, ...]

    def plain(self) -> dict[str, Any]:
        """As a mapping, for JSON."""
        bands = [{"n": b.n, "bad": b.bad, "said": b.said, "seen": b.seen} for b in self.bands]
        return {"slope": self.slope, "intercept": self.intercept, "ratio": self.ratio, "bands": bands}


def holding(bad: ArrayLike, pd: ArrayLike, bands: int = 10) -> Holding:
    """The calibration table by bands of about equal size, and the calibration line on the log-odds (Cox 1958)."""
    outcome, chance = np.asarray(bad, np.float64), np.asarray(pd, np.float64)
    intercept, slope = logistic_line(outcome, logit(chance))
    said = float(chance.sum())
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, bands + 1))) if len(chance) else np.zeros(1)
    place = np.searchsorted(edges[1:-1], chance, side="left") if len(edges) > 2 else np.zeros(len(chance), np.int64)
    found = []
    for band in range(max(1, len(edges) - 1)):
        here = place == band
        if here.any():
            n, worse = int(here.sum()), int(outcome[here].sum())
            found.append(Band(n, worse, float(chance[here].mean()), worse / n))
    ratio = float(outcome.sum() / said) if said else math.nan
    return Holding(slope, intercept, ratio, tuple(found))
