"""A stable assignment: no need and product that are not together would both rather be.

Deferred acceptance, needs proposing. Where capacity is a number of places (all sizes equal) it is the stable assignment
that every need likes best, and exact. Where capacity is money, needs are not cut in pieces: a product refuses all who
come after the first that does not fit. Nobody is passed over for one ranked lower, and what a product leaves unlent is
less than the first refused asked for. `filling` then gives what is left to whoever fits; that is more lending, but a
larger need may see a smaller one behind it served, and `exact` becomes false where it does. So it does where a cap (a
limit on one group) has refused somebody: the room is held by who came first.

Floors are met by reserves (reserves.py): a share of every product is kept for the members of a floor first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from houfeng.matching.assign.market import Assignment, Floor, Market, worth
from houfeng.matching.assign.proposing import Outcome, deferred_acceptance, fill
from houfeng.matching.assign.reserves import with_reserves


def stable(given: Market, floors: Sequence[Floor] = (), *, filling: bool = False) -> Assignment:
    """The stable assignment the needs like best, with small reserves that meet the floors.

    Raises:
        InputError: no reserves meet the floors; each that fails is named with how far it comes.
    """
    if not floors:
        return _finished(given, deferred_acceptance(given), filling)
    outcome, shares = with_reserves(given, floors)
    return replace(_finished(given, outcome, filling), reserved=tuple(shares))


def _finished(given: Market, outcome: Outcome, filling: bool) -> Assignment:
    filled = 0
    if filling:
        order = np.argsort(-given.priority, kind="stable")
        filled = fill(given, order, outcome.entry, outcome.room)
    return Assignment(
        "stable",
        outcome.entry,
        outcome.room,
        worth(given, outcome.entry),
        exact=not filled and not outcome.refused,
        cut_score=outcome.cut_score,
        cut_need=outcome.cut_need,
        filled=filled,
        cap_room=given.caps.left(given, outcome.entry),
    )
