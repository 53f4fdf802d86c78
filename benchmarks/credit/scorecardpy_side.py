"""scorecardpy: woebin (trees), logistic regression, scorecard."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
import scorecardpy as sc
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

frame = pd.read_parquet(sys.argv[1])
fields = [name for name in frame.columns if name != "bad"]
began = time.perf_counter()
bins = sc.woebin(frame, y="bad", bin_num_limit=6, no_cores=1, print_info=False)
encoded = sc.woebin_ply(frame, bins, no_cores=1, print_info=False)
columns = [f"{name}_woe" for name in fields]
model = LogisticRegression(max_iter=1000).fit(encoded[columns], frame["bad"])
card = sc.scorecard(bins, model, columns, points0=600, odds0=1 / 50, pdo=20)
fitted = time.perf_counter()
score = sc.scorecard_ply(frame, card, print_step=0)["score"]
done = time.perf_counter()
told = {"fit": fitted - began, "score": done - fitted, "fields": len(fields)}
print(json.dumps(told | {"auc": float(roc_auc_score(frame["bad"], -score))}))
