"""Arrow columns straight from numpy, so that millions of rows never pass through Python objects.

Money and rates are exact: they are whole fen, or whole hundred-thousandths of a percent, written into decimal buffers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import Kind

Array = npt.NDArray[Any]
EPOCH = date(1970, 1, 1)


def money(fen: Array, known: Array | None = None) -> Any:
    """DECIMAL(20,2) from whole fen; empty where `known` is false."""
    return _decimal(fen, pa.decimal128(20, 2), known)


def rate(units: Array, known: Array | None = None) -> Any:
    """DECIMAL(10,5) from whole 0.00001 percent; empty where `known` is false."""
    return _decimal(units, pa.decimal128(10, 5), known)


def number(units: Array, known: Array | None = None) -> Any:
    """DECIMAL(20,5) from whole 0.00001; empty where `known` is false."""
    return _decimal(units, pa.decimal128(20, 5), known)


def _decimal(units: Array, kind: Any, known: Array | None) -> Any:
    low = np.asarray(units, dtype=np.int64)
    words = np.empty((len(low), 2), dtype=np.int64)
    words[:, 0] = low
    words[:, 1] = low >> 63
    return pa.Array.from_buffers(kind, len(low), [_bitmap(known), pa.py_buffer(words.tobytes())])


def _bitmap(known: Array | None) -> Any:
    return None if known is None else pa.py_buffer(np.packbits(known, bitorder="little").tobytes())


def days(numbers: Array, known: Array | None = None) -> Any:
    """Dates from days since 1970-01-01; empty where `known` is false."""
    return pa.array(np.asarray(numbers, dtype=np.int32), mask=None if known is None else ~known).cast(pa.date32())


def seconds(numbers: Array) -> Any:
    """Moments (microseconds, no zone) from whole seconds since 1970-01-01 local time."""
    return pa.array(np.asarray(numbers, dtype=np.int64) * 1_000_000).cast(pa.timestamp("us"))


def integers(numbers: Array, known: Array | None = None) -> Any:
    """64-bit integers; empty where `known` is false."""
    return pa.array(np.asarray(numbers, dtype=np.int64), mask=None if known is None else ~known)


def flags(values: Array) -> Any:
    """Truth values."""
    return pa.array(np.asarray(values, dtype=bool))


def pick(words: Sequence[str | None], index: Array) -> Any:
    """`words[index]` as a string column; an index of -1 gives an empty cell."""
    places = pa.array(np.asarray(index, dtype=np.int32), mask=np.asarray(index) < 0)
    return pa.array(words, pa.string()).take(places)


def same(word: str | None, count: int) -> Any:
    """One word repeated."""
    return pa.repeat(pa.scalar(word, pa.string()), count)


def joined(*parts: Any) -> Any:
    """String columns (or plain words) joined cell by cell; an empty cell makes the whole empty."""
    return pc.binary_join_element_wise(*parts, "")


def blanked(column: Any, known: Array) -> Any:
    """The column with empty cells where `known` is false."""
    return pc.if_else(pa.array(known), column, pa.scalar(None, column.type))


def table(kind: Kind, columns: Mapping[str, Any], count: int) -> Any:
    """A table of the kind's schema: given columns by field name, empty cells for the rest.

    Raises:
        KeyError: a column is no field of the kind.
    """
    if unknown := set(columns) - set(kind.fields):
        raise KeyError(f"{kind.name} has no {sorted(unknown)}")
    schema = kind.schema()
    return pa.Table.from_arrays(
        [_fit(columns[f.name], f.type) if f.name in columns else pa.nulls(count, f.type) for f in schema], schema=schema
    )


def _fit(column: Any, kind: Any) -> Any:
    return column if column.type == kind else column.cast(kind)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def fen(yuan: Array) -> Array:
    """Whole fen, rounded to whole hundreds of yuan as contracts are written."""
    return np.asarray(np.rint(np.asarray(yuan) / 100.0), dtype=np.int64) * 10_000


def exact_fen(yuan: Array) -> Array:
    """Whole fen of an amount that need not be round."""
    return np.asarray(np.rint(np.asarray(yuan) * 100.0), dtype=np.int64)
