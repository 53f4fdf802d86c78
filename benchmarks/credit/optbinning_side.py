"""optbinning alone: BinningProcess, logistic regression and Scorecard, as its documentation shows."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

frame = pd.read_parquet(sys.argv[1])
fields = [name for name in frame.columns if name != "bad"]
began = time.perf_counter()
options = {name: {"monotonic_trend": "auto_asc_desc", "max_n_bins": 6, "min_bin_size": 0.05} for name in fields}
process = BinningProcess(fields, binning_fit_params=options)
scale = {"pdo": 20, "odds": 50, "scorecard_points": 600}
card = Scorecard(
    process, LogisticRegression(max_iter=1000), scaling_method="pdo_odds", scaling_method_params=scale, rounding=False
)
card.fit(frame[fields], frame["bad"].astype(int), metric_missing="empirical")
fitted = time.perf_counter()
score = card.score(frame[fields])
done = time.perf_counter()
told = {"fit": fitted - began, "score": done - fitted, "fields": len(fields)}
print(json.dumps(told | {"auc": float(roc_auc_score(frame["bad"], -score))}))
