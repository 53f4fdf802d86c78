"""Beneficial owners: the natural persons behind an enterprise, each with why; where it is not certain, that it may be.

The tests are those of 受益所有人信息管理办法 (中国人民银行、国家市场监督管理总局令〔2024〕第3号, from 2024-11-01):
a quarter or more of the shares, directly or indirectly; failing that a quarter of the votes or of the income; failing
that control, alone or with others; where nobody passes, the person in charge. Here every test is made for every person
and all that hold are told. The percentage is a parameter. Income is taken to follow shares: no record kind holds other
agreements on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np

from houfeng.penetration.bounds import Uncertain
from houfeng.penetration.control import Control
from houfeng.penetration.graph import KINDS
from houfeng.penetration.integrated import Penetration

QUARTER = Decimal(25)


class Why(StrEnum):
    """By which test a person is a beneficial owner."""

    SHARE = "share"
    VOTES = "votes"
    CONTROL = "control"
    IN_CHARGE = "in_charge"


@dataclass(frozen=True, slots=True)
class Beneficial:
    """A person behind an enterprise: shares and votes (of one) through all ways, and the tests passed.

    Where only ranges are known the share is the least, `most` the most it may be; `certain` says whether a test holds
    whatever the ranges hide.
    """

    person: str
    share: float
    most: float
    votes: float
    why: tuple[Why, ...]
    certain: bool = True


class BeneficialOwners:
    """Finds beneficial owners over one graph; keeps the workspaces between questions. Not for several threads."""

    def __init__(self, control: Control, line: Decimal = QUARTER, in_charge: Mapping[str, str] | None = None) -> None:
        """The computed controllers, the percentage, and who is in charge of an enterprise, where that is known."""
        holdings = control.holdings
        self.control = control
        self.line = float(line) / 100
        self._in_charge = in_charge or {}
        self._shares = Penetration(holdings)
        self._votes = Penetration(holdings, holdings.votes_low)
        self._bounds = Uncertain(holdings)
        self._ranged = np.zeros(holdings.size, bool)
        self._ranged[holdings.held[holdings.uncertain]] = True

    def of(self, enterprise: str) -> tuple[Beneficial, ...]:
        """The beneficial owners of `enterprise`, the certain ones first, then by share.

        Raises:
            NotFoundError: no holding names it.
            InputError: a ring above owns itself wholly.
        """
        target = self.control.holdings.place(enterprise)
        share, votes = self._persons(self._shares, target), self._persons(self._votes, target)
        rules = self._controlling(target)
        most = dict(share)
        if self._ranged[self._shares.shares(target)[0]].any():
            most |= {one.holder: one.most for one in self._bounds.of(enterprise) if one.holder in share}
        found = []
        for who in sorted(share.keys() | votes.keys() | rules):
            why = self._why(share.get(who, 0.0), votes.get(who, 0.0), who in rules)
            if why or self._passes(most.get(who, 0.0)):
                row = (share.get(who, 0.0), most.get(who, 0.0), votes.get(who, 0.0))
                found.append(Beneficial(who, *row, why or (Why.SHARE,), bool(why)))
        if not any(one.certain for one in found) and enterprise in self._in_charge:
            found.append(Beneficial(self._in_charge[enterprise], 0.0, 0.0, 0.0, (Why.IN_CHARGE,)))
        return tuple(sorted(found, key=lambda one: (not one.certain, -one.share, one.person)))

    def _passes(self, part: float) -> bool:
        return part >= self.line - 1e-12

    def _why(self, share: float, votes: float, rules: bool) -> tuple[Why, ...]:
        tests = ((Why.SHARE, self._passes(share)), (Why.VOTES, self._passes(votes)), (Why.CONTROL, rules))
        return tuple(why for why, holds in tests if holds)

    def _persons(self, over: Penetration, target: int) -> dict[str, float]:
        """The persons above, with what is theirs."""
        holdings = self.control.holdings
        nodes, claims, loops = over.shares(target)
        people = np.flatnonzero(holdings.kinds[nodes] == KINDS.index("person"))
        parts = (claims[people] / loops[people]).tolist()
        return dict(zip(holdings.names(nodes[people]), parts, strict=True))

    def _controlling(self, target: int) -> set[str]:
        """The person at the end of the way of control, or the persons of the pact there."""
        holdings = self.control.holdings
        top = int(self.control.top[target])
        ends = self.control.parties[top - holdings.size] if top >= holdings.size else np.array([top])
        return set(holdings.names(ends[holdings.kinds[ends] == KINDS.index("person")]))
