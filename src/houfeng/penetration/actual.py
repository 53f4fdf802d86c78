"""Actual controllers by the test of listed companies, and what kind of owner stands at the end.

Where nobody has a majority, whoever (with all it controls and acts together with) has more than 30 percent of the votes
and more than anybody else is the actual controller (上市公司收购管理办法, 证监会令第166号, article 84). The percentage
and whether it must be exceeded are parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from houfeng.penetration.closing import follow
from houfeng.penetration.control import Control
from houfeng.penetration.graph import KINDS, UNIT, Index, Ints

THIRTY = Decimal(30)


class How(IntEnum):
    """By what somebody is the controller of an enterprise."""

    NOBODY = 0
    MAJORITY = 1
    LARGEST = 2


class Nature(IntEnum):
    """What kind of owner stands at the end (经济成分)."""

    UNKNOWN = 0
    STATE = 1
    COLLECTIVE = 2
    PRIVATE = 3
    HK_MO_TW = 4
    FOREIGN = 5


BY_KIND = {"person": Nature.PRIVATE, "state": Nature.STATE, "foreign": Nature.FOREIGN}
BY_CODE = {
    "A01": Nature.STATE,
    "A02": Nature.COLLECTIVE,
    "B01": Nature.PRIVATE,
    "B02": Nature.HK_MO_TW,
    "B03": Nature.FOREIGN,
}
"""The first three characters of 经济成分, for enterprises that stand at the end themselves."""


@dataclass(frozen=True)
class Actual:
    """The actual controller of every node.

    `over[n]` controls `n` directly (or -1), `how[n]` by what, with `votes[n]` ten-millionths where it is the largest.
    """

    control: Control
    over: Index
    how: npt.NDArray[np.int8]
    votes: Ints

    @cached_property
    def top(self) -> Index:
        """The actual controller at the end of the way; `n` itself where there is none."""
        found: Index = follow(self.over)
        return found

    def natures(self, codes: Mapping[str, str]) -> npt.NDArray[np.int8]:
        """What kind of owner stands at the end of each node's way, one number of `Nature` each.

        Args:
            codes: 经济成分 by id, for enterprises nobody is known to hold; anybody else is what its holdings say.
        """
        holdings = self.control.holdings
        own = np.zeros(holdings.size + len(self.control.pacts), np.int8)
        for kind, nature in BY_KIND.items():
            own[: holdings.size][holdings.kinds == KINDS.index(kind)] = nature
        enterprises = np.flatnonzero(holdings.kinds == 0)
        for place, name in zip(enterprises, holdings.names(enterprises), strict=True):
            own[place] = BY_CODE.get(codes.get(name, "")[:3], Nature.UNKNOWN)
        for number, parties in enumerate(self.control.parties):
            kinds = set(own[parties].tolist())
            own[holdings.size + number] = kinds.pop() if len(kinds) == 1 else Nature.UNKNOWN
        found: npt.NDArray[np.int8] = own[self.top]
        return found


def actual(control: Control, least: Decimal = THIRTY, *, inclusive: bool = False) -> Actual:
    """The actual controller of each enterprise.

    Args:
        control: who has majorities.
        least: percent of the votes the largest party must have.
        inclusive: whether exactly `least` is enough.
    """
    held, party, votes = _by_party(control)
    over, how = control.direct.copy(), (control.direct >= 0).astype(np.int8)
    most = np.zeros(control.holdings.size, np.int64)
    np.maximum.at(most, held, votes)
    first = votes == most[held]
    alone = np.bincount(held[first], minlength=len(most)) == 1
    line = int(least * UNIT / 100)
    enough = (most >= line) if inclusive else (most > line)
    chosen = first & (alone & enough & (control.direct < 0))[held] & (party != held)
    over[held[chosen]], how[held[chosen]] = party[chosen], How.LARGEST
    return Actual(control, over, how, np.where(how == How.LARGEST, most, 0))


def _by_party(control: Control) -> tuple[Index, Index, Ints]:
    """The votes in each enterprise by party: the ultimate controller of the holder, or the pact it belongs to."""
    holdings = control.holdings
    who = control.top.copy()
    for number, parties in enumerate(control.parties):
        who[parties] = holdings.size + number
    counted = holdings.holder != holdings.held
    votes = (holdings.votes_low if control.certain else holdings.votes_high)[counted]
    held, party = holdings.held[counted], who[holdings.holder[counted]]
    order = np.lexsort((party, held))
    held, party, votes = held[order], party[order], votes[order]
    fresh = np.ones(len(held), bool)
    fresh[1:] = (held[1:] != held[:-1]) | (party[1:] != party[:-1])
    if not len(held):
        return held, party, votes
    return held[fresh], party[fresh], np.add.reduceat(votes, np.flatnonzero(fresh))
