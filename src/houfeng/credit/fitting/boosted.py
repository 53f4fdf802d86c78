"""The challenger: boosted trees by LightGBM that may move in one direction only, the one the bins moved in.

Codes enter as their evidence, special values as missing. Imported in the fitting process only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.credit.fitting.weights import evidence
from houfeng.credit.models.bins import RANGE
from houfeng.credit.models.card import Characteristic

Doubles = NDArray[np.float64]


def inputs(found: Sequence[Characteristic], columns: Mapping[str, NDArray[Any]]) -> Doubles:
    """The matrix the trees see."""
    made = []
    for one in found:
        if one.kind == "category":
            made.append(evidence(one, columns[one.name]))
            continue
        values = columns[one.name]
        special = [float(b.value) for b in one.bins if b.value is not None]
        made.append(np.where(np.isin(values, special), np.nan, values) if special else values)
    return np.column_stack(made)


def directions(found: Sequence[Characteristic], free: frozenset[str]) -> list[int]:
    """1 where risk may only rise with the value, −1 where only fall, 0 where the bins turn."""
    signs = []
    for one in found:
        woe = [b.woe for b in one.bins if b.form == RANGE and b.n]
        steps = np.diff(woe)
        if one.kind == "category":
            signs.append(-1)
        elif one.name in free or not len(steps):
            signs.append(0)
        elif (steps >= 0).all():
            signs.append(-1)
        else:
            signs.append(1 if (steps <= 0).all() else 0)
    return signs


def grow(x: Doubles, bad: Doubles, signs: Sequence[int], settings: Mapping[str, Any], seed: int, threads: int) -> Any:
    """The fitted booster; the number of trees is chosen by cross-validation inside these rows."""
    import lightgbm as lgb

    leaf = int(settings.get("least_leaf") or max(5, min(100, len(bad) // 50)))
    parameters = {
        "objective": "binary", "metric": "binary_logloss", "learning_rate": 0.05, "num_leaves": int(settings["leaves"]),
        "min_data_in_leaf": leaf, "lambda_l2": 1.0, "feature_fraction": 0.8,
        "bagging_fraction": 0.8, "bagging_freq": 1, "monotone_constraints": list(signs), "seed": seed,
        "deterministic": True, "force_row_wise": True, "num_threads": threads, "verbosity": -1,
    }  # fmt: skip
    rounds = int(settings["rounds"])
    fewest = int(min(bad.sum(), len(bad) - bad.sum()))
    if fewest >= 8:
        data = lgb.Dataset(x, bad, free_raw_data=False)
        stop: list[Callable[..., Any]] = [lgb.early_stopping(30, verbose=False)]
        folds = 4 if len(bad) <= 50_000 else 2
        history: Any = lgb.cv(parameters, data, rounds, nfold=folds, stratified=True, seed=seed, callbacks=stop)
        rounds = max(1, len(history["valid binary_logloss-mean"]))
    else:
        rounds = min(rounds, 50)
    return lgb.train(parameters, lgb.Dataset(x, bad), rounds)


def log_odds(booster: Any, x: Doubles) -> Doubles:
    """What the trees say, before calibration."""
    return np.asarray(booster.predict(x, raw_score=True), np.float64)
