"""AUC and its interval against the definition, and against published examples."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.watch.labels import separate


def test_hanley_and_mcneil_1982() -> None:
    """Table I of Hanley and McNeil (Radiology 143:29): 58 normal, 51 abnormal; area 0.893, error 0.032."""
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    scores: dict[str, float] = {}
    labels: dict[str, bool | None] = {}
    for bad, counts in ((False, normal), (True, abnormal)):
        for rating, count in enumerate(counts):
            for number in range(count):
                scores[f"{bad}{rating}{number}"] = float(rating)
                labels[f"{bad}{rating}{number}"] = bad
    found = separate(scores, labels)
    assert found.auc == pytest.approx(0.893, abs=0.0005)
    assert (found.high - found.auc) / 1.96 == pytest.approx(0.032, abs=0.0005)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_chance_that_a_bad_one_scores_higher(bad: list[int], good: list[int]) -> None:
    scores = {f"b{n}": s for n, s in enumerate(bad)} | {f"g{n}": s for n, s in enumerate(good)}
    found = separate(scores, {key: key.startswith("b") for key in scores})
    wins = sum((b > g) + (b == g) / 2 for b, g in product(bad, good))
    assert found.auc == pytest.approx(wins / (len(bad) * len(good)))
    assert 0 <= found.low <= found.auc <= found.high <= 1


def test_what_has_no_label_or_score_is_counted_not_used() -> None:
    found = separate({"a": 1, "b": 0, "c": None, "d": 5}, {"a": True, "b": False, "c": True, "d": None})
    assert (found.bad, found.good, found.unlabelled, found.unscored) == (1, 1, 1, 1)
    with pytest.raises(InputError, match="both labels"):
        separate({"a": 1}, {"a": True})
