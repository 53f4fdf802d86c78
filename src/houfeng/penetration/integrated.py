"""Integrated ownership: what share of an enterprise's cash flow is whose in the end, cross-holdings counted exactly.

With A[i, k] the direct share of i in k, the sum over all ways from i to k is N[i, k], N = (I - A)^-1, which counts what
comes back round a ring again and again. A share is N[i, k] / N[i, i]: what reaches i before it returns to i. For
holders nobody holds the two are the same, and their shares add up to one where all owners are known (Baldone, Brioschi
and Paleari, "Ownership measures among firms connected by cross-shareholdings", 1998; Elliott, Golub and Jackson,
American Economic Review 104:3115, 2014). Rings (strongly connected components) are solved one by one, never the whole
graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, identity
from scipy.sparse.linalg import splu

from houfeng.errors import InputError, Problem, Text
from houfeng.penetration.climbing import WHOLE_LOOP, above, climb
from houfeng.penetration.graph import UNIT, Holdings, Index, Ints

DENSE = 256
"""Rings of more nodes than this are solved sparse."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody above an enterprise: the share of it that is theirs, and the part held directly (both of one)."""

    holder: str
    kind: str
    share: float
    direct: float
    ultimate: bool


@dataclass(frozen=True)
class Penetrated:
    """One enterprise looked through. `owners` by share, largest first; `unknown` is the share nobody known has."""

    enterprise: str
    owners: tuple[Owner, ...]
    unknown: float
    over: bool

    @property
    def ultimate(self) -> tuple[Owner, ...]:
        """Those whom nobody holds."""
        return tuple(owner for owner in self.owners if owner.ultimate)


class Penetration:
    """Looks through enterprises of one graph; keeps the workspace between questions. Not for several threads."""

    def __init__(self, holdings: Holdings, share: Ints | None = None) -> None:
        """`share`: ten-millionths of each stake; by default the least it may be."""
        self.holdings = holdings
        self.share = holdings.low if share is None else share
        self._local = np.full(holdings.size, -1, np.int32)

    def of(self, enterprise: str) -> Penetrated:
        """Everybody above `enterprise`, exactly.

        Raises:
            NotFoundError: no holding names it.
            InputError: a ring above it owns itself wholly (`penetration.ownership_loop`): nobody owns it in the end.
        """
        target = self.holdings.place(enterprise)
        nodes, claims, loops = self.shares(target)
        direct = self._direct(target)
        order = sorted(range(1, len(nodes)), key=lambda i: (-claims[i] / loops[i], nodes[i]))
        names = self.holdings.names(nodes)
        owners = tuple(
            Owner(
                names[i],
                self.holdings.kind(int(nodes[i])),
                float(claims[i] / loops[i]),
                direct.get(int(nodes[i]), 0.0),
                bool(self.holdings.owners[nodes[i]]),
            )
            for i in order
        )
        known = float(sum(claims[i] for i in range(1, len(nodes)) if self.holdings.owners[nodes[i]]))
        over = bool((self.holdings.totals[nodes] > UNIT).any())
        return Penetrated(enterprise, owners, 0.0 if abs(1 - known) < 1e-12 else 1 - known, over)

    def shares(self, target: int) -> tuple[Index, Doubles, Doubles]:
        """(nodes, claims, loops) above a node, itself first: see `houfeng.penetration.climbing.climb`.

        Raises:
            InputError: as `of`.
        """
        by = self.holdings.by_held
        state, nodes, claims, loops = climb(
            by.start, by.order, self.holdings.holder, self.share, target, UNIT, self._local, DENSE
        )
        if state == WHOLE_LOOP:
            raise _closed(self.holdings.names(np.sort(nodes)))
        return self._sparse(target) if state else (nodes, claims, loops)

    def _direct(self, target: int) -> dict[int, float]:
        by = self.holdings.by_held
        stakes = by.order[by.start[target] : by.start[target + 1]]
        return {int(self.holdings.holder[s]): float(self.share[s]) / UNIT for s in stakes}

    def _sparse(self, target: int) -> tuple[Index, Doubles, Doubles]:
        """The same where a ring is too large for a dense inverse: one sparse factorisation of all above.

        The sums of a node back to itself take a solution each; only nodes in rings need one.
        """
        by, holdings = self.holdings.by_held, self.holdings
        room = np.empty(holdings.size, np.int32)
        count = above(by.start, by.order, holdings.holder, target, self._local, room)
        nodes = room[:count].copy()
        stakes = np.concatenate([by.order[by.start[node] : by.start[node + 1]] for node in nodes])
        rows = self._local[holdings.holder[stakes]]
        columns = np.repeat(np.arange(count), [by.start[node + 1] - by.start[node] for node in nodes])
        self._local[nodes] = -1
        total = np.bincount(columns, weights=self.share[stakes], minlength=count)
        values = self.share[stakes] / np.maximum(UNIT, total)[columns]
        factor = splu(csc_array(identity(count, format="csc") - csc_array((values, (rows, columns)), (count, count))))
        unit = np.zeros(count)
        unit[0] = 1.0
        claims: Doubles = factor.solve(unit)
        loops = np.ones(count)
        for i in _in_rings(rows, columns, count):
            unit = np.zeros(count)
            unit[i] = 1.0
            loops[i] = factor.solve(unit)[i]
        return nodes, claims, loops


def _in_rings(rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int64], count: int) -> Iterator[int]:
    from scipy.sparse.csgraph import connected_components

    graph = csc_array((np.ones(len(rows)), (rows, columns)), (count, count))
    _, label = connected_components(graph, connection="strong")
    common = np.bincount(label)[label] > 1
    common[rows[rows == columns]] = True
    yield from np.flatnonzero(common).tolist()


def _closed(names: list[str]) -> InputError:
    told = "、".join(names[:5]) + (f" 等 {len(names)} 户" if len(names) > 5 else "")
    said = ", ".join(names[:5]) + (f" and others, {len(names)} in all" if len(names) > 5 else "")
    return InputError(
        Text("股权环无法穿透", "a ring of holdings cannot be looked through"),
        [
            Problem(
                "penetration.ownership_loop",
                Text(
                    f"{told} 互相持有全部股权，没有外部股东，最终归属无从计算",
                    f"{said} hold each other wholly and have no holder outside; nobody owns them in the end",
                ),
                suggestion=Text("核对环内各户的股东名录", "check the holders of each of them"),
            )
        ],
    )
