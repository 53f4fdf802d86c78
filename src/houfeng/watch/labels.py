"""How well a score or a set of alerts tells known defaults: measured against labels, never fitted to them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from houfeng.errors import InputError, Text


@dataclass(frozen=True)
class Separation:
    """How a score separates labelled keys. `auc` is the chance that a bad key scores above a good one (ties half).

    `low` and `high` bound the AUC by Hanley and McNeil's standard error (Radiology 143:29, 1982), 95 %.
    """

    good: int
    bad: int
    unlabelled: int
    unscored: int
    auc: float
    low: float
    high: float


def separate(scores: Mapping[str, Any], labels: Mapping[str, bool | None]) -> Separation:
    """The separation of `labels` (true: bad) by `scores`; keys without a label or a score are counted, not used.

    Raises:
        InputError: not both good and bad keys have a score.
    """
    known = {key: label for key, label in labels.items() if label is not None}
    scored = [(float(scores[key]), label) for key, label in known.items() if scores.get(key) is not None]
    bad = np.array([score for score, label in scored if label])
    good = np.array([score for score, label in scored if not label])
    if not len(bad) or not len(good):
        raise InputError(
            Text("要有好、坏两类都带分数的对象才能算 AUC", "an AUC needs scored keys of both labels, good and bad")
        )
    auc = _auc(bad, good)
    error = _standard_error(auc, len(bad), len(good))
    return Separation(
        good=len(good),
        bad=len(bad),
        unlabelled=len(labels) - len(known),
        unscored=len(known) - len(scored),
        auc=auc,
        low=max(0.0, auc - 1.96 * error),
        high=min(1.0, auc + 1.96 * error),
    )


def _auc(bad: Sequence[float] | np.ndarray, good: Sequence[float] | np.ndarray) -> float:
    both = np.concatenate([bad, good])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[: len(bad)].sum() - len(bad) * (len(bad) + 1) / 2
    return float(above / (len(bad) * len(good)))


def _standard_error(auc: float, bad: int, good: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (bad - 1) * (q1 - auc**2) + (good - 1) * (q2 - auc**2)) / (bad * good)
    return float(np.sqrt(max(variance, 0.0)))


class Share(NamedTuple):
    """`hits` of `total` with Wilson's 95 % score interval; without a total there is no share."""

    hits: int
    total: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.hits / self.total if self.total else None

    @property
    def small(self) -> bool:
        """Too few to lean on: fewer than 30 cases, or fewer than five on either side."""
        return self.total < FEW_CASES or min(self.hits, self.total - self.hits) < FEW_ON_A_SIDE


FEW_CASES, FEW_ON_A_SIDE = 30, 5
Z95 = 1.959963984540054


def share(hits: int, total: int) -> Share:
    """A share with its interval by E. B. Wilson (JASA 22:209, 1927): the score interval, without continuity correction.

    The interval takes the cases as independent. Alerts of one key are not, so an interval over alerts is too narrow
    where few keys make many alerts; the ones over keys are sound.
    """
    if not total:
        return Share(hits, total, None, None)
    p, z2 = hits / total, Z95**2
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 / (1 + z2 / total) * math.sqrt(p * (1 - p) / total + z2 / (4 * total**2))
    return Share(hits, total, 0.0 if hits == 0 else middle - half, 1.0 if hits == total else middle + half)


@dataclass(frozen=True)
class Labels:
    """What is known of keys: those found good, those that went bad with the days they did, those bad on no known day.

    A key in none of the three is unlabelled. `dated` tells whether days were asked for; if not, every bad key is in
    `bad_undated`.
    """

    good: frozenset[str]
    bad: Mapping[str, tuple[date, ...]]
    bad_undated: frozenset[str]
    dated: bool
    unlabelled: frozenset[str] = field(default=frozenset())
    """Keys the table names without saying anything of them."""

    def known(self, key: str) -> bool:
        """Whether the key has a label."""
        return key in self.good or key in self.bad or key in self.bad_undated


_DAY = re.compile(r"(\d{4})(?:(\d{2})(\d{2})|[-/.年](\d{1,2})[-/.月](\d{1,2})日?)(?:[ T].*)?")


def day_of(text: str) -> date | None:
    """A day as people write it: 2026-01-16, 2026/1/16, 20260116, 2026年1月16日; nothing where it is none."""
    found = _DAY.fullmatch(text.strip())
    try:
        return date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        return None


def labels_of(rows: Iterable[tuple[str, bool | None, date | None]], *, dated: bool) -> Labels:
    """Labels from rows of key, bad or not (or unknown), and day. A key may have several rows, one for each bad day.

    A key is bad where any of its rows says so; good where a row says good and none bad; else unlabelled.
    """
    days: dict[str, set[date]] = {}
    goods, bads, named = set(), set(), set()
    for key, bad, day in rows:
        named.add(key)
        if bad:
            bads.add(key)
            if dated and day is not None:
                days.setdefault(key, set()).add(day)
        elif bad is False:
            goods.add(key)
    return Labels(
        good=frozenset(goods - bads),
        bad={key: tuple(sorted(found)) for key, found in days.items()},
        bad_undated=frozenset(bads - days.keys()),
        dated=dated,
        unlabelled=frozenset(named - goods - bads),
    )
