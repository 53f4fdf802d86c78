"""Predict with a kept model: probability, score, and the digest of the model that said so."""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.credit.figures.calibration import logit
from houfeng.credit.fitting.child import ask
from houfeng.credit.models.model import BOOSTED, CARD, Model
from houfeng.errors import Text, UsageError

Doubles = NDArray[np.float64]


class Predicted(NamedTuple):
    """What one of the two models says of every row."""

    pd: Doubles
    score: NDArray[np.int64]


def predict(model: Model, rows: pa.Table, who: str = "") -> Predicted:
    """What the champion (or `who`) says of `rows`. The trees' score is their probability on the scale of the card.

    Raises:
        InputError: a field is missing.
        UsageError: the model has no challenger.
    """
    who = who or model.champion
    if who == CARD:
        score = model.card.score(rows)
        return Predicted(model.card.pd(score), score)
    if model.challenger is None:
        raise UsageError(Text("这个模型没有挑战者", "this model has no challenger"))
    request = {
        "task": "speak",
        "trees": model.challenger.trees,
        "characteristics": [one.plain() for one in model.challenger.fields],
    }
    found = ask(request, rows.select([one.name for one in model.challenger.fields])).scores
    assert found is not None
    pd = model.challenger.calibrator(np.asarray(found["boosted"].to_numpy(zero_copy_only=False)))
    line = model.card.scaling
    return Predicted(pd, np.asarray(np.round(line.offset - line.factor * logit(pd)), np.int64))


def shadowed(model: Model) -> str:
    """The one that runs in the champion's shadow, or nothing."""
    if model.challenger is None:
        return ""
    return CARD if model.champion == BOOSTED else BOOSTED


def to_csv(ids: list[str], model: Model, champion: Predicted, shadow: Predicted | None = None) -> str:
    """The file of predictions: id, pd, score, model; and the shadow's, where it was asked."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads = ["id", "pd", "score", "model"] + (["shadow_pd", "shadow_score"] if shadow is not None else [])
    writer.writerow(heads)
    for i, name in enumerate(ids):
        row: list[Any] = [name, f"{champion.pd[i]:.6f}", int(champion.score[i]), model.digest]
        if shadow is not None:
            row += [f"{shadow.pd[i]:.6f}", int(shadow.score[i])]
        writer.writerow(row)
    return out.getvalue()
