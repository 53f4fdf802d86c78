"""How well a score or a set of alerts tells known defaults: measured against labels, never fitted to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from houfeng.errors import InputError, Text


@dataclass(frozen=True)
class Separation:
    """How a score separates labelled keys. `auc` is the chance that a bad key scores above a good one (ties half).

    `low` and `high` bound the AUC by Hanley and McNeil's standard error (Radiology 143:29, 1982), 95 %.
    """

    good: int
    bad: int
    unlabelled: int
    unscored: int
    auc: float
    low: float
    high: float


def separate(scores: Mapping[str, Any], labels: Mapping[str, bool | None]) -> Separation:
    """The separation of `labels` (true: bad) by `scores`; keys without a label or a score are counted, not used.

    Raises:
        InputError: not both good and bad keys have a score.
    """
    known = {key: label for key, label in labels.items() if label is not None}
    scored = [(float(scores[key]), label) for key, label in known.items() if scores.get(key) is not None]
    bad = np.array([score for score, label in scored if label])
    good = np.array([score for score, label in scored if not label])
    if not len(bad) or not len(good):
        raise InputError(
            Text("要有好、坏两类都带分数的对象才能算 AUC", "an AUC needs scored keys of both labels, good and bad")
        )
    auc = _auc(bad, good)
    error = _standard_error(auc, len(bad), len(good))
    return Separation(
        good=len(good),
        bad=len(bad),
        unlabelled=len(labels) - len(known),
        unscored=len(known) - len(scored),
        auc=auc,
        low=max(0.0, auc - 1.96 * error),
        high=min(1.0, auc + 1.96 * error),
    )


def _auc(bad: Sequence[float] | np.ndarray, good: Sequence[float] | np.ndarray) -> float:
    both = np.concatenate([bad, good])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[: len(bad)].sum() - len(bad) * (len(bad) + 1) / 2
    return float(above / (len(bad) * len(good)))


def _standard_error(auc: float, bad: int, good: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (bad - 1) * (q1 - auc**2) + (good - 1) * (q2 - auc**2)) / (bad * good)
    return float(np.sqrt(max(variance, 0.0)))
