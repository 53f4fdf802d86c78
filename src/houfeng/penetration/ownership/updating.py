"""A graph that lives: one stake changes, and controllers and shares are those of the changed graph at once.

Equal to computing all again, and tested so. What a change can move is the closure of whoever controls the holder: it
gains or loses, and what it loses finds its controllers among itself. Everything is computed again only where a node
that two might control at a time (more than twice the line is held of it) is touched, or a name is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from houfeng.errors import Text, UsageError
from houfeng.penetration.closing import follow
from houfeng.penetration.control import HALF, control
from houfeng.penetration.graph import KINDS, UNIT, Flags, Holdings, Index, Ints
from houfeng.penetration.integrated import Penetrated, Penetration
from houfeng.penetration.ownership.growing import again, backing, closed, gain, lose
from houfeng.penetration.ownership.rows import Rows

LAST = np.int64(1) << 62


@dataclass(frozen=True)
class Grown:
    """Stakes in rows by the enterprise held; see `houfeng.penetration.graph.Stakes`."""

    start: Ints
    stop: Ints
    order: Ints


class Living:
    """Controllers and shares of a graph whose stakes change one at a time. Not for several threads.

    Stakes count with their least share and votes; agreements to act together are not kept here. `recomputed` counts the
    changes after which everything had to be computed again.
    """

    def __init__(self, holdings: Holdings, line: Decimal = HALF) -> None:
        """The graph as it is now, and percent of the votes control must exceed."""
        self.line = line
        self.recomputed = 0
        self._units = int(line * UNIT / 100)
        self._begin(holdings)

    def _begin(self, holdings: Holdings) -> None:
        by = holdings.by_held
        found = control(holdings, self.line)
        self._base = holdings
        self.root: Index = found.direct.copy()
        self.loops: Flags = found.loops.copy()
        self._several = bool(found.several.any())
        self._up = Rows(by.start, holdings.holder[by.order], (holdings.low[by.order], holdings.votes_low[by.order]))
        self._down = Rows(holdings.by_holder.start, holdings.held, ())
        self.owners: Flags = holdings.owners.copy()
        self.totals: Ints = holdings.totals.copy()
        own = holdings.holder != holdings.held
        weights = holdings.votes_low[own]
        self._votes = np.bincount(holdings.held[own], weights=weights, minlength=holdings.size).astype(np.int64)
        self._doubtful = set(np.flatnonzero(self._votes > 2 * self._units).tolist())
        self._seen, self._inside = (np.full(holdings.size, -1, np.int64) for _ in range(2))
        self._total, self.rank = np.zeros(holdings.size, np.int64), np.zeros(holdings.size, np.int64)
        self._queue, self._before = np.empty(holdings.size, np.int32), np.empty(holdings.size, np.int32)
        self._mark = self._clock = 0
        for seed in np.unique(self.root[self.root >= 0]).tolist():
            self._ranked(seed)
        self._look()

    def _ranked(self, seed: int) -> None:
        """Number the members of a closure in the order they join."""
        self._mark += 1
        count = closed(
            *self._ends(), self._units, seed, self._mark, self._seen, self._total, self._inside, self._queue
        )  # fmt: skip
        self.rank[self._queue[1:count]] = self._clock + 1 + np.arange(1, count)
        self._clock += count + 1

    def _ends(self) -> tuple[npt.NDArray[Any], ...]:
        up, down = self._up, self._down
        return up.start, up.stop, up.other, up.columns[1], down.start, down.stop, down.other

    # What looking through needs; see `houfeng.penetration.integrated.Looked`.

    @property
    def size(self) -> int:
        """How many nodes."""
        return self._base.size

    @property
    def holder(self) -> Index:
        """Who holds each stake of the rows."""
        return self._up.other

    @property
    def low(self) -> Ints:
        """The share of each stake of the rows."""
        return self._up.columns[0]

    @property
    def by_held(self) -> Grown:
        """The rows."""
        return Grown(self._up.start, self._up.stop, self._places)

    def names(self, places: Sequence[int] | npt.NDArray[Any]) -> list[str]:
        """The ids of nodes."""
        return self._base.names(places)

    def place(self, name: str) -> int:
        """The number of the node with this id.

        Raises:
            NotFoundError: nobody of that id holds or is held.
        """
        return self._base.place(name)

    def kind(self, place: int) -> str:
        """What the node is."""
        return self._base.kind(place)

    def stake(self, holder: str, enterprise: str) -> int:
        """The share of one in the other as it is now, in ten-millionths; 0 where there is none.

        Raises:
            NotFoundError: no holding names one of them.
        """
        at = self._up.find(self.place(enterprise), self.place(holder))
        return int(self._up.columns[0][at]) if at >= 0 else 0

    def _look(self) -> None:
        self._places = np.arange(len(self._up.other))
        self._looking = Penetration(self, self._up.columns[0])

    def of(self, enterprise: str) -> Penetrated:
        """Everybody above `enterprise`; see `houfeng.penetration.integrated.Penetration.of`."""
        return self._looking.of(enterprise)

    def ultimate(self, name: str) -> str | None:
        """The id of the ultimate controller, or None where nobody controls `name`."""
        place = at = self.place(name)
        seen = set[int]()
        while self.root[at] >= 0 and at not in seen:
            seen.add(at)
            at = int(self.root[at])
        return None if at == place else self.names([at])[0]

    @property
    def top(self) -> Index:
        """The ultimate controller of every node."""
        found: Index = follow(self.root)
        return found

    def change(
        self, holder: str, enterprise: str, share: Decimal | None, votes: Decimal | None = None, kind: str = "other"
    ) -> Index:
        """A stake becomes `share` percent (None: it ends) with `votes` (None: as the share).

        Gives the numbers of the enterprises whose controller is another now. `kind` is what the holder is, if new.

        Raises:
            UsageError: a percentage outside 0 to 100, or a kind of holder there is not.
        """
        low, counted = _units(share), _units(share if votes is None else votes)
        if kind not in KINDS:
            raise UsageError(Text(f"没有股东类型 {kind}", f"there is no kind of holder {kind}"))
        if not self._base.knows(holder) or not self._base.knows(enterprise):
            return self._renamed((holder, enterprise), kind, low, counted)
        x, y = self.place(holder), self.place(enterprise)
        at = self._up.find(y, x)
        if at < 0 and low is None:
            return np.empty(0, np.int32)
        before = (int(self._up.columns[0][at]), int(self._up.columns[1][at])) if at >= 0 else (0, 0)
        doubtful = set(self._doubtful)
        self._write(x, y, low, counted, before)
        if x == y or (counted or 0) == before[1]:
            return np.empty(0, np.int32)
        return self._moved(x, y, (counted or 0) > before[1], doubtful | self._doubtful)

    def _write(self, x: int, y: int, low: int | None, counted: int | None, before: tuple[int, int]) -> None:
        size = len(self._up.other)
        if low is None:
            self._up.drop(y, x)
            self._down.drop(x, y)
        else:
            self._up.put(y, x, (low, counted or 0))
            self._down.put(x, y, ())
        self.owners[y] = self._up.start[y] == self._up.stop[y]
        self.totals[y] += (low or 0) - before[0]
        if x != y:
            self._votes[y] += (counted or 0) - before[1]
            (self._doubtful.add if self._votes[y] > 2 * self._units else self._doubtful.discard)(y)
        self._looking.forget()
        if len(self._up.other) != size:
            self._look()

    def _moved(self, x: int, y: int, more: bool, doubtful: set[int]) -> Index:
        """Follow a change of votes of x in y."""
        of = x if self.root[x] < 0 else int(self.root[x])
        if self._several or y in doubtful or any(self.root[one] == of or one == of for one in doubtful):
            return self._all_again()
        if y == of or self.loops[of] or self._turns(of):
            return self._part_again(of, np.array([y], np.int32))
        if not more:
            return self._lost(of, y)
        self._queue[0] = y
        count, self._clock = gain(
            *self._ends(), self._units, self.root, self.rank, self._clock, of, self._queue, self._before, 1
        )
        gained, before = self._queue[:count].copy(), self._before[:count].copy()
        if self._turns(of):
            return self._part_again(of, gained, before)
        apart = before >= 0
        if (self.root[before[apart]] != of).any() or not doubtful.isdisjoint(gained.tolist()):
            return self._all_again(gained, before)
        self.loops[gained] = False
        return gained

    def _turns(self, of: int) -> bool:
        """Whether a closure controls its own root: then who stands for it is settled as for a whole graph."""
        return bool(
            backing(
                self._up.start, self._up.stop, self._up.other, self._up.columns[1], self.root, self.rank, of, of, LAST
            )
            > self._units
        )

    def _lost(self, of: int, y: int) -> Index:
        """Take out what rests on too little, let in again what others still hold, find controllers for the rest."""
        count = lose(*self._ends(), self._units, self.root, self.rank, of, y, self._queue)
        if not count:
            return np.empty(0, np.int32)
        out = self._queue[:count].copy()
        _, self._clock = gain(
            *self._ends(), self._units, self.root, self.rank, self._clock, of, self._queue, self._before, count
        )
        out = out[self.root[out] != of]
        return self._settle(np.sort(out), np.full(len(out), of, np.int32))

    def _settle(self, part: Index, before: Index) -> Index:
        """Find controllers for nodes that have none now; those for whom it is another than before."""
        if self._found_anew(part):
            return self._all_again(part, before)
        found: Index = part[self.root[part] != before]
        return found

    def _found_anew(self, part: Index) -> bool:
        """Whether what was found is not to be used: two closures meet."""
        self._clock, self._mark, met = again(
            *self._ends(), self._units, self.root, self.rank, self._clock, self.loops, part, self._mark, self._seen,
            self._total, self._inside, self._queue,
        )  # fmt: skip
        return bool(met)

    def _part_again(self, of: int, more: Index, before: Index | None = None) -> Index:
        """Compute the closure of `of` anew, with `more` and whatever stands below the same roots."""
        then = self.root.copy()
        if before is not None:
            then[more] = before
        roots = np.unique(np.append(then[more], [of, *more]))
        roots = roots[roots >= 0]
        part = np.unique(np.append(np.flatnonzero(np.isin(then, roots)), roots)).astype(np.int32)
        self.root[part] = -1
        self.loops[part] = False
        if self._found_anew(part):
            return self._all_again(part, then[part])
        return np.flatnonzero(self.root != then).astype(np.int32)

    def _all_again(self, changed: Index | None = None, before: Index | None = None) -> Index:
        """Compute everything, on the graph as it is now."""
        then = self.root.copy()
        if changed is not None and before is not None:
            then[changed] = before
        self.recomputed += 1
        self._begin(self.holdings())
        return np.flatnonzero(self.root != then).astype(np.int32)

    def holdings(self) -> Holdings:
        """The graph as it is now, with the same numbers for the same nodes."""
        counts = self._up.stop - self._up.start
        held = np.repeat(np.arange(self.size, dtype=np.int32), counts)
        places = np.repeat(self._up.start - np.cumsum(counts) + counts, counts) + np.arange(len(held))
        holder, (low, votes) = self._up.other[places], (column[places] for column in self._up.columns)
        order = np.lexsort((held, holder))
        columns = (holder[order], held[order], low[order], low[order], votes[order], votes[order])
        names = ("holder", "held", "low", "high", "votes_low", "votes_high")
        return replace(self._base, **dict(zip(names, columns, strict=True)))

    def _renamed(self, ends: tuple[str, str], kind: str, low: int | None, counted: int | None) -> Index:
        """A stake between names of whom one is new: the nodes get new numbers, and everything is computed again."""
        if low is None:
            return np.empty(0, np.int32)
        then = self._roots()
        self._begin(self.holdings().with_stake(ends, kind, low, counted or 0))
        self.recomputed += 1
        now = self._roots()
        return np.array([self.place(name) for name, root in now.items() if then.get(name) != root], np.int32)

    def _roots(self) -> dict[str, str | None]:
        names = self.names(np.arange(self.size))
        return {name: names[at] if at >= 0 else None for name, at in zip(names, self.root.tolist(), strict=True)}


def _units(percent: Decimal | None) -> int | None:
    if percent is None:
        return None
    if not 0 <= percent <= 100:
        raise UsageError(
            Text(f"比例应在 0 到 100 之间，而不是 {percent}", f"a share lies between 0 and 100, not {percent}")
        )
    return int(percent * UNIT / 100)
