"""DebtRank: losses spread from a bank's falling equity to its lenders, before it fails and not only when it does.

Three rules of how a loss h (part of a bank's own starting equity, from 0 to 1) passes on to what its lenders lose:

* `linear`: part h of each claim (Bardoscia, Battiston, Caccioli and Caldarelli, PLoS ONE 10:e0130406);
* `nonlinear`: part h·exp(α(h−1)); α = 0 is linear, a large α comes near to Furfine's cascade (PLoS ONE 11:e0163825);
* `original`: each bank passes its loss on once, the first time it has one (Battiston et al., Sci. Rep. 2:541).

A lender's loss is divided by the lender's equity before the shock and a borrower's distress is measured against the
borrower's, whatever both are: banks need not begin alike. Equity is told as in the NEVA framework (Barucca et al.):
assets valued at what the models leave of them, less debts at face value, so it may fall below zero; h stops at 1. A
bank without equity before the shock has fallen from the start, and claims on it are worth what the loss given default
leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array, diags_array, eye_array
from scipy.sparse.linalg import splu

from houfeng.errors import InputError, Problem, Text
from houfeng.penetration.contagion.system import Doubles, Flags, System

TOLERANCE = 1e-14
"""A change of h below which the walk ends."""


@dataclass(frozen=True)
class Distress:
    """How far losses spread. Columns by bank; `first` is h by the shock alone, `distress` h in the end.

    `exact` says that the fixed point was solved and not only neared; `gap` is by how much h misses it, at most.
    """

    system: System
    model: Text
    first: Doubles
    distress: Doubles
    equity: Doubles
    exact: bool
    gap: float
    rounds: int

    @property
    def fallen(self) -> Flags:
        """Banks that lost all their equity."""
        found: Flags = self.distress >= 1 - 1e-12
        return found

    def debtrank(self, weights: Doubles | None = None) -> float:
        """DebtRank of the shock: the value hit by what spread, without the shock itself.

        `weights` are the economic value of each bank (by default what it lends to the others); they are scaled to one.
        """
        value = self.system.owed_to if weights is None else weights
        whole = float(value.sum())
        return float((self.distress - self.first) @ value) / whole if whole > 0 else 0.0


def linear(
    system: System, loss: Doubles, lgd: float = 1.0, equity: Doubles | None = None, rounds: int = 100_000
) -> Distress:
    """Linear DebtRank to its fixed point; see `nonlinear`, whose α is 0 here."""
    said = Text("线性 DebtRank（Bardoscia 等，2015）", "linear DebtRank (Bardoscia et al. 2015)")
    return _walked(system, loss, 0.0, lgd, equity, rounds, said)


def nonlinear(
    system: System, loss: Doubles, alpha: float, lgd: float = 1.0, equity: Doubles | None = None, rounds: int = 100_000
) -> Distress:
    """Nonlinear DebtRank to its least fixed point.

    Args:
        system: the banks.
        loss: what each bank's external assets lose, from 0 up.
        alpha: how late distress passes on; 0 is linear.
        lgd: the part of a claim that is lost with a borrower that has lost all its equity.
        equity: equity before the shock, where it is not what the balance sheets say.
        rounds: where it stops (the `gap` then says how far it came).

    Raises:
        InputError: a loss below zero, an α below zero, or a loss given default that is no part (`contagion.*`).
    """
    said = Text(
        f"非线性 DebtRank，α = {alpha:g}（Bardoscia 等，2016）",
        f"nonlinear DebtRank, α = {alpha:g} (Bardoscia et al. 2016)",
    )
    return _walked(system, loss, alpha, lgd, equity, rounds, said)


def original(system: System, loss: Doubles, lgd: float = 1.0, equity: Doubles | None = None) -> Distress:
    """DebtRank of 2012: each bank passes its loss on once.

    So it is not monotone: a bank that loses a little early passes only that on, and its later, larger loss never. The
    impact of a borrower on a lender is the claim ÷ the lender's equity, at most 1. Equity is E(1 − h).
    """
    check_shock(loss, lgd)
    own = system.equity if equity is None else equity
    alive = own > 0
    impact = _leverage(system, own, lgd)
    impact.data = np.minimum(1.0, impact.data)
    h = _first(loss, own)
    first, active, done, rounds = h.copy(), h > 0, np.zeros(system.size, bool), 0
    while active.any():
        spread = impact @ np.where(active, h, 0.0)
        done |= active
        h = np.where(alive, np.minimum(1.0, h + spread), 1.0)
        active = (h > 0) & ~done
        rounds += 1
    left = np.where(alive, own * (1.0 - h), own)
    said = Text("原始 DebtRank（Battiston 等，2012）", "original DebtRank (Battiston et al. 2012)")
    return Distress(system, said, first, h, left, True, 0.0, rounds)


def check_shock(loss: Doubles, lgd: float, alpha: float = 0.0) -> None:
    """Refuse what cannot be a shock.

    Raises:
        InputError: all at once (`contagion.loss_below_zero`, `contagion.lgd_no_part`, `contagion.alpha_below_zero`).
    """
    problems = []
    if not (np.isfinite(loss).all() and (loss >= 0).all()):
        text = Text("损失必须是非负数", "a loss is a number from 0 up")
        problems.append(
            Problem("contagion.loss_below_zero", text, suggestion=Text("填损失额的正数", "give the sum lost"))
        )
    if not 0 <= lgd <= 1:
        text = Text("违约损失率应在 0 与 1 之间", "a loss given default lies between 0 and 1")
        said = Text("60% 填 0.6", "for 60 % give 0.6")
        problems.append(Problem("contagion.lgd_no_part", text, value=str(lgd), suggestion=said))
    if not alpha >= 0:
        text = Text("α 不能为负", "α is not below zero")
        said = Text("线性模型用 0", "0 is the linear model")
        problems.append(Problem("contagion.alpha_below_zero", text, value=str(alpha), suggestion=said))
    if problems:
        raise InputError(Text("冲击参数无法使用", "the shock cannot be used"), problems)


def _first(loss: Doubles, own: Doubles) -> Doubles:
    """h by the shock alone: 1 where there is no equity."""
    safe = np.where(own > 0, own, 1.0)
    found: Doubles = np.where(own > 0, np.minimum(1.0, loss / safe), 1.0)
    return found


def _leverage(system: System, own: Doubles, lgd: float) -> csr_array:
    """What each lender loses when each borrower has lost everything, as a part of the lender's equity."""
    scale = np.where(own > 0, lgd / np.where(own > 0, own, 1.0), 0.0)
    return csr_array(diags_array(scale) @ system.matrix)


def _passed(h: Doubles, alpha: float) -> Doubles:
    found: Doubles = h * np.exp(alpha * (h - 1.0)) if alpha else h
    return found


def _walked(
    system: System, loss: Doubles, alpha: float, lgd: float, equity: Doubles | None, rounds: int, said: Text
) -> Distress:
    check_shock(loss, lgd, alpha)
    own = system.equity if equity is None else equity
    alive = own > 0
    leverage = _leverage(system, own, lgd)
    first = _first(loss, own)
    start = np.where(alive, loss / np.where(alive, own, 1.0), 1.0)
    h, count = first, 0
    while count < rounds:
        count += 1
        after = np.where(alive, np.minimum(1.0, start + leverage @ _passed(h, alpha)), 1.0)
        moved = float(np.abs(after - h).max(initial=0.0))
        h = after
        if moved <= TOLERANCE:
            break
    exact = None if alpha else _solved(leverage, start, h)
    h = h if exact is None else exact
    again = np.where(alive, np.minimum(1.0, start + leverage @ _passed(h, alpha)), 1.0)
    left = own - loss - lgd * (system.matrix @ _passed(h, alpha))
    return Distress(system, said, first, h, left, exact is not None, float(np.abs(again - h).max(initial=0.0)), count)


def _solved(leverage: csr_array, start: Doubles, h: Doubles) -> Doubles | None:
    """The linear fixed point with the same banks at 1; None where it is not the one that was neared."""
    open_ = np.flatnonzero((h < 1 - 1e-12) & (h > 0))
    found = np.where(h >= 1 - 1e-12, 1.0, h)
    if not len(open_):
        return found
    fixed = found.copy()
    fixed[open_] = 0.0
    base = start[open_] + (leverage @ fixed)[open_]
    inner = csc_array(leverage[open_][:, open_])
    solution = splu(csc_array(eye_array(len(open_), format="csc") - inner)).solve(base)
    if not (np.abs(solution - h[open_]) <= 1e-8).all():
        return None
    found[open_] = solution
    return found
