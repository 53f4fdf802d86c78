"""What is measured on rows no model had seen: separation, calibration, stability, and the two models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.credit.figures.calibration import holding
from houfeng.credit.figures.separation import mid_ranks, separation
from houfeng.credit.figures.stability import by_field, by_month, counts_over, psi, score_edges
from houfeng.credit.models.card import Card

Doubles = NDArray[np.float64]
HISTOGRAM = 20
LEAST_MONTH = 30
"""A month with fewer rows has no PSI: it would say more of chance than of firms."""


def told(bad: Doubles, risk: Doubles, pd: Doubles | None) -> dict[str, Any]:
    """The figures of one score; calibration only where it gives probabilities."""
    found: dict[str, Any] = separation(bad, risk, pd).plain()
    if pd is not None:
        found["calibration"] = holding(bad, pd).plain()
    return found


def averaged(runs: Sequence[tuple[Doubles, Doubles | None]], bad: Doubles) -> dict[str, Any]:
    """The mean of the figures over repeated foldings; the calibration table is of the first."""
    all_told = [told(bad, risk, pd) for risk, pd in runs]
    found = dict(all_told[0])
    for key in ("auc", "low", "high", "ks", "gini", "brier", "log_loss"):
        values = [one[key] for one in all_told if one.get(key) is not None]
        if values:
            found[key] = float(np.mean(values))
    if len(all_told) > 1:
        found["auc_spread"] = float(np.std([one["auc"] for one in all_told], ddof=1))
    return found


def stability(card: Card, before: pa.Table, after: pa.Table, days: Sequence[date | None]) -> dict[str, Any]:
    """PSI of the score by month, and of each field of the card, of `after` against `before`."""
    old, new = card.score(before), card.score(after)
    edges = score_edges(old)
    base = counts_over(edges, old)
    months = [f"{day:%Y-%m}" if day is not None else "" for day in days]
    moved_months = by_month(edges, base, months, new) if any(months) else []
    told_months = [moved._asdict() for moved in moved_months if moved.n >= LEAST_MONTH]
    return {
        "score_edges": edges,
        "score_counts": base,
        "score_psi": psi(base, counts_over(edges, new)),
        "months": told_months,
        "fields": [moved._asdict() for moved in by_field(bin_counts(card, before), bin_counts(card, after))],
    }


def bin_counts(card: Card, rows: pa.Table) -> dict[str, list[int]]:
    """How many rows fall in each bin of each field."""
    return {
        one.name: [int(n) for n in np.bincount(one.place(rows[one.name]), minlength=len(one.bins))]
        for one in card.characteristics
    }


def distribution(score: NDArray[np.int64], bad: Doubles) -> dict[str, Any]:
    """How many good and bad rows stand at which score."""
    low, high = int(score.min()), int(score.max())
    edges = np.unique(np.round(np.linspace(low, high + 1, HISTOGRAM + 1)).astype(int))
    good_n, _ = np.histogram(score[bad == 0], edges)
    bad_n, _ = np.histogram(score[bad == 1], edges)
    return {"edges": [int(e) for e in edges], "good": [int(n) for n in good_n], "bad": [int(n) for n in bad_n]}


def shadow(card_pd: Doubles, boosted_pd: Doubles, bad: Doubles) -> dict[str, Any]:
    """How far champion and challenger agree: rank correlation, and who is in the riskiest tenth of one only."""
    tenth = max(1, len(card_pd) // 10)
    by_card = set(np.argsort(-card_pd, kind="stable")[:tenth].tolist())
    by_trees = set(np.argsort(-boosted_pd, kind="stable")[:tenth].tolist())
    only_card, only_trees = sorted(by_card - by_trees), sorted(by_trees - by_card)
    spread = min(float(np.ptp(card_pd)), float(np.ptp(boosted_pd)))  # one that says the same of everybody orders nobody
    ranks = np.corrcoef(mid_ranks(card_pd), mid_ranks(boosted_pd))[0, 1] if spread > 0 else 0.0
    return {
        "rows": len(card_pd),
        "rank_correlation": float(ranks),
        "tenth": tenth,
        "both": len(by_card & by_trees),
        "card_only": len(only_card),
        "card_only_bad": int(bad[only_card].sum()) if only_card else 0,
        "boosted_only": len(only_trees),
        "boosted_only_bad": int(bad[only_trees].sum()) if only_trees else 0,
    }


def champion_of(figures: Mapping[str, Mapping[str, Any]], asked: str, margin: float = 0.01) -> str:
    """The card, which explains itself, unless the trees separate better by more than `margin` and lose less."""
    if asked in figures:
        return asked
    card, trees = figures.get("card"), figures.get("boosted")
    if card is None or trees is None:
        return "card"
    better = trees["auc"] > card["auc"] + margin and trees["log_loss"] < card["log_loss"]
    return "boosted" if better else "card"
