"""How trouble walks up a guarantee graph, and the firms whose removal shrinks the expected loss most.

The walk is PD'_j = 1 − (1 − PD_j) ∏ (1 − w_ij · PD'_i) over the borrowers i that j guarantees, w_ij being what j
guarantees for i over j's net assets, at most one: from borrower to guarantor. Round a circle it is repeated until
nothing moves, so that a circle feeds itself: it is an upper reading, for ranking. Contagion with payments stands in
`houfeng.penetration.contagion`. Probabilities and expected losses are doubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from houfeng.penetration.circles.graph import Guarantees

Doubles = npt.NDArray[np.float64]
STILL = 1e-12
ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Key:
    """A firm whose removal (it neither falls nor passes anything on) saves `saved` yuan of expected loss.

    `elsewhere` is the part of it that others than the firm itself would have lost.
    """

    firm: str
    saved: float
    elsewhere: float


@dataclass(frozen=True)
class Walk:
    """A graph with what the walk needs: each pair's weight, each firm's own probability and debt in yuan."""

    graph: Guarantees
    weight: Doubles
    probability: Doubles
    debt: Doubles

    @classmethod
    def of(
        cls,
        graph: Guarantees,
        net_assets: Mapping[str, Decimal],
        probability: Mapping[str, float],
        debt: Mapping[str, Decimal],
        *,
        otherwise: float = 0.02,
    ) -> Walk:
        """By firm: net assets, the probability to fall by itself (`otherwise` where none is given) and what it owes.

        A guarantor without known net assets, or without any, is taken to fall with whom it guarantees: weight one.
        """
        names = graph.ids.to_pylist()
        means = np.array([float(net_assets.get(name, Decimal(0))) for name in names], np.float64)
        own = means[graph.guarantor]
        weight = np.where(own > 0, np.minimum(1.0, graph.amount / 100 / np.where(own > 0, own, 1.0)), 1.0)
        chance = np.array([probability.get(name, otherwise) for name in names], np.float64)
        return cls(graph, weight, chance, np.array([float(debt.get(name, 0)) for name in names], np.float64))

    def fall(self, without: Sequence[int] = ()) -> Doubles:
        """The probability of each firm to fall when trouble has walked; firms `without` are taken out."""
        chance = self.probability.copy()
        chance[list(without)] = 0.0
        now, keep = chance, 1.0 - chance
        out = np.zeros(len(chance), bool)
        out[list(without)] = True
        for _ in range(ROUNDS):
            log = np.log1p(-np.minimum(self.weight * now[self.graph.borrower], 1.0 - 1e-16))
            spared = np.exp(np.bincount(self.graph.guarantor, weights=log, minlength=len(chance)))
            then = np.where(out, 0.0, 1.0 - keep * spared)
            if np.abs(then - now).max(initial=0.0) < STILL:
                return then
            now = then
        return now

    def expected_loss(self, lgd: float = 0.45, without: Sequence[int] = ()) -> float:
        """Expected loss on what the firms owe, in yuan."""
        return float(lgd * (self.fall(without) * self.debt).sum())

    def keys(self, *, lgd: float = 0.45, most: int = 5, of: int | None = None) -> tuple[Key, ...]:
        """The firms whose removal shrinks the expected loss most, the greatest first.

        With `of`, only so many firms are tried, those that stand in the most guarantees.
        """
        before = self.fall()
        size = self.graph.size
        busy = np.bincount(self.graph.guarantor, minlength=size) + np.bincount(self.graph.borrower, minlength=size)
        tried = np.argsort(-busy, kind="stable")[:of]
        found = []
        for place, name in zip(tried.tolist(), self.graph.names(tried), strict=True):
            lost = lgd * (before - self.fall([place])) * self.debt
            found.append(Key(name, float(lost.sum()), float(lost.sum() - lost[place])))
        return tuple(sorted(found, key=lambda one: (-one.saved, one.firm))[:most])
