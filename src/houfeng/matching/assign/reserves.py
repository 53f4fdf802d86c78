"""Floors in a stable assignment: of every product a share is kept for the members of each floor first.

A product becomes several counters: one per floor, where members come before everybody, and the open one. What members
do not take at their counter goes to the others, so a reserve never leaves money unlent. Each counter is stable in
itself (slots with priorities of their own), so a need is only ever passed over for a member of a floor. The same share
is kept of every product, the smallest, in steps of one in `STEPS`, found floor by floor by halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from houfeng.errors import InputError, Problem, Text
from houfeng.matching.assign.market import Floor, Ints, Market, reached, refined
from houfeng.matching.assign.proposing import Outcome, deferred_acceptance

STEPS = 64
SWEEPS = 3
"""Raising one floor's share can pull another below its floor; all are gone through again so often."""


def with_reserves(given: Market, floors: Sequence[Floor]) -> tuple[Outcome, list[float]]:
    """The stable outcome with the smallest shares found that meet every floor, and the shares.

    Raises:
        InputError: no shares meet them; each floor that fails is named with how far it comes.
    """
    shares = [0] * len(floors)
    outcome = _outcome(given, floors, shares)
    for _ in range(SWEEPS):
        for place, floor in enumerate(floors):
            if _reached(given, outcome, floor):
                continue
            shares[place] = _smallest(given, floors, shares, place)
            outcome = _outcome(given, floors, shares)
        if all(_reached(given, outcome, floor) for floor in floors):
            return outcome, [share / STEPS for share in shares]
    raise InputError(
        Text("保底要求在稳定分配下做不到", "the floors cannot be met by a stable assignment"),
        [_failing(given, outcome, floor) for floor in floors if not _reached(given, outcome, floor)],
    )


def _reached(given: Market, outcome: Outcome, floor: Floor) -> bool:
    return reached(given, outcome.entry, floor.members) >= floor.least


def _smallest(given: Market, floors: Sequence[Floor], shares: list[int], place: int) -> int:
    """The smallest share of floor `place` that meets it beside the others' shares; all that is left if none does."""
    low, high = shares[place], STEPS - sum(shares) + shares[place]
    while high - low > 1:
        middle = (low + high) // 2
        tried = [*shares[:place], middle, *shares[place + 1 :]]
        if _reached(given, _outcome(given, floors, tried), floors[place]):
            high = middle
        else:
            low = middle
    return high


def _outcome(given: Market, floors: Sequence[Floor], shares: Sequence[int]) -> Outcome:
    """Deferred acceptance over the counters, told in the entries of `given`; cutoffs are those of the open counters."""
    counters, original = expanded(given, floors, shares)
    found = deferred_acceptance(counters)
    count = len(given.capacities)
    entry = found.entry.copy()
    got = entry >= 0
    classes = counters.classes[got]
    offset = original[entry[got]] - original[counters.starts[classes]]
    entry[got] = given.starts[given.classes[got]] + offset
    room = found.room.reshape(-1, count).sum(axis=0)
    return Outcome(entry, room, found.cut_score[:count], found.cut_need[:count], found.asks, found.refused)


def expanded(given: Market, floors: Sequence[Floor], shares: Sequence[int]) -> tuple[Market, Ints]:
    """The market of counters, and the entry of the refined lists each of its entries comes from.

    Counter 0 of a product is open, counter 1 + k the reserve of floor k. A need asks first where it is a member, then
    at the open counter, then at the reserves of others.
    """
    split, inside = refined(given, floors)
    owners, count, kinds = split.owners, len(given.capacities), 1 + len(floors)
    member = np.stack([np.zeros(len(owners), np.bool_), *(one[owners] for one in inside)], axis=1)
    turn = np.where(member, 0, 2)
    turn[:, 0] = 1
    counter = np.argsort(turn, axis=1, kind="stable")
    original = np.repeat(np.arange(len(owners), dtype=np.int64), kinds)
    flat = counter.ravel()
    ahead = member[original, flat]
    highest = float(np.ptp(split.priority) + np.ptp(split.lifts)) + 1.0 if split.needs and len(owners) else 1.0
    kept = [given.capacities * share // STEPS for share in shares]
    counters = replace(
        split,
        starts=split.starts * kinds,
        products=(split.products[original] + flat * count).astype(np.int32),
        ranks=split.ranks[original],
        values=split.values[original],
        lifts=split.lifts[original] + np.where(ahead, highest, 0.0),
        capacities=np.concatenate([given.capacities - np.sum(kept, axis=0), *kept]),
    )
    return counters, original


def _failing(given: Market, outcome: Outcome, floor: Floor) -> Problem:
    least, got = floor.amount(floor.least), floor.amount(reached(given, outcome.entry, floor.members))
    asked = floor.amount(int(given.sizes[floor.members].sum()))
    return Problem(
        "assign.floor",
        Text(
            f"“{floor.label.zh}”即至少 {least.zh}，额度优先留给它们也只到 {got.zh}（它们共申请 {asked.zh}）",
            f"“{floor.label.en}” is at least {least.en}; with capacity kept for its members first it comes to {got.en} "
            f"(they ask for {asked.en} in all)",
        ),
        suggestion=Text("降低保底，或增加它们可申请产品的额度", "lower the floor, or raise what they can apply for"),
    )
