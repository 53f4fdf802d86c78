"""The cells that know counterparties: how many different ones, and the share of the largest.

What a number of the window is made of stands in a table by counterparty; the window's open edge takes out of it. As in
`cells`, `record` begins at the key's first word, and everything here is compiled into the loop over its column.
"""

from __future__ import annotations

from houfeng.engine.compiling import inlined
from houfeng.watch.kernel.blocks import BASE, CAP, HEAD, NUMBER, RING, TABLE, TAIL, clear, entry, find, push, remove
from houfeng.watch.kernel.layout import NEVER, NO_ROOM, NOTHING, OK, OVERFLOW
from houfeng.watch.kernel.memory import FULL, part

ALL, LARGEST, LOOK = 0, 1, 2
"""Totals of a top share: the sum of all, that of the largest, and whether the largest must be looked for."""


@inlined
def enter_distinct(record, state, heap, end, who):
    """A counterparty is seen; it stays until its latest event leaves."""
    place = find(record, state, heap, who, 2)
    if place == FULL:
        return NO_ROOM
    part(heap, place)[1] = end
    if record[state + NUMBER] == 1:
        record[state + TABLE] = end
    return OK


@inlined
def distinct_value(cell, record, heap, edge, known, stays, out):
    """The number of counterparties; `stays`: none leaves. Gives the instant at which one may leave."""
    state, wake = cell.state, NEVER
    if not stays and record[state + NUMBER]:
        if record[state + TABLE] <= edge:  # the oldest may have left: look through, and note the oldest that stays
            _forget(record, state, heap, edge)
        if record[state + NUMBER]:
            wake = record[state + TABLE] + cell.window + cell.offset
    out[cell.out] = record[state + NUMBER] if known else NOTHING
    return wake


@inlined
def _forget(record, state, heap, edge):
    oldest, i = NEVER, 0
    while i < record[state + CAP]:
        place = record[state + BASE] + 2 * i
        slot = part(heap, place)
        if slot[0] != 0 and slot[1] <= edge:
            remove(record, state, heap, place, 2)  # another may have moved up into this place: look again
            continue
        if slot[0] != 0:
            oldest = min(oldest, slot[1])
        i += 1
    record[state + TABLE] = oldest
    if record[state + NUMBER] == 0:
        clear(record, state, heap, 2)


@inlined
def enter_top(record, state, heap, end, who, amount, stays):
    """An amount of a counterparty enters; `stays`: it never leaves."""
    totals = part(record, state + RING + TABLE)
    place = find(record, state + RING, heap, who, 3)
    if place == FULL:
        return NO_ROOM
    slot = part(heap, place)
    slot[1] += amount
    slot[2] += 1
    total = totals[ALL] + amount
    if ((totals[ALL] ^ total) & (amount ^ total)) < 0:
        return OVERFLOW
    totals[ALL] = total
    if amount < 0:
        totals[LOOK] = 1
    elif slot[1] > totals[LARGEST]:
        totals[LARGEST] = slot[1]
    if not stays:
        place = push(record, state, heap, 3)
        if place == FULL:
            return NO_ROOM
        newest = part(heap, place)
        newest[0], newest[1], newest[2] = end, who, amount
    return OK


@inlined
def top_value(cell, record, heap, edge, known, out):
    """The sum of the largest and that of all. Gives the instant at which the next amount leaves."""
    state, wake = cell.state, NEVER
    totals = part(record, state + RING + TABLE)
    while record[state + HEAD] < record[state + TAIL]:
        oldest = part(heap, entry(record, state, record[state + HEAD], 3))
        if oldest[0] > edge:
            wake = oldest[0] + cell.window + cell.offset
            break
        record[state + HEAD] += 1
        _take_from(record, state, heap, oldest[1], oldest[2])
    if totals[LOOK]:
        totals[LARGEST], totals[LOOK] = _largest(record, state + RING, heap), 0
    positive = known and totals[ALL] > 0
    out[cell.out] = totals[LARGEST] if positive else NOTHING
    out[cell.out2] = totals[ALL] if positive else NOTHING
    return wake


@inlined
def _take_from(record, state, heap, who, amount):
    totals, table = part(record, state + RING + TABLE), state + RING
    totals[ALL] -= amount
    place = find(record, table, heap, who, 3)
    slot = part(heap, place)
    if amount > 0 and slot[1] == totals[LARGEST]:
        totals[LOOK] = 1
    slot[1] -= amount
    if amount < 0 and slot[1] > totals[LARGEST]:
        totals[LARGEST] = slot[1]
    slot[2] -= 1
    if slot[2] == 0:
        remove(record, table, heap, place, 3)


@inlined
def _largest(record, table, heap):
    largest, slots = 0, part(heap, record[table + BASE])
    for i in range(record[table + CAP]):
        if slots[3 * i] != 0:
            largest = max(largest, slots[3 * i + 1])
    return largest
