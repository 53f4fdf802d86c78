"""Columns of a file that have a type of their own, taken as they stand: Parquet says what a value is, no text need.

What `houfeng.book.intake.values` would make of the same values as texts is what comes out; where that could be anything
else, the column, or some of its cells, go that way. A test holds both ways together.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from houfeng.book.intake.headers import Column
from houfeng.book.model import ARROW, Field, Type
from houfeng.watch.sources import plain
from houfeng.watch.sources.scanning import Bytes

CHECKS = {"": plain.COPIED, "party": plain.PARTY, "uscc": plain.USCC}
DAY = 86_400
FIRST, LAST = -25_567 * DAY, 84_006 * DAY
"""1900 to 2199: days and moments nobody has a doubt about, in seconds."""
NUMBERS = (Type.MONEY, Type.RATE, Type.NUMBER)
LONGEST = 10**18


def typed(column: Column, cells: pa.Array) -> tuple[pa.Array, Bytes] | None:
    """The values of a column, and which of them are right as they are; nothing where it must be read as texts."""
    item, kind = column.field, cells.type
    if item.type in (Type.ID, Type.TEXT):
        return _texts(item, cells) if pa.types.is_string(kind) else None
    if item.type in NUMBERS:
        values = _numbers(item, cells) if column.factor == 1 and pa.types.is_decimal128(kind) else None
    elif item.type is Type.DATETIME:
        values = _moments(cells) if pa.types.is_timestamp(kind) and kind.tz is None and kind.unit != "ns" else None
    elif item.type is Type.DATE:
        usual = pa.types.is_date32(kind) and _within(cells.cast(pa.int32()), FIRST // DAY, LAST // DAY)
        values = cells if usual else None
    elif item.type is Type.INTEGER:
        whole = pa.types.is_signed_integer(kind) and _within(cells, 1 - LONGEST, LONGEST - 1)
        values = cells.cast(pa.int64()) if whole else None
    else:
        values = cells if item.type is Type.BOOLEAN and pa.types.is_boolean(kind) else None
    return None if values is None else (values.cast(ARROW[item.type]), np.ones(len(cells), np.uint8))


def identifiers(item: Field, text: Bytes, places: NDArray[np.int32], valid: Bytes) -> Bytes:
    """Which texts come out of the intake as they went in."""
    ok = np.zeros(len(valid), np.uint8)
    check = plain.FREE if item.type is Type.TEXT else CHECKS.get(item.check, -1)
    if check >= 0:
        plain.identifiers(text, places, valid, check, ok)
    return ok


def _texts(item: Field, cells: pa.Array) -> tuple[pa.Array, Bytes] | None:
    if item.length and pc.any(pc.greater(pc.binary_length(cells), item.length)).as_py():
        return None  # too long: there is something to tell
    _, places, data = cells.buffers()
    if places is None or data is None:
        return None
    valid = np.asarray(cells.is_valid().to_numpy(zero_copy_only=False)).view(np.uint8)
    at = np.frombuffer(places, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    return cells, identifiers(item, np.frombuffer(data, np.uint8), at, valid)


def _numbers(item: Field, cells: pa.Array) -> pa.Array | None:
    if not 0 <= cells.type.scale <= ARROW[item.type].scale:
        return None
    try:
        return pc.cast(cells, ARROW[item.type])
    except pa.ArrowInvalid:  # one has too many digits: the other road will name it
        return None


def _moments(cells: pa.Array) -> pa.Array | None:
    try:
        seconds = cells.cast(pa.timestamp("s")).cast(pa.int64())
    except pa.ArrowInvalid:  # parts of a second: the other road has an opinion on them
        return None
    return cells if _within(seconds, FIRST, LAST - 1) else None


def _within(cells: pa.Array, least: int, most: int) -> bool:
    found = pc.min_max(cells).as_py()
    return found["min"] is None or (found["min"] >= least and found["max"] <= most)
