"""The bins of one characteristic: ranges between exact splits, groups of codes, and missing and special values apart.

A value belongs to the first bin that holds it: missing, then special, then its range [low, high) or its group; a code
never seen has the neutral bin. Evidence is WoE = ln(share of good ÷ share of bad): higher is safer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import Text

RANGE, CODES, SPECIAL, MISSING, OTHER = "range", "codes", "special", "missing", "other"


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: what it holds, how many rows of training fell in it, its evidence, its points.

    `neutral` says that too few rows fell in to learn from, so that its evidence is 0.
    """

    form: str
    low: Decimal | None = None
    high: Decimal | None = None
    codes: tuple[str, ...] = ()
    value: Decimal | None = None
    n: int = 0
    bad: int = 0
    woe: float = 0.0
    points: int = 0
    neutral: bool = False

    def words(self) -> Text:
        """What the bin holds, for people."""
        if self.form == MISSING:
            return Text("缺失", "missing")
        if self.form == OTHER:
            return Text("其他", "other")
        if self.form == SPECIAL:
            return Text(f"特殊值 {self.value}", f"special value {self.value}")
        if self.form == CODES:
            shown = list(self.codes[:6])
            more = len(self.codes) - len(shown)
            tail = (f" 等 {len(self.codes)} 项", f" and {more} more") if more else ("", "")
            return Text("、".join(shown) + tail[0], ", ".join(shown) + tail[1])
        if self.low is None and self.high is None:
            return Text("任何值", "any value")
        if self.low is None:
            return Text(f"小于 {self.high:,}", f"below {self.high:,}")
        if self.high is None:
            return Text(f"{self.low:,} 及以上", f"{self.low:,} and above")
        return Text(f"{self.low:,} 至 {self.high:,}（不含）", f"{self.low:,} to below {self.high:,}")

    def plain(self) -> dict[str, Any]:
        """As a mapping, for JSON."""
        told: dict[str, Any] = {"form": self.form, "n": self.n, "bad": self.bad, "woe": self.woe, "points": self.points}
        for name in ("low", "high", "value"):
            if getattr(self, name) is not None:
                told[name] = str(getattr(self, name))
        if self.codes:
            told["codes"] = list(self.codes)
        if self.neutral:
            told["neutral"] = True
        return told

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Bin:
        """From what `plain` gave."""
        exact = {name: Decimal(raw[name]) for name in ("low", "high", "value") if raw.get(name) is not None}
        return cls(
            raw["form"], codes=tuple(raw.get("codes", ())), n=int(raw["n"]), bad=int(raw["bad"]),
            woe=float(raw["woe"]), points=int(raw["points"]), neutral=bool(raw.get("neutral")), **exact,
        )  # fmt: skip


def exact_split(value: float) -> Decimal:
    """A split as a decimal of six significant digits that a pack can hold, so that card and pack cut at one number."""
    told = Decimal(f"{value:.6g}")
    exponent = told.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -12:
        told = round(told, 12)
    return Decimal(f"{told.normalize():f}")


def range_bins(splits: Sequence[float]) -> list[Bin]:
    """Bins between splits, each exact; splits that fall together count once."""
    exact = sorted({exact_split(split) for split in splits})
    edges: list[Decimal | None] = [None, *exact, None]
    return [Bin(RANGE, low=low, high=high) for low, high in pairwise(edges)]


def code_bins(groups: Sequence[Sequence[str]]) -> list[Bin]:
    """Bins of codes, and one for codes never seen."""
    return [*(Bin(CODES, codes=tuple(sorted(map(str, group)))) for group in groups), Bin(OTHER)]


def special_bins(values: Sequence[float]) -> list[Bin]:
    """One bin for each special value."""
    return [Bin(SPECIAL, value=exact_split(value)) for value in values]


def place_numbers(bins: Sequence[Bin], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each number; not a number is missing."""
    ranges = [i for i, one in enumerate(bins) if one.form == RANGE]
    splits = np.asarray([float(bins[i].low or 0) for i in ranges[1:]], np.float64)
    found = ranges[0] + np.searchsorted(splits, values, side="right") if ranges else np.zeros(len(values), np.int64)
    for i, one in enumerate(bins):
        if one.form == SPECIAL and one.value is not None:
            found = np.where(values == float(one.value), i, found)
        if one.form == MISSING:
            found = np.where(np.isnan(values), i, found)
    return np.asarray(found, np.int64)


def place_codes(bins: Sequence[Bin], values: Sequence[str | None] | NDArray[Any]) -> NDArray[np.int64]:
    """The bin of each code; no code is missing, a code never seen is other."""
    by_code = {code: i for i, one in enumerate(bins) for code in one.codes}
    missing = next((i for i, one in enumerate(bins) if one.form == MISSING), 0)
    other = next((i for i, one in enumerate(bins) if one.form == OTHER), missing)
    return np.asarray([missing if v is None else by_code.get(v, other) for v in values], np.int64)


def counted(bins: Sequence[Bin], place: NDArray[np.int64], bad: NDArray[np.float64], least: int) -> list[Bin]:
    """The bins with their counts and evidence.

    Where one class is missing in a bin, half a row is added to both; a bin of missing, special or other values with
    fewer than `least` rows is neutral.
    """
    n = np.bincount(place, minlength=len(bins))
    worse = np.bincount(place, weights=bad, minlength=len(bins))
    all_bad = float(bad.sum())
    all_good = float(len(bad)) - all_bad
    found = []
    for one, rows, events in zip(bins, n, worse, strict=True):
        good, lost = float(rows - events), float(events)
        neutral = one.form in (MISSING, SPECIAL, OTHER) and rows < least
        if good == 0 or lost == 0:
            good, lost = good + 0.5, lost + 0.5
        woe = 0.0 if neutral or rows == 0 else math.log((good / all_good) / (lost / all_bad))
        found.append(replace(one, n=int(rows), bad=int(events), woe=woe, neutral=bool(neutral or rows == 0)))
    return found


def information_value(bins: Sequence[Bin]) -> float:
    """IV = Σ (share of good − share of bad) · WoE, over bins that are not neutral."""
    bad = sum(one.bad for one in bins)
    good = sum(one.n for one in bins) - bad
    if not bad or not good:
        return 0.0
    return sum(((one.n - one.bad) / good - one.bad / bad) * one.woe for one in bins if not one.neutral)
