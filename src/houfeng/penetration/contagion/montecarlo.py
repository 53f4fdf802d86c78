"""Expected loss by Monte Carlo: correlated defaults of firms, correlated losses of banks; the same for the same seed.

Defaults follow the one-factor Gaussian model (Vasicek): firm i defaults where √ρ·Z + √(1−ρ)·ε_i is below the normal
quantile of its chance of default. Scenario k draws from a sequence of its own, made from the seed and k, so that the
number of workers changes nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from houfeng.errors import InputError, Problem, Text
from houfeng.penetration.contagion.clearing import External, Tiers
from houfeng.penetration.contagion.falling import draw_many
from houfeng.penetration.contagion.flowing import settle_many
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.prepared import Prepared
from houfeng.penetration.contagion.system import Doubles, Index, System

Ints = npt.NDArray[np.int64]
Given = TypeVar("Given")
Found = TypeVar("Found")

CLASS = 1.25
"""Chances in one class of the sampler are at most this times each other: a matter of speed only."""


@dataclass(frozen=True)
class Interval:
    """A mean with its interval of confidence (normal approximation over independent scenarios)."""

    mean: float
    low: float
    high: float
    level: float

    @classmethod
    def of(cls, values: Doubles, level: float) -> Interval:
        """Of independent draws; with fewer than two, the interval has no end."""
        mean = float(values.mean()) if len(values) else math.nan
        if len(values) < 2:
            return cls(mean, -math.inf, math.inf, level)
        half = float(ndtri(0.5 + level / 2)) * float(values.std(ddof=1)) / math.sqrt(len(values))
        return cls(mean, mean - half, mean + half, level)


@dataclass(frozen=True)
class Expected:
    """What is to be expected. `first`, `fallen` and `loss` are by scenario, `by_bank` and `falls` (a chance) are means.

    `alone` is the exact expectation of the lenders' loss if nobody were called on a guarantee and nobody fell by one.
    """

    guarantees: Guarantees
    terms: Terms
    correlation: float
    seed: int
    level: float
    first: Ints
    fallen: Ints
    loss: Doubles
    by_bank: Doubles
    falls: Doubles
    alone: float

    @property
    def expected(self) -> Interval:
        """The lenders' mean loss."""
        return Interval.of(self.loss, self.level)

    @property
    def through_guarantees(self) -> Interval:
        """How many fall by contagion, in the mean."""
        return Interval.of((self.fallen - self.first).astype(np.float64), self.level)

    def quantile(self, part: float) -> float:
        """The loss that is not passed in so many of the scenarios (the least that was drawn)."""
        return float(np.quantile(self.loss, part, method="inverted_cdf"))

    def shortfall(self, part: float) -> float:
        """The mean loss of the worst scenarios beyond the quantile."""
        worst = np.sort(self.loss)[math.ceil(part * len(self.loss)) :]
        return float(worst.mean()) if len(worst) else self.quantile(part)

    @property
    def text(self) -> Text:
        """What was computed, for the head of a table."""
        count, zh, en = len(self.loss), *self.terms.text
        return Text(
            f"{count:,} 个情景，相关系数 {self.correlation:g}，种子 {self.seed}；{zh}",
            f"{count:,} scenarios, correlation {self.correlation:g}, seed {self.seed}; {en}",
        )


def expected(
    guarantees: Guarantees,
    chance: Doubles,
    *,
    scenarios: int,
    seed: int,
    correlation: float,
    terms: Terms | None = None,
    level: float = 0.95,
    workers: int = 1,
    held: Sequence[int] = (),
) -> Expected:
    """The lenders' loss when firms default by chance and pull down their guarantors.

    Args:
        guarantees: the firms.
        chance: each firm's own chance of default over the horizon.
        scenarios: how many are drawn.
        seed: the same seed gives the same answer.
        correlation: ρ of the one-factor model, from 0 up to below 1.
        terms: what is assumed of guarantees.
        level: of the interval of confidence.
        workers: threads.
        held: firms that never fall (their own chance is not drawn).

    Raises:
        InputError: a chance or the correlation is no part, or no scenario is asked for (`contagion.*`).
    """
    _check(chance, correlation, scenarios)
    prepared = Prepared(guarantees, terms)
    own = chance.copy()
    own[list(held)] = 0.0
    pool = _classes(own)
    rng = np.random.default_rng(seed)
    factors, seeds = rng.standard_normal(scenarios), rng.integers(0, 2**64, scenarios, np.uint64)
    prepared.hold(held)
    loading = math.sqrt(correlation)
    size, banks = guarantees.size, len(guarantees.banks)

    def one(part: slice) -> tuple[Index, Index, Doubles, Doubles, Index]:
        rows = len(factors[part])
        first, fallen, falls = (np.zeros(count, np.int32) for count in (rows, rows, size))
        out = (first, fallen, np.zeros(rows), np.zeros(banks), falls)
        graph, marks = prepared.columns(apart=True), prepared.marks()
        draw_many(graph, prepared.rules, pool, factors[part], loading, seeds[part], marks, out)
        return out

    falls, by_bank = np.zeros(size, np.int64), np.zeros(banks)
    parts = []
    with ThreadPoolExecutor(workers) as threads:
        for found in _in_turn(threads, one, _blocks(scenarios), workers):
            parts.append(found)
            by_bank += found[3]
            falls += found[4]
    first, fallen, loss = (np.concatenate([part[at] for part in parts]) for at in range(3))
    by_bank += np.bincount(guarantees.bank, weights=prepared.plain * falls[guarantees.borrower], minlength=banks)
    alone = float((guarantees.balance * prepared.lgd) @ own[guarantees.borrower])
    return Expected(
        guarantees, prepared.terms, correlation, seed, level, first.astype(np.int64), fallen.astype(np.int64),
        loss.astype(np.float64), by_bank / scenarios, falls / scenarios, alone,
    )  # fmt: skip


def asset_losses(
    system: System, sigma: Doubles, *, scenarios: int, seed: int, correlation: float, block: int = 200
) -> Iterator[Doubles]:
    """Losses of external assets in blocks of rows, one row a scenario, for `clear_many`.

    External assets become A·exp(σx − σ²/2), x standard normal with correlation ρ between any two banks; so they keep
    their mean. `sigma` is each bank's σ over the horizon. A loss below zero is a gain.

    Raises:
        InputError: the correlation is no part, or no scenario is asked for (`contagion.*`).
    """
    _check(np.zeros(0), correlation, scenarios)
    common, rest = math.sqrt(correlation), math.sqrt(1.0 - correlation)
    for at, begin in enumerate(range(0, scenarios, block)):
        rng = np.random.default_rng((seed, at))
        rows = min(block, scenarios - begin)
        x = rest * rng.standard_normal((rows, system.size)) + common * rng.standard_normal((rows, 1))
        x *= sigma
        x -= 0.5 * sigma * sigma
        yield -system.external_assets * np.expm1(x, out=x)


@dataclass(frozen=True)
class Cleared:
    """Many scenarios cleared. `falls` and `unpaid` (the mean) are by bank, `defaults` and `short` by scenario.

    Each payment is at most `tolerance` of the bank's debt above the greatest clearing vector for each step it was
    passed on; `undone` scenarios stopped before that.
    """

    system: System
    external: External
    falls: Ints
    unpaid: Doubles
    defaults: Ints
    short: Doubles
    tolerance: float
    undone: int

    def expected(self, level: float = 0.95) -> Interval:
        """What stays unpaid in all, in the mean."""
        return Interval.of(self.short, level)


def clear_many(
    system: System,
    losses: Iterable[Doubles],
    external: External = External.EQUAL,
    tolerance: float = 1e-9,
    workers: int = 1,
    most: int = 10_000_000,
) -> Cleared:
    """Clear a scenario for each row of each block of `losses`; the same answer on any number of `workers`."""
    tiers = Tiers.of(system, external)
    full = system.external_assets + system.owed_to

    def one(block: Doubles) -> tuple[Ints, Doubles, Ints, Doubles, int]:
        falls, unpaid = np.zeros(system.size, np.int64), np.zeros(system.size)
        defaults, short = np.zeros(len(block), np.int64), np.zeros(len(block))
        undone = settle_many(tiers.columns, block, full, tolerance, most, falls, unpaid, defaults, short)
        return falls, unpaid, defaults, short, int(undone)

    falls, unpaid, undone = np.zeros(system.size, np.int64), np.zeros(system.size), 0
    defaults, short = [np.zeros(0, np.int64)], [np.zeros(0)]
    with ThreadPoolExecutor(workers) as pool:
        for found in _in_turn(pool, one, losses, 2 * workers):
            falls += found[0]
            unpaid += found[1]
            defaults.append(found[2])
            short.append(found[3])
            undone += found[4]
    count = max(1, sum(len(part) for part in defaults))
    return Cleared(
        system, external, falls, unpaid / count, np.concatenate(defaults), np.concatenate(short), tolerance, undone
    )


def _check(chance: Doubles, correlation: float, scenarios: int) -> None:
    problems = []
    if not ((chance >= 0) & (chance <= 1)).all():
        text = Text("违约概率应在 0 与 1 之间", "a chance of default lies between 0 and 1")
        problems.append(Problem("contagion.chance_no_part", text, suggestion=Text("2% 填 0.02", "for 2 % give 0.02")))
    if not 0 <= correlation < 1:
        text = Text("相关系数应在 0（含）与 1（不含）之间", "a correlation lies from 0 up to below 1")
        advice = Text("常用 0.12 到 0.24", "0.12 to 0.24 is usual")
        problems.append(Problem("contagion.correlation_no_part", text, value=str(correlation), suggestion=advice))
    if scenarios < 1:
        text = Text("至少要有一个情景", "at least one scenario is drawn")
        advice = Text("一般取一万个", "ten thousand is usual")
        problems.append(Problem("contagion.no_scenario", text, value=str(scenarios), suggestion=advice))
    if problems:
        raise InputError(Text("模拟参数无法使用", "the simulation cannot be made"), problems)


def _classes(chance: Doubles) -> tuple[Index, Doubles, Ints]:
    """Firms by class of their chance, within it the likeliest first; their barriers; where each class begins."""
    firms = np.flatnonzero(chance > 0)
    barrier = ndtri(chance[firms])
    number = np.floor(np.log(chance[firms]) / -math.log(CLASS)).astype(np.int64)
    order = np.lexsort((firms, number))
    firms, barrier, number = firms[order], barrier[order], number[order]
    fresh = np.flatnonzero(np.diff(number, prepend=-1))
    for begin, end in zip(fresh, [*fresh[1:], len(firms)], strict=True):
        top = begin + int(np.argmax(barrier[begin:end]))
        firms[[begin, top]], barrier[[begin, top]] = firms[[top, begin]], barrier[[top, begin]]
    return firms.astype(np.int32), barrier, np.append(fresh, len(firms)).astype(np.int64)


def _in_turn(
    pool: ThreadPoolExecutor, work: Callable[[Given], Found], given: Iterable[Given], ahead: int
) -> Iterator[Found]:
    """Results in the order of what was given; no more than `ahead` are under way, so that blocks do not pile up."""
    waiting: deque[Future[Found]] = deque()
    for one in given:
        waiting.append(pool.submit(work, one))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _blocks(scenarios: int, size: int = 250) -> Iterator[slice]:
    """Parts of the scenarios; fixed, so that sums come out alike on any number of workers."""
    for begin in range(0, scenarios, size):
        yield slice(begin, min(begin + size, scenarios))


def walk(guarantees: Guarantees, chance: Doubles, rounds: int | None = None, tolerance: float = 1e-12) -> Doubles:
    """Chances of default with what comes through guarantees: p_j = 1 − (1 − PD_j) ∏ (1 − w_ij p_i).

    j is the guarantor, i the borrower, w the part of j's net assets that it guarantees for i, at most 1 (1 where j
    has none; 0 where they are not known). One round uses the borrowers' own chances; without a number it goes on to
    the least fixed point. In a circle a firm's own chance comes back to it: an upper reading, not a probability law.
    """
    graph = guarantees
    amount = np.minimum(graph.amount, graph.balance[graph.debt])
    pair, at = np.unique(np.stack([graph.borrower[graph.debt], graph.guarantor]), axis=1, return_inverse=True)
    total = np.bincount(at.ravel(), weights=amount, minlength=pair.shape[1])
    own = graph.net_assets[pair[1]]
    weight = np.where(np.isnan(own), 0.0, np.where(own > 0, np.minimum(1.0, total / np.where(own > 0, own, 1.0)), 1.0))
    p, count = chance, 0
    while rounds is None or count < rounds:
        stays = np.ones(graph.size)
        np.multiply.at(stays, pair[1], 1.0 - weight * p[pair[0]])
        after = 1.0 - (1.0 - chance) * stays
        moved = float(np.abs(after - p).max(initial=0.0))
        p, count = after, count + 1
        if moved <= tolerance:
            break
    return p
