"""The contest problem: the programme against trying everything, learning on made-up firms, the data where present."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.matching.contest.firms import read_contest
from houfeng.matching.contest.learning import learn
from houfeng.matching.contest.lending import Rules, margins, plan_for, realised
from houfeng.matching.contest.study import auc

DATA = Path(__file__).parents[4] / "shared" / "data" / "cumcm2020c_sme_invoices"


def best_by_trying(gain: np.ndarray, rules: Rules) -> float:  # type: ignore[type-arg]
    """The best plan by trying every set of firms, each at its best rate, the best first."""
    best, top = 0.0, gain.max(axis=1)
    for count in range(1, len(top) + 1):
        for chosen in itertools.combinations(range(len(top)), count):
            if rules.least * count > rules.budget:
                continue
            left, total = rules.budget - rules.least * count, 0.0
            for firm in sorted(chosen, key=lambda one: -top[one]):
                more = min(left, rules.most - rules.least)
                total, left = total + top[firm] * (rules.least + more), left - more
            best = max(best, total)
    return best


@pytest.mark.parametrize("seed", range(10))
def test_the_programme_against_trying_everything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain = rng.normal(0.02, 0.03, (6, 4))
    rules = Rules(budget=float(rng.integers(2, 40)) * 1e5)
    made = plan_for(gain, np.ones_like(gain), rules)
    assert made.profit == pytest.approx(best_by_trying(gain, rules), rel=1e-6, abs=1e-3)
    got = made.amounts > 0
    assert made.amounts.sum() <= rules.budget * (1 + 1e-9)
    assert ((made.amounts[got] >= rules.least - 1) & (made.amounts[got] <= rules.most + 1)).all()


def test_margins_by_hand() -> None:
    """At 5 %, 20 % of A lost, PD 2 %: 0.8 × (0.98 × 0.05 − 0.02) = 0.0232 of a yuan offered."""
    found = margins(np.array([0.05]), np.array([[0.2, 0.1, 0.1]]), np.array([0.02]), np.array([[1.0, 0.0, 0.0]]), 1.0)
    assert found[0, 0] == pytest.approx(0.0232)


def test_realised_by_hand() -> None:
    made = plan_for(np.array([[0.03], [0.02]]), np.ones((2, 1)), Rules(budget=2e6))
    rates, churn = np.array([0.05]), np.array([[0.2, 0.1, 0.1]])
    came = realised(made, rates, churn, np.array([0.0, 1.0]), np.array([0, -1]), 1.0)
    assert came == pytest.approx(1e6 * 0.8 * 0.05 - 1e6)


def test_learning_finds_what_is_there() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(400, 3))
    default = (rng.random(400) < 1 / (1 + np.exp(3 - 2 * features[:, 0]))).astype(float)
    rating = [
        "D" if bad else "ABC"[int(np.digitize(x, [-0.5, 0.5]))] for bad, x in zip(default, features[:, 1], strict=True)
    ]
    learned = learn(features, default, rating)
    assert auc(learned.default(features), default) > 0.8  # the truth itself has about 0.84
    assert learned.default(features).mean() == pytest.approx(default.mean(), abs=0.01)
    assert learned.ratings(features).sum(axis=1) == pytest.approx(np.ones(400))
    assert auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(0.875)


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_contest(tmp_path)
    assert len(raised.value.problems) == 7


@pytest.mark.data
def test_the_data_are_read_whole() -> None:
    if not DATA.exists():
        pytest.skip(f"no data: {DATA} is missing")
    found = read_contest(DATA)
    assert (len(found.rated.ids), len(found.unrated.ids)) == (123, 302)
    assert int(found.rated.known().sum()) == 85
    assert int((found.rated.default > 0).sum()) == 16
    assert found.churn.shape == (29, 3)
    assert np.isfinite(found.unrated.features).all()
