"""toad: Combiner (decision trees of six leaves), WOE, ScoreCard."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
import toad
from sklearn.metrics import roc_auc_score

frame = pd.read_parquet(sys.argv[1])
fields = [name for name in frame.columns if name != "bad"]
began = time.perf_counter()
combiner = toad.transform.Combiner()
combiner.fit(frame, y="bad", method="dt", max_depth=None, n_bins=6, min_samples=0.05, empty_separate=True)
woe = toad.transform.WOETransformer()
encoded = woe.fit_transform(combiner.transform(frame), frame["bad"], exclude=["bad"])
card = toad.ScoreCard(combiner=combiner, transer=woe, pdo=20, rate=2, base_odds=50, base_score=600)
card.fit(encoded[fields], frame["bad"])
fitted = time.perf_counter()
score = card.predict(frame[fields])
done = time.perf_counter()
told = {"fit": fitted - began, "score": done - fitted, "fields": len(fields)}
print(json.dumps(told | {"auc": float(roc_auc_score(frame["bad"], -score))}))
