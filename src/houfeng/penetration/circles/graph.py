"""Who stands surety for whom, for how much, on one day, as known at one moment: arrays.

An edge runs from the guarantor to the borrower, as the contract does; trouble runs the other way. Amounts are whole
fen, so that sums are exact. What a firm pledges for itself is no edge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.engine.duckdb import Engine
from houfeng.errors import NotFoundError, Text
from houfeng.packs.roads.sql import literal
from houfeng.penetration.graph import Flags, Index, Ints, Stakes, Views

FEN = Decimal(100)


def yuan(fen: int) -> Decimal:
    """An exact amount in yuan."""
    return Decimal(int(fen)).scaleb(-2)


@dataclass(frozen=True)
class Guarantees:
    """The graph. Nodes are numbered by the order of their ids; a column has one entry for each pair of firms.

    `amount` is what the guarantor guarantees for the borrower in all, in fen; `contracts` how many contracts that is;
    `unknown` whether one of them has no amount (it counts as nothing). Pairs stand ordered by guarantor and borrower.
    """

    ids: pa.Array
    guarantor: Index
    borrower: Index
    amount: Ints
    contracts: Ints
    unknown: Flags

    @classmethod
    def of(cls, rows: pa.Table) -> Guarantees:
        """From a table with `guarantor_id`, `borrower_id` and `amount` (DECIMAL or text, yuan); unnamed ends go."""
        names = [rows.column(name).cast(pa.string()).combine_chunks() for name in ("guarantor_id", "borrower_id")]
        whole = pc.and_(pc.is_valid(names[0]), pc.is_valid(names[1]))
        kept = pc.fill_null(pc.and_(whole, pc.not_equal(names[0], names[1])), False)
        left, right = (_flat(name.filter(kept)) for name in names)
        ids = pc.unique(pa.concat_arrays([left, right]))
        ids = ids.take(pc.sort_indices(ids))
        ends = [
            pc.index_in(side, value_set=ids).to_numpy(zero_copy_only=False).astype(np.int32) for side in (left, right)
        ]
        amount, known = _fen(rows.column("amount").combine_chunks().filter(kept))
        return cls(ids, *_merged(ends[0], ends[1], amount, known))

    @classmethod
    def read(
        cls, views: Views, as_of: date, engine: Engine | None = None, types: Collection[str] | None = None
    ) -> Guarantees:
        """From the guarantees in force on `as_of`; of contracts of these `types` only (default: all, also pledges).

        Raises:
            EnvironmentFault: the rows cannot be read.
        """
        sql = (
            "SELECT guarantor_id, borrower_id, coalesce(amount_cny, amount) AS amount FROM "
            f"({views.select('guarantee', as_of=as_of)}) WHERE guarantor_id <> borrower_id"
        )
        if types is not None:
            sql += f" AND guarantee_type IN ({', '.join(literal(one) for one in sorted(types)) or 'NULL'})"
        if engine is not None:
            return cls.of(engine.table(sql))
        with Engine() as own:
            return cls.of(own.table(sql))

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str] | tuple[str, str, Any]]) -> Guarantees:
        """From (guarantor, borrower) or (guarantor, borrower, yuan)."""
        given = [(*pair, None)[:3] for pair in pairs]
        columns = {
            "guarantor_id": [one[0] for one in given],
            "borrower_id": [one[1] for one in given],
            "amount": [None if one[2] is None else str(one[2]) for one in given],
        }
        return cls.of(pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}))

    @property
    def size(self) -> int:
        """How many firms."""
        return len(self.ids)

    @cached_property
    def by_guarantor(self) -> Stakes:
        """Pairs by who guarantees."""
        return Stakes(starts(self.guarantor, self.size), np.arange(len(self.guarantor)))

    @cached_property
    def by_borrower(self) -> Stakes:
        """Pairs by who is guaranteed, guarantors in order."""
        return Stakes(starts(self.borrower, self.size), np.argsort(self.borrower, kind="stable"))

    @cached_property
    def places(self) -> dict[str, int]:
        """The number of each firm."""
        return {name: place for place, name in enumerate(self.ids.to_pylist())}

    def place(self, name: str) -> int:
        """The number of the firm with this id.

        Raises:
            NotFoundError: no guarantee names it.
        """
        found = self.places.get(name)
        if found is None:
            raise NotFoundError(Text(f"担保记录中没有 {name}", f"no guarantee names {name}"))
        return found

    def names(self, places: Sequence[int] | npt.NDArray[Any]) -> list[str]:
        """The ids of nodes."""
        found: list[str] = self.ids.take(pa.array(np.asarray(places, dtype=np.int64))).to_pylist()
        return found

    def among(self, places: npt.NDArray[Any]) -> Guarantees:
        """The guarantees between these firms; all of them stay as nodes."""
        inside = np.zeros(self.size, bool)
        inside[places] = True
        number = np.cumsum(inside, dtype=np.int32) - 1
        kept = inside[self.guarantor] & inside[self.borrower]
        return Guarantees(
            self.ids.filter(pa.array(inside)),
            number[self.guarantor[kept]].astype(np.int32),
            number[self.borrower[kept]].astype(np.int32),
            self.amount[kept],
            self.contracts[kept],
            self.unknown[kept],
        )


def starts(ends: Index, size: int) -> Ints:
    """Where the entries of each node begin, in a column ordered by node."""
    found = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=size), out=found[1:])
    return found


def _flat(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _fen(column: Any) -> tuple[Ints, Flags]:
    """Amounts of yuan in fen, and where they are known; below nothing counts as nothing."""
    exact = _flat(column).cast(pa.decimal128(20, 2))
    known = pc.is_valid(exact).to_numpy(zero_copy_only=False)
    filled = pc.fill_null(exact, pa.scalar(Decimal(0), pa.decimal128(20, 2)))
    words = np.frombuffer(filled.buffers()[1], np.int64)[2 * filled.offset : 2 * (filled.offset + len(filled)) : 2]
    return np.clip(words, 0, None), known


def _merged(guarantor: Index, borrower: Index, amount: Ints, known: Flags) -> tuple[Any, ...]:
    order = np.lexsort((borrower, guarantor))
    guarantor, borrower, amount, known = guarantor[order], borrower[order], amount[order], known[order]
    fresh = np.ones(len(guarantor), bool)
    fresh[1:] = (guarantor[1:] != guarantor[:-1]) | (borrower[1:] != borrower[:-1])
    first = np.flatnonzero(fresh)
    if not len(first):
        return guarantor, borrower, amount, np.zeros(0, np.int64), np.zeros(0, bool)
    unknown = np.add.reduceat((~known).astype(np.int64), first) > 0
    contracts = np.diff(np.append(first, len(guarantor)))
    return guarantor[first], borrower[first], np.add.reduceat(amount, first), contracts, unknown
