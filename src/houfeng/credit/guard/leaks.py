"""What a table itself tells about knowledge: days after the decision, and fields that say the outcome by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import duckdb
import numpy as np

from houfeng.credit.figures.separation import auc
from houfeng.credit.guard.times import OUTCOME, Known, known_columns
from houfeng.credit.studies.sample import Sample
from houfeng.credit.studies.study import Feature, Study
from houfeng.errors import Level, Problem, Text

LATE_SHARE = 0.005
"""The share of rows that may be dated after the decision (mistakes of typing) before a field counts as known later."""


def later_known(
    study: Study, columns: Mapping[str, frozenset[str]], connection: duckdb.DuckDBPyConnection
) -> list[Problem]:
    """A refusal for each feature that rests on a column known only after the decision; a warning where nobody says.

    By the profiles of the study's files, and by the kinds that their columns map to; a date column is looked at itself.
    """
    known: dict[str, Known] = {}
    for file in study.files:
        if file.profile is not None:
            known |= known_columns(file.profile)
    dates = _date_columns(study, connection)
    late = {name: _late_share(study, name, connection) for name in dates}
    found = []
    for feature in study.features:
        for column in sorted(columns[feature.name]):
            found += _judge(feature, column, known.get(column), late, bool(known))
    return found


def _judge(
    feature: Feature, column: str, known: Known | None, late: Mapping[str, float], profiled: bool
) -> list[Problem]:
    if known is not None and known.since == OUTCOME:
        place = f"（{known.field}）" if known.field else ""
        return [_refused(feature, column, Text(f"{known.reason.zh}{place}", known.reason.en))]
    for day in (column, known.since if known is not None else ""):
        if late.get(day, 0.0) > LATE_SHARE:
            share = f"{late[day]:.1%}"
            reason = Text(
                f"它自 {day} 起才知道，{share} 的行晚于决定日",
                f"known from {day} on, after the decision in {share} of rows",
            )
            return [_refused(feature, column, reason)]
    if profiled and (known is None or not (known.since or known.field)):
        return [_unsaid(feature, column)]
    return []


def _refused(feature: Feature, column: str, reason: Text) -> Problem:
    return Problem(
        "credit.leak",
        Text(
            f"字段 {feature.name} 用到 {column}，它在决定之后才知道：{reason.zh}",
            f"the field {feature.name} rests on {column}, known only after the decision: {reason.en}",
        ),
        feature.where,
        suggestion=Text("从研究中去掉它", "take it out of the study"),
    )


def _unsaid(feature: Feature, column: str) -> Problem:
    return Problem(
        "credit.time_unsaid",
        Text(
            f"字段 {feature.name} 用到 {column}，档案没有说它何时知道",
            f"the field {feature.name} rests on {column}; its profile does not say when it is known",
        ),
        feature.where,
        Level.WARNING,
        suggestion=Text("在档案里写明 known", "say `known` in the profile"),
    )


def _date_columns(study: Study, connection: duckdb.DuckDBPyConnection) -> list[str]:
    described = connection.execute(f"DESCRIBE {study.rows}").fetchall()
    return [name for name, kind, *_ in described if kind == "DATE" or kind.startswith("TIMESTAMP")]


def _late_share(study: Study, column: str, connection: duckdb.DuckDBPyConnection) -> float:
    if not study.decided or column == study.decided:
        return 0.0
    try:
        day = f"DATE '{date.fromisoformat(study.decided)}'"
    except ValueError:
        day = f"CAST(({study.decided}) AS DATE)"
    sql = f'SELECT avg(CAST(CAST("{column}" AS DATE) > {day} AS INTEGER)) FROM ({study.rows})'
    ((share,),) = connection.execute(sql).fetchall()
    return float(share or 0.0)


def revealing(sample: Sample, threshold: float) -> list[Problem]:
    """A warning for each feature that separates the outcome almost by itself, by its value or by being empty."""
    keep = sample.labelled
    outcome = sample.outcome[keep]
    found: list[Problem] = []
    if outcome.sum() == 0 or outcome.sum() == len(outcome):
        return found
    for feature in sample.study.features:
        values = _ordered(sample.table[feature.name].to_pylist(), outcome, keep)
        reached = auc(outcome, values)
        reached = max(reached, 1 - reached)
        if reached >= threshold:
            found.append(_revealed(feature, reached))
    return found


def _ordered(values: Iterable[Any], outcome: np.ndarray[Any, Any], keep: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Values as numbers; of a category the share of bad rows, an empty one below all."""
    kept = [value for value, wanted in zip(values, keep, strict=True) if wanted]
    if all(value is None or isinstance(value, float) for value in kept):
        numbers = np.asarray([np.nan if value is None else value for value in kept], np.float64)
        least = np.nanmin(numbers) - 1 if (~np.isnan(numbers)).any() else 0.0
        return np.where(np.isnan(numbers), least, numbers)
    names, place = np.unique([str(value) for value in kept], return_inverse=True)
    rates = np.bincount(place, weights=outcome, minlength=len(names)) / np.bincount(place)
    return np.asarray(rates[place], np.float64)


def _revealed(feature: Feature, reached: float) -> Problem:
    return Problem(
        "credit.reveals",
        Text(
            f"字段 {feature.name} 单独的 AUC 为 {reached:.3f}，疑似事后信息",
            f"the field {feature.name} alone reaches an AUC of {reached:.3f}; it may be known only afterwards",
        ),
        feature.where,
        Level.WARNING,
        suggestion=Text("核实它在决定日是否已知", "make sure it is known on the day of decision"),
    )
