"""Features in memory: for each key the row of each panel that is in force today, switched as the days pass.

A panel is a table of the days on which a key's features change (`watch.features`). Here its rows stand in order of day,
and an array says which of them each key has today: looking up costs one read, and a new day moves only the keys whose
features change on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.packs.language.functions import T
from houfeng.packs.roads.measures import day_number
from houfeng.watch.kernel.memory import Words


@dataclass
class Panel:
    """One panel. `columns` are (item or field, its SQL over the column `{a}`); `current[k]` is key k's row today."""

    table: pa.Table
    columns: list[tuple[str, str]]
    days: Words
    keys: Words
    current: Words
    applied: int = 0

    def switch(self, day: date) -> Words:
        """Move to a day not before the last: gives the keys whose row changed."""
        end = int(np.searchsorted(self.days, day_number(day), side="right"))
        moved = np.arange(self.applied, end)
        self.applied = end
        self.current[self.keys[moved]] = moved  # in order of day: the latest stays
        return self.keys[moved]


def doubles(column: pa.ChunkedArray, kind: T, number_of: Callable[[pa.Array], Words], missing: float) -> Any:
    """A column for the filter: doubles, NaN where unknown, `missing` in a last place for keys without a row."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if kind is T.TEXT:
        numbers = number_of(array)
        plain = np.where(numbers < 0, np.nan, numbers.astype(float))
    elif kind is T.DATE:
        plain = _plain(array.cast(pa.date32()).cast(pa.int32()), array)
    elif kind is T.DATETIME:
        plain = _plain(array.cast(pa.timestamp("us")).cast(pa.int64()), array) / 1e6
    elif kind is T.BOOLEAN:
        plain = _plain(array.cast(pa.int8()), array)
    elif kind is T.DECIMAL and pa.types.is_decimal128(array.type):
        plain = _decimals(array)
    else:
        plain = _plain(array.cast(pa.float64()), array)
    return np.append(plain, missing)


def digits_of(kind: T, scale: int) -> int:
    """How exact the doubles of a column are: see `Variable.digits`. Moments have parts of a second in theory only."""
    if kind is T.DECIMAL:
        return 1 + scale if scale < 15 else 0
    return 1 if kind in (T.INTEGER, T.TEXT, T.DATE, T.BOOLEAN) else 0


def _decimals(array: pa.Decimal128Array) -> Any:
    """The double nearest to each decimal: a whole number divided once by a power of ten. Very large ones are near."""
    pairs = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)[array.offset : array.offset + len(array)]
    found = pairs[:, 0] / 10.0**array.type.scale
    gone = np.asarray(array.is_null()) if array.null_count else np.zeros(len(array), np.bool_)
    wide = (pairs[:, 1] != pairs[:, 0] >> 63) & ~gone
    if wide.any():
        found = np.where(wide, np.asarray(array.cast(pa.float64()).fill_null(0)), found)
    return np.where(gone, np.nan, found) if array.null_count else found


def _plain(array: pa.Array, told: pa.Array) -> Any:
    found = np.asarray(array.fill_null(0)).astype(float)
    return np.where(np.asarray(told.is_null()), np.nan, found) if told.null_count else found
