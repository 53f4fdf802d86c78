"""Build a model from the rows of a study.

Two ways to rows unseen. By time: the model is fitted on what was decided before a day and measured on what came after;
the model that is kept is fitted again, with the same settings, on all labelled rows. By folds: every row is scored by
models that had not seen it, with everything, from the bins on, learnt again in each fold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.clock import Clock
from houfeng.credit.building import measuring
from houfeng.credit.building.calibrating import Chosen, dealt
from houfeng.credit.figures.calibration import Calibrator, logit
from houfeng.credit.fitting.child import Answer, ask
from houfeng.credit.models.card import Card, Characteristic, with_points
from houfeng.credit.models.model import BOOSTED, CARD, Challenger, Model
from houfeng.credit.models.scaling import scaling
from houfeng.credit.studies.sample import BAD, DAY, ID, Sample
from houfeng.credit.studies.study import Study
from houfeng.errors import InputError, Text

Doubles = NDArray[np.float64]
FAIRNESS = Text(
    "研究中的字段与其来源列按敏感字段名单核对，无一在内；未检验其余字段是否间接代表敏感特征，用前应以本地数据复核。"
    "评分只作参考，不单独作为拒绝依据；企业可就任一字段提出异议。",
    "Fields and the columns they rest on were held against the list of sensitive fields; none is among them. "
    "Whether others stand for sensitive traits indirectly was not tested and should be, on local data, before use. "
    "A score informs; it refuses nobody by itself, and a firm can dispute any field of it.",
)


@dataclass(frozen=True)
class _Parts:
    """Which rows train, which test, and which are in the model that is kept."""

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    recent: NDArray[np.bool_]
    later: NDArray[np.bool_]

    @classmethod
    def of(cls, sample: Sample) -> _Parts:
        """By the study's test."""
        study, known, days = sample.study, sample.labelled, sample.days
        start = study.test.start
        later = np.asarray([start is not None and day is not None and day >= start for day in days])
        since = study.calibrate_from
        recent = np.asarray([since is None or (day is not None and day >= since) for day in days])
        return cls(known & ~later, known & later, known, recent, later)


def build(sample: Sample, version: str, clock: Clock, *, seed: int, threads: int = 1) -> Model:
    """Fit, calibrate and measure; nothing is written.

    Raises:
        InputError: there are too few rows of one class, or no row to test on.
        EnvironmentFault: the fitting process failed.
    """
    study, parts = sample.study, _Parts.of(sample)
    if study.test.start is not None and not (parts.test.any() and parts.train.any()):
        raise InputError(
            Text(f"{study.test.start} 之前或之后没有带结果的行", f"no labelled rows before or after {study.test.start}")
        )
    answer = ask(_request(study, seed, threads), _rows(sample, parts))
    builder = _Builder(sample, parts, answer, seed)
    figures = builder.figures()
    champion = measuring.champion_of(figures["models"], study.champion)
    kept = builder.kept
    return Model(
        study.name, version, study.label, clock().isoformat(timespec="seconds"), champion,
        builder.card(kept), builder.challenger(kept), _about(sample, parts, seed, answer), figures, answer.log,
    )  # fmt: skip


def _request(study: Study, seed: int, threads: int) -> dict[str, Any]:
    features = [
        {
            "name": f.name,
            "label": list(f.label),
            "kind": f.kind,
            "value": f.value,
            "trend": f.trend,
            "special": f.special,
        }
        for f in study.features
    ]
    return {
        "task": "fit", "seed": seed, "threads": threads, "settings": asdict(study.settings), "features": features,
        "folds": study.test.folds, "repeats": study.test.repeats,
        "fits": ["train", "whole"] if study.test.start is not None else ["train"],
    }  # fmt: skip


def _rows(sample: Sample, parts: _Parts) -> pa.Table:
    named = [f.name for f in sample.study.features]
    table = sample.table.select(named).append_column(BAD, pa.array(np.nan_to_num(sample.outcome, nan=0.0)))
    for name, keep in (("_train", parts.train), ("_whole", parts.whole)):
        table = table.append_column(name, pa.array(keep))
    return table


class _Builder:
    """From scores to a card, a challenger and figures."""

    def __init__(self, sample: Sample, parts: _Parts, answer: Answer, seed: int) -> None:
        assert answer.scores is not None
        self.sample, self.parts, self.answer, self.seed = sample, parts, answer, seed
        self.scores: dict[str, Doubles] = {
            name: np.asarray(answer.scores[name].to_numpy(zero_copy_only=False)) for name in answer.scores.column_names
        }
        self.by_time = sample.study.test.start is not None
        self.kept = "whole" if self.by_time else "train"
        self.repeats = sample.study.test.repeats
        self._chosen: dict[tuple[str, str, int], Chosen] = {}

    def _unseen(self, fit: str, who: str, repeat: int = 0) -> Doubles:
        found = self.scores[f"{fit}_oof_{who}_{repeat}"]
        return logit(found) if who == "logistic" else found

    def _train(self, fit: str) -> NDArray[np.bool_]:
        return self.parts.whole if fit == "whole" else self.parts.train

    def chosen(self, fit: str, who: str, repeat: int = 0) -> Chosen:
        """The calibrator of `who`, from scores by folds of the training rows, the recent ones if the study says so."""
        key = (fit, who, repeat)
        if key not in self._chosen:
            here = self._train(fit) & (self.parts.recent if self.by_time else True)
            bad = self.sample.outcome[here]
            if not 5 <= bad.sum() <= len(bad) - 5:  # too few recent ones
                here = self._train(fit)
                bad = self.sample.outcome[here]
            fold_of = dealt(bad, 5, self.seed)
            self._chosen[key] = Chosen(bad, self._unseen(fit, who, repeat)[here], fold_of, as_is=who != "single")
        return self._chosen[key]

    def card(self, fit: str) -> Card:
        """The card of one fit."""
        raw = self.answer.found[fit]
        scale = self.sample.study.scale
        found = [Characteristic.of(one) for one in raw["characteristics"]]
        line = scaling(scale.pdo, scale.base, scale.odds)
        return with_points(found, float(raw["intercept"]), line, self.chosen(fit, CARD).calibrator)

    def challenger(self, fit: str) -> Challenger | None:
        """The trees of one fit."""
        trees = self.answer.files.get(f"{fit}.txt")
        if trees is None:
            return None
        fields = tuple(Characteristic.of(one) for one in self.answer.found[fit]["everything"])
        return Challenger(trees, fields, self.chosen(fit, BOOSTED).calibrator)

    def figures(self) -> dict[str, Any]:
        """Everything measured on rows unseen."""
        rows = self.parts.test if self.by_time else self.parts.train
        bad, card = self.sample.outcome[rows], self.card("train")
        models: dict[str, Any] = {}
        pds: dict[str, Doubles] = {}
        for who in (CARD, BOOSTED, "logistic", "single"):
            if f"train_{who}" in self.scores:
                models[who], pds[who] = self._measured(who, rows, bad)
        rate = np.full(len(bad), float(self.sample.outcome[self.parts.train].mean()))
        models["constant"] = measuring.told(bad, rate, rate)
        test, train = self.sample.table.filter(pa.array(rows)), self.sample.table.filter(pa.array(self.parts.train))
        score = card.score(test) if self.by_time else self._unseen_score(card, rows)
        found = {
            "way": self._way(), "models": models,
            "rows": {"train": int(self.parts.train.sum()), "test": int(rows.sum()), "all": len(rows),
                     "blank": int((~self.sample.labelled).sum())},
            "distribution": measuring.distribution(score, bad),
            "calibrators": {who: {"chosen": self.chosen("train", who).way, "log_loss": self.chosen("train", who).losses}
                            for who in (CARD, BOOSTED) if who in models},
        }  # fmt: skip
        found["stability"] = self._stability(card, train)
        if BOOSTED in pds:
            found["shadow"] = measuring.shadow(pds[CARD], pds[BOOSTED], bad)
        return found

    def _stability(self, card: Card, train: pa.Table) -> dict[str, Any]:
        later = ~self.parts.train & (self.parts.later if self.by_time else True)
        after = self.sample.table.filter(pa.array(later if later.any() else self.parts.train))
        return measuring.stability(card, train, after, after[DAY].to_pylist())

    def _unseen_score(self, card: Card, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        told = card.scaling.offset - card.scaling.factor * self._unseen("train", CARD)[rows]
        return np.asarray(np.round(told), np.int64)

    def _measured(self, who: str, rows: NDArray[np.bool_], bad: Doubles) -> tuple[dict[str, Any], Doubles]:
        if self.by_time:
            said = self.scores[f"train_{who}"][rows]
            said = logit(said) if who == "logistic" else said
            pd = self.chosen("train", who).calibrator(said)
            return measuring.told(bad, said, pd), pd
        runs = []
        for repeat in range(self.repeats):
            runs.append((self._unseen("train", who, repeat)[rows], self.chosen("train", who, repeat).unseen))
        return measuring.averaged(runs, bad), runs[0][1]

    def _way(self) -> dict[str, Any]:
        test = self.sample.study.test
        if test.start is not None:
            return {"by": "time", "from": test.start.isoformat()}
        return {"by": "folds", "folds": test.folds, "repeats": test.repeats}


def _about(sample: Sample, parts: _Parts, seed: int, answer: Answer) -> dict[str, Any]:
    study = sample.study
    days = [day for day, known in zip(sample.days, parts.whole, strict=True) if known and day is not None]
    text = study.file.read_text("utf-8") if study.file.is_file() else study.name
    return {
        "study": study.name,
        "study_digest": hashlib.sha256(text.encode()).hexdigest(),
        "rows_digest": sample.digest,
        "description": study.description._asdict(),
        "limits": study.limits._asdict(),
        "fairness": FAIRNESS._asdict(),
        "outcome": study.outcome,
        "decided": study.decided,
        "pack": study.pack,
        "over": study.over if study.pack else "",
        "period": [_day(min(days)), _day(max(days))] if days else [],
        "rows": int(parts.whole.sum()),
        "bad": int(sample.outcome[parts.whole].sum()),
        "settings": asdict(study.settings),
        "scale": asdict(study.scale),
        "seed": seed,
        "features": [f.name for f in study.features],
        "sources": {name: sorted(columns) for name, columns in sample.columns.items()},
        "notes": [{"code": p.code, "zh": p.message.zh, "en": p.message.en} for p in sample.notes],
        "trees": {fit: found["trees"] for fit, found in answer.found.items() if isinstance(found, Mapping)},
    }


def _day(day: date) -> str:
    return day.isoformat()


__all__ = ["DAY", "ID", "Calibrator", "build"]
