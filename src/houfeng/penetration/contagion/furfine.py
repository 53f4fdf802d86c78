"""Furfine's cascade: a bank that fails costs its lenders the loss given default (Furfine, JMCB 35:111, 2003).

A bank fails when it has lost more than its equity; one that has lost exactly that stands. Losses do not depend on the
order in which banks fail: the answer is the least set of failed banks that nobody can be added to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houfeng.errors import Text
from houfeng.penetration.contagion.debtrank import check_shock
from houfeng.penetration.contagion.system import Doubles, Flags, System


@dataclass(frozen=True)
class Cascade:
    """What failed. Columns by bank; `round` is 0 for those that fail first, -1 for those that stand.

    `lost` is what each bank lost by the shock and by others; `equity` what is left, below zero where it failed by it.
    """

    system: System
    lgd: float
    lost: Doubles
    equity: Doubles
    round: npt.NDArray[np.int32]

    @property
    def fallen(self) -> Flags:
        """Banks that failed."""
        found: Flags = self.round >= 0
        return found

    @property
    def rounds(self) -> int:
        """How many rounds failures took after the first."""
        return int(self.round.max(initial=0))

    @property
    def text(self) -> Text:
        """What was computed, for the head of a table."""
        return Text(
            f"Furfine 连锁违约，违约损失率 {self.lgd:.0%}", f"Furfine cascade, loss given default {self.lgd:.0%}"
        )


def furfine(
    system: System,
    loss: Doubles | None = None,
    failed: Iterable[str] = (),
    lgd: float = 1.0,
    equity: Doubles | None = None,
) -> Cascade:
    """The cascade after a shock, or after some banks fail for reasons of their own.

    Args:
        system: the banks.
        loss: what each bank loses first; from 0 up.
        failed: banks that fail whatever they have.
        lgd: the part of a claim that is lost with the borrower.
        equity: equity before the shock, where it is not what the balance sheets say.

    Raises:
        InputError: a loss below zero or a loss given default that is no part (`contagion.*`).
        NotFoundError: a name is none of the banks.
    """
    first = np.zeros(system.size) if loss is None else loss.astype(np.float64)
    check_shock(first, lgd)
    own = system.equity if equity is None else equity
    bears = np.maximum(own, 0.0) + 1e-12 * np.maximum(1.0, np.abs(own))
    turn = np.full(system.size, -1, np.int32)
    turn[[system.place(name) for name in failed]] = 0
    turn[(first > bears) | (own < 0)] = 0
    claims = system.matrix.tocsc()
    lost, fresh, count = first.copy(), turn == 0, 0
    while fresh.any():
        lost += lgd * (claims @ fresh.astype(np.float64))
        count += 1
        fresh = (turn < 0) & (lost > bears)
        turn[fresh] = count
    return Cascade(system, lgd, lost, own - lost, turn)


def each_fails(system: System, lgd: float = 1.0, equity: Doubles | None = None) -> list[Cascade]:
    """The cascade of each bank's own failure, in the order of the banks."""
    return [furfine(system, failed=[name], lgd=lgd, equity=equity) for name in system.ids]
