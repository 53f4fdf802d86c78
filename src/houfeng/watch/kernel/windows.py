"""The compiled loops: events into records, and the values of all indicators at each instant.

An instant is all events of a key in one second. `run` takes events in order of time, or visits keys at a day's end, a
block of instants at a time (`columns`). It writes one row of raw numbers per instant at which somebody has to look:
where the filter cannot rule out that a rule holds, or where the key is watched because an episode of it is open.
"""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.columns.block import BLOCK, Block, line_up, round_down, touch
from houfeng.watch.kernel.columns.cells import cell_column
from houfeng.watch.kernel.columns.lanes import lane_column
from houfeng.watch.kernel.filter import may_hold, sleeps_until
from houfeng.watch.kernel.layout import NEVER, OK
from houfeng.watch.kernel.memory import part

OPEN, LOOKED = 1, 2
"""Why a key is watched: an episode of it is open; or it was looked at in this run, whose end will tell what that did.
Until then it is visited at every day's end, because a rule of it may have begun to cool down."""


@inlined
def _look(shape, state, block):
    """Events of the block into the records, and the values of all indicators into its rows; gives the status."""
    lanes, columns, spans, aggregates, cells, rings, hops, words = shape
    records, heap = part(state[0], 0), part(state[1], 0)
    touch(records, words, heap, rings, block)
    round_down(hops, block)
    for j in range(block.size):
        block.wakes[j] = NEVER
    status, tables = OK, (part(columns, 0), part(spans, 0), part(aggregates, 0))
    for i in range(len(lanes)):
        status |= lane_column(part(lanes, 0), i, tables, block, records, heap)
    for c in range(len(cells)):
        status |= cell_column(part(cells, 0), c, block, records, heap)
    return status


@inlined
def _tell(shape, state, program, block, heads, rows, day_end, mode, out, out_at):
    """Keep the block's rows, which stand from row `rows` on, at which somebody has to look; gives the rows then kept.

    The records may be ahead of an instant here, if its key has another in the block; but of a key's wakes the last
    stays, and for that one they are not.
    """
    cells, words = shape[4], shape[7]
    records, heap, wakes, hot, cooling, _slots = state
    row = rows
    for j in range(block.size):
        k, t = block.bases[j] // words, block.times[j]
        wakes[k] = t if cooling[k] > t else block.wakes[j]
        if heads[j] >= 0 and t == day_end:
            wakes[k] = t  # only added: the tick looks
        elif mode == 2 or (mode == 1 and (hot[k] or may_hold(program, out[row + j], k))):
            hot[k] |= LOOKED
            wakes[k] = t
            out_at[rows, 0], out_at[rows, 1], out_at[rows, 2] = k, t, heads[j]
            if rows != row + j:
                out[rows] = out[row + j]
            rows += 1
        elif mode == 1 and cooling[k] <= t:
            wakes[k] = sleeps_until(program, cells, records, block.bases[j], heap, t, wakes[k])
    return rows


@inlined
def _run(shape, state, program, line, numbers, day_end, mode, out, out_at):
    """All instants of a line, block by block; gives (status, rows written)."""
    total, bases, times, heads, starts, feeds, places = line
    flat, width = out.reshape(-1), out.shape[1]
    floors, wakes = np.empty(len(shape[6]) * BLOCK, np.int64), np.empty(BLOCK, np.int64)
    rows, status = 0, OK
    for at in range(0, total, BLOCK):
        block = Block(
            min(BLOCK, total - at),
            part(bases, at),
            part(times, at),
            part(starts, at),
            part(feeds, 0),
            part(places, 0),
            part(numbers, 0),
            part(floors, 0),
            part(wakes, 0),
            part(flat, rows * width),
            width,
        )
        status |= _look(shape, state, block)
        if status != OK:
            break
        rows = _tell(shape, state, program, block, part(heads, at), rows, day_end, mode, out, out_at)
    return status, rows


@inlined
def _line_of_events(events, slots, words, first, last):
    size = last - first + 1
    heads, starts = np.empty(size, np.int64), np.empty(size, np.int64)
    feeds, places = np.empty(size, np.int64), np.empty(size, np.int64)
    total = line_up(events, slots, first, last, heads, starts, feeds, places)
    bases, times = np.empty(total, np.int64), np.empty(total, np.int64)
    for j in range(total):
        bases[j], times[j] = events[1][heads[j]] * words, events[0][heads[j]]
    return total, bases, times, heads, starts, feeds, places


@inlined
def _line_of_ticks(wakes, words, first, last, day_end):
    size, total = last - first, 0
    bases, nothing = np.empty(size, np.int64), np.zeros(size + 1, np.int64)
    for k in range(first, last):
        if wakes[k] <= day_end:
            bases[total] = k * words
            total += 1
    return total, bases, np.full(total, day_end), np.full(total, -1), nothing, nothing, nothing


@compiled
def run(shape, state, program, events, first, last, day_end, mode, ticks, out, out_at):
    """Events first..last−1, in order of time, into the records; or (`ticks`) the day's end for those of the keys
    first..last−1 that time, an event or a feature may have changed. Gives (status, rows written).

    Events at `day_end` itself are only added: the tick looks. `mode` 0 writes no row, 1 where somebody has to look, 2
    always. `out_at` gets key, instant and first event of each row; `links` of `events` leads to the others.

    One function for both, because whatever stands behind it is compiled once for each that is called from Python.
    """
    if ticks:
        line = _line_of_ticks(state[2], shape[7], first, last, day_end)
    else:
        line = _line_of_events(events, state[5], shape[7], first, last)
    return _run(shape, state, program, line, events[4], day_end, mode, out, out_at)
