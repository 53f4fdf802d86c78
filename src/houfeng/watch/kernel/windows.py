"""The compiled loops: events into records, and the values of all indicators at each instant.

An instant is all events of a key in one second. `run_events` takes events in order of time; `run_ticks` visits keys at
a day's end. Both write one row of raw numbers per instant at which somebody has to look: where the filter cannot rule
out that a rule holds, or where the key is watched because an episode of it is open.
"""

from __future__ import annotations

import numpy as np

from houfeng.watch.kernel.columns.block import BLOCK, Block, line_up, round_down, touch
from houfeng.watch.kernel.columns.cells import cell_column
from houfeng.watch.kernel.columns.lanes import lane_column
from houfeng.watch.kernel.filter import may_hold, sleeps_until
from houfeng.watch.kernel.memory import compiled, inlined, part
from houfeng.watch.kernel.parties import NEVER, OK

OPEN, LOOKED = 1, 2
"""Why a key is watched: an episode of it is open; or it was looked at in this run, whose end will tell what that did.
Until then it is visited at every day's end, because a rule of it may have begun to cool down."""


@inlined
def _look(shape, state, block):
    """Events of the block into the records, and the values of all indicators into its rows; gives the status."""
    lanes, columns, spans, aggregates, cells, rings, hops, words = shape
    records, heap = part(state[0], 0), part(state[1], 0)
    touch(records, words, heap, rings, block.bases, block.count)
    round_down(hops, block.times, block.floors, block.count)
    for j in range(block.count):
        block.wakes[j] = NEVER
    status = OK
    for i in range(len(lanes)):
        status |= lane_column(part(lanes, 0), i, part(columns, 0), part(spans, 0), part(aggregates, 0), block, records, heap)
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
    for j in range(block.count):
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


@compiled
def run_events(shape, state, program, events, first, last, day_end, mode, out, out_at):
    """Events first..last−1, in order of time, into the records; gives (status, rows written).

    Events at `day_end` itself are only added: the tick looks. `mode` 0 writes no row, 1 where somebody has to look, 2
    always. `out_at` gets key, instant and first event of each row; `links` of `events` leads to the others.
    """
    times, keys, numbers, words = events[0], events[1], events[4], shape[7]
    size = last - first + 1
    heads, starts, feeds, places = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    total = line_up(events, state[5], first, last, heads, starts, feeds, places)
    bases, instants, wakes = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    floors, flat, width = np.empty(len(shape[6]) * BLOCK, np.int64), out.reshape(-1), out.shape[1]
    rows, status = 0, OK
    for at in range(0, total, BLOCK):
        count = min(BLOCK, total - at)
        for j in range(count):
            bases[j], instants[j] = keys[heads[at + j]] * words, times[heads[at + j]]
        block = Block(
            count,
            part(bases, 0),
            part(instants, 0),
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


@compiled
def run_ticks(shape, state, program, first, last, day_end, mode, out, out_at):
    """The day's end for keys first..last−1 that time, an event or a feature may have changed; gives (status, rows)."""
    due, words = state[2], shape[7]
    bases, instants, wakes = np.empty(BLOCK, np.int64), np.full(BLOCK, day_end), np.empty(BLOCK, np.int64)
    floors, flat, width = np.empty(len(shape[6]) * BLOCK, np.int64), out.reshape(-1), out.shape[1]
    ticks, nothing = np.full(BLOCK, -1), np.zeros(BLOCK + 1, np.int64)
    rows, status, count = 0, OK, 0
    for k in range(first, last):
        if due[k] <= day_end:
            bases[count] = k * words
            count += 1
        if count == BLOCK or (count and k == last - 1):
            nobody = part(nothing, 0)
            block = Block(
                count,
                part(bases, 0),
                part(instants, 0),
                nobody,
                nobody,
                nobody,
                nobody,
                part(floors, 0),
                part(wakes, 0),
                part(flat, rows * width),
                width,
            )
            status |= _look(shape, state, block)
            if status != OK:
                break
            rows = _tell(shape, state, program, block, part(ticks, 0), rows, day_end, mode, out, out_at)
            count = 0
    return status, rows
