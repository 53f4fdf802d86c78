"""Memory of the kernel: one reserved stretch of 64-bit words that never moves, and blocks handed out of it.

The stretch is reserved, not used: the machine gives pages as they are first written, so growing never copies. Blocks
have a power of two of words and go back to a list of their size; the arena's first words hold those lists.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _digest() -> str:
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


SOURCES = _digest()
"""The state of this room's sources: compiled code and saved records belong to it."""


def _cache() -> str:
    """Where compiled code is kept: a folder for each state of this room's sources.

    Numba asks only whether the file a function stands in has changed; but functions are compiled into one another
    across files, and a change in one would leave old code in the others.
    """
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(home) / "houfeng" / f"compiled-{SOURCES}")


if not config.CACHE_DIR:  # type: ignore[attr-defined]
    config.CACHE_DIR = _cache()  # type: ignore[attr-defined]

compiled: Any = njit(cache=True, nogil=True, error_model="numpy")
"""How the kernel is compiled: cached, without Python's lock, and without a check for division by zero (no hop is)."""

inlined: Any = njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
"""The same for small functions of inner loops: a call that passes arrays costs more than their work."""

Words = np.ndarray[Any, np.dtype[np.int64]]


def _address(context, builder, kind, words):
    return make_array(kind)(context, builder, words).data if isinstance(kind, types.Array) else words


def _part(_context, words, place):
    """The words from `place` on, to be read and written as `part(heap, place)[2]`.

    Of every index of an array Numba asks whether it is below zero, to count it from the end, and of every array handed
    on it counts the references: together more instructions than most of the kernel's work. A part is a bare address,
    of an array or of a part of one; whoever takes it sees to it that the array outlives it.
    """

    def write(context, builder, signature, args):
        return builder.gep(_address(context, builder, signature.args[0], args[0]), [args[1]])

    return types.CPointer(words.dtype)(words, types.int64), write


def _fetch(_context, words, place):
    """Have the line of `place` brought near, without waiting for it."""

    def write(context, builder, signature, args):
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        address = builder.gep(_address(context, builder, signature.args[0], args[0]), [args[1]])
        how = [ir.Constant(number, n) for n in (1, 3, 1)]  # to be written, to stay, data
        builder.call(function, [builder.bitcast(address, byte), *how])
        return context.get_dummy_value()

    return types.void(words, types.int64), write


part: Any = intrinsic(_part)
fetch: Any = intrinsic(_fetch)

NORESERVE = 0x4000  # Linux; elsewhere the flag is not set
CLASSES = 48
"""Size classes: blocks of 2**c words."""
NEXT, USED, LIMIT = 0, 1, 2
FREE = 8  # first word of the lists of free blocks
START = FREE + CLASSES
FULL = -1


def reserve(words: int) -> Words:
    """`words` zero words that take memory only where written."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE
    area = mmap.mmap(-1, max(words, 512) * 8, flags=flags)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        area.madvise(mmap.MADV_HUGEPAGE)  # random reads of gigabytes: four-kilobyte pages would miss the TLB each time
    return np.frombuffer(area, np.int64)


def arena(words: int) -> Words:
    """An empty arena of at most `words` words."""
    found = reserve(words)
    found[NEXT], found[LIMIT] = START, len(found)
    return found


@compiled
def size_class(words):
    """The smallest c with 2**c >= words."""
    c = 0
    while (1 << c) < words:
        c += 1
    return c


@compiled
def take(heap, words):
    """A block of at least `words` words: its first place, or FULL."""
    c = size_class(words)
    block = heap[FREE + c]
    if block != 0:
        heap[FREE + c] = heap[block]
    else:
        block = heap[NEXT]
        if block + (1 << c) > heap[LIMIT]:
            return FULL
        heap[NEXT] = block + (1 << c)
    heap[USED] += 1 << c
    return block


@compiled
def give(heap, block, words):
    """Hand a block back."""
    c = size_class(words)
    heap[block] = heap[FREE + c]
    heap[FREE + c] = block
    heap[USED] -= 1 << c
