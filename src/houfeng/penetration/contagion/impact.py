"""“If this firm falls”: who falls with it, what each bank loses, which limits break, and what stops it best for a sum.

Limits are measured twice, on the bank's capital before the loss and after it; so one says which limit was broken
before anything fell. To hold a firm up costs the part of the calls on it that its net assets do not bear; with that it
pays them all. What stops it best is found exactly where few firms fall (every choice is tried), and greedily otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from houfeng.errors import InputError, Problem, Text
from houfeng.penetration.contagion.furfine import Cascade, furfine
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.prepared import Fall, Prepared
from houfeng.penetration.contagion.system import Doubles, Flags, Index, System


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in percent of a bank's net capital or net tier-1 capital, on one firm, on a group, or on one bank."""

    code: str
    on: Literal["firm", "group", "bank"]
    of: Literal["net_capital", "tier1_capital"]
    percent: float
    text: Text


LIMITS = (
    Limit("loan_10", "firm", "net_capital", 10.0, Text("单户贷款／资本净额", "loans to one firm ÷ net capital")),
    Limit("firm_15", "firm", "tier1_capital", 15.0, Text("单户敞口／一级资本净额", "exposure to one firm ÷ tier 1")),
    Limit(
        "group_20",
        "group",
        "tier1_capital",
        20.0,
        Text("一并倒下者敞口／一级资本净额", "exposure to all that fell ÷ tier 1"),
    ),
    Limit(
        "bank_25", "bank", "tier1_capital", 25.0, Text("单家同业敞口／一级资本净额", "exposure to one bank ÷ tier 1")
    ),
)
"""Defaults of 《商业银行大额风险暴露管理办法》(银保监会令〔2018〕1号); another list is an argument."""


@dataclass(frozen=True)
class Capital:
    """What a bank has, in yuan; not a number where not known."""

    net_capital: float = float("nan")
    tier1_capital: float = float("nan")


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a bank passes. `on` is the firm or bank, or the first firm of those that fell.

    Percentages are not numbers where the capital is gone; `before` says that it was passed before anything fell.
    """

    bank: str
    limit: Limit
    on: str
    exposure: float
    percent_before: float
    percent_after: float
    before: bool


@dataclass(frozen=True, slots=True)
class BankLoss:
    """What one bank has lent to those that fell, loses by it, and loses by other banks that fail of it."""

    bank: str
    exposed: float
    lost: float
    by_banks: float
    of_capital: float
    fails: bool


@dataclass(frozen=True)
class Impact:
    """The answer to “if this firm falls”."""

    fall: Fall
    banks: tuple[BankLoss, ...]
    breaches: tuple[Breach, ...]
    cascade: Cascade | None


@dataclass(frozen=True)
class Rescue:
    """Which firms to hold up. `spared` is what the lenders lose less; `exact` that every choice was tried.

    `steps` are the firms in the order they were chosen, each with the cost and the loss left once it is held.
    """

    sum: float
    cost: float
    spared: float
    loss_before: float
    exact: bool
    steps: tuple[tuple[str, float, float], ...]


def impact(
    guarantees: Guarantees,
    firms: Sequence[str],
    capital: dict[str, Capital],
    *,
    terms: Terms | None = None,
    limits: Iterable[Limit] = LIMITS,
    system: System | None = None,
    bank_lgd: float = 0.45,
) -> Impact:
    """What falls when `firms` fall together.

    Args:
        guarantees: firms, debts and sureties.
        firms: those that fall first.
        capital: by bank.
        terms: what is assumed of guarantees.
        limits: which limits to measure.
        system: claims between banks; with it, a bank that loses more than its tier 1 pulls others down (Furfine).
        bank_lgd: the loss given default of claims between banks.

    Raises:
        NotFoundError: a firm neither owes nor guarantees.
    """
    found = Prepared(guarantees, terms).fall([guarantees.place(name) for name in firms])
    direct = dict(zip(guarantees.banks, found.by_bank.tolist(), strict=True))
    exposed = dict(zip(guarantees.banks, found.exposed.tolist(), strict=True))
    cascade = None if system is None else _between_banks(system, direct, capital, bank_lgd)
    rows = []
    for name in sorted({*guarantees.banks, *(system.ids if system else ())}):
        tier1 = capital.get(name, Capital()).tier1_capital
        lost = direct.get(name, 0.0)
        by_banks = 0.0 if cascade is None or name not in cascade.system.ids else _by_banks(cascade, name, lost)
        if lost > 0 or by_banks > 0 or exposed.get(name, 0.0) > 0:
            whole = lost + by_banks
            part = 100 * whole / tier1 if tier1 > 0 else float("nan")
            rows.append(BankLoss(name, exposed.get(name, 0.0), lost, by_banks, part, bool(whole > tier1)))
    breaches = _breaches(found, {row.bank: row.lost + row.by_banks for row in rows}, capital, tuple(limits), system)
    return Impact(found, tuple(sorted(rows, key=lambda row: (-row.lost - row.by_banks, row.bank))), breaches, cascade)


def _between_banks(system: System, lost: dict[str, float], capital: dict[str, Capital], lgd: float) -> Cascade:
    """Furfine's cascade over the banks whose capital is known; one whose capital is not known stands."""
    own = np.array([capital.get(name, Capital()).tier1_capital for name in system.ids])
    loss = np.array([lost.get(name, 0.0) for name in system.ids])
    return furfine(system, loss, lgd=lgd, equity=np.where(np.isnan(own), np.inf, own))


def _by_banks(cascade: Cascade, name: str, direct: float) -> float:
    return max(0.0, float(cascade.lost[cascade.system.place(name)]) - direct)


def _breaches(
    fall: Fall, lost: dict[str, float], capital: dict[str, Capital], limits: Sequence[Limit], system: System | None
) -> tuple[Breach, ...]:
    """All limits passed after the losses: on firms by what they owe, whether they fell or not."""
    graph = fall.guarantees
    pair, which = np.unique(graph.bank.astype(np.int64) * graph.size + graph.borrower, return_inverse=True)
    lender, debtor = np.divmod(pair, graph.size)
    owed = np.bincount(which, weights=graph.balance, minlength=len(pair)).astype(np.float64)
    group = dict(zip(graph.banks, fall.exposed.tolist(), strict=True))
    head = graph.names(fall.fallen[:1])[0]
    found = []
    for limit in limits:
        before, after = _measures(graph.banks, limit, capital, lost)
        if limit.on == "group":
            rows = [(bank, head, group[name]) for bank, name in enumerate(graph.banks)]
            found += [_breach(graph.banks[bank], limit, on, sum_, before[bank], after[bank]) for bank, on, sum_ in rows]
        elif limit.on == "firm":
            passed = np.flatnonzero(_passes(owed, before[lender], after[lender], limit.percent))
            names = graph.names(debtor[passed])
            for at, name in zip(passed.tolist(), names, strict=True):
                bank = int(lender[at])
                found.append(_breach(graph.banks[bank], limit, name, float(owed[at]), before[bank], after[bank]))
        elif system is not None:
            found += _on_banks(system, limit, capital, lost)
    kept = [one for one in found if one is not None]
    return tuple(sorted(kept, key=lambda one: (one.bank, one.limit.code, -one.exposure, one.on)))


def _on_banks(system: System, limit: Limit, capital: dict[str, Capital], lost: dict[str, float]) -> list[Breach | None]:
    before, after = _measures(system.ids, limit, capital, lost)
    claims = system.matrix.tocoo()
    return [
        _breach(system.ids[lender], limit, system.ids[borrower], float(amount), before[lender], after[lender])
        for lender, borrower, amount in zip(*claims.coords, claims.data, strict=True)
    ]


def _measures(
    banks: Sequence[str], limit: Limit, capital: dict[str, Capital], lost: dict[str, float]
) -> tuple[Doubles, Doubles]:
    """Capital of each bank before and after its losses; nothing is left below zero."""
    own = np.array([getattr(capital.get(name, Capital()), limit.of) for name in banks], np.float64)
    return own, np.maximum(0.0, own - np.array([lost.get(name, 0.0) for name in banks]))


def _passes(exposure: Doubles, before: Doubles, after: Doubles, percent: float) -> Flags:
    """Limits are passed above them; a bank whose capital is not known passes none."""
    found: Flags = (exposure > 0) & ((100 * exposure > percent * before) | (100 * exposure > percent * after))
    return found & ~np.isnan(before)


def _breach(bank: str, limit: Limit, on: str, exposure: float, before: float, after: float) -> Breach | None:
    if not _passes(np.array([exposure]), np.array([before]), np.array([after]), limit.percent)[0]:
        return None
    percent = [100 * exposure / own if own > 0 else float("nan") for own in (before, after)]
    return Breach(bank, limit, on, exposure, percent[0], percent[1], bool(100 * exposure > limit.percent * before))


def rescue(
    guarantees: Guarantees,
    firms: Sequence[str],
    sum_: float,
    *,
    terms: Terms | None = None,
    exact_up_to: int = 12,
    tried: int = 200,
) -> Rescue:
    """Which of the firms that would fall to hold up for at most `sum_`, so that lenders lose least.

    Args:
        guarantees: firms, debts and sureties.
        firms: those that fall first; they are not held up.
        sum_: what may be spent.
        terms: what is assumed of guarantees.
        exact_up_to: up to so many falling firms every choice is tried.
        tried: of more, so many are candidates: those whose own debts cost the lenders most.

    Raises:
        InputError: the sum is below zero (`contagion.sum_below_zero`).
        NotFoundError: a firm neither owes nor guarantees.
    """
    if not sum_ >= 0:
        text = Text("可用金额不能为负", "the sum is not below zero")
        problem = Problem(
            "contagion.sum_below_zero", text, value=str(sum_), suggestion=Text("填正数", "give it positive")
        )
        raise InputError(Text("救助金额无法使用", "the sum cannot be used"), [problem])
    asked = Prepared(guarantees, terms)
    first = np.unique(np.array([guarantees.place(name) for name in firms], np.int32))
    fall = asked.fall(first)
    candidates = fall.fallen[len(first) :].tolist()
    exact = len(candidates) <= exact_up_to
    if not exact:
        cost_by_firm = np.bincount(guarantees.borrower, weights=fall.lost, minlength=guarantees.size)
        candidates = sorted(candidates, key=lambda firm: (-cost_by_firm[firm], firm))[:tried]
    held = _best(asked, first, candidates, sum_) if exact else _greedy(asked, first, candidates, sum_)
    steps, before = [], fall.loss
    for count in range(1, len(held) + 1):
        loss, cost = asked.weigh(first, held[:count])
        steps.append((guarantees.names(np.array(held[count - 1 : count]))[0], cost, loss))
    left, cost = (steps[-1][2], steps[-1][1]) if steps else (before, 0.0)
    return Rescue(sum_, cost, before - left, before, exact, tuple(steps))


def _best(asked: Prepared, first: Index, candidates: list[int], sum_: float) -> list[int]:
    """Every choice is weighed; of equal losses the cheaper, then the smaller one."""
    best: tuple[float, float, int, tuple[int, ...]] = (asked.weigh(first)[0], 0.0, 0, ())
    for size in range(1, len(candidates) + 1):
        for held in itertools.combinations(sorted(candidates), size):
            loss, cost = asked.weigh(first, held)
            if cost <= sum_:
                best = min(best, (loss, cost, size, held))
    return list(best[3])


def _greedy(asked: Prepared, first: Index, candidates: list[int], sum_: float) -> list[int]:
    """Add the firm that spares most for a yuan, as long as one spares anything and the sum lasts."""
    held: list[int] = []
    loss, cost = asked.weigh(first)[0], 0.0
    while True:
        best: tuple[float, float, int, float] | None = None
        for one in candidates:
            if one in held:
                continue
            after, costs = asked.weigh(first, [*held, one])
            if costs <= sum_ and after < loss - 1e-9 * max(1.0, loss):
                row = (-(loss - after) / max(1e-9, costs - cost), costs, one, after)
                best = row if best is None or row < best else best
        if best is None:
            return held
        held.append(best[2])
        cost, loss = best[1], best[3]
