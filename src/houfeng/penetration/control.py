"""Chains of control: who controls whom, alone or together with what is controlled, and the path that proves it.

X controls Y where X, together with every enterprise X controls, holds more than a line (50 percent, or another) of the
votes in Y; control carries in full down the chain. The definition is the company-control problem of Ceri, Gottlob and
Tanca, "Logic Programming and Databases" (1990); the line of 50 percent is that of 公司法 (2023) article 265 and of
银监会令〔2018〕1号 on connected customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np

from houfeng.errors import Text, UsageError
from houfeng.penetration.closing import close, controllers, follow
from houfeng.penetration.graph import UNIT, Flags, Holdings, Index, Ints

HALF = Decimal(50)


@dataclass(frozen=True, slots=True)
class Hold:
    """A stake in a proof: `holder` has `votes` percent of the enterprise; `None` where it may lie between bounds."""

    holder: str
    votes: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One enterprise of a proof: controlled because `holds` add up to more than the line."""

    enterprise: str
    holds: tuple[Hold, ...]
    total: Decimal


@dataclass(frozen=True)
class Control:
    """The controller of every node of a graph.

    `direct[n]` is the widest closure that holds `n` (or -1), `top[n]` the end of that way: the ultimate controller, `n`
    itself where nobody controls it. A number of at least `size` is a pact. `several` are enterprises claimed by more
    than one, which takes holders above 100 percent or a line below half; `loops` are the nodes that stand for a ring of
    enterprises which control each other and are controlled by nobody else. `only_in[p]` is the one node whose votes
    the parties of pact `p` cast together, or -1.
    """

    holdings: Holdings
    line: int
    certain: bool
    pacts: tuple[str, ...]
    parties: tuple[Index, ...]
    only_in: Index
    direct: Index
    several: Flags
    loops: Flags

    @cached_property
    def top(self) -> Index:
        """The ultimate controller of every node."""
        found: Index = follow(self.direct)
        return found

    def ultimate(self, name: str) -> str | None:
        """The id of the ultimate controller (or of the pact), or None where nobody controls `name`."""
        place = self.holdings.place(name)
        return None if self.top[place] == place else self._name(int(self.top[place]))

    def _name(self, number: int) -> str:
        size = self.holdings.size
        return self.pacts[number - size] if number >= size else self.holdings.names([number])[0]

    def proof(self, name: str) -> tuple[Step, ...]:
        """The steps from the ultimate controller down to `name`, fewest first holders each; empty where nobody does.

        Every step rests on the controller (or its parties) and on enterprises of the steps before it.
        """
        place = self.holdings.place(name)
        top = int(self.top[place])
        if top == place:
            return ()
        size, votes = self.holdings.size, _votes(self.holdings, self.certain)
        if top >= size and self.only_in[top - size] >= 0:
            return _limited_proof(
                self.holdings, votes, self.line, self.parties[top - size], self.only_in[top - size], place
            )
        seeds = self.parties[top - size] if top >= size else np.array([top], np.int32)
        return _proof(self.holdings, votes, self.line, seeds, place)


def control(
    holdings: Holdings,
    line: Decimal = HALF,
    *,
    certain: bool = True,
    pacts: Mapping[str, Sequence[str]] | None = None,
    only_in: Mapping[str, str] | None = None,
) -> Control:
    """Who controls each enterprise.

    Args:
        holdings: the graph.
        line: percent of the votes that must be exceeded.
        certain: count the least votes each stake may have; else the most: what may be.
        pacts: agreements to act together, by their id: the parties' votes count as one holder's.
        only_in: of pacts that cover the votes in one enterprise only, which. Such a pact controls it where the parties,
            with what each controls by itself, pass the line together and none does alone.

    Raises:
        UsageError: a line outside 0 to 100.
    """
    scaled = _line(line)
    named = sorted((pacts or {}).items())
    known = set(holdings.ids.to_pylist()) if named else set()
    parties = tuple(
        np.array(sorted(holdings.place(party) for party in set(who) if party in known), np.int32) for _, who in named
    )
    starts = np.zeros(len(parties) + 1, np.int64)
    np.cumsum([len(one) for one in parties], out=starts[1:])
    flat = np.concatenate(parties) if parties else np.empty(0, np.int32)
    over = [(only_in or {}).get(name) for name, _ in named]
    limited = np.array([-1 if firm is None else holdings.place(firm) for firm in over], np.int32)
    votes = _votes(holdings, certain)
    direct, several, loops = controllers(
        holdings.by_holder.start, holdings.held, votes, scaled, starts, flat.astype(np.int32), limited
    )
    return Control(
        holdings, scaled, certain, tuple(name for name, _ in named), parties, limited, direct, several, loops
    )


def controlled_by(holdings: Holdings, holder: str, line: Decimal = HALF, *, certain: bool = True) -> dict[str, Decimal]:
    """What `holder` controls: the id of each enterprise, with the percent that the whole controlling set holds of it.

    Raises:
        NotFoundError: nobody of that id holds anything.
        UsageError: a line outside 0 to 100.
    """
    seed = np.array([holdings.place(holder)], np.int32)
    order, total = _closure(holdings, _votes(holdings, certain), _line(line), seed)
    return {name: _percent(total[place]) for name, place in zip(holdings.names(order[1:]), order[1:], strict=True)}


def _closure(holdings: Holdings, votes: Ints, line: int, seeds: Index) -> tuple[Index, Ints]:
    """The nodes the seeds control, in the order they joined, the seeds first; and what is held of each node."""
    size = holdings.size
    seen, member = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    total, queue = np.zeros(size, np.int64), np.empty(size, np.int32)
    count = close(holdings.by_holder.start, holdings.held, votes, line, seeds, 0, seen, total, member, queue)
    return queue[:count], total


def _limited_proof(
    holdings: Holdings, votes: Ints, line: int, parties: Index, over: int, place: int
) -> tuple[Step, ...]:
    """How each party controls who votes with it, how they control `over` together, and from there as ever."""
    by_party = {
        int(node): party for party in parties[::-1] for node in _closure(holdings, votes, line, np.array([party]))[0]
    }
    stakes = [s for s in _in(holdings, over) if int(holdings.holder[s]) in by_party and holdings.holder[s] != over]
    stakes.sort(key=lambda s: (-int(votes[s]), int(holdings.holder[s])))
    steps: list[Step] = []
    for node in sorted({int(node) for node in holdings.holder[stakes]} - set(parties.tolist())):
        steps += _proof(holdings, votes, line, np.array([by_party[node]]), node)
    names = holdings.names(holdings.holder[stakes])
    holds = tuple(Hold(name, _percent(votes[s])) for name, s in zip(names, stakes, strict=True))
    steps.append(Step(holdings.names([over])[0], holds, _percent(votes[stakes].sum())))
    steps += _proof(holdings, votes, line, np.array([over]), place) if place != over else ()
    return tuple(dict.fromkeys(steps))


def _proof(holdings: Holdings, votes: Ints, line: int, seeds: Index, place: int) -> tuple[Step, ...]:
    """Backwards from `place`: of each enterprise the largest stakes of those that joined before it, until the line."""
    order, _ = _closure(holdings, votes, line, seeds)
    rank = {int(node): number for number, node in enumerate(order)}
    first = len(seeds)
    wanted, steps = {place}, dict[int, Step]()
    while wanted:
        node = max(wanted, key=rank.__getitem__)
        wanted.discard(node)
        stakes = [s for s in _in(holdings, node) if rank.get(int(holdings.holder[s]), len(order)) < rank[node]]
        stakes.sort(key=lambda s: (-int(votes[s]), int(holdings.holder[s])))
        held, holds = 0, []
        for stake in stakes:
            holds.append(stake)
            held += int(votes[stake])
            if held > line:
                break
        names = holdings.names(holdings.holder[holds])
        told = tuple(Hold(name, _percent(votes[s])) for name, s in zip(names, holds, strict=True))
        steps[node] = Step(holdings.names([node])[0], told, _percent(held))
        wanted |= {int(holdings.holder[s]) for s in holds if rank[int(holdings.holder[s])] >= first}
    return tuple(steps[node] for node in sorted(steps, key=rank.__getitem__))


def _in(holdings: Holdings, node: int) -> Ints:
    by = holdings.by_held
    return by.order[by.start[node] : by.start[node + 1]]


def _votes(holdings: Holdings, certain: bool) -> Ints:
    return holdings.votes_low if certain else holdings.votes_high


def _line(line: Decimal) -> int:
    if not 0 <= line <= 100:
        raise UsageError(
            Text(f"控制线应在 0 到 100 之间，而不是 {line}", f"a line of control lies between 0 and 100, not {line}")
        )
    return int(line * UNIT / 100)


def _percent(units: int | np.int64) -> Decimal:
    return Decimal(int(units)) * 100 / UNIT
