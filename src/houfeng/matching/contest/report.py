"""The study in words and tables, as Markdown, and the plan as CSV."""

from __future__ import annotations

import csv
import io

import numpy as np

from houfeng.matching.contest.firms import RATINGS, Contest
from houfeng.matching.contest.lending import Rules
from houfeng.matching.contest.study import Study, Trial, mean_rate

MILLION = 1e6


def report(contest: Contest, study: Study, rules: Rules) -> str:
    """The report's figures."""
    quality, made, got = study.quality, study.plan, study.plan.rates >= 0
    low, high = study.interval
    lines = [
        f"firms: {len(contest.rated.ids)} with a record ({int(contest.rated.known().sum())} outcomes known, "
        f"{int((contest.rated.default > 0).sum())} defaults), {len(contest.unrated.ids)} without",
        "",
        "| out of sample (five folds, repeated) | model | simplest baseline |",
        "|---|---|---|",
        f"| AUC of default | {quality.auc:.3f} (± {quality.auc_spread:.3f} between repeats) | "
        f"{quality.auc_of_sales:.3f} (sales alone) |",
        f"| Brier score | {quality.brier:.4f} | {quality.brier_of_rate:.4f} (one rate for all) |",
        f"| rating guessed right (A, B, C) | {quality.rating_right:.3f} | "
        f"{quality.rating_of_most:.3f} (the commonest) |",
        "",
        f"plan: {made.amounts.sum() / MILLION:.1f} million to {int(got.sum())} firms at "
        f"{100 * mean_rate(contest, made):.2f} % on average; "
        f"expected profit {made.profit / MILLION:.3f} million a year (no plan exceeds "
        f"{made.bound / MILLION:.3f}); 90 % of refits on resampled firms: {low / MILLION:.3f} to {high / MILLION:.3f}",
        "",
        *_trials(study.trials),
        "",
        "| budget, million | expected profit, million | firms | mean rate | of one more million |",
        "|---|---|---|---|---|",
        *_budgets(study),
        "",
        "other readings, expected profit in millions: "
        + "; ".join(f"{name} {value / MILLION:.3f}" for name, value in study.other_readings.items()),
    ]
    return "\n".join(lines)


def _trials(trials: list[Trial]) -> list[str]:
    mean = [float(np.mean(column)) / MILLION for column in zip(*((t[:5]) for t in trials), strict=True)]
    bad = float(np.mean([trial.defaulted for trial in trials]))
    return [
        "| held-out firms, the same budget a firm | million |",
        "|---|---|",
        f"| lent | {mean[4]:.2f} |",
        f"| profit expected | {mean[0]:.3f} |",
        f"| profit that came | {mean[1]:.3f} |",
        f"| lending to the largest by sales at the same rate | {mean[2]:.3f} |",
        f"| lending at random at the same rate | {mean[3]:.3f} |",
        f"| share of money to firms that defaulted | {100 * bad:.2f} % |",
    ]


def _budgets(study: Study) -> list[str]:
    lines, before = [], (0.0, 0.0)
    for budget, profit, firms, rate in study.budgets:
        more = (profit - before[1]) / (budget - before[0]) * MILLION
        lines.append(
            f"| {budget / MILLION:.0f} | {profit / MILLION:.3f} | {firms} | {100 * rate:.2f} % | {more:,.0f} yuan |"
        )
        before = (budget, profit)
    return lines


def plan_csv(contest: Contest, study: Study) -> str:
    """Every firm without a record: probabilities, amount, rate."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["firm", "probability_of_default", *(f"rating_{one}" for one in RATINGS), "amount", "rate"])
    for at, firm in enumerate(contest.unrated.ids):
        place = int(study.plan.rates[at])
        writer.writerow(
            [
                firm,
                f"{study.default[at]:.6f}",
                *(f"{value:.6f}" for value in study.ratings[at]),
                f"{study.plan.amounts[at]:.0f}",
                f"{contest.rates[place]:.4f}" if place >= 0 else "",
            ]
        )
    return out.getvalue()
