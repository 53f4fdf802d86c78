"""The small structures a key's record points to: rings of entries, and tables of counterparties, in the arena.

A ring has four words in the record: block, capacity in entries, head and tail (counted from the beginning of time).
A table has three: block, capacity in slots, number of entries; a slot is the counterparty plus one (0: free) and
values.
"""

from __future__ import annotations

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.memory import FULL, give, part, take

BASE, CAP, HEAD, TAIL = 0, 1, 2, 3
RING = 4
NUMBER = 2
TABLE = 3
SMALLEST = 4


@inlined
def push(record, at, heap, width):
    """Room for one more entry of `width` words at the ring's tail: its first place, or FULL."""
    tail = record[at + TAIL]
    if tail - record[at + HEAD] >= record[at + CAP] and _grow(record, at, heap, width) == FULL:
        return FULL
    record[at + TAIL] = tail + 1
    return record[at + BASE] + (tail & (record[at + CAP] - 1)) * width


@compiled
def _grow(record, at, heap, width):
    """Move a ring to a block of twice as many entries."""
    cap, head, tail = record[at + CAP], record[at + HEAD], record[at + TAIL]
    size = max(SMALLEST, 2 * cap)
    block = take(heap, size * width)
    if block == FULL:
        return FULL
    for i in range(head, tail):
        source = record[at + BASE] + (i & (cap - 1)) * width
        target = block + (i & (size - 1)) * width
        for j in range(width):
            heap[target + j] = heap[source + j]
    if cap:
        give(heap, record[at + BASE], cap * width)
    record[at + BASE], record[at + CAP] = block, size
    return 0


@inlined
def entry(record, at, index, width):
    """The place of a ring's entry."""
    return record[at + BASE] + (index & (record[at + CAP] - 1)) * width


@inlined
def _place(heap, base, cap, who, width):
    """The place of the slot of `who`, or of the free one where it would stand."""
    mixed = (who + 1) * 0x9E3779B1
    slot = (mixed ^ (mixed >> 15)) & (cap - 1)
    slots = part(heap, base)
    while slots[slot * width] != 0 and slots[slot * width] != who + 1:
        slot = (slot + 1) & (cap - 1)
    return base + slot * width


@inlined
def find(record, at, heap, who, width):
    """The place of a counterparty's slot in a table, made if it has none (its values zero); or FULL."""
    cap, place = record[at + CAP], 0
    if cap:
        place = _place(heap, record[at + BASE], cap, who, width)
        if part(heap, place)[0] != 0:
            return place
    if 4 * (record[at + NUMBER] + 1) > 3 * cap:
        if rebuild(record, at, heap, width, max(SMALLEST, 2 * cap)) == FULL:
            return FULL
        place = _place(heap, record[at + BASE], record[at + CAP], who, width)
    slot = part(heap, place)
    slot[0] = who + 1
    for j in range(1, width):
        slot[j] = 0
    record[at + NUMBER] += 1
    return place


@compiled
def rebuild(record, at, heap, width, size):
    """Move a table to a new block of `size` slots."""
    block = take(heap, size * width)
    if block == FULL:
        return FULL
    for i in range(size):
        heap[block + i * width] = 0
    base, cap = record[at + BASE], record[at + CAP]
    for i in range(cap):
        source = base + i * width
        if heap[source] != 0:
            target = _place(heap, block, size, heap[source] - 1, width)
            for j in range(width):
                heap[target + j] = heap[source + j]
    if cap:
        give(heap, base, cap * width)
    record[at + BASE], record[at + CAP] = block, size
    return 0


@compiled
def remove(record, at, heap, place, width):
    """Take a slot out of a table; those that had to stand further on for its sake move up."""
    base, cap = record[at + BASE], record[at + CAP]
    hole = (place - base) // width
    record[at + NUMBER] -= 1
    at_slot = hole
    while True:
        heap[base + hole * width] = 0
        while True:
            at_slot = (at_slot + 1) & (cap - 1)
            who = heap[base + at_slot * width]
            if who == 0:
                return
            mixed = who * 0x9E3779B1
            home = (mixed ^ (mixed >> 15)) & (cap - 1)
            if ((at_slot - home) & (cap - 1)) >= ((at_slot - hole) & (cap - 1)):
                break
        for j in range(width):
            heap[base + hole * width + j] = heap[base + at_slot * width + j]
        hole = at_slot


@compiled
def clear(record, at, heap, width):
    """Empty a table, and hand its block back."""
    if record[at + CAP]:
        give(heap, record[at + BASE], record[at + CAP] * width)
    record[at + BASE] = record[at + CAP] = record[at + NUMBER] = 0
