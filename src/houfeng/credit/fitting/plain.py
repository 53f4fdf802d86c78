"""The simplest rivals a model must beat: the best single field, and a logistic regression on the fields as they are.

Imported in the fitting process only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.credit.fitting.weights import evidence
from houfeng.credit.models.card import Characteristic

Doubles = NDArray[np.float64]


def best_single(found: Sequence[Characteristic]) -> Characteristic:
    """The field of the highest information value."""
    return max(found, key=lambda one: (one.iv, one.name))


class PlainLogistic:
    """Numbers cut at their 1st and 99th percentile, empty ones the median and a flag, codes as flags; a ridge of 1."""

    def __init__(self, found: Sequence[Characteristic], columns: Mapping[str, NDArray[Any]], bad: Doubles) -> None:
        """Fits on these rows."""
        from sklearn.linear_model import LogisticRegression

        self._found, self._facts = found, dict[str, Any]()
        for one in found:
            self._facts[one.name] = self._learn(one, columns[one.name])
        self._model = LogisticRegression(C=1.0, max_iter=2000).fit(self._matrix(columns), bad.astype(int))

    def pd(self, columns: Mapping[str, NDArray[Any]]) -> Doubles:
        """Probabilities."""
        return np.asarray(self._model.predict_proba(self._matrix(columns))[:, 1], np.float64)

    def _learn(self, one: Characteristic, values: NDArray[Any]) -> Any:
        if one.kind == "category":
            told = [v for v in values if v is not None]
            names, counts = np.unique(told, return_counts=True)
            return [str(name) for name, n in zip(names, counts, strict=True) if n >= 0.01 * len(values)]
        numbers = values
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return 0.0, 0.0, 0.0, 0.0, 1.0
        low, middle, high = np.quantile(known, (0.01, 0.5, 0.99))
        cut = np.clip(known, low, high)
        return low, high, middle, cut.mean(), cut.std() or 1.0

    def _matrix(self, columns: Mapping[str, NDArray[Any]]) -> Doubles:
        made: list[Doubles] = []
        for one in self._found:
            values, facts = columns[one.name], self._facts[one.name]
            if one.kind == "category":
                texts = np.asarray(["" if v is None else v for v in values])
                made += [np.asarray(texts == name, np.float64) for name in facts]
                continue
            low, high, middle, mean, spread = facts
            numbers = values
            empty = np.isnan(numbers)
            made.append((np.clip(np.where(empty, middle, numbers), low, high) - mean) / spread)
            made.append(empty.astype(np.float64))
        return np.column_stack(made)


def single_risk(one: Characteristic, values: NDArray[Any]) -> Doubles:
    """The risk that one field alone says: less its evidence."""
    return -evidence(one, values)
