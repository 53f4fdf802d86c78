"""Who holds how much of whom, on one day, as known at one moment: arrays that every question of this room runs over.

A stake has bounds: the share where it is known, its range where only a range is, and anything from nothing to what the
others leave where it is missing. Shares are whole numbers of ten-millionths (a percent has five decimals), so that
"more than half" is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.engine.duckdb import Engine
from houfeng.errors import NotFoundError, Text
from houfeng.penetration.ordering import by_both, by_end

UNIT = 10_000_000
"""The whole of an enterprise: 100 percent."""

KINDS = ("enterprise", "person", "state", "foreign", "fund", "other")
"""Kinds of holders, as in the code list `holder_kind`; an unknown kind counts as `other`."""

FIELDS = ("holder_id", "enterprise_id", "holder_kind", "share", "share_min", "share_max", "votes")
"""What is read of a holding."""

BOUNDS = ("low", "high", "votes_low", "votes_high")
"""The columns of a stake's bounds."""

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


class Views(Protocol):
    """What gives SQL over a kind's rows; see `houfeng.book.snapshot.Snapshot`."""

    def select(self, kind: str, *, as_of: date | None = None, exact: bool = False) -> str:
        """SQL of the rows of `kind`."""


@dataclass(frozen=True)
class Stakes:
    """Stakes grouped by one end: those of node `n` are `order[start[n]:start[n + 1]]`, indexes into the columns."""

    start: Ints
    order: Ints

    @property
    def stop(self) -> Ints:
        """Where those of each node end."""
        return self.start[1:]


@dataclass(frozen=True)
class Holdings:
    """The graph. Nodes are numbered by the order of their ids; a column has one entry for each stake.

    `low` and `high` bound a stake's share, `votes_low` and `votes_high` its votes (the share where votes are not
    given), in ten-millionths. Stakes stand ordered by holder, then by the enterprise held.
    """

    ids: pa.Array
    kinds: npt.NDArray[np.int8]
    holder: Index
    held: Index
    low: Ints
    high: Ints
    votes_low: Ints
    votes_high: Ints

    @classmethod
    def of(cls, rows: pa.Table) -> Holdings:
        """From a table with the columns of `FIELDS` (percent, DECIMAL or text); only the first two must be there.

        Several rows of the same holder and enterprise are added up.
        """
        ids, holder, held = _numbered(rows)
        low, high = _range(*(_exact(rows, name) for name in ("share", "share_min", "share_max")))
        votes, known = _exact(rows, "votes")
        counted = known.any()
        votes_low, votes_high = (np.where(known, votes, share) if counted else share for share in (low, high))
        kinds = _kinds(rows, ids, holder, held)
        return cls(ids, kinds, *_merged(holder, held, (low, high, votes_low, votes_high), len(ids)))

    @classmethod
    def read(cls, views: Views, as_of: date, engine: Engine | None = None) -> Holdings:
        """From the holdings in force on `as_of`.

        Raises:
            EnvironmentFault: the rows cannot be read.
        """
        sql = f"SELECT {', '.join(FIELDS)} FROM ({views.select('holding', as_of=as_of)})"
        if engine is not None:
            return cls.of(engine.table(sql))
        with Engine() as own:
            return cls.of(own.table(sql))

    @classmethod
    def from_pairs(cls, stakes: Iterable[tuple[str, str, Any]], kinds: Mapping[str, str] | None = None) -> Holdings:
        """From (holder, enterprise, percent) triples; `kinds` says what holders are (default: enterprises)."""
        given = list(stakes)
        columns = {
            "holder_id": [one[0] for one in given],
            "enterprise_id": [one[1] for one in given],
            "holder_kind": [(kinds or {}).get(one[0], "enterprise") for one in given],
            "share": [None if one[2] is None else str(one[2]) for one in given],
        }
        return cls.of(pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}))

    @property
    def size(self) -> int:
        """How many nodes."""
        return len(self.ids)

    @cached_property
    def by_holder(self) -> Stakes:
        """Stakes by who holds them."""
        return Stakes(_starts(self.holder, self.size), np.arange(len(self.holder)))

    @cached_property
    def by_held(self) -> Stakes:
        """Stakes by the enterprise held, holders in order."""
        return Stakes(*by_end(self.held, self.size))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.ids.to_pylist())}

    def place(self, name: str) -> int:
        """The number of the node with this id.

        Raises:
            NotFoundError: nobody of that id holds or is held.
        """
        found = self._place.get(name)
        if found is None:
            raise NotFoundError(Text(f"股权记录中没有 {name}", f"no holding names {name}"))
        return found

    def knows(self, name: str) -> bool:
        """Whether anybody of this id holds or is held."""
        return name in self._place

    def with_stake(self, ends: tuple[str, str], kind: str, low: int, votes: int) -> Holdings:
        """The graph with one more stake (ten-millionths) of a holder in an enterprise, either of them new or not."""
        ids = pa.array(sorted({*self.ids.to_pylist(), *ends}), pa.string())
        place = pc.index_in(self.ids, value_set=ids).to_numpy().astype(np.int32)
        x, y = (int(pc.index(ids, name).as_py()) for name in ends)
        kinds = np.zeros(len(ids), np.int8)
        kinds[x] = KINDS.index(kind)
        kinds[place] = self.kinds
        bounds = [
            np.append(getattr(self, name), told) for name, told in zip(BOUNDS, (low, low, votes, votes), strict=True)
        ]
        ends_ = np.append(place[self.holder], np.int32(x)), np.append(place[self.held], np.int32(y))
        return Holdings(ids, kinds, *_merged(*ends_, (bounds[0], bounds[1], bounds[2], bounds[3]), len(ids)))

    def names(self, places: Sequence[int] | npt.NDArray[Any]) -> list[str]:
        """The ids of nodes."""
        found: list[str] = self.ids.take(pa.array(np.asarray(places, dtype=np.int64))).to_pylist()
        return found

    def kind(self, place: int) -> str:
        """What the node is."""
        return KINDS[int(self.kinds[place])]

    @cached_property
    def owners(self) -> Flags:
        """Nodes that nobody is known to hold: where penetration ends."""
        found: Flags = np.diff(self.by_held.start) == 0
        return found

    @cached_property
    def totals(self) -> Ints:
        """The least share of each enterprise that is held, in ten-millionths; above `UNIT` the data are at fault."""
        return np.bincount(self.held, weights=self.low, minlength=self.size).astype(np.int64)

    @cached_property
    def uncertain(self) -> Flags:
        """Stakes known only as a range, or not at all."""
        found: Flags = self.low != self.high
        return found


def _numbered(rows: pa.Table) -> tuple[pa.Array, Index, Index]:
    """All ids in order, and the number of each stake's holder and enterprise."""
    ends = [column.cast(pa.string()).chunks for column in (rows.column("holder_id"), rows.column("enterprise_id"))]
    coded = pa.chunked_array([*ends[0], *ends[1]], pa.string()).dictionary_encode()
    if not len(rows):
        return pa.array([], pa.string()), np.empty(0, np.int32), np.empty(0, np.int32)
    ids = coded.chunk(coded.num_chunks - 1).dictionary  # grown from chunk to chunk: the last has all
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    place = np.empty(len(ids), np.int32)
    place[order] = np.arange(len(ids), dtype=np.int32)
    numbers = place[np.concatenate([chunk.indices.to_numpy() for chunk in coded.chunks])]
    return ids.take(pa.array(order)), numbers[: len(rows)], numbers[len(rows) :]


def _exact(rows: pa.Table, name: str) -> tuple[Ints, Flags]:
    """A column of percents in ten-millionths, and where it is known."""
    if name not in rows.column_names:
        return np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
    column = rows.column(name).cast(pa.decimal128(18, 5)).combine_chunks()
    known = pc.is_valid(column).to_numpy(zero_copy_only=False)
    filled = pc.fill_null(column, pa.scalar(0, pa.decimal128(18, 5)))
    chunk = filled.chunk(0) if isinstance(filled, pa.ChunkedArray) else filled
    words = np.frombuffer(chunk.buffers()[1], np.int64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk)) : 2]
    return np.clip(words, 0, None), known


def _range(share: tuple[Ints, Flags], least: tuple[Ints, Flags], most: tuple[Ints, Flags]) -> tuple[Ints, Ints]:
    """Bounds of each stake: the share, else its range, else nothing to everything."""
    if share[1].all():
        return share[0], share[0]
    low = np.where(share[1], share[0], np.where(least[1], least[0], 0))
    high = np.where(share[1], share[0], np.where(most[1], most[0], UNIT))
    return low, np.maximum(low, high)


def _kinds(rows: pa.Table, ids: pa.Array, holder: Index, held: Index) -> npt.NDArray[np.int8]:
    """What each node is: as its holdings say; whoever is held and says nothing is an enterprise."""
    found = np.full(len(ids), KINDS.index("other"), np.int8)
    found[held] = 0
    if "holder_kind" in rows.column_names:
        said = pc.index_in(rows.column("holder_kind").cast(pa.string()), value_set=pa.array(KINDS))
        known = pc.is_valid(said).to_numpy(zero_copy_only=False)
        found[holder[known]] = pc.fill_null(said, 0).to_numpy()[known]
    return found


def _merged(holder: Index, held: Index, bounds: tuple[Ints, ...], size: int) -> tuple[Any, ...]:
    """Stakes ordered by holder and held, rows of one pair added up; bounds narrowed by what the others leave.

    Columns that are one array stay one: where every share is known and votes are not given, there is only one.
    """
    order, fresh = by_both(holder, held, size)
    begins = None if fresh.all() else np.flatnonzero(fresh)
    holder, held = holder[order], held[order]
    columns: dict[int, Ints] = {}
    for column in bounds:
        if id(column) not in columns:
            own = column[order]
            columns[id(column)] = own if begins is None else np.add.reduceat(own, begins)
    if begins is not None:
        holder, held = holder[begins], held[begins]
    low, high, votes_low, votes_high = (columns[id(column)] for column in bounds)
    left = high if low is high else _left(held, low, high, size)
    if votes_low is low and votes_high is high:
        return holder, held, low, left, low, left
    return holder, held, low, left, votes_low, _left(held, votes_low, votes_high, size)


def _left(held: Index, low: Ints, high: Ints, size: int) -> Ints:
    """No stake exceeds what the least of the others leave of the whole."""
    total = np.bincount(held, weights=low, minlength=size).astype(np.int64)
    return np.where(low == high, high, np.maximum(low, np.minimum(high, UNIT - (total[held] - low))))


def _starts(ends: Index, size: int) -> Ints:
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=size), out=starts[1:])
    return starts
