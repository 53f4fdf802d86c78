"""Clearing: what everybody pays when nobody can pay more than it has (Eisenberg and Noe, Management Science 47:236).

With seniority between claims (Elsinger 2009: a tier is paid only when those before it are). Debt to the outside ranks
equally with ordinary claims or before all claims; which of the two changes answers, so every result names it.

The solution is the greatest clearing vector: payments begin full and fall. From the tier each bank is in, the exact
solution follows as one sparse linear system. It is unique unless some banks that default pay every further yuan among
themselves only (then a yuan more or less goes round and round): that is looked for in the solution found, on both sides
of it. Proof in docs/concepts/contagion.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import splu

from houfeng.errors import Text
from houfeng.penetration.contagion.flowing import settle
from houfeng.penetration.contagion.system import ORDINARY, Doubles, Flags, Index, System

TOLERANCE = 1e-13
"""Part of a bank's debt below which a change of its payment is not passed on."""

Ints = npt.NDArray[np.int64]


class External(StrEnum):
    """How debt to the outside ranks: with the ordinary claims of other banks, or before all claims."""

    EQUAL = "equal"
    SENIOR = "senior"

    @property
    def text(self) -> Text:
        """In words."""
        if self is External.EQUAL:
            return Text("外部负债与普通同业债权同等受偿", "external debt ranks equally with ordinary claims")
        return Text("外部负债优先于全部同业债权", "external debt is paid before all claims between banks")


@dataclass(frozen=True)
class Tiers:
    """Debts of each bank in the order of payment; see `houfeng.penetration.contagion.flowing`."""

    bank: Index
    start: Ints
    total: Doubles
    claim_start: Ints
    lender: Index
    share: Doubles
    owed: Doubles

    @classmethod
    def of(cls, system: System, external: External) -> Tiers:
        """The tiers of a system; debt of nothing makes no tier."""
        first = min(int(system.rank.min(initial=ORDINARY)), ORDINARY) - 1
        outside = np.flatnonzero(system.external_debt > 0).astype(np.int32)
        real = np.flatnonzero(system.amount > 0)
        bank = np.concatenate([system.borrower[real], outside])
        rank = np.concatenate(
            [
                system.rank[real].astype(np.int64),
                np.full(len(outside), first if external is External.SENIOR else ORDINARY),
            ]
        )
        amount = np.concatenate([system.amount[real], system.external_debt[outside]])
        lender = np.concatenate([system.lender[real], np.full(len(outside), -1, np.int32)])
        order = np.lexsort((lender, rank, bank))
        bank, rank, amount, lender = bank[order], rank[order], amount[order], lender[order]
        fresh = np.ones(len(bank), bool)
        fresh[1:] = (bank[1:] != bank[:-1]) | (rank[1:] != rank[:-1])
        begin = np.flatnonzero(fresh)
        total = np.add.reduceat(amount, begin) if len(begin) else np.zeros(0)
        tier = np.cumsum(fresh) - 1
        start = np.searchsorted(bank[begin], np.arange(system.size + 1))
        owed = np.bincount(bank[begin], weights=total, minlength=system.size).astype(np.float64)
        claim_start = np.append(begin, len(bank)).astype(np.int64)
        return cls(bank[begin], start.astype(np.int64), total, claim_start, lender, amount / total[tier], owed)

    @cached_property
    def below(self) -> Doubles:
        """For each tier, what its bank owes in the tiers paid before it."""
        through = np.cumsum(self.total) - self.total
        return through - through[self.start[self.bank]] if len(through) else through

    @property
    def columns(self) -> tuple[Ints, Doubles, Ints, Index, Doubles, Doubles]:
        """As the compiled core takes them."""
        return self.start, self.total, self.claim_start, self.lender, self.share, self.owed

    def received(self, paid: Doubles, size: int) -> Doubles:
        """What each bank gets when the tiers pay so much."""
        parts = np.repeat(paid, np.diff(self.claim_start)) * self.share
        inside = self.lender >= 0
        return np.bincount(self.lender[inside], weights=parts[inside], minlength=size).astype(np.float64)

    def payments(self, assets: Doubles) -> Doubles:
        """What each tier is paid by banks that have so much."""
        return np.clip(np.maximum(assets, 0.0)[self.bank] - self.below, 0.0, self.total)


@dataclass(frozen=True)
class Clearing:
    """One scenario cleared. Columns by bank.

    `assets` are external assets after the loss, with what the others paid; `equity` is what is left after all debts,
    below zero by what stays unpaid. `claims` is what was paid on each claim of the system. `gap` is by how much, at
    most, a payment misses what the bank can pay. `exact` says that a linear solution was found, and not only neared;
    where the clearing vector is not `unique`, this is the greatest one.
    """

    system: System
    external: External
    assets: Doubles
    owed: Doubles
    claims: Doubles
    unique: bool
    exact: bool
    gap: float
    steps: int

    @property
    def equity(self) -> Doubles:
        """Assets less all debts at face value."""
        return self.assets - self.owed

    @property
    def paid(self) -> Doubles:
        """What each bank pays, to the others and outside."""
        return np.clip(self.assets, 0.0, self.owed)

    @property
    def fallen(self) -> Flags:
        """Banks that do not pay in full."""
        found: Flags = self.assets < self.owed - _near(self.owed)
        return found

    @property
    def text(self) -> Text:
        """What was computed, for the head of a table."""
        zh, en = self.external.text
        how = (
            Text("唯一解", "unique")
            if self.unique
            else Text("解不唯一，取最大清算向量", "not unique: the greatest vector")
        )
        return Text(f"Eisenberg–Noe 清算，{zh}；{how.zh}", f"Eisenberg–Noe clearing, {en}; {how.en}")


def clear(
    system: System, loss: Doubles | None = None, external: External = External.EQUAL, most: int = 10_000_000
) -> Clearing:
    """Clear once.

    Args:
        system: the banks.
        loss: what each bank's external assets lose; a loss above them is owed before everything else.
        external: how debt to the outside ranks.
        most: steps after which it stops (the `gap` then says how far it came).
    """
    tiers = Tiers.of(system, external)
    own = system.external_assets - (np.zeros(system.size) if loss is None else loss)
    assets, exact, unique, steps = _found(tiers, own, own + system.owed_to, most)
    paid = tiers.payments(assets)
    again = own + tiers.received(paid, system.size)
    gap = float(np.abs(tiers.payments(again) - paid).max(initial=0.0))
    return Clearing(
        system, external, again, tiers.owed, _by_claim(system, tiers, paid), unique, exact, gap, steps
    )  # fmt: skip


def _found(tiers: Tiers, own: Doubles, assets: Doubles, most: int) -> tuple[Doubles, bool, bool, int]:
    """(assets, exact, unique, steps): payments fall for a while, then the exact solution is tried, and so on."""
    size, paid = len(own), tiers.total.copy()
    queue, queued = np.empty(size, np.int32), np.zeros(size, np.bool_)
    budget, steps = 20 * size + 1000, 0
    while True:
        allowed = min(budget, most - steps)
        took = int(settle(*tiers.columns, assets, paid, queue, queued, TOLERANCE, allowed))
        steps += took
        queued[:] = False
        neared = own + tiers.received(paid, size)
        exact = _refined(tiers, neared, own)
        if exact is not None and _unique(tiers, exact):
            return exact, True, True, steps
        if took < allowed or steps >= most:
            return neared, False, _unique(tiers, neared), steps
        budget *= 4


def _near(owed: Doubles) -> Doubles:
    """Below this a difference is rounding."""
    return 1e-10 * np.maximum(1.0, owed)


def _marginal(tiers: Tiers, assets: Doubles, up: bool) -> Index:
    """The tier that a yuan less (or more) of a bank's assets takes from (or goes to); -1 where none."""
    near = _near(tiers.owed)
    at = assets + (near if up else -near)
    found = np.full(len(assets), -1, np.int32)
    inside = (at[tiers.bank] >= tiers.below) & (at[tiers.bank] < tiers.below + tiers.total)
    if up:
        inside &= assets[tiers.bank] > -near[tiers.bank]
    found[tiers.bank[inside]] = np.flatnonzero(inside)
    return found


def _circling(tiers: Tiers, assets: Doubles, up: bool) -> bool:
    """Whether some banks pass every further yuan on among themselves only, so that none of it ever leaves them."""
    size = len(assets)
    marginal = _marginal(tiers, assets, up)
    inner = marginal >= 0
    if not inner.any():
        return False
    rows = np.repeat(np.arange(len(tiers.total)), np.diff(tiers.claim_start))
    used = marginal[tiers.bank[rows]] == rows
    payer, to = tiers.bank[rows[used]], tiers.lender[used]
    leaks = np.zeros(size, bool)
    leaks[payer[to < 0]] = True
    kept = to >= 0
    leaks[payer[kept][~inner[to[kept]]]] = True
    kept[kept] = inner[to[kept]]
    source = np.flatnonzero(leaks)
    ends = np.concatenate([to[kept], np.full(len(source), size)])
    begins = np.concatenate([payer[kept], source])
    graph = csr_array((np.ones(len(ends)), (ends, begins)), (size + 1, size + 1))
    reached = np.zeros(size + 1, bool)
    reached[breadth_first_order(graph, size, return_predecessors=False)] = True
    return bool((inner & ~reached[:size]).any())


def _unique(tiers: Tiers, assets: Doubles) -> bool:
    """Whether a solution is the only one."""
    return not (_circling(tiers, assets, up=False) or _circling(tiers, assets, up=True))


def _refined(tiers: Tiers, assets: Doubles, own: Doubles, rounds: int = 30) -> Doubles | None:
    """A solution near these assets: solve with each bank in its tier, look which tier it is in then, and again."""
    for _ in range(rounds):
        solution = _solved(tiers, assets, own)
        if solution is None:
            return None
        assets = own + tiers.received(tiers.payments(solution), len(own))
        if (np.abs(assets - solution) <= 1e-12 * np.maximum(1.0, np.maximum(tiers.owed, np.abs(own)))).all():
            return assets
    return None


def _solved(tiers: Tiers, assets: Doubles, own: Doubles) -> Doubles | None:
    """Assets when each bank stays in the tier it is in; None where that has no solution."""
    size, near = len(assets), _near(tiers.owed)
    marginal = _marginal(tiers, assets, up=False)
    falls = (assets < tiers.owed - near) & (marginal >= 0)
    mine = np.flatnonzero(falls)
    fixed = tiers.payments(np.where(assets >= tiers.owed - near, tiers.owed, np.where(assets <= near, 0.0, assets)))
    fixed[marginal[mine]] = 0.0
    base = own + tiers.received(fixed, size)
    if not len(mine):
        return base
    place = np.full(size, -1, np.int64)
    place[mine] = np.arange(len(mine))
    rows = np.repeat(np.arange(len(tiers.total)), np.diff(tiers.claim_start))
    used = (marginal[tiers.bank[rows]] == rows) & falls[tiers.bank[rows]] & (tiers.lender >= 0)
    payer, to, share = tiers.bank[rows[used]], tiers.lender[used], tiers.share[used]
    lower = tiers.below[marginal]
    np.subtract.at(base, to, share * lower[payer])
    both = falls[to]
    flow = csc_array((share[both], (place[to[both]], place[payer[both]])), (len(mine), len(mine)))
    try:
        solution = splu(csc_array(eye_array(len(mine), format="csc") - flow)).solve(base[mine])
    except RuntimeError:  # exactly singular
        return None
    base[mine] = solution
    np.add.at(base, to[~both], share[~both] * solution[place[payer[~both]]])
    return base if np.isfinite(base).all() else None


def _by_claim(system: System, tiers: Tiers, paid: Doubles) -> Doubles:
    """What is paid on each claim of the system."""
    found = np.zeros(len(system.amount))
    real = np.flatnonzero(system.amount > 0)
    inside = tiers.lender >= 0
    parts = (np.repeat(paid, np.diff(tiers.claim_start)) * tiers.share)[inside]
    found[real] = parts  # both stand by borrower, rank and lender
    return found
