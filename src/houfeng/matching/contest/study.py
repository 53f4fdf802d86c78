"""How well risk is known out of sample, the plan for the unrated firms, and how profit moves with the budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from houfeng.matching.assign.market import Floats, Ints, Truths
from houfeng.matching.contest.firms import FEATURES, RATINGS, Contest
from houfeng.matching.contest.learning import Learned, learn, learn_from
from houfeng.matching.contest.lending import Plan, Rules, margins, plan, realised

BUDGETS = (20e6, 40e6, 60e6, 80e6, 100e6, 120e6, 150e6, 200e6, 250e6, 302e6)


class Quality(NamedTuple):
    """Out-of-sample figures over repeated folds: means, and the standard deviation of the AUC between repeats."""

    auc: float
    auc_spread: float
    brier: float
    auc_of_sales: float
    brier_of_rate: float
    rating_right: float
    rating_of_most: float


class Trial(NamedTuple):
    """Held-out firms lent to by predictions made without them: profit expected and realised, over a rerun of folds."""

    expected: float
    realised: float
    by_sales: float
    at_random: float
    lent: float
    defaulted: float
    """Share of the money offered that went to firms that defaulted."""


@dataclass(frozen=True, eq=False)
class Study:
    """All of it."""

    quality: Quality
    trials: list[Trial]
    default: Floats
    ratings: Floats
    plan: Plan
    interval: tuple[float, float]
    budgets: list[tuple[float, float, int, float]]
    """Budget, expected profit, firms that get a loan, mean rate."""
    other_readings: dict[str, float]


def run(contest: Contest, rules: Rules, *, seed: int, repeats: int = 20, samples: int = 200) -> Study:
    """Run it; `seed` says which folds and resamples."""
    rng = np.random.default_rng(seed)
    quality, trials = _folds(contest, rules, rng, repeats)
    learned = learn_from(contest.rated)
    default, ratings = learned.default(contest.unrated.features), learned.ratings(contest.unrated.features)
    made = plan(contest.rates, contest.churn, default, ratings, rules)
    budgets = []
    for budget in BUDGETS:
        other = plan(contest.rates, contest.churn, default, ratings, replace(rules, budget=budget))
        budgets.append((budget, other.profit, int((other.rates >= 0).sum()), mean_rate(contest, other)))
    readings = {
        "loss 0.6": replace(rules, loss=0.6),
        "loss 0.45": replace(rules, loss=0.45),
        "expected use": replace(rules, expected_use=True),
    }
    return Study(
        quality,
        trials,
        default,
        ratings,
        made,
        _interval(contest, rules, made, rng, samples),
        budgets,
        {name: plan(contest.rates, contest.churn, default, ratings, one).profit for name, one in readings.items()},
    )


def mean_rate(contest: Contest, made: Plan) -> float:
    """The mean rate by amount."""
    got = made.rates >= 0
    if not got.any():
        return 0.0
    return float(np.average(contest.rates[made.rates[got]], weights=made.amounts[got]))


def auc(score: Floats, outcome: Floats) -> float:
    """The chance that a default scores above a firm that did not; ties count half."""
    bad = outcome > 0
    ranks = rankdata(score)
    count = int(bad.sum())
    return float((ranks[bad].sum() - count * (count + 1) / 2) / (count * (len(outcome) - count)))


def _folds(contest: Contest, rules: Rules, rng: np.random.Generator, repeats: int) -> tuple[Quality, list[Trial]]:
    known = contest.rated.known()
    features, default = contest.rated.features[known], contest.rated.default[known]
    rating = np.array([RATINGS.index(r) if r in RATINGS else -1 for r in np.array(contest.rated.rating)[known]])
    names = np.array(contest.rated.rating)[known]
    aucs, briers, right, trials = [], [], [], []
    for _ in range(repeats):
        risk, ratings = _held_out(features, default, names, rng)
        aucs.append(auc(risk, default))
        briers.append(float(((risk - default) ** 2).mean()))
        graded = rating >= 0
        right.append(float((ratings[graded].argmax(axis=1) == rating[graded]).mean()))
        trials.append(_trial(contest, rules, rng, risk, ratings, features, default, rating))
    sales = features[:, FEATURES.index("log_sales")]
    most = max(float((rating[rating >= 0] == k).mean()) for k in range(len(RATINGS)))
    mean = float(default.mean())
    return (
        Quality(
            float(np.mean(aucs)),
            float(np.std(aucs)),
            float(np.mean(briers)),
            auc(-sales, default),
            mean * (1 - mean),
            float(np.mean(right)),
            most,
        ),
        trials,
    )


def _held_out(
    features: Floats, default: Floats, names: np.ndarray[tuple[int], np.dtype[np.str_]], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Predictions for each firm from models that did not see it: five folds, defaults spread evenly."""
    fold = np.empty(len(default), np.int64)
    for value in (0.0, 1.0):
        at = rng.permutation(np.flatnonzero(default == value))
        fold[at] = np.arange(len(at)) % 5
    risk, ratings = np.zeros(len(default)), np.zeros((len(default), len(RATINGS)))
    for one in range(5):
        out: Truths = fold == one
        learned = learn(features[~out], default[~out], list(names[~out]))
        risk[out], ratings[out] = learned.default(features[out]), learned.ratings(features[out])
    return risk, ratings


def _trial(
    contest: Contest,
    rules: Rules,
    rng: np.random.Generator,
    risk: Floats,
    ratings: Floats,
    features: Floats,
    default: Floats,
    rating: Ints,
) -> Trial:
    """Lend to held-out firms with the same budget a firm as the problem's."""
    share = replace(rules, budget=rules.budget * len(default) / len(contest.unrated.ids))
    made = plan(contest.rates, contest.churn, risk, ratings, share)
    lent = float(made.amounts.sum())
    rate = int(np.bincount(made.rates[made.rates >= 0]).argmax()) if (made.rates >= 0).any() else 0

    def instead(order: Ints) -> float:
        amounts, rates = np.zeros(len(default)), np.full(len(default), -1, np.int64)
        left = lent
        for firm in order:
            amounts[firm] = min(rules.most, left)
            rates[firm] = rate if amounts[firm] >= rules.least else -1
            left -= amounts[firm]
        other = Plan(amounts, rates, 0.0, 0.0)
        return realised(other, contest.rates, contest.churn, default, rating, rules.loss)

    random = float(np.mean([instead(rng.permutation(len(default))) for _ in range(50)]))
    by_sales = instead(np.argsort(-features[:, FEATURES.index("log_sales")]))
    bad = float(made.amounts[default > 0].sum() / lent) if lent else 0.0
    came = realised(made, contest.rates, contest.churn, default, rating, rules.loss)
    return Trial(made.profit, came, by_sales, random, lent, bad)


def _interval(
    contest: Contest, rules: Rules, made: Plan, rng: np.random.Generator, samples: int
) -> tuple[float, float]:
    """The middle 90 % of the plan's expected profit when the firms it was learned from are drawn again."""
    known = np.flatnonzero(contest.rated.known())
    values = []
    for _ in range(samples):
        drawn = rng.choice(known, len(known))
        default = contest.rated.default[drawn]
        if default.sum() < 3:
            continue
        learned = learn(contest.rated.features[drawn], default, [contest.rated.rating[at] for at in drawn])
        values.append(_expected(contest, rules, made, learned))
    low, high = np.quantile(values, [0.05, 0.95]) if values else (0.0, 0.0)
    return float(low), float(high)


def _expected(contest: Contest, rules: Rules, made: Plan, learned: Learned) -> float:
    features = contest.unrated.features
    gain = margins(contest.rates, contest.churn, learned.default(features), learned.ratings(features), rules.loss)
    got = np.flatnonzero(made.rates >= 0)
    return float((made.amounts[got] * gain[got, made.rates[got]]).sum())
