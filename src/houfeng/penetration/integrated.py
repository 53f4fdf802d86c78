"""Integrated ownership: what share of an enterprise's cash flow is whose in the end, cross-holdings counted exactly.

With A[i, k] the direct share of i in k, the sum over all ways from i to k is N[i, k], N = (I - A)^-1, which counts what
comes back round a ring again and again. A share is N[i, k] / N[i, i]: what reaches i before it returns to i. For
holders nobody holds the two are the same, and their shares add up to one where all owners are known (Baldone, Brioschi
and Paleari, "Ownership measures among firms connected by cross-shareholdings", 1998; Elliott, Golub and Jackson,
American Economic Review 104:3115, 2014). Rings (strongly connected components) are solved one by one, never the whole
graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, identity
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from houfeng.errors import InputError, Problem, Text
from houfeng.penetration.climbing import WHOLE_LOOP, above, climb
from houfeng.penetration.graph import UNIT, Flags, Index, Ints

DENSE = 256
"""Rings of more nodes than this are solved sparse."""

WHOLE = 1e-9
"""Stakes within a ring that lack no more than this of the whole are the whole: shares have seven decimals."""

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


class Looked(Protocol):
    """A graph that can be looked through: `Holdings`, or one that lives."""

    @property
    def size(self) -> int: ...
    @property
    def holder(self) -> Index: ...
    @property
    def low(self) -> Ints: ...
    @property
    def by_held(self) -> Any: ...
    @property
    def owners(self) -> Flags: ...
    @property
    def totals(self) -> Ints: ...
    def names(self, places: Sequence[int] | npt.NDArray[Any]) -> list[str]: ...
    def place(self, name: str) -> int: ...
    def kind(self, place: int) -> str: ...


class Penetration:
    """Looks through enterprises of one graph; keeps the workspace between questions. Not for several threads."""

    def __init__(self, holdings: Looked, share: Ints | None = None) -> None:
        """`share`: ten-millionths of each stake; by default the least it may be."""
        self.holdings = holdings
        self.share = holdings.low if share is None else share
        self._local = np.full(holdings.size, -1, np.int32)
        self._room = np.empty(holdings.size, np.int32)
        self._loops: dict[int, Doubles] = {}

    def of(self, enterprise: str) -> Penetrated:
        """Everybody above `enterprise`, exactly.

        Raises:
            NotFoundError: no holding names it.
            InputError: a ring above it owns itself wholly (`penetration.ownership_loop`): nobody owns it in the end.
        """
        target = self.holdings.place(enterprise)
        nodes, claims, loops = self.shares(target)
        direct = self._direct(target)
        parts = claims / loops
        order = 1 + np.lexsort((nodes[1:], -parts[1:]))
        places = nodes[order]
        ends = self.holdings.owners[places]
        owners = tuple(
            map(
                Owner,
                self.holdings.names(places),
                map(self.holdings.kind, places.tolist()),
                parts[order].tolist(),
                (direct.get(place, 0.0) for place in places.tolist()),
                ends.tolist(),
            )
        )
        known = float(claims[order][ends].sum())
        over = bool((self.holdings.totals[nodes] > UNIT).any())
        return Penetrated(enterprise, owners, 0.0 if abs(1 - known) < 1e-12 else 1 - known, over)

    def shares(self, target: int) -> tuple[Index, Doubles, Doubles]:
        """(nodes, claims, loops) above a node, itself first: see `houfeng.penetration.climbing.climb`.

        Raises:
            InputError: as `of`.
        """
        by = self.holdings.by_held
        state, nodes, claims, loops = climb(
            by.start, by.stop, by.order, self.holdings.holder, self.share, target, UNIT, self._local, self._room, DENSE
        )
        if state == WHOLE_LOOP:
            raise _closed(self.holdings.names(np.sort(nodes)))
        return self._sparse(target) if state else (nodes, claims, loops)

    def _direct(self, target: int) -> dict[int, float]:
        by = self.holdings.by_held
        stakes = by.order[by.start[target] : by.stop[target]]
        return {int(self.holdings.holder[s]): float(self.share[s]) / UNIT for s in stakes}

    def forget(self) -> None:
        """Drop what is kept of large rings: the graph is another now."""
        self._loops.clear()

    def _sparse(self, target: int) -> tuple[Index, Doubles, Doubles]:
        """The same where a ring is too large for a dense inverse: one sparse factorisation of all above.

        The sums of a node back to itself concern its ring alone; those of a large ring are kept for the next question.
        """
        by, holdings = self.holdings.by_held, self.holdings
        count = above(by.start, by.stop, by.order, holdings.holder, target, self._local, self._room)
        nodes = self._room[:count].copy()
        stakes = np.concatenate([by.order[by.start[node] : by.stop[node]] for node in nodes])
        rows = self._local[holdings.holder[stakes]]
        columns = np.repeat(np.arange(count), [by.stop[node] - by.start[node] for node in nodes])
        self._local[nodes] = -1
        total = np.bincount(columns, weights=self.share[stakes], minlength=count)
        values = self.share[stakes] / np.maximum(UNIT, total)[columns]
        real = values > 0
        rows, columns, values = rows[real], columns[real], values[real]
        rings = list(_rings(rows, columns, count))
        for ring in rings:
            inside = np.isin(rows, ring) & np.isin(columns, ring)
            if (np.bincount(columns[inside], weights=values[inside], minlength=count)[ring] >= 1 - WHOLE).all():
                raise _closed(holdings.names(np.sort(nodes[ring])))
        left = csc_array(identity(count, format="csc") - csc_array((values, (rows, columns)), (count, count)))
        unit = np.zeros(count)
        unit[0] = 1.0
        claims: Doubles = splu(left).solve(unit)
        loops = np.ones(count)
        for ring in rings:
            members = ring[np.argsort(nodes[ring])]
            key = int(nodes[members[0]])
            if key not in self._loops:
                self._loops[key] = _back(left[members][:, members])
            loops[members] = self._loops[key]
        return nodes, claims, loops


def _rings(rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int64], count: int) -> Iterator[npt.NDArray[np.int64]]:
    """The nodes of each ring, a node that holds itself among them."""
    graph = csc_array((np.ones(len(rows)), (rows, columns)), (count, count))
    found, label = connected_components(graph, connection="strong")
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(label, minlength=found))[:-1])
    itself = set(rows[rows == columns].tolist())
    yield from (part for part in parts if len(part) > 1 or int(part[0]) in itself)


def _back(ring: csc_array) -> Doubles:
    """The diagonal of the inverse of one ring's matrix, a block of columns at a time."""
    size = ring.shape[0]
    factor = splu(csc_array(ring))
    found = np.empty(size)
    for first in range(0, size, DENSE):
        last = min(size, first + DENSE)
        unit = np.zeros((size, last - first))
        unit[range(first, last), range(last - first)] = 1.0
        found[first:last] = factor.solve(unit)[range(first, last), range(last - first)]
    return found


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
