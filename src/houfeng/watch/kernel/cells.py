"""The cells: every windowed indicator that is not a plain sum, count or mean, one state machine each.

An event *arrives* at its instant; where the cell has an offset it waits in a ring and *enters* when the delayed clock
of the cell (t − offset) has reached it. `value` moves the window's open edge, lets go what has left, and gives the
numbers. Times are whole seconds; an event of bucket end e leaves when the open edge reaches e.
"""

from __future__ import annotations

import numpy as np

from houfeng.watch.kernel.blocks import BASE, CAP, HEAD, NUMBER, RING, TABLE, TAIL, clear, entry, find, push, remove
from houfeng.watch.kernel.layout import (
    C_CALENDAR,
    C_CHANNEL,
    C_EVEN,
    C_HOP,
    C_HOPS,
    C_MARK,
    C_OFFSET,
    C_OUT,
    C_OUT2,
    C_SECOND,
    C_STATE,
    C_TYPE,
    C_WINDOW,
    C_WORD,
    NOTHING,
    Cell,
)
from houfeng.watch.kernel.memory import FULL, compiled, inlined

ADD, LEAST, GREATEST, LAST = int(Cell.ADD), int(Cell.LEAST), int(Cell.GREATEST), int(Cell.LAST)
SINCE, DISTINCT, TOP, UNANSWERED = int(Cell.SINCE), int(Cell.DISTINCT), int(Cell.TOP), int(Cell.UNANSWERED)
DAY = 86400
NEVER = np.iinfo(np.int64).max
OK, NO_ROOM, OVERFLOW = 0, 1, 2


@compiled
def period_start(t, calendar):
    """The first second of the calendar month (1), quarter (2) or year (3) of instant `t`."""
    days = t // DAY + 719468  # days since 0000-03-01 (Howard Hinnant, chrono-compatible low-level date algorithms)
    era = days // 146097
    doe = days - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (1 if month <= 2 else 0)
    first = month if calendar == 1 else (month - 1) // 3 * 3 + 1 if calendar == 2 else 1
    y = year - (1 if first <= 2 else 0)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (first - 3 if first > 2 else first + 9) + 2) // 5
    return (era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468) * DAY


@compiled
def begin(record, base, cells, c, heap, at):
    """Start a cell with a mark or a calendar afresh: nothing before `at` counts any more."""
    record[base + cells[c, C_WORD]] = at
    state, kind = base + cells[c, C_STATE], cells[c, C_TYPE]
    if kind == ADD:
        record[state + RING] = record[state + RING + 1] = 0
    elif kind == DISTINCT:
        clear(record, state, heap, 2)
    elif kind == TOP:
        clear(record, state + RING, heap, 3)
        for i in range(3):
            record[state + RING + TABLE + i] = 0
    else:
        record[state + (1 if kind == LAST else 0)] = NOTHING


@inlined
def arrive(record, base, cells, c, heap, t, floors, first, second):
    """An event's numbers come to the cell at instant `t`. Gives OK, NO_ROOM or OVERFLOW."""
    if first == NOTHING or (cells[c, C_TYPE] == TOP and second == NOTHING):
        return OK
    if cells[c, C_OFFSET]:
        place = push(record, base + cells[c, C_WORD], heap, 3)
        if place == FULL:
            return NO_ROOM
        heap[place], heap[place + 1], heap[place + 2] = t, first, second
        return OK
    hop = cells[c, C_HOPS]
    end = floors[hop] if floors[hop] == t else floors[hop] + cells[c, C_HOP]
    return enter(record, base, cells, c, heap, t, end, first, second)


@inlined
def enter(record, base, cells, c, heap, t, end, first, second):
    """An event enters the window."""
    kind, state = cells[c, C_TYPE], base + cells[c, C_STATE]
    open_ended = cells[c, C_MARK] >= 0 or cells[c, C_CALENDAR]
    if kind == SINCE:
        record[state] = t
    elif kind == UNANSWERED:
        if record[state] == 0:
            record[state] = t + 1
    elif kind == LAST:
        record[state], record[state + 1] = t, first
    elif kind == ADD:
        total = record[state + RING] + first
        if ((record[state + RING] ^ total) & (first ^ total)) < 0:
            return OVERFLOW
        record[state + RING] = total
        record[state + RING + 1] += 1
        if not open_ended:
            return _add_entry(record, state, heap, end, first)
    elif kind == DISTINCT:
        place = find(record, state, heap, first, 2)
        if place == FULL:
            return NO_ROOM
        heap[place + 1] = end
        if record[state + NUMBER] == 1:
            record[state + TABLE] = end
    elif kind == TOP:
        return _enter_top(record, state, heap, end, first, second, open_ended)
    elif open_ended:
        held = record[state]
        if held == NOTHING or (first < held if kind == LEAST else first > held):
            record[state] = first
    else:
        return _enter_extreme(record, state, heap, end, first, kind == LEAST)
    return OK


@inlined
def _add_entry(record, state, heap, end, value):
    if record[state + TAIL] > record[state + HEAD]:
        place = entry(record, state, record[state + TAIL] - 1, 3)
        if heap[place] == end:
            heap[place + 1] += value
            heap[place + 2] += 1
            return OK
    place = push(record, state, heap, 3)
    if place == FULL:
        return NO_ROOM
    heap[place], heap[place + 1], heap[place + 2] = end, value, 1
    return OK


@inlined
def _enter_extreme(record, state, heap, end, value, least):
    # What is not better than the newcomer and leaves no later can never be the answer again.
    while record[state + TAIL] > record[state + HEAD]:
        place = entry(record, state, record[state + TAIL] - 1, 2)
        held = heap[place + 1]
        if held < value if least else held > value:
            if heap[place] == end:
                return OK  # leaves together with the better one
            break
        record[state + TAIL] -= 1
    place = push(record, state, heap, 2)
    if place == FULL:
        return NO_ROOM
    heap[place], heap[place + 1] = end, value
    return OK


@inlined
def _enter_top(record, state, heap, end, who, amount, open_ended):
    totals = state + RING + TABLE  # sum of all, largest of one, whether the largest must be looked for
    place = find(record, state + RING, heap, who, 3)
    if place == FULL:
        return NO_ROOM
    heap[place + 1] += amount
    heap[place + 2] += 1
    total = record[totals] + amount
    if ((record[totals] ^ total) & (amount ^ total)) < 0:
        return OVERFLOW
    record[totals] = total
    if amount < 0:
        record[totals + 2] = 1
    elif heap[place + 1] > record[totals + 1]:
        record[totals + 1] = heap[place + 1]
    if not open_ended:
        place = push(record, state, heap, 3)
        if place == FULL:
            return NO_ROOM
        heap[place], heap[place + 1], heap[place + 2] = end, who, amount
    return OK


@inlined
def value(record, base, cells, c, heap, t, floors, out, o):
    """Write the cell's numbers at instant `t` into `out`. Gives (status, next instant time alone changes it at)."""
    kind, state, offset = cells[c, C_TYPE], base + cells[c, C_STATE], cells[c, C_OFFSET]
    now = t - offset
    wake = NEVER
    status = OK
    if offset:
        while record[base + cells[c, C_WORD] + HEAD] < record[base + cells[c, C_WORD] + TAIL]:
            place = entry(record, base + cells[c, C_WORD], record[base + cells[c, C_WORD] + HEAD], 3)
            if heap[place] > now:
                wake = heap[place] + offset
                break
            record[base + cells[c, C_WORD] + HEAD] += 1
            hop = max(cells[c, C_HOP], 1)
            end = (heap[place] + hop - 1) // hop * hop
            status |= enter(record, base, cells, c, heap, heap[place], end, heap[place + 1], heap[place + 2])
    known = True
    if cells[c, C_EVEN]:  # window and offset are whole hops: the instant was rounded once for all
        edge = floors[cells[c, C_HOPS]] - offset - cells[c, C_WINDOW]
    else:
        edge = now - cells[c, C_WINDOW]
        if cells[c, C_HOP] > 0:
            edge -= edge % cells[c, C_HOP]
    if cells[c, C_CALENDAR]:
        start = period_start(now, cells[c, C_CALENDAR])
        if record[base + cells[c, C_WORD]] != start:
            begin(record, base, cells, c, heap, start)
        edge = start - 1
        wake = min(wake, (t // DAY + 1) * DAY)  # cheap and right: a period can only turn at midnight
    elif cells[c, C_MARK] >= 0 and kind != UNANSWERED:
        mark = record[base + cells[c, C_WORD]]
        known = mark != 0 and mark > edge
        if known:
            wake = min(wake, _leaves(mark, cells, c))
    if kind == ADD:
        wake = min(wake, _add_value(record, base, cells, c, heap, edge, known, out, o, offset))
    elif kind in (SINCE, UNANSWERED):
        last = record[state] - (1 if kind == UNANSWERED else 0)
        some = record[state] != (NOTHING if kind == SINCE else 0)
        out[o + cells[c, C_OUT]] = (now - last) // DAY if some else NOTHING
        if some:
            wake = min(wake, last + ((now - last) // DAY + 1) * DAY + offset)
    elif kind == LAST:
        there = known and record[state + 1] != NOTHING and record[state] > edge
        out[o + cells[c, C_OUT]] = record[state + 1] if there else NOTHING
        if there and cells[c, C_MARK] < 0 and not cells[c, C_CALENDAR]:
            wake = min(wake, _leaves(record[state], cells, c) + offset)
    elif kind == DISTINCT:
        wake = min(wake, _distinct_value(record, base, cells, c, heap, edge, known, out, o, offset))
    elif kind == TOP:
        wake = min(wake, _top_value(record, base, cells, c, heap, edge, known, out, o, offset))
    elif cells[c, C_MARK] >= 0 or cells[c, C_CALENDAR]:
        out[o + cells[c, C_OUT]] = record[state] if known else NOTHING
    else:
        while record[state + HEAD] < record[state + TAIL]:
            place = entry(record, state, record[state + HEAD], 2)
            if heap[place] > edge:
                wake = min(wake, heap[place] + cells[c, C_WINDOW] + offset)
                break
            record[state + HEAD] += 1
        some = record[state + HEAD] < record[state + TAIL]
        out[o + cells[c, C_OUT]] = heap[entry(record, state, record[state + HEAD], 2) + 1] if some else NOTHING
    return status, wake


@inlined
def _leaves(t, cells, c):
    hop = max(cells[c, C_HOP], 1)
    return (t + hop - 1) // hop * hop + cells[c, C_WINDOW]


@inlined
def _add_value(record, base, cells, c, heap, edge, known, out, o, offset):
    state, wake = base + cells[c, C_STATE], NEVER
    while record[state + HEAD] < record[state + TAIL]:
        place = entry(record, state, record[state + HEAD], 3)
        if heap[place] > edge:
            wake = heap[place] + cells[c, C_WINDOW] + offset
            break
        record[state + RING] -= heap[place + 1]
        record[state + RING + 1] -= heap[place + 2]
        record[state + HEAD] += 1
    if cells[c, C_OUT] >= 0:
        out[o + cells[c, C_OUT]] = record[state + RING] if known else NOTHING
    if cells[c, C_OUT2] >= 0:
        out[o + cells[c, C_OUT2]] = record[state + RING + 1] if known else NOTHING
    return wake


@inlined
def _distinct_value(record, base, cells, c, heap, edge, known, out, o, offset):
    state, wake = base + cells[c, C_STATE], NEVER
    if cells[c, C_MARK] < 0 and not cells[c, C_CALENDAR] and record[state + NUMBER]:
        if record[state + TABLE] <= edge:  # the oldest may have left: look through, and note the oldest that stays
            i = 0
            while i < record[state + CAP]:
                place = record[state + BASE] + i * 2
                if heap[place] != 0 and heap[place + 1] <= edge:
                    remove(record, state, heap, place, 2)  # another may have moved up into this place: look again
                else:
                    i += 1
            record[state + TABLE] = _oldest(record, state, heap)
            if record[state + NUMBER] == 0:
                clear(record, state, heap, 2)
        if record[state + NUMBER]:
            wake = record[state + TABLE] + cells[c, C_WINDOW] + offset
    out[o + cells[c, C_OUT]] = record[state + NUMBER] if known else NOTHING
    return wake


@compiled
def _oldest(record, state, heap):
    oldest = NEVER
    for i in range(record[state + CAP]):
        place = record[state + BASE] + i * 2
        if heap[place] != 0:
            oldest = min(oldest, heap[place + 1])
    return oldest


@inlined
def _top_value(record, base, cells, c, heap, edge, known, out, o, offset):
    state, wake = base + cells[c, C_STATE], NEVER
    totals, table = state + RING + TABLE, state + RING
    while record[state + HEAD] < record[state + TAIL]:
        place = entry(record, state, record[state + HEAD], 3)
        if heap[place] > edge:
            wake = heap[place] + cells[c, C_WINDOW] + offset
            break
        record[state + HEAD] += 1
        amount = heap[place + 2]
        record[totals] -= amount
        held = find(record, table, heap, heap[place + 1], 3)
        if amount > 0 and heap[held + 1] == record[totals + 1]:
            record[totals + 2] = 1
        heap[held + 1] -= amount
        if amount < 0 and heap[held + 1] > record[totals + 1]:
            record[totals + 1] = heap[held + 1]
        heap[held + 2] -= 1
        if heap[held + 2] == 0:
            remove(record, table, heap, held, 3)
    if record[totals + 2]:
        largest = 0
        for i in range(record[table + CAP]):
            place = record[table + BASE] + i * 3
            if heap[place] != 0:
                largest = max(largest, heap[place + 1])
        record[totals + 1], record[totals + 2] = largest, 0
    positive = known and record[totals] > 0
    out[o + cells[c, C_OUT]] = record[totals + 1] if positive else NOTHING
    out[o + cells[c, C_OUT2]] = record[totals] if positive else NOTHING
    return wake


@compiled
def empty(record, cells):
    """Make a key's fresh (zero) record say that nothing has happened."""
    for i in range(len(cells)):
        kind, state = cells[i, C_TYPE], cells[i, C_STATE]
        if kind == SINCE:
            record[state] = NOTHING
        elif kind == LAST:
            record[state + 1] = NOTHING
        elif kind in (LEAST, GREATEST) and (cells[i, C_MARK] >= 0 or cells[i, C_CALENDAR]):
            record[state] = NOTHING


assert C_CHANNEL + 1 == C_SECOND  # the two numbers of an event stand side by side in a cell's row
