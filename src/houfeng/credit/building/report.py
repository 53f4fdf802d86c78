"""A report of models in Markdown: what was measured on rows unseen, each beside the simplest rivals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from houfeng.credit.models.model import NAMES, WAYS, Model


def report(models: Sequence[Model], title: str, command: str, day: date) -> str:
    """The report; `command` is the line that makes it again."""
    seed = models[0].about["seed"]
    lines = [
        f"# {title}", "",
        f"Made on {day} by the command below, seed {seed}. Figures are on rows that no model had seen, with intervals",
        "after DeLong. The rivals are the best single field (binned), a logistic regression on the fields as they are,",
        "and the average rate.", "",
        "```console", command, "```", "",
    ]  # fmt: skip
    for model in models:
        lines += _one(model)
    return "\n".join(lines).rstrip() + "\n"


def _one(model: Model) -> list[str]:
    figures, about = model.figures, model.about
    rows = figures["rows"]
    period = f", {' to '.join(about['period'])}" if about["period"] else ""
    lines = [
        f"## {model.label.en} (`{model.name}`)", "", about["description"]["en"], "",
        f"{about['rows']:,} labelled rows, {about['bad']:,} bad{period}; {rows['blank']:,} rows with a blank outcome. "
        f"{_way(figures)}: {rows['test']:,} rows. Champion: {NAMES[model.champion].en}.", "",
        "| model | AUC | 95 % | KS | Brier | log loss | calibration slope | seen / said |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [_row(name, one) for name, one in figures["models"].items()]
    lines += ["", *_calibrators(figures), *_stability(figures), *_notes(model), ""]
    return lines


def _way(figures: Any) -> str:
    way = figures["way"]
    if way["by"] == "time":
        return f"Measured out of time, on what was decided from {way['from']} on"
    return f"Measured by {way['folds']} folds × {way['repeats']}, with everything from the bins on learnt again in each"


def _row(name: str, one: Any) -> str:
    spread = f" ± {one['auc_spread']:.3f}" if "auc_spread" in one else ""
    slope, ratio = one["calibration"]["slope"], one["calibration"]["ratio"]
    held = "— | —" if name == "constant" else f"{slope:.2f} | {ratio:.2f}"
    interval = f"{one['low']:.3f}–{one['high']:.3f}"
    return (
        f"| {NAMES[name].en} | {one['auc']:.4f}{spread} | {interval} | {one['ks']:.3f} | {one['brier']:.5f} "
        f"| {one['log_loss']:.5f} | {held} |"
    )


def _calibrators(figures: Any) -> list[str]:
    told = []
    for who, found in figures["calibrators"].items():
        losses = ", ".join(f"{WAYS[way].en} {loss:.5f}" for way, loss in sorted(found["log_loss"].items()))
        told.append(f"{NAMES[who].en}: {WAYS[found['chosen']].en} (log loss by validation: {losses})")
    lines = ["Calibrator chosen by validation. " + "; ".join(told) + ".", ""]
    if "shadow" in figures:
        one = figures["shadow"]
        lines += [
            f"In shadow: rank correlation of card and trees {one['rank_correlation']:.3f}; of the riskiest tenth "
            f"({one['tenth']}) they share {one['both']}; {one['card_only_bad']} of the {one['card_only']} only the "
            f"card names went bad, {one['boosted_only_bad']} of the {one['boosted_only']} only the trees name.",
            "",
        ]
    return lines


def _stability(figures: Any) -> list[str]:
    found = figures["stability"]
    if figures["way"]["by"] != "time":
        return []
    months = ", ".join(f"{m['name']} {m['psi']:.3f} ({m['n']:,})" for m in found["months"])
    fields = ", ".join(f"{f['name']} {f['psi']:.3f}" for f in found["fields"][:5])
    return [f"PSI of the score by month (rows): {months}. Fields that moved most: {fields}.", ""]


def _notes(model: Model) -> list[str]:
    strongest = sorted(model.card.characteristics, key=lambda one: -one.iv)[:8]
    top = ", ".join(f"{one.label.en} ({one.iv:.3f})" for one in strongest)
    held = f"Card: {len(model.card.characteristics)} fields, scores {model.card.least} to {model.card.most}"
    lines = [f"{held}; by IV: {top}.", ""]
    lines += [f"- {note['en']}" for note in model.about["notes"]]
    limits = model.about["limits"]["en"]
    return [*lines, *(["", f"Limits. {limits}"] if limits else [])]
