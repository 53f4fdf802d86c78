"""The compiled loops: events into records, and the values of all indicators at each instant.

An instant is all events of a key in one second. `run_events` takes events in order of time; `run_ticks` visits keys at
a day's end. Both write one row of raw numbers per instant at which somebody has to look: where the filter cannot rule
out that a rule holds, or where the key is watched because an episode of it is open.
"""

from __future__ import annotations

import numpy as np

from houfeng.watch.kernel.blocks import BASE, CAP, HEAD, RING, TAIL, entry, push
from houfeng.watch.kernel.cells import NEVER, NO_ROOM, OK, OVERFLOW, UNANSWERED, arrive, begin, period_start, value
from houfeng.watch.kernel.filter import may_hold, sleeps_until
from houfeng.watch.kernel.layout import (
    C_CALENDAR,
    C_CHANNEL,
    C_FEED,
    C_MARK,
    C_MARKED,
    C_SECOND,
    C_STATE,
    C_TYPE,
    C_WORD,
    G_COLUMN,
    G_OUT,
    G_WORD,
    L_COLUMN,
    L_FEED,
    L_HOP,
    L_HOPS,
    L_SPAN,
    L_SPANS,
    L_WIDTH,
    L_WORD,
    NOTHING,
    S_AGG,
    S_AGGS,
    S_EVEN,
    S_WINDOW,
    S_WORD,
)
from houfeng.watch.kernel.memory import FULL, compiled, inlined

POINTER, LEAVES = 0, 1  # words of a span
OPEN, LOOKED = 1, 2
"""Why a key is watched: an episode of it is open; or it was looked at in this run, whose end will tell what that did.
Until then it is visited at every day's end, because a rule of it may have begun to cool down."""
LINE = 8  # words of a cache line
AHEAD = 64  # events whose records are fetched together


@inlined
def _lane(record, base, lanes, i, columns, spans, aggregates, heap, t, floors, numbers, at):
    """One event into a lane: into the last bucket of the ring, and into the sums of every window over it."""
    word, width = base + lanes[i, L_WORD], lanes[i, L_WIDTH]
    floor = floors[lanes[i, L_HOPS]]
    end = floor if floor == t else floor + lanes[i, L_HOP]
    any_ = False
    for c in range(width - 1):
        any_ = any_ or numbers[at + columns[lanes[i, L_COLUMN] + c, 1]] != NOTHING
    if not any_:
        return OK
    head = record[base + spans[lanes[i, L_SPAN] + lanes[i, L_SPANS] - 1, S_WORD] + POINTER]
    record[word + HEAD] = head  # the longest window's open edge is the ring's head
    fresh = record[word + TAIL] == head or record[word + RING] != end
    if fresh:
        place = push(record, word, heap, width)
        if place == FULL:
            return NO_ROOM
        heap[place] = end
        for c in range(1, width):
            heap[place + c] = 0
        record[word + RING] = end
    else:
        place = entry(record, word, record[word + TAIL] - 1, width)
    for c in range(width - 1):
        number = numbers[at + columns[lanes[i, L_COLUMN] + c, 1]]
        if number != NOTHING:
            heap[place + 1 + c] += number if columns[lanes[i, L_COLUMN] + c, 0] else 1
    status = OK
    for s in range(lanes[i, L_SPAN], lanes[i, L_SPAN] + lanes[i, L_SPANS]):
        if fresh and record[base + spans[s, S_WORD] + POINTER] == record[word + TAIL] - 1:
            record[base + spans[s, S_WORD] + LEAVES] = end + spans[s, S_WINDOW]
        for g in range(spans[s, S_AGG], spans[s, S_AGG] + spans[s, S_AGGS]):
            column = lanes[i, L_COLUMN] + aggregates[g, G_COLUMN]
            number = numbers[at + columns[column, 1]]
            if number != NOTHING:
                number = number if columns[column, 0] else 1
                held = record[base + aggregates[g, G_WORD]]
                total = held + number
                if ((held ^ total) & (number ^ total)) < 0:
                    status = OVERFLOW
                record[base + aggregates[g, G_WORD]] = total
    return status


@inlined
def add(record, base, lanes, columns, spans, aggregates, cells, heap, t, floors, feed, numbers, at):
    """One event of a feed into the record of its key; marks are set before (`mark`) and after (`answer`)."""
    status = OK
    for i in range(len(lanes)):
        if lanes[i, L_FEED] == feed:
            status |= _lane(record, base, lanes, i, columns, spans, aggregates, heap, t, floors, numbers, at)
    for i in range(len(cells)):
        if cells[i, C_FEED] == feed:
            first, second = numbers[at + cells[i, C_CHANNEL]], numbers[at + cells[i, C_SECOND]]
            status |= arrive(record, base, cells, i, heap, t, floors, first, second)
    return status


@inlined
def mark(record, base, cells, heap, t, feed, numbers, at):
    """Begin cells whose mark this event is, or whose calendar period has turned; before any event of the instant."""
    for i in range(len(cells)):
        if cells[i, C_CALENDAR] and cells[i, C_FEED] == feed:
            start = period_start(t, cells[i, C_CALENDAR])
            if record[base + cells[i, C_WORD]] != start:
                begin(record, base, cells, i, heap, start)
        elif cells[i, C_MARK] == feed and cells[i, C_TYPE] != UNANSWERED:  # noqa: SIM102 (compiled)
            if numbers[at + cells[i, C_MARKED]] != NOTHING:
                begin(record, base, cells, i, heap, t)


@inlined
def answer(record, base, cells, feed, numbers, at):
    """Clear what this event answers; after all events of the instant."""
    for i in range(len(cells)):
        if cells[i, C_MARK] == feed and cells[i, C_TYPE] == UNANSWERED and numbers[at + cells[i, C_MARKED]] != NOTHING:
            record[base + cells[i, C_STATE]] = 0


@inlined
def values(record, base, lanes, columns, spans, aggregates, cells, heap, t, floors, out, o):
    """The raw numbers of all indicators at `t` into `out`. Gives (status, next instant time alone changes one at)."""
    wake = NEVER
    status = OK
    for i in range(len(lanes)):
        word, width, hop = base + lanes[i, L_WORD], lanes[i, L_WIDTH], lanes[i, L_HOP]
        floor = floors[lanes[i, L_HOPS]]
        tail = record[word + TAIL]
        for s in range(lanes[i, L_SPAN], lanes[i, L_SPAN] + lanes[i, L_SPANS]):
            at = base + spans[s, S_WORD]
            pointer = record[at + POINTER]
            if pointer < tail:
                if record[at + LEAVES] <= t:
                    window = spans[s, S_WINDOW]
                    edge = floor - window if spans[s, S_EVEN] else (t - window) // hop * hop
                    while pointer < tail:
                        place = entry(record, word, pointer, width)
                        if heap[place] > edge:
                            record[at + LEAVES] = heap[place] + window
                            break
                        for g in range(spans[s, S_AGG], spans[s, S_AGG] + spans[s, S_AGGS]):
                            record[base + aggregates[g, G_WORD]] -= heap[place + 1 + aggregates[g, G_COLUMN]]
                        pointer += 1
                    record[at + POINTER] = pointer
                if pointer < tail:
                    wake = min(wake, record[at + LEAVES])
            for g in range(spans[s, S_AGG], spans[s, S_AGG] + spans[s, S_AGGS]):
                out[o + aggregates[g, G_OUT]] = record[base + aggregates[g, G_WORD]]
    for i in range(len(cells)):
        told, next_ = value(record, base, cells, i, heap, t, floors, out, o)
        status |= told
        wake = min(wake, next_)
    return status, wake


@inlined
def _link(keys, slots, links, tails, first, last):
    """Chain the events of one second by key: the first of a key holds its slot, `links` leads to the next, −1 ends.

    Reading every key's place here, before the work on any of them, lets the machine fetch them side by side.
    """
    for j in range(first, last):
        k = keys[j]
        head = slots[k]
        if first <= head < j and keys[head] == k:
            links[tails[head]] = j
            tails[head] = j
        else:
            slots[k] = j
            tails[j] = j
        links[j] = -1


@inlined
def _touch(records, words, heap, rings, keys, first, last):
    """Read what the next events will need, so that the machine fetches all of it side by side and not one by one.

    First each key's record, a cache line at a time; then the newest entry of each ring the record points to. Gives a
    number nobody needs, without which a compiler would leave the reads out.
    """
    found = 0
    for j in range(first, last):
        k = keys[j]
        for w in range(k * words, (k + 1) * words, LINE):
            found += records[w]
    for j in range(first, last):
        k = keys[j]
        for r in range(len(rings)):
            at = k * words + rings[r, 0]
            cap = records[at + CAP]
            if cap:
                newest = (records[at + TAIL] - 1) & (cap - 1) if rings[r, 1] else 0
                found += heap[records[at + BASE] + newest * rings[r, 1]]
    return found


@inlined
def _instant(shape, record, base, heap, t, floors, head, links, feeds, places, numbers):
    """All events of one key and second, marks before and answers after them."""
    lanes, columns, spans, aggregates, cells, marks, _, _, _ = shape
    status, e = OK, head
    while marks and e >= 0:
        mark(record, base, cells, heap, t, feeds[e], numbers, places[e])
        e = links[e]
    e = head
    while e >= 0:
        status |= add(
            record, base, lanes, columns, spans, aggregates, cells, heap, t, floors, feeds[e], numbers, places[e]
        )
        e = links[e]
    e = head
    while marks and e >= 0:
        answer(record, base, cells, feeds[e], numbers, places[e])
        e = links[e]
    return status


@compiled
def run_events(shape, state, program, events, first, last, day_end, mode, out, out_at):
    """Events first..last−1, in order of time, into the records; gives (status, rows written).

    Events at `day_end` itself are only added: the tick looks. `mode` 0 writes no row, 1 where somebody has to look, 2
    always. `out_at` gets key, instant and first event of each row; `links` of `events` leads to the others.
    """
    times, keys, feeds, places, numbers, links, tails = events
    lanes, columns, spans, aggregates, cells, _marks, rings, hops, words = shape
    records, heap, wakes, hot, cooling, slots = state
    rows, status, i, touched = 0, OK, first, first
    floors, flat, width = np.empty(len(hops), np.int64), out.reshape(-1), out.shape[1]
    while i < last and status == OK:
        if i >= touched:
            links[i] = _touch(records, words, heap, rings, keys, i, min(i + AHEAD, last))
            touched = i + AHEAD
        t = times[i]
        end = i + 1
        while end < last and times[end] == t:
            end += 1
        for h in range(len(hops)):
            floors[h] = t // hops[h] * hops[h]
        _link(keys, slots, links, tails, i, end)
        for j in range(i, end):
            k = keys[j]
            if slots[k] != j:
                continue
            base = k * words
            status |= _instant(shape, records, base, heap, t, floors, j, links, feeds, places, numbers)
            if t == day_end:
                wakes[k] = t
                continue
            told, wakes[k] = values(
                records, base, lanes, columns, spans, aggregates, cells, heap, t, floors, flat, rows * width
            )
            status |= told
            if cooling[k] > t:
                wakes[k] = t
            if mode == 2 or (mode == 1 and (hot[k] or may_hold(program, out[rows], k))):
                hot[k] |= LOOKED
                wakes[k] = t
                out_at[rows, 0], out_at[rows, 1], out_at[rows, 2] = k, t, j
                rows += 1
            elif mode == 1 and cooling[k] <= t:
                wakes[k] = sleeps_until(program, cells, records, base, heap, t, wakes[k])
        i = end
    return status, rows


@compiled
def run_ticks(shape, state, program, first, last, day_end, mode, out, out_at):
    """The day's end for keys first..last−1 that time, an event or a feature may have changed; gives (status, rows)."""
    lanes, columns, spans, aggregates, cells, _marks, _rings, hops, words = shape
    records, heap, wakes, hot, cooling, _slots = state
    rows, status = 0, OK
    flat, width, floors = out.reshape(-1), out.shape[1], day_end // hops * hops
    for k in range(first, last):
        if wakes[k] > day_end:
            continue
        told, wakes[k] = values(
            records, k * words, lanes, columns, spans, aggregates, cells, heap, day_end, floors, flat, rows * width
        )
        status |= told
        if cooling[k] > day_end:
            wakes[k] = day_end
        if mode == 2 or (mode == 1 and (hot[k] or may_hold(program, out[rows], k))):
            hot[k] |= LOOKED
            wakes[k] = day_end
            out_at[rows, 0], out_at[rows, 1], out_at[rows, 2] = k, day_end, -1
            rows += 1
        elif mode == 1 and cooling[k] <= day_end:
            wakes[k] = sleeps_until(program, cells, records, k * words, heap, day_end, wakes[k])
    return status, rows
