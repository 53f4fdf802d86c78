"""Keys and words interned once: text to a small number and back, by a hash table in the reserved memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.engine.compiling import compiled
from houfeng.errors import EnvironmentFault, Text
from houfeng.watch.kernel.memory import Words, reserve

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

UNKNOWN = -1
"""The number of a text that is not interned, or of a null."""

BLOCK = 256
MIX = np.uint64(0x9E3779B97F4A7C15)
NUMBERS = (1 << 40) - 1
"""A slot of the table has four words: length and number, then the first 24 bytes; a free one begins with 0."""


class Interner:
    """Numbers 0, 1, 2 … for texts, in the order first seen. At most `limit` texts of `size` bytes in all."""

    def __init__(self, limit: int = 1 << 25, size: int = 1 << 33) -> None:
        self._bytes: Bytes = reserve(size // 8).view(np.uint8)
        self._ends = reserve(limit + 1)  # text n stands at ends[n] .. ends[n + 1]
        self._table = np.zeros((1 << 12, 4), np.int64)
        self._limit, self.count = limit, 0

    def numbers(self, texts: pa.Array | pa.ChunkedArray, *, add: bool) -> Words:
        """The number of each text; a new one gets the next number if `add`, else `UNKNOWN`; a null is `UNKNOWN`.

        Raises:
            EnvironmentFault: more texts than memory was reserved for.
        """
        array = _plain(texts)
        found = np.empty(len(array), np.int64)
        if not len(array):
            return found
        offsets, data, nulls = _buffers(array)
        if add:
            self._make_room(len(array))
        self.count = _number(offsets, data, nulls, self._bytes, self._ends, self._table, self.count, found, add)
        if self.count < 0:
            raise EnvironmentFault(
                Text("键太多，超过了预留的内存", "more keys than memory was reserved for"),
            )
        return found

    def texts(self, numbers: Words) -> pa.Array:
        """The texts of numbers; `UNKNOWN` gives a null."""
        lengths = np.where(numbers >= 0, self._ends[numbers + 1] - self._ends[numbers], 0)
        ends = np.zeros(len(numbers) + 1, np.int64)
        np.cumsum(lengths, out=ends[1:])
        data = np.empty(int(ends[-1]), np.uint8)
        _copy(np.asarray(numbers, np.int64), self._bytes, self._ends, ends, data)
        plain = pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(data))
        if len(numbers) and numbers.min() < 0:
            plain = pa.compute.if_else(pa.array(numbers >= 0), plain, None)
        return plain.cast(pa.string())

    def text(self, number: int) -> str:
        """The text of one number."""
        return bytes(self._bytes[self._ends[number] : self._ends[number + 1]]).decode()

    @property
    def memory(self) -> int:
        """Bytes in use."""
        return int(self._ends[self.count]) + 8 * self.count + self._table.nbytes

    def dump(self) -> dict[str, Any]:
        """The state as arrays."""
        return {"bytes": self._bytes[: self._ends[self.count]], "ends": self._ends[: self.count + 1]}

    def load(self, state: dict[str, Any]) -> None:
        """Take a dumped state."""
        ends, data = state["ends"], state["bytes"]
        self._bytes[: len(data)], self._ends[: len(ends)] = data, ends
        self.count = len(ends) - 1
        self._table = np.zeros((1 << 12, 4), np.int64)
        self._make_room(0)
        if len(self._table) == 1 << 12:
            _rehash(self._bytes, self._ends, self._table, self.count)

    def _make_room(self, more: int) -> None:
        if self.count + more > self._limit:  # count what is really new before giving up: most of a batch is known
            more = 0
        size = len(self._table)
        while size < 2 * (self.count + more):
            size *= 2
        if size != len(self._table):
            self._table = np.zeros((size, 4), np.int64)
            _rehash(self._bytes, self._ends, self._table, self.count)


def _plain(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(texts, pa.ChunkedArray):
        texts = (
            texts.chunk(0) if texts.num_chunks == 1 else pa.concat_arrays(texts.chunks or [pa.array([], pa.string())])
        )
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    return texts.cast(pa.large_string())


def _buffers(array: pa.Array) -> tuple[Words, Bytes, Any]:
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    body = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    nulls = np.asarray(array.is_null()) if array.null_count else np.zeros(0, np.bool_)
    return ends, body, nulls


@compiled
def _pack(data, start, end, into):
    """The first 24 bytes of a text as three words, its length, and a hash of all of it."""
    length = end - start
    mixed = np.uint64(length + 1) * MIX
    for w in range((length + 7) // 8):
        word = np.uint64(0)
        for j in range(start + 8 * w, min(start + 8 * w + 8, end)):
            word = (word << np.uint64(8)) | np.uint64(data[j])
        mixed = (mixed ^ word) * MIX
        mixed ^= mixed >> np.uint64(29)
        if w < 3:
            into[1 + w] = np.int64(word)
    for w in range((length + 7) // 8, 3):
        into[1 + w] = 0
    into[0] = length << 40
    return np.int64(mixed >> np.uint64(16))


@compiled
def _number(offsets, data, nulls, store, ends, table, count, found, add):
    mask = len(table) - 1
    limit, room = len(ends) - 1, len(store)
    packed, slots = np.empty((BLOCK, 4), np.int64), np.empty(BLOCK, np.int64)
    touched = 0
    for first in range(0, len(found), BLOCK):
        last = min(first + BLOCK, len(found))
        for i in range(first, last):
            slots[i - first] = _pack(data, offsets[i], offsets[i + 1], packed[i - first]) & mask
        for i in range(last - first):  # reading all slots first lets the machine fetch them side by side
            touched += table[slots[i], 0] & 1
        for i in range(first, last):
            if len(nulls) and nulls[i]:
                found[i] = UNKNOWN
                continue
            found[i] = _find(data, offsets[i], offsets[i + 1], store, ends, table, packed[i - first], slots[i - first])
            if found[i] < 0 and add:
                size = offsets[i + 1] - offsets[i]
                if count >= limit or ends[count] + size > room:
                    return -1
                for j in range(size):
                    store[ends[count] + j] = data[offsets[i] + j]
                ends[count + 1] = ends[count] + size
                _place(table, packed[i - first], slots[i - first], count)
                found[i] = count
                count += 1
    return count


@compiled
def _find(data, start, end, store, ends, table, packed, slot):
    mask = len(table) - 1
    while table[slot, 0] != 0:
        held = table[slot, 0]
        if (held >> 40) << 40 == packed[0] and table[slot, 1] == packed[1] and table[slot, 2] == packed[2]:
            number = (held & NUMBERS) - 1
            if table[slot, 3] == packed[3] and _same_rest(store, ends[number], data, start, end):
                return number
        slot = (slot + 1) & mask
    return UNKNOWN


@compiled
def _same_rest(store, at, data, start, end):
    for j in range(24, end - start):  # noqa: SIM110 - compiled code has no generators
        if store[at + j] != data[start + j]:
            return False
    return True


@compiled
def _place(table, packed, slot, number):
    mask = len(table) - 1
    while table[slot, 0] != 0:
        slot = (slot + 1) & mask
    table[slot, 0] = packed[0] | (number + 1)
    for w in range(1, 4):
        table[slot, w] = packed[w]


@compiled
def _rehash(store, ends, table, count):
    mask = len(table) - 1
    packed = np.empty(4, np.int64)
    for number in range(count):
        slot = _pack(store, ends[number], ends[number + 1], packed) & mask
        _place(table, packed, slot, number)


@compiled
def _copy(numbers, store, ends, out_ends, out):
    for i in range(len(numbers)):
        if numbers[i] >= 0:
            first = ends[numbers[i]]
            for j in range(out_ends[i + 1] - out_ends[i]):
                out[out_ends[i] + j] = store[first + j]
