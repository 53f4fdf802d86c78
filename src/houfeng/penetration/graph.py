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

UNIT = 10_000_000
"""The whole of an enterprise: 100 percent."""

KINDS = ("enterprise", "person", "state", "foreign", "fund", "other")
"""Kinds of holders, as in the code list `holder_kind`; an unknown kind counts as `other`."""

FIELDS = ("holder_id", "enterprise_id", "holder_kind", "share", "share_min", "share_max", "votes")
"""What is read of a holding."""

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
        holders, helds = _texts(rows, "holder_id"), _texts(rows, "enterprise_id")
        ids = pc.unique(pa.concat_arrays([holders, helds]))
        ids = ids.take(pc.sort_indices(ids))
        holder = pc.index_in(holders, value_set=ids).to_numpy().astype(np.int32)
        held = pc.index_in(helds, value_set=ids).to_numpy().astype(np.int32)
        low, high = _range(*(_exact(rows, name) for name in ("share", "share_min", "share_max")))
        votes, known = _exact(rows, "votes")
        bounds = np.stack([low, high, np.where(known, votes, low), np.where(known, votes, high)])
        kinds = _kinds(rows, ids, holder, held)
        return cls(ids, kinds, *_merged(holder, held, bounds, len(ids)))

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
        return Stakes(_starts(self.held, self.size), np.argsort(self.held, kind="stable"))

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


def _texts(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name).cast(pa.string())
    return pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)


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
    low = np.where(share[1], share[0], np.where(least[1], least[0], 0))
    high = np.where(share[1], share[0], np.where(most[1], most[0], UNIT))
    return low, np.maximum(low, high)


def _kinds(rows: pa.Table, ids: pa.Array, holder: Index, held: Index) -> npt.NDArray[np.int8]:
    """What each node is: as its holdings say; whoever is held and says nothing is an enterprise."""
    found = np.full(len(ids), KINDS.index("other"), np.int8)
    found[held] = 0
    if "holder_kind" in rows.column_names:
        said = pc.index_in(_texts(rows, "holder_kind"), value_set=pa.array(KINDS))
        known = pc.is_valid(said).to_numpy(zero_copy_only=False)
        found[holder[known]] = pc.fill_null(said, 0).to_numpy()[known]
    return found


def _merged(holder: Index, held: Index, bounds: Ints, size: int) -> tuple[Any, ...]:
    """Stakes ordered by holder and held, rows of one pair added up; bounds narrowed by what the others leave."""
    order = np.lexsort((held, holder))
    holder, held, bounds = holder[order], held[order], bounds[:, order]
    fresh = np.ones(len(holder), bool)
    fresh[1:] = (holder[1:] != holder[:-1]) | (held[1:] != held[:-1])
    if not fresh.all():
        bounds = np.add.reduceat(bounds, np.flatnonzero(fresh), axis=1)
        holder, held = holder[fresh], held[fresh]
    low, high, votes_low, votes_high = bounds
    return holder, held, low, _left(held, low, high, size), votes_low, _left(held, votes_low, votes_high, size)


def _left(held: Index, low: Ints, high: Ints, size: int) -> Ints:
    """No stake exceeds what the least of the others leave of the whole."""
    total = np.bincount(held, weights=low, minlength=size).astype(np.int64)
    return np.where(low == high, high, np.maximum(low, np.minimum(high, UNIT - (total[held] - low))))


def _starts(ends: Index, size: int) -> Ints:
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=size), out=starts[1:])
    return starts
