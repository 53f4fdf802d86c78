"""Default risk and rating from invoices, learned on a few dozen firms: ridge regression, nothing that needs more data.

A logistic regression for default and a multinomial one for the rating of those that did not default, both on
standardised features with an L2 penalty. With 85 outcomes and 16 defaults anything richer would learn the sample.
`houfeng.credit` has the full workshop (binning, boosted trees, validation out of time) for when there are thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from houfeng.matching.assign.market import Floats
from houfeng.matching.contest.firms import RATINGS, Firms

PENALTY = 3.0


@dataclass(frozen=True, eq=False)
class Learned:
    """Probability of default and of each rating, for any features."""

    centre: Floats
    spread: Floats
    risk: Floats
    rating: Floats

    def default(self, features: Floats) -> Floats:
        """Probability of default."""
        found: Floats = expit(self._columns(features) @ self.risk)
        return found

    def ratings(self, features: Floats) -> Floats:
        """Probability of A, B, C, given that it is none of D."""
        found: Floats = softmax(self._columns(features) @ self.rating, axis=1)
        return found

    def _columns(self, features: Floats) -> Floats:
        scaled = np.clip((features - self.centre) / self.spread, -4.0, 4.0)
        return np.column_stack([np.ones(len(features)), scaled])


def learn(features: Floats, default: Floats, rating: Sequence[str], penalty: float = PENALTY) -> Learned:
    """Fit on firms whose outcome is known."""
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    blank = Learned(centre, spread, np.zeros(0), np.zeros(0))
    columns = blank._columns(features)
    graded = np.array([one in RATINGS for one in rating])
    wanted = np.array([RATINGS.index(one) for one in rating if one in RATINGS], np.int64)
    return Learned(
        centre,
        spread,
        _binary(columns, default, penalty),
        _multinomial(columns[graded], wanted, penalty),
    )


def learn_from(firms: Firms, penalty: float = PENALTY) -> Learned:
    """Fit on the firms of a file whose outcome is known."""
    known = firms.known()
    rating = [one for one, told in zip(firms.rating, known, strict=True) if told]
    return learn(firms.features[known], firms.default[known], rating, penalty)


def _binary(columns: Floats, outcome: Floats, penalty: float) -> Floats:
    def loss(weights: Floats) -> tuple[float, Floats]:
        chance = expit(columns @ weights)
        safe = np.clip(chance, 1e-12, 1 - 1e-12)
        value = -(outcome * np.log(safe) + (1 - outcome) * np.log(1 - safe)).sum()
        slope = columns.T @ (chance - outcome)
        slope[1:] += penalty * weights[1:]
        return float(value + penalty / 2 * (weights[1:] ** 2).sum()), slope

    found: Floats = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def _multinomial(columns: Floats, wanted: np.ndarray[tuple[int], np.dtype[np.int64]], penalty: float) -> Floats:
    shape = (columns.shape[1], len(RATINGS))
    truth = np.eye(len(RATINGS))[wanted]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        value = -(truth * log_softmax(columns @ weights, axis=1)).sum() + penalty / 2 * (weights[1:] ** 2).sum()
        slope = columns.T @ (softmax(columns @ weights, axis=1) - truth)
        slope[1:] += penalty * weights[1:]
        return float(value), slope.ravel()

    found: Floats = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B").x.reshape(shape)
    return found
