"""Drawing the loans an audit looks at: at random, by money, or by risk; anybody with the seed draws the same ones.

Units are put in the order of SHA-256 over the seed and their key. That order depends on neither the rows' order nor a
library's random numbers, so a bank, an auditor and a court can each draw the sample again with a pocket program.

- `at_random`: each unit the same chance, without replacement.
- `by_money`: monetary unit sampling, each yuan the same chance: every unit of a sampling interval or more is certain,
  the rest are hit by a fixed step through the money in that order from a random start (AICPA Audit Guide,
  Audit Sampling).
- `by_risk`: strata by risk class, each with a sample of its own (Cochran, Sampling Techniques, 3rd ed., ch. 5).

What an audit found is projected to the whole in `houfeng.instruments.projection`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from houfeng.errors import Text, UsageError

Key = tuple[str, ...]


class Unit(NamedTuple):
    """One line that can be audited: what names it, the money claimed, and its class of risk."""

    key: Key
    amount: Decimal
    risk: str = ""


@dataclass(frozen=True, slots=True)
class MoneySample:
    """A sample by money: `interval` yuan a step; `certain` units are each audited, `hits` are (unit, times hit).

    `total` is the money of all units, `rest` that of those not certain.
    """

    interval: Decimal
    start: Decimal
    total: Decimal
    certain: tuple[Unit, ...]
    hits: tuple[tuple[Unit, int], ...]

    @property
    def rest(self) -> Decimal:
        """The money the hits stand for."""
        return self.total - sum((unit.amount for unit in self.certain), Decimal(0))

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units to audit."""
        return (*self.certain, *(unit for unit, _ in self.hits))


@dataclass(frozen=True, slots=True)
class Stratum:
    """The units of one class of risk, and those of them to audit."""

    risk: str
    size: int
    money: Decimal
    sample: tuple[Unit, ...]


def shuffled(units: Iterable[Unit], seed: str) -> list[Unit]:
    """The units in the order of the seed.

    Raises:
        UsageError: two units have the same key.
    """
    found = sorted(units, key=lambda unit: (_mark(seed, unit.key), unit.key))
    for one, other in itertools.pairwise(found):
        if one.key == other.key:
            which = " ".join(one.key)
            raise UsageError(Text(f"抽样单元重复：{which}", f"a unit stands twice: {which}"))
    return found


def _mark(seed: str, key: Key) -> bytes:
    return hashlib.sha256("\x1f".join((seed, *key)).encode()).digest()


def at_random(units: Iterable[Unit], size: int, seed: str) -> tuple[Unit, ...]:
    """`size` units, or all where there are fewer, each with the same chance.

    Raises:
        UsageError: the size is not above zero.
    """
    if size < 1:
        raise _too_small(size)
    return tuple(shuffled(units, seed)[:size])


def by_money(units: Iterable[Unit], size: int, seed: str) -> MoneySample:
    """About `size` hits, each yuan with the same chance. Units without money cannot be hit and are left out.

    Raises:
        UsageError: the size is not above zero, or an amount is below it.
    """
    if size < 1:
        raise _too_small(size)
    ordered = [unit for unit in shuffled(units, seed) if unit.amount]
    if any(unit.amount < 0 for unit in ordered):
        raise UsageError(Text("金额抽样不收负数金额", "sampling by money takes no amount below zero"))
    total = sum((unit.amount for unit in ordered), Decimal("0.00"))
    certain: list[Unit] = []
    rest, left, interval = ordered, size, Decimal(0)
    while rest and left > 0:
        money = sum((unit.amount for unit in rest), Decimal(0))
        interval = (money / left).quantize(Decimal("0.01"))
        big = [unit for unit in rest if unit.amount >= interval]
        if not big:
            break
        certain += big
        rest = [unit for unit in rest if unit.amount < interval]
        left -= len(big)
    if not rest or left <= 0:
        return MoneySample(interval, Decimal(0), total, tuple(certain), ())
    step = int(interval.scaleb(2))
    start = int.from_bytes(_mark(seed, ("start",)), "big") % step
    return MoneySample(interval, Decimal(start).scaleb(-2), total, tuple(certain), tuple(_hits(rest, start, step)))


def _hits(units: Sequence[Unit], start: int, step: int) -> list[tuple[Unit, int]]:
    """The units that a walk of `step` fen from `start` lands on, with how often."""
    found, passed = [], 0
    for unit in units:
        fen = int(unit.amount.scaleb(2))
        # landings start + k × step within [passed, passed + fen)
        times = _landings(passed + fen, start, step) - _landings(passed, start, step)
        if times:
            found.append((unit, times))
        passed += fen
    return found


def _landings(end: int, start: int, step: int) -> int:
    """How many landings lie before `end`."""
    return 0 if end <= start else (end - start - 1) // step + 1


def by_risk(units: Iterable[Unit], sizes: Mapping[str, int], seed: str) -> list[Stratum]:
    """A random sample of each class of risk; a class without a size is not looked at and must be empty.

    Raises:
        UsageError: a class that has units has no size above zero.
    """
    classes: dict[str, list[Unit]] = {}
    for unit in shuffled(units, seed):
        classes.setdefault(unit.risk, []).append(unit)
    without = [risk for risk in classes if sizes.get(risk, 0) < 1]
    if without:
        which = ", ".join(sorted(without))
        raise UsageError(Text(f"风险类别 {which} 没有样本量", f"the class of risk {which} has no sample size"))
    return [
        Stratum(risk, len(found), sum((unit.amount for unit in found), Decimal(0)), tuple(found[: sizes[risk]]))
        for risk, found in sorted(classes.items())
    ]


def allocate(units: Iterable[Unit], size: int, weights: Mapping[str, Decimal]) -> dict[str, int]:
    """Sizes of samples by class: `size` shared out by money × the weight of the risk, two at least, all at most.

    Two, so that the spread within a class can be seen. Where that is impossible the classes get what they have.
    """
    money: dict[str, Decimal] = {}
    counts: dict[str, int] = {}
    for unit in units:
        money[unit.risk] = money.get(unit.risk, Decimal(0)) + unit.amount * weights.get(unit.risk, Decimal(1))
        counts[unit.risk] = counts.get(unit.risk, 0) + 1
    whole = sum(money.values(), Decimal(0)) or Decimal(1)
    shares = {risk: int((size * part / whole).to_integral_value()) for risk, part in money.items()}
    return {risk: min(counts[risk], max(2, share)) for risk, share in shares.items()}


def _too_small(size: int) -> UsageError:
    return UsageError(Text(f"样本量应大于零，不是 {size}", f"a sample has at least one unit, not {size}"))
