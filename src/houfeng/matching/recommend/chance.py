"""The chance that a bank says yes: from what it answered before, and unknown where it answered too little.

For a product and a kind of firm (`segment`: size, guarantee) the answers so far are counted. Few answers are drawn
towards those of the product as a whole, and these towards those of all products, each with the weight of `WEIGHT`
answers (a beta prior whose mean is the next wider group's rate). Below `LEAST` answers of the product the chance is
unknown, and says so: it is not guessed from other banks. The interval is the middle 90 % of the posterior. Whether the
chances hold is measured on later answers by `reliability`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from scipy.stats import beta

from houfeng.errors import Text

LEAST = 20
WEIGHT = 10.0
MIDDLE = 0.9


class Answer(NamedTuple):
    """One answer of a bank: approved or not, of a product to a kind of firm."""

    product: str
    segment: str
    approved: bool
    on: date


@dataclass(frozen=True, slots=True)
class Chance:
    """A chance with its interval, and from how many answers; `known` is false where there are too few."""

    known: bool
    value: float = 0.0
    low: float = 0.0
    high: float = 0.0
    answers: int = 0

    def words(self) -> Text:
        """In words."""
        if not self.known:
            return Text(
                f"获批可能未知：该产品只有 {self.answers} 次答复，不足 {LEAST} 次",
                f"chance of approval unknown: {self.answers} answers for this product, fewer than {LEAST}",
            )
        return Text(
            f"获批可能约 {self.value:.0%}（九成区间 {self.low:.0%}—{self.high:.0%}，据 {self.answers} 次答复）",
            f"chance of approval about {self.value:.0%} (90 % interval {self.low:.0%} to {self.high:.0%}, "
            f"from {self.answers} answers)",
        )


class History:
    """Answers counted by product and segment. Only those before `until` are looked at: no answer judges itself."""

    def __init__(self, answers: Iterable[Answer], until: date | None = None) -> None:
        self._yes: Counter[tuple[str, ...]] = Counter()
        self._all: Counter[tuple[str, ...]] = Counter()
        for answer in answers:
            if until is not None and answer.on >= until:
                continue
            for key in ((), (answer.product,), (answer.product, answer.segment)):
                self._all[key] += 1
                self._yes[key] += answer.approved

    def mean(self) -> float:
        """The share of all answers that were yes; 1 where there are none."""
        return self._yes[()] / self._all[()] if self._all[()] else 1.0

    def chance(self, product: str, segment: str) -> Chance:
        """The chance of a need of `segment` at `product`."""
        seen = self._all[(product,)]
        if seen < LEAST:
            return Chance(False, answers=seen)
        mean = (self._yes[()] + 1) / (self._all[()] + 2)
        yes, total = 0.0, 0.0
        for key in ((product,), (product, segment)):
            yes, total = self._yes[key] + WEIGHT * mean, self._all[key] + WEIGHT
            mean = yes / total
        edge = (1 - MIDDLE) / 2
        low, high = (float(beta.ppf(at, yes, total - yes)) for at in (edge, 1 - edge))
        return Chance(True, mean, low, high, seen)


class Reliability(NamedTuple):
    """How chances held on later answers: mean squared error beside that of one rate for all, and tenths compared."""

    answers: int
    brier: float
    brier_of_mean: float
    tenths: list[tuple[float, float, int]]
    """Per band of chances: mean chance, share approved, answers."""


def reliability(answers: Sequence[Answer], split: date) -> Reliability:
    """Chances from answers before `split` against the answers from then on; unknown chances are left out."""
    history = History(answers, split)
    earlier = [answer.approved for answer in answers if answer.on < split]
    mean = sum(earlier) / len(earlier) if earlier else 0.5
    pairs = [
        (chance.value, answer.approved)
        for answer in answers
        if answer.on >= split and (chance := history.chance(answer.product, answer.segment)).known
    ]
    if not pairs:
        return Reliability(0, 0.0, 0.0, [])
    bands: dict[int, list[tuple[float, bool]]] = {}
    for value, approved in pairs:
        bands.setdefault(min(9, int(value * 10)), []).append((value, approved))
    return Reliability(
        len(pairs),
        sum((value - approved) ** 2 for value, approved in pairs) / len(pairs),
        sum((mean - approved) ** 2 for _, approved in pairs) / len(pairs),
        [
            (sum(v for v, _ in band) / len(band), sum(a for _, a in band) / len(band), len(band))
            for _, band in sorted(bands.items())
        ],
    )
