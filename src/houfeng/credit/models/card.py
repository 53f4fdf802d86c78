"""A scorecard: points of a base and of each characteristic's bin, whole numbers, and what they say of default.

The card is plain data: it needs no library to score. Points of a bin are −factor · weight · WoE, rounded, so that the
neutral bin has none; the base carries offset and intercept. A score is the sum.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houfeng.credit.figures.calibration import Calibrator
from houfeng.credit.models.bins import Bin, place_codes, place_numbers
from houfeng.credit.models.scaling import Scaling
from houfeng.errors import InputError, Text


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A field of the card: its bins, its information value, its weight in the log-odds of bad (never above 0)."""

    name: str
    label: Text
    kind: str
    value: str
    bins: tuple[Bin, ...]
    iv: float
    weight: float = 0.0

    def place(self, column: Any) -> NDArray[np.int64]:
        """The bin of each value."""
        values = values_of(self.kind, column)
        return place_numbers(self.bins, values) if self.kind == "numeric" else place_codes(self.bins, values)

    @property
    def best(self) -> int:
        """The points of its best bin that has rows."""
        return max((one.points for one in self.bins if one.n), default=0)

    def plain(self) -> dict[str, Any]:
        """As a mapping, for JSON."""
        return {
            "name": self.name, "label": self.label._asdict(), "kind": self.kind, "value": self.value,
            "iv": self.iv, "weight": self.weight, "bins": [one.plain() for one in self.bins],
        }  # fmt: skip

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Characteristic:
        """From what `plain` gave."""
        bins = tuple(Bin.of(one) for one in raw["bins"])
        label = Text(raw["label"]["zh"], raw["label"]["en"])
        return cls(raw["name"], label, raw["kind"], raw["value"], bins, float(raw["iv"]), float(raw["weight"]))


@dataclass(frozen=True)
class Card:
    """The whole card. `calibrator` turns the log-odds of bad that a score stands for into a probability."""

    base: int
    intercept: float
    characteristics: tuple[Characteristic, ...]
    scaling: Scaling
    calibrator: Calibrator

    def score(self, table: pa.Table) -> NDArray[np.int64]:
        """The score of each row."""
        total = np.full(table.num_rows, self.base, np.int64)
        for one in self.characteristics:
            points = np.asarray([bin_.points for bin_ in one.bins], np.int64)
            total += points[one.place(needed(table, one.name))]
        return total

    def log_odds(self, score: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        """The log-odds of bad that a score stands for on the scale of the card, before calibration."""
        return np.asarray((self.scaling.offset - score) / self.scaling.factor, np.float64)

    def pd(self, score: NDArray[np.int64]) -> NDArray[np.float64]:
        """The calibrated probability of default of a score."""
        return self.calibrator(self.log_odds(score))

    @property
    def least(self) -> int:
        """The lowest score there can be."""
        return self.base + sum(min(one.points for one in c.bins) for c in self.characteristics)

    @property
    def most(self) -> int:
        """The highest score there can be."""
        return self.base + sum(max(one.points for one in c.bins) for c in self.characteristics)

    def plain(self) -> dict[str, Any]:
        """As a mapping, for JSON."""
        return {
            "base": self.base, "intercept": self.intercept, "scaling": self.scaling._asdict(),
            "calibrator": self.calibrator.plain(), "characteristics": [one.plain() for one in self.characteristics],
        }  # fmt: skip

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Card:
        """From what `plain` gave."""
        scaling = Scaling(float(raw["scaling"]["factor"]), float(raw["scaling"]["offset"]))
        found = tuple(Characteristic.of(one) for one in raw["characteristics"])
        return cls(int(raw["base"]), float(raw["intercept"]), found, scaling, Calibrator.of(raw["calibrator"]))


def with_points(
    characteristics: Sequence[Characteristic], intercept: float, scaling: Scaling, calibrator: Calibrator
) -> Card:
    """A card whose points are worked out from weights and evidence."""
    found = []
    for one in characteristics:
        bins = tuple(replace(b, points=round(-scaling.factor * one.weight * b.woe)) for b in one.bins)
        found.append(replace(one, bins=bins))
    base = round(scaling.offset - scaling.factor * intercept)
    return Card(base, intercept, tuple(found), scaling, calibrator)


def values_of(kind: str, column: Any) -> NDArray[Any]:
    """A column as numbers, empty ones not a number; or as texts, empty ones nothing."""
    if isinstance(column, np.ndarray) and column.dtype == (np.float64 if kind == "numeric" else object):
        return column
    if isinstance(column, pa.ChunkedArray) and kind == "numeric":
        return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    values = column.to_pylist() if isinstance(column, pa.ChunkedArray) else list(column)
    if kind == "numeric":
        return np.asarray([np.nan if v is None else float(v) for v in values], np.float64)
    found = np.empty(len(values), object)
    found[:] = [None if v is None else str(v) for v in values]
    return found


def needed(table: pa.Table, name: str) -> pa.ChunkedArray:
    """The column `name`.

    Raises:
        InputError: it is not there.
    """
    if name not in table.column_names:
        raise InputError(Text(f"数据缺少字段 {name}", f"the rows lack the field {name}"))
    return table[name]


def dump(found: Mapping[str, Any]) -> str:
    """JSON as it is kept: sorted, so that equal cards have equal bytes."""
    return json.dumps(found, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
