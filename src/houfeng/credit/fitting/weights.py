"""Which characteristics a card holds, and their weights: a logistic regression on the evidence, none against it.

A weight above 0 would say that what is safer in every bin makes a firm riskier; such a field is dropped and the rest
is fitted again. Imported in the fitting process only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.credit.models.card import Characteristic

Doubles = NDArray[np.float64]
ALIKE = 0.85
"""Of two fields whose evidence is correlated more than this, the one that tells less is left out."""


def evidence(one: Characteristic, values: NDArray[Any]) -> Doubles:
    """The WoE of each value."""
    woe = np.asarray([bin_.woe for bin_ in one.bins], np.float64)
    return np.asarray(woe[one.place(values)], np.float64)


def weigh(
    found: Sequence[Characteristic], columns: Mapping[str, NDArray[Any]], bad: Doubles, settings: Mapping[str, Any]
) -> tuple[list[Characteristic], float]:
    """The characteristics that stay, with their weights, and the intercept: both in the log-odds of bad."""
    chosen = sorted((c for c in found if c.iv >= settings["least_iv"]), key=lambda c: (-c.iv, c.name))
    told = {one.name: evidence(one, columns[one.name]) for one in chosen}
    kept = _unlike(chosen, told)
    while True:
        intercept, weights = _fit([told[one.name] for one in kept], bad, float(settings["ridge"]))
        against = [i for i, weight in enumerate(weights) if weight >= 0]
        if against:
            worst = max(against, key=lambda i: weights[i])
            kept = [one for i, one in enumerate(kept) if i != worst]
            continue
        if len(kept) <= int(settings["most"]):
            break
        least = min(range(len(kept)), key=lambda i: abs(weights[i]) * told[kept[i].name].std())
        kept = [one for i, one in enumerate(kept) if i != least]
    return [replace(one, weight=float(w)) for one, w in zip(kept, weights, strict=True)], float(intercept)


def _unlike(chosen: Sequence[Characteristic], told: Mapping[str, Doubles]) -> list[Characteristic]:
    kept: list[Characteristic] = []
    for one in chosen:
        mine = told[one.name]
        if mine.std() > 0 and all(abs(_correlation(mine, told[other.name])) <= ALIKE for other in kept):
            kept.append(one)
    return kept


def _correlation(a: Doubles, b: Doubles) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def _fit(columns: Sequence[Doubles], bad: Doubles, ridge: float) -> tuple[float, list[float]]:
    if not columns:
        mean = min(max(float(bad.mean()), 1e-9), 1 - 1e-9)
        return float(np.log(mean / (1 - mean))), []
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0 / ridge, max_iter=1000).fit(np.column_stack(columns), bad.astype(int))
    return float(model.intercept_[0]), [float(weight) for weight in model.coef_[0]]
