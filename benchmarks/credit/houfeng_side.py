"""Houfeng: bins, weights, points, in its process of fitting; without challenger and folds, as the others have none."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

import numpy as np
import pyarrow.parquet as pq

from houfeng.credit.figures.calibration import Calibrator
from houfeng.credit.figures.separation import auc
from houfeng.credit.fitting.child import ask
from houfeng.credit.models.card import Characteristic, with_points
from houfeng.credit.models.scaling import scaling
from houfeng.credit.studies.study import Settings

table = pq.read_table(sys.argv[1])
fields = [name for name in table.column_names if name != "bad"]
began = time.perf_counter()
features = [
    {"name": name, "label": [name, name], "kind": "numeric", "value": name, "trend": "auto", "special": []}
    for name in fields
]
rows = table.rename_columns([*fields, "_bad"]).append_column("_train", [np.ones(table.num_rows, bool)])
settings = asdict(Settings(most=30))
request = {"task": "fit", "fits": ["train"], "features": features, "settings": settings, "rivals": False,
           "folds": 0, "repeats": 0, "seed": 1, "threads": 1}  # fmt: skip
found = ask(request, rows).found["train"]
chosen = [Characteristic.of(one) for one in found["characteristics"]]
card = with_points(chosen, found["intercept"], scaling(20, 600, 50), Calibrator("platt"))
fitted = time.perf_counter()
score = card.score(table)
done = time.perf_counter()
told = {"fit": fitted - began, "score": done - fitted, "fields": len(chosen), "auc": auc(table["bad"], -score)}
print(json.dumps(told))
