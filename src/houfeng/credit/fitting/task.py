"""What the process is asked: fit a card with its challenger and rivals, look at one field, or let the trees speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.credit.building.calibrating import dealt
from houfeng.credit.fitting import binning, boosted, plain, weights
from houfeng.credit.models.card import Characteristic, values_of

Doubles = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]


class CannotFitError(Exception):
    """Rows that nothing can be learnt from; `code` and both texts go back to who asked."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        """The problem as it is told."""
        super().__init__(en)
        self.problem = {"code": code, "message": [zh, en]}


@dataclass
class Fitted:
    """All that was learnt on one set of rows."""

    everything: list[Characteristic]
    kept: list[Characteristic]
    intercept: float
    trees: Any
    logistic: plain.PlainLogistic | None
    single: Characteristic

    def speak(self, columns: Columns) -> dict[str, Doubles]:
        """What each says of other rows: log-odds or any risk that rises with it."""
        card = np.full(len(next(iter(columns.values()))), self.intercept)
        for one in self.kept:
            card = card + one.weight * weights.evidence(one, columns[one.name])
        said = {"card": card, "single": plain.single_risk(self.single, columns[self.single.name])}
        if self.trees is not None:
            said["boosted"] = boosted.log_odds(self.trees, boosted.inputs(self.everything, columns))
        if self.logistic is not None:
            said["logistic"] = self.logistic.pd(columns)
        return said


def fit_once(columns: Columns, bad: Doubles, request: Mapping[str, Any], *, rivals: bool = True) -> Fitted:
    """Learn from these rows."""
    settings = request["settings"]
    found = [binning.characteristic(columns[f["name"]], bad, f, settings) for f in request["features"]]
    kept, intercept = weights.weigh(found, columns, bad, settings)
    trees = logistic = None
    if rivals:
        free = frozenset(f["name"] for f in request["features"] if f["trend"] == "free")
        x = boosted.inputs(found, columns)
        signs = boosted.directions(found, free)
        trees = boosted.grow(x, bad, signs, settings, int(request["seed"]), int(request["threads"]))
        logistic = plain.PlainLogistic(found, columns, bad)
    return Fitted(found, kept, intercept, trees, logistic, plain.best_single(found))


def fit(request: Mapping[str, Any], rows: pa.Table) -> tuple[dict[str, Any], pa.Table, dict[str, str]]:
    """For each set of rows named in `request["fits"]`: the card, and scores of every row, unseen ones by folds.

    A row of training is scored by models of the other folds (`<set>_oof_<who>_<repeat>`); every row by the model of
    all of them (`<set>_<who>`).
    """
    columns = {f["name"]: values_of(f["kind"], rows[f["name"]]) for f in request["features"]}
    bad = np.asarray(rows["_bad"].to_numpy(zero_copy_only=False), np.float64)
    rivals = bool(request.get("rivals", True))
    answer: dict[str, Any] = {}
    scores: dict[str, Doubles] = {}
    files: dict[str, str] = {}
    for name in request["fits"]:
        train = np.asarray(rows[f"_{name}"].to_numpy(zero_copy_only=False), bool)
        _check(bad[train], int(request["folds"]))
        fitted = fit_once(_at(columns, train), bad[train], request, rivals=rivals)
        answer[name] = _told(fitted)
        if fitted.trees is not None:
            files[f"{name}.txt"] = fitted.trees.model_to_string()
        scores |= {f"{name}_{who}": said for who, said in fitted.speak(columns).items()}
        if request["folds"]:
            scores |= _unseen(name, columns, bad, train, request, rivals)
    return answer, pa.table(scores), files


def _unseen(
    name: str, columns: Columns, bad: Doubles, train: NDArray[np.bool_], request: Mapping[str, Any], rivals: bool
) -> dict[str, Doubles]:
    found: dict[str, Doubles] = {}
    places = np.flatnonzero(train)
    for repeat in range(int(request["repeats"])):
        fold_of = dealt(bad[train], int(request["folds"]), int(request["seed"]) + repeat)
        for fold in range(int(request["folds"])):
            inside, outside = places[fold_of != fold], places[fold_of == fold]
            fitted = fit_once(_at(columns, inside), bad[inside], request, rivals=rivals)
            for who, said in fitted.speak(_at(columns, outside)).items():
                key = f"{name}_oof_{who}_{repeat}"
                found.setdefault(key, np.full(len(bad), np.nan))[outside] = said
    return found


def speak(request: Mapping[str, Any], rows: pa.Table) -> tuple[dict[str, Any], pa.Table, dict[str, str]]:
    """Let trees that were kept speak of new rows: `request["trees"]` and the characteristics they were grown with."""
    import lightgbm as lgb

    found = [Characteristic.of(raw) for raw in request["characteristics"]]
    columns = {one.name: values_of(one.kind, rows[one.name]) for one in found}
    said = boosted.log_odds(lgb.Booster(model_str=request["trees"]), boosted.inputs(found, columns))
    return {}, pa.table({"boosted": said}), {}


def look(request: Mapping[str, Any], rows: pa.Table) -> tuple[dict[str, Any], None, dict[str, str]]:
    """One field as optbinning bins it, with its defaults unless `options` say otherwise: splits, IV, KS."""
    feature = request["features"][0]
    bad = np.asarray(rows["_bad"].to_numpy(zero_copy_only=False), np.float64)
    found = binning.raw_bins(
        values_of(feature["kind"], rows[feature["name"]]), bad, feature, request.get("options", {})
    )
    table = found.binning_table
    table.build()
    table.analysis(print_output=False)
    return {"splits": [float(split) for split in found.splits], "iv": float(table.iv), "ks": float(table.ks)}, None, {}


TASKS = {"fit": fit, "speak": speak, "look": look}


def _check(bad: Doubles, number: int) -> None:
    worse = int(bad.sum())
    least = max(2, number)
    if worse < least or len(bad) - worse < least:
        raise CannotFitError(
            "credit.too_few",
            f"训练样本中坏 {worse} 个、好 {len(bad) - worse} 个，至少各需 {least} 个",
            f"the sample has {worse} bad and {len(bad) - worse} good rows; at least {least} of each are needed",
        )


def _at(columns: Columns, places: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {name: values[places] for name, values in columns.items()}


def _told(fitted: Fitted) -> dict[str, Any]:
    return {
        "intercept": fitted.intercept,
        "characteristics": [one.plain() for one in fitted.kept],
        "everything": [one.plain() for one in fitted.everything],
        "single": fitted.single.name,
        "trees": fitted.trees.num_trees() if fitted.trees is not None else 0,
    }
