"""Memory of the kernel: one reserved stretch of 64-bit words that never moves, and blocks handed out of it.

The stretch is reserved, not used: the machine gives pages as they are first written, so growing never copies. Blocks
have a power of two of words and go back to a list of their size; the arena's first words hold those lists.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from houfeng.engine.compiling import compiled, digest_of

SOURCES = digest_of("watch/kernel")
"""The state of this room's sources: saved records belong to it."""

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


PIECE = 1 << 20  # words


def fill(target: Words, source: Words) -> None:
    """Copy words into memory of which most was never written, in several threads: what takes long is to have it."""
    pieces = [slice(at, min(at + PIECE, len(source))) for at in range(0, len(source), PIECE)]

    def copy(piece: slice) -> None:
        target[piece] = source[piece]

    if len(pieces) > 1:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
            list(threads.map(copy, pieces))
    else:
        target[: len(source)] = source


POPULATE = 23
"""Linux's MADV_POPULATE_WRITE (5.14): have the memory of a stretch now. Elsewhere it says no, and memory comes as it is
written."""
PAGE = 1 << 18  # words of a large page
FARTHEST = 1 << 23  # words to be ahead of an arena at most
_THREADS = ThreadPoolExecutor(1, "memory")


class Ahead:
    """Keeps memory at hand before an arena that grows, in a thread beside it.

    The first write to a page waits for the machine to empty it; on a virtual one, whose host must find it first, two
    megabytes took 3 ms. As much is had ahead as the arena holds, at most `FARTHEST`; of a small one nothing.
    """

    def __init__(self, heap: Words) -> None:
        self.heap, self.upto = heap, PAGE
        self._job: Future[None] | None = None
        libc = ctypes.CDLL(None)
        self._madvise = getattr(libc, "madvise", None)

    def look(self) -> None:
        """See how far the arena has grown, and have more where it comes near the end of what there is."""
        used = int(self.heap[NEXT])
        if self._madvise is None or used < PAGE or used + min(used, FARTHEST) // 2 < self.upto:
            return
        if self._job is None or self._job.done():
            first = max(used // PAGE, self.upto // PAGE) * PAGE
            self.upto = min((used + min(used, FARTHEST)) // PAGE * PAGE + PAGE, len(self.heap))
            self._job = _THREADS.submit(self._have, first, self.upto)

    def _have(self, first: int, last: int) -> None:
        assert self._madvise is not None
        for at in range(first, last, PAGE):
            place, size = self.heap.ctypes.data + 8 * at, 8 * min(PAGE, last - at)
            self._madvise(ctypes.c_void_p(place), ctypes.c_size_t(size), ctypes.c_int(POPULATE))


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
