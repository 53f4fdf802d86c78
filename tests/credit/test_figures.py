"""Figures against hand calculations, the acceptance table, brute force and the libraries that are the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from houfeng.credit.building.calibrating import Chosen, dealt
from houfeng.credit.figures.calibration import fit_isotonic, fit_platt, holding, logistic_line, sigmoid
from houfeng.credit.figures.separation import auc, auc_with_error, brier, ks, log_loss
from houfeng.credit.figures.stability import by_field, by_month, counts_over, psi, score_edges
from houfeng.credit.models.scaling import scaling
from houfeng.credit.ratios import altman_z, altman_z_double_prime, zone

rows = st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=2, max_size=40).filter(
    lambda found: len({bad for bad, _ in found}) == 2
)


def test_scaling_of_the_acceptance_table():
    line = scaling(20, 600, 50)
    assert line.factor == pytest.approx(28.85390082, abs=5e-9)
    assert line.offset == pytest.approx(487.12287620, abs=5e-9)
    assert line.offset + line.factor * math.log(50) == pytest.approx(600)
    assert line.offset + line.factor * math.log(100) == pytest.approx(620)


def test_psi_of_the_acceptance_table():
    assert psi((0.10, 0.20, 0.30, 0.25, 0.15), (0.12, 0.18, 0.27, 0.25, 0.18)) == pytest.approx(0.014384104, abs=5e-10)
    assert psi((10, 20), (100, 200)) == 0
    assert psi((50, 50), (100, 0)) > 4  # an empty bin counts, it does not crash


def test_altman_of_the_acceptance_table():
    assert altman_z(0.2, 0.3, 0.1, 1.5, 1.1) == pytest.approx(2.9889, abs=1e-12)
    assert altman_z_double_prime(0.2, 0.3, 0.1, 1.5) == pytest.approx(4.537, abs=1e-12)
    assert zone(2.9889).en == "grey zone"
    assert zone(1.8).en == "distress zone"
    assert zone(4.537, 1.1, 2.6).en == "safe zone"


@given(rows)
def test_auc_and_ks_are_what_counting_pairs_says(found: list[tuple[bool, int]]):
    bad, risk = [int(b) for b, _ in found], [r for _, r in found]
    worse, better = [r for b, r in found if b], [r for b, r in found if not b]
    pairs = [(a > b) + 0.5 * (a == b) for a in worse for b in better]
    assert auc(bad, risk) == pytest.approx(sum(pairs) / len(pairs))
    gaps = [abs(sum(w <= t for w in worse) / len(worse) - sum(b <= t for b in better) / len(better)) for t in set(risk)]
    assert ks(bad, risk) == pytest.approx(max(gaps))


def test_the_error_of_an_auc_is_delongs_by_its_definition():
    random = np.random.default_rng(3)
    bad = (random.random(60) < 0.4).astype(float)
    risk = np.round(random.normal(size=60) + bad, 1)
    worse, better = risk[bad == 1], risk[bad == 0]
    wins = (worse[:, None] > better[None, :]) + 0.5 * (worse[:, None] == better[None, :])
    variance = wins.mean(1).var(ddof=1) / len(worse) + wins.mean(0).var(ddof=1) / len(better)
    area, error = auc_with_error(bad, risk)
    assert area == pytest.approx(wins.mean())
    assert error == pytest.approx(math.sqrt(variance))


def test_brier_and_log_loss_by_hand():
    assert brier([1, 0], [0.8, 0.3]) == pytest.approx((0.04 + 0.09) / 2)
    assert log_loss([1, 0], [0.8, 0.3]) == pytest.approx(-(math.log(0.8) + math.log(0.7)) / 2)
    assert math.isfinite(log_loss([1, 0], [0.0, 1.0]))


def test_isotonic_steps_are_scikit_learns():
    random = np.random.default_rng(5)
    x = np.round(random.normal(size=200), 2)
    bad = (random.random(200) < sigmoid(x)).astype(float)
    wanted = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip").fit(x, bad).predict(np.unique(x))
    found = fit_isotonic(bad, x)
    assert found(np.unique(x)) == pytest.approx(wanted, abs=1e-9)
    assert list(found.values) == sorted(found.values)
    assert found([-99.0])[0] == found.values[0]
    assert found([99.0])[0] == found.values[-1]


def test_the_logistic_line_is_scikit_learns():
    random = np.random.default_rng(6)
    x = random.normal(size=400)
    bad = (random.random(400) < sigmoid(-1 + 0.7 * x)).astype(float)
    a, b = logistic_line(bad, x)
    wanted = LogisticRegression(C=1e9, tol=1e-9, max_iter=1000).fit(x[:, None], bad)
    assert (a, b) == pytest.approx((wanted.intercept_[0], wanted.coef_[0][0]), abs=1e-4)


def test_platt_turns_nothing_upside_down():
    found = fit_platt([1, 1, 0, 0], [-2.0, -1.0, 1.0, 2.0])
    assert found.b == 0
    assert found([0.0])[0] == pytest.approx(0.5)


def test_calibration_of_right_probabilities_has_slope_one():
    random = np.random.default_rng(7)
    pd = sigmoid(random.normal(-2, 1, 40_000))
    held = holding((random.random(len(pd)) < pd).astype(float), pd)
    assert held.slope == pytest.approx(1, abs=0.05)
    assert held.intercept == pytest.approx(0, abs=0.1)
    assert held.ratio == pytest.approx(1, abs=0.05)
    assert sum(band.n for band in held.bands) == len(pd)
    twice = holding((random.random(len(pd)) < pd).astype(float), sigmoid(2 * np.log(pd / (1 - pd))))
    assert twice.slope == pytest.approx(0.5, abs=0.05)  # too extreme


def test_the_calibrator_is_the_one_of_least_loss_on_rows_unseen():
    random = np.random.default_rng(8)
    x = random.normal(size=3000)
    bad = (random.random(3000) < np.where(x > 0, 0.6, 0.05)).astype(float)  # a step, which no sigmoid fits
    chosen = Chosen(bad, x, dealt(bad, 5, 1), as_is=True)
    assert chosen.way == "isotonic"
    assert chosen.losses["isotonic"] == min(chosen.losses.values())
    smooth = (random.random(200) < sigmoid(x[:200])).astype(float)
    assert Chosen(smooth, x[:200], dealt(smooth, 5, 1), as_is=True).way in ("platt", "scale")


def test_psi_by_month_and_by_field():
    before = np.arange(1000)
    edges = score_edges(before)
    base = counts_over(edges, before)
    assert sum(base) == 1000
    moved = by_month(edges, base, ["2026-01"] * 1000 + ["2026-02"] * 500, np.concatenate([before, before[:500]]))
    assert [m.name for m in moved] == ["2026-01", "2026-02"]
    assert moved[0].psi == pytest.approx(0, abs=1e-12)
    assert moved[1].psi > 0.25
    fields = by_field({"a": [50, 50], "b": [90, 10]}, {"a": [50, 50], "b": [10, 90]})
    assert [m.name for m in fields] == ["b", "a"]
