"""The fitting process: optbinning's reference figures, what it refuses, how it fails, and what a model then holds."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

from houfeng.clock import fixed_clock
from houfeng.credit.building.build import build
from houfeng.credit.building.drift import drift
from houfeng.credit.building.predicting import predict, shadowed, to_csv
from houfeng.credit.fitting.child import ask
from houfeng.credit.models.bins import MISSING, RANGE, SPECIAL
from houfeng.credit.models.model import BOOSTED, CARD, Model, read_model, save
from houfeng.credit.models.page import render
from houfeng.credit.studies.load import load_sample
from houfeng.credit.studies.sample import Sample
from houfeng.credit.studies.study import read_study
from houfeng.errors import EnvironmentFault, InputError
from houfeng.packs.loading.load import load_pack

STUDY = """
study: made-up
label: {zh: 造出来的, en: made up}
files: {loans: loans.csv}
id: id
decided: day
outcome: bad
features:
  debt: {value: debt, trend: up, label: {zh: 负债, en: Debt}}
  sales: {value: sales, special: [-1], label: {zh: 销售, en: Sales}}
  trade: {value: trade, kind: category, label: {zh: 行业, en: Trade}}
  noise: {value: noise}
test: {from: 2025-07-01, folds: 3}
settings: {rounds: 40, leaves: 5}
"""


def write_loans(folder: Path, rows: int = 1500) -> Path:
    """Made-up loans whose truth is known; the outcome of November and December is blank."""
    random = np.random.default_rng(11)
    debt, sales = random.normal(size=rows), random.lognormal(size=rows)
    trade = random.choice(["A", "B", "C"], rows)
    log_odds = -1.5 + 1.2 * debt - 0.8 * np.log(sales) + np.where(trade == "C", 0.9, 0.0)
    bad = random.random(rows) < 1 / (1 + np.exp(-log_odds))
    told = ["id,day,debt,sales,trade,noise,bad"]
    for n in range(rows):
        month = n * 12 // rows + 1
        shown = "" if n % 11 == 0 else -1 if n % 7 == 0 else f"{sales[n]:.4f}"
        outcome = "" if month > 10 else str(bool(bad[n])).lower()
        told.append(f"F{n},2025-{month:02}-15,{debt[n]:.4f},{shown},{trade[n]},{random.normal():.3f},{outcome}")
    (folder / "loans.csv").write_text("\n".join(told) + "\n", "utf-8")
    (folder / "study.yaml").write_text(STUDY, "utf-8")
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The rows."""
    folder = tmp_path_factory.mktemp("loans")
    return load_sample(read_study(write_loans(folder)), folder)


@pytest.fixture(scope="module")
def made(sample: Sample) -> Model:
    """The model fitted on them."""
    return build(sample, "1.0.0", fixed_clock(datetime(2026, 1, 2, 3, 4, 5)), seed=5)


def test_optbinning_gives_the_figures_of_the_acceptance_table():
    data = load_breast_cancer()
    rows = pa.table({"mean_radius": data.data[:, 0], "_bad": data.target.astype(float)})
    feature = {"name": "mean_radius", "kind": "numeric"}  # the library's defaults: no trend asked for
    found = ask({"task": "look", "features": [feature]}, rows).found
    wanted = [11.42500019, 12.32999992, 13.09499979, 13.70499992, 15.04500008, 16.92500019]
    assert found["splits"] == pytest.approx(wanted, abs=5e-9)
    assert found["iv"] == pytest.approx(5.043925466, abs=5e-10)
    assert found["ks"] == pytest.approx(0.728621637, abs=5e-10)


def test_no_library_of_fitting_comes_into_this_process():
    code = (
        "import sys, pkgutil, importlib, houfeng.credit\n"
        "for m in pkgutil.walk_packages(houfeng.credit.__path__, 'houfeng.credit.'):\n"
        "    if not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
        "print([m for m in ('optbinning', 'ortools', 'lightgbm', 'sklearn', 'cvxpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_process_that_fails_shows_the_end_of_its_log():
    with pytest.raises(EnvironmentFault, match="KeyError"):
        ask({"task": "no such task"}, pa.table({"_bad": [0.0]}))


def test_too_few_bad_rows_come_back_as_a_problem(tmp_path: Path):
    path = write_loans(tmp_path)
    text = (tmp_path / "loans.csv").read_text("utf-8").splitlines()
    kept = [text[0], *(line for line in text[1:] if not line.endswith("true"))]
    (tmp_path / "loans.csv").write_text("\n".join(kept) + "\n", "utf-8")
    with pytest.raises(InputError) as caught:
        build(load_sample(read_study(path), tmp_path), "1", fixed_clock(datetime(2026, 1, 1)), seed=1)
    assert [p.code for p in caught.value.problems] == ["credit.too_few"]


def test_the_model_separates_out_of_time_and_its_probabilities_hold(made: Model):
    models = made.figures["models"]
    assert made.figures["way"] == {"by": "time", "from": "2025-07-01"}
    assert models["constant"]["auc"] == pytest.approx(0.5)
    assert models["card"]["auc"] > models["single"]["auc"] > 0.6
    assert models["card"]["auc"] > 0.72
    assert 0.6 < models["card"]["calibration"]["slope"] < 1.6
    assert models["card"]["log_loss"] < models["constant"]["log_loss"]
    losses = made.figures["calibrators"]["card"]
    assert losses["chosen"] == min(losses["log_loss"], key=lambda way: losses["log_loss"][way])
    assert [m["name"] for m in made.figures["stability"]["months"]] == [f"2025-{m:02}" for m in range(7, 13)]


def test_bins_are_monotone_and_missing_and_special_values_have_their_own(made: Model):
    fields = {one.name: one for one in made.card.characteristics}
    assert all(one.iv > fields["noise"].iv for one in fields.values() if one.name != "noise" and "noise" in fields)
    for one in fields.values():
        woe = [b.woe for b in one.bins if b.form == RANGE]
        assert woe == sorted(woe) or woe == sorted(woe, reverse=True)
        assert one.weight < 0
    debt = [b.points for b in fields["debt"].bins if b.form == RANGE]
    assert debt == sorted(debt, reverse=True)  # more debt, fewer points
    forms = [b.form for b in fields["sales"].bins]
    assert forms.count(SPECIAL) == 1
    assert forms.count(MISSING) == 1
    special, missing = (next(b for b in fields["sales"].bins if b.form == form) for form in (SPECIAL, MISSING))
    labelled = 1250
    assert special.n == sum(n % 7 == 0 and n % 11 != 0 for n in range(labelled))
    assert missing.n == sum(n % 11 == 0 for n in range(labelled))


def test_the_challenger_never_finds_more_debt_safer(made: Model):
    steps = np.linspace(-3, 3, 61)
    rows = pa.table(
        {"debt": steps, "sales": np.full(61, 1.0), "trade": ["A"] * 61, "noise": np.zeros(61)}
    )  # fmt: skip
    pd = predict(made, rows, BOOSTED).pd
    assert (np.diff(pd) >= -1e-12).all()
    assert pd[-1] > pd[0]


def test_predictions_are_of_the_blank_rows_and_carry_the_digest(made: Model, sample: Sample, tmp_path: Path):
    blank = sample.take(~sample.labelled)
    assert len(blank.ids) == 250
    save(made, tmp_path, render(made, "en"))
    kept = read_model(tmp_path)
    champion = predict(kept, blank.table)
    lines = to_csv(blank.ids, kept, champion, predict(kept, blank.table, shadowed(kept))).splitlines()
    assert lines[0] == "id,pd,score,model,shadow_pd,shadow_score"
    assert len(lines) == 251
    assert all(line.split(",")[3] == made.digest for line in lines[1:])
    assert champion.pd == pytest.approx(predict(made, blank.table).pd)
    card = predict(kept, blank.table, CARD)
    order = np.argsort(card.score)
    assert (np.diff(card.pd[order]) <= 1e-12).all()  # a higher score, a lower chance
    assert "Scorecard" in render(made, "en")
    assert "评分卡" in render(made, "zh")


def test_the_same_seed_gives_the_same_model(made: Model, sample: Sample):
    again = build(sample, "1.0.0", fixed_clock(datetime(2027, 1, 1)), seed=5)
    assert again.digest == made.digest
    assert again.figures == made.figures


def test_drift_is_small_for_like_rows_and_told_for_others(made: Model, sample: Sample):
    policy = load_pack("credit-policy")
    same = drift(made, sample.table, policy)
    assert same["score_psi"] < 0.1
    assert same["verdict"]["en"] == "stable"
    moved = sample.table.set_column(
        sample.table.column_names.index("debt"), "debt", pa.array(np.full(sample.table.num_rows, 3.0))
    )
    found = drift(made, moved, policy)
    assert found["fields"][0]["name"] == "debt"
    assert found["fields"][0]["psi"] > 0.25
    assert found["verdict"]["en"].startswith("another population")
