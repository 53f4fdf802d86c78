"""What an audit found in a sample, projected to the whole, with the interval it leaves open.

An error is the money claimed less the money that was due. Statistics are doubles: they are estimates.

- By money: each hit below the interval stands for an interval of money, so its error counts by its tainting (error ÷
  claimed) times the interval; certain units count as they are. The upper bound is Stringer's: J × (F(0) + Σ (F(i) −
  F(i−1)) × t(i)), taintings from the greatest down, F(i) the Poisson factor of i errors (K. W. Stringer 1963; AICPA
  Audit Guide). It is known to be cautious. The lower bound is what was found itself.
- By strata: Σ N(h) × mean error of h, variance Σ N(h)² (1 − n(h)/N(h)) s²(h)/n(h), Student's t with Satterthwaite's
  degrees of freedom (Cochran, Sampling Techniques, 3rd ed., 5.3 and 5.16). A random sample is one stratum.
- Rate of wrong loans: Clopper and Pearson (1934).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from scipy import stats

from houfeng.errors import Text, UsageError
from houfeng.instruments.sampling import Key, MoneySample, Stratum, Unit

FEN = Decimal("0.01")
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Projection:
    """The error of the whole: what was `found` in the sample, the likely `error`, and its bounds.

    `under` is what was found too little; it is told apart and never set off against too much.
    """

    method: str
    confidence: float
    found: Decimal
    under: Decimal
    error: Decimal
    low: Decimal
    high: Decimal


def project_money(sample: MoneySample, due: Mapping[Key, Decimal], confidence: float = CONFIDENCE) -> Projection:
    """Project a sample by money. `due` gives what each audited unit should have been.

    Raises:
        UsageError: a unit of the sample was not audited.
    """
    errors = _errors(sample.units, due)
    interval = float(sample.interval)
    sure = sum((max(errors[unit.key], Decimal(0)) for unit in sample.certain), Decimal(0))
    taintings = sorted(
        (
            min(1.0, float(errors[u.key] / u.amount))
            for u, times in sample.hits
            for _ in range(times)
            if errors[u.key] > 0
        ),
        reverse=True,
    )
    likely = float(sure) + interval * sum(taintings)
    bound = interval * _stringer(taintings, confidence) if sample.hits else 0.0
    found = sum((e for e in errors.values() if e > 0), Decimal(0))
    under = -sum((e for e in errors.values() if e < 0), Decimal(0))
    high = min(float(sure) + bound, float(sure) + float(sample.rest))
    return Projection("mus", confidence, found, under, _money(likely), found, _money(high))


def _stringer(taintings: Sequence[float], confidence: float) -> float:
    factors = [poisson_factor(n, confidence) for n in range(len(taintings) + 1)]
    steps = zip(taintings, factors, factors[1:], strict=False)
    return factors[0] + sum((after - before) * taint for taint, before, after in steps)


def poisson_factor(errors: int, confidence: float) -> float:
    """The mean at which so few errors or fewer have the chance 1 − confidence: 3.00, 4.74, 6.30 … at 95 %."""
    return float(stats.chi2.ppf(confidence, 2 * (errors + 1)) / 2)


def project_strata(strata: Sequence[Stratum], due: Mapping[Key, Decimal], confidence: float = CONFIDENCE) -> Projection:
    """Project samples of strata by the mean error of each.

    Raises:
        UsageError: a unit was not audited, or a stratum has one unit of many, so that its spread cannot be seen.
    """
    found = under = Decimal(0)
    total = variance = against = 0.0
    for stratum in strata:
        sample, whole = len(stratum.sample), stratum.size
        if sample < min(2, whole):
            raise UsageError(
                Text(f"层 {stratum.risk} 至少抽两笔", f"at least two units of the stratum {stratum.risk} are needed")
            )
        errors = _errors(stratum.sample, due).values()
        values = [float(error) for error in errors]
        found += sum((e for e in errors if e > 0), Decimal(0))
        under -= sum((e for e in errors if e < 0), Decimal(0))
        mean = math.fsum(values) / sample
        total += whole * mean
        if sample < whole:
            spread = math.fsum((value - mean) ** 2 for value in values) / (sample - 1)
            part = whole**2 * (1 - sample / whole) * spread / sample
            variance += part
            against += part**2 / (sample - 1)
    half = 0.0
    if variance:
        half = float(stats.t.ppf((1 + confidence) / 2, variance**2 / against)) * math.sqrt(variance)
    return Projection("strata", confidence, found, under, _money(total), _money(total - half), _money(total + half))


def wrong_rate(wrong: int, sample: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of the share of wrong loans, by Clopper and Pearson."""
    rest = (1 - confidence) / 2
    low = 0.0 if wrong == 0 else float(stats.beta.ppf(rest, wrong, sample - wrong + 1))
    high = 1.0 if wrong == sample else float(stats.beta.ppf(1 - rest, wrong + 1, sample - wrong))
    return low, high


def _errors(units: Sequence[Unit], due: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    missing = [unit.key for unit in units if unit.key not in due]
    if missing:
        which = "; ".join(" ".join(key) for key in missing[:5])
        raise UsageError(
            Text(
                f"{len(missing)} 笔样本还没有检查结果：{which}", f"{len(missing)} sampled units have no result: {which}"
            )
        )
    return {unit.key: unit.amount - due[unit.key] for unit in units}


def _money(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(FEN, ROUND_HALF_UP)
