"""Drift of new rows against those a model was built on: PSI of the score, by month and of each field, and a verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.credit.building.measuring import LEAST_MONTH, bin_counts
from houfeng.credit.figures.stability import by_field, by_month, counts_over, psi
from houfeng.credit.models.model import Model
from houfeng.credit.studies.sample import DAY
from houfeng.errors import Text
from houfeng.packs.model import Pack


def drift(model: Model, rows: pa.Table, policy: Pack) -> dict[str, Any]:
    """How far `rows` have moved from the rows of training, as the card's bins counted them."""
    card, began = model.card, model.figures["stability"]
    score = card.score(rows)
    days = rows[DAY].to_pylist() if DAY in rows.column_names else []
    months = [f"{day:%Y-%m}" if day is not None else "" for day in days]
    moved = by_month(began["score_edges"], began["score_counts"], months, score) if any(months) else []
    before = {one.name: [bin_.n for bin_ in one.bins] for one in card.characteristics}
    total = psi(began["score_counts"], counts_over(began["score_edges"], score))
    return {
        "rows": int(rows.num_rows),
        "score_psi": total,
        "verdict": verdict(total, policy)._asdict(),
        "months": [m._asdict() for m in moved if m.n >= LEAST_MONTH],
        "fields": [
            {**m._asdict(), "verdict": verdict(m.psi, policy)._asdict()}
            for m in by_field(before, bin_counts(card, rows))
        ],
        "mean_score": float(np.mean(score)) if len(score) else None,
    }


def verdict(value: float, policy: Pack) -> Text:
    """What a PSI means, by the bounds of the policy."""
    watch, act = (float(policy.parameters[name].values[-1].value) for name in ("psi_watch", "psi_act"))
    if value < watch:
        return Text("稳定", "stable")
    return (
        Text("群体已变，须重建或复核", "another population: build again or review")
        if value >= act
        else Text("关注", "watch")
    )
