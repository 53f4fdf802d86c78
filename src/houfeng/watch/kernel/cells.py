"""The cells: every windowed indicator that is not a plain sum, count or mean, one state machine each.

An event *enters* its cell at its instant; where the cell has an offset it first waits in a ring until the delayed clock
of the cell (t − offset) has reached it. `value` moves the window's open edge, lets go what has left, and gives the
numbers. Times are whole seconds; an event of bucket end e leaves when the open edge reaches e.

All functions take the kind of the cell as a constant and are compiled into the loops over `columns.cells`, one for each
kind; what there is to ask about the kind has been answered by then. `record` begins at the key's first word.
"""

from __future__ import annotations

from typing import NamedTuple

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.blocks import HEAD, RING, TABLE, TAIL, clear, entry, push
from houfeng.watch.kernel.layout import (
    C_CALENDAR,
    C_EVEN,
    C_HOP,
    C_MARK,
    C_OFFSET,
    C_OUT,
    C_OUT2,
    C_STATE,
    C_TYPE,
    C_WINDOW,
    C_WORD,
    NO_ROOM,
    NOTHING,
    OK,
    OVERFLOW,
    Cell,
)
from houfeng.watch.kernel.layout import DAY as DAY
from houfeng.watch.kernel.layout import NEVER as NEVER
from houfeng.watch.kernel.memory import FULL, part
from houfeng.watch.kernel.parties import distinct_value, enter_distinct, enter_top, top_value

ADD, LEAST, GREATEST, LAST = int(Cell.ADD), int(Cell.LEAST), int(Cell.GREATEST), int(Cell.LAST)
SINCE, DISTINCT, TOP, UNANSWERED = int(Cell.SINCE), int(Cell.DISTINCT), int(Cell.TOP), int(Cell.UNANSWERED)


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


class Own(NamedTuple):
    """What the table says of one cell, taken out once for a whole column."""

    state: int
    word: int
    window: int
    hop: int
    offset: int
    even: int
    mark: int
    calendar: int
    out: int
    out2: int


@inlined
def own(row):
    """The cell's row."""
    return Own(
        row[C_STATE],
        row[C_WORD],
        row[C_WINDOW],
        max(row[C_HOP], 1),
        row[C_OFFSET],
        row[C_EVEN],
        row[C_MARK],
        row[C_CALENDAR],
        row[C_OUT],
        row[C_OUT2],
    )


@inlined
def open_ended(cell):
    """Whether the cell counts from a mark or a day of the calendar on: then it begins anew, and nothing leaves it."""
    return cell.mark >= 0 or cell.calendar != 0


@compiled
def begin(kind, cell, record, heap, at):
    """Start a cell with a mark or a calendar afresh: nothing before `at` counts any more."""
    record[cell.word] = at
    state = cell.state
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
def arrive(kind, cell, record, heap, t, floor, first, second):
    """An event's numbers come to the cell at instant `t`. Gives OK, NO_ROOM or OVERFLOW."""
    if first == NOTHING or (kind == TOP and second == NOTHING):
        return OK
    if cell.offset:
        place = push(record, cell.word, heap, 3)
        if place == FULL:
            return NO_ROOM
        waiting = part(heap, place)
        waiting[0], waiting[1], waiting[2] = t, first, second
        return OK
    return enter(kind, cell, record, heap, t, floor if floor == t else floor + cell.hop, first, second)


@inlined
def enter(kind, cell, record, heap, t, end, first, second):
    """An event enters the window; it leaves with the bucket that ends at `end`."""
    state = cell.state
    if kind == SINCE:
        record[state] = t
    elif kind == UNANSWERED:
        if record[state] == 0:
            record[state] = t + 1
    elif kind == LAST:
        record[state], record[state + 1] = t, first
    elif kind == ADD:
        return _enter_add(cell, record, heap, end, first)
    elif kind == DISTINCT:
        return enter_distinct(record, state, heap, end, first)
    elif kind == TOP:
        return enter_top(record, state, heap, end, first, second, open_ended(cell))
    elif open_ended(cell):
        held = record[state]
        if held == NOTHING or (first < held if kind == LEAST else first > held):
            record[state] = first
    else:
        return _enter_extreme(record, state, heap, end, first, kind == LEAST)
    return OK


@inlined
def _enter_add(cell, record, heap, end, value):
    state = cell.state
    held = record[state + RING]
    total = held + value
    if ((held ^ total) & (value ^ total)) < 0:
        return OVERFLOW
    record[state + RING] = total
    record[state + RING + 1] += 1
    if open_ended(cell):
        return OK
    if record[state + TAIL] > record[state + HEAD]:
        newest = part(heap, entry(record, state, record[state + TAIL] - 1, 3))
        if newest[0] == end:
            newest[1] += value
            newest[2] += 1
            return OK
    place = push(record, state, heap, 3)
    if place == FULL:
        return NO_ROOM
    newest = part(heap, place)
    newest[0], newest[1], newest[2] = end, value, 1
    return OK


@inlined
def _enter_extreme(record, state, heap, end, value, least):
    # What is not better than the newcomer and leaves no later can never be the answer again.
    while record[state + TAIL] > record[state + HEAD]:
        newest = part(heap, entry(record, state, record[state + TAIL] - 1, 2))
        held = newest[1]
        if held < value if least else held > value:
            if newest[0] == end:
                return OK  # leaves together with the better one
            break
        record[state + TAIL] -= 1
    place = push(record, state, heap, 2)
    if place == FULL:
        return NO_ROOM
    newest = part(heap, place)
    newest[0], newest[1] = end, value
    return OK


@inlined
def value(kind, cell, record, heap, t, floor, out):
    """Write the cell's numbers at instant `t` into `out`. Gives (status, next instant time alone changes it at)."""
    now = t - cell.offset
    status, wake = OK, NEVER
    if cell.offset:
        status, wake = _let_in(kind, cell, record, heap, now)
    if cell.even:  # window and offset are whole hops: the instant was rounded once for all
        edge = floor - cell.offset - cell.window
    else:
        edge = now - cell.window
        edge -= edge % cell.hop
    known = True
    if cell.calendar:
        start = period_start(now, cell.calendar)
        if record[cell.word] != start:
            begin(kind, cell, record, heap, start)
        edge = start - 1
        wake = min(wake, (t // DAY + 1) * DAY)  # cheap and right: a period can only turn at midnight
    elif cell.mark >= 0 and kind != UNANSWERED:
        mark = record[cell.word]
        known = mark != 0 and mark > edge
        if known:
            wake = min(wake, _leaves(mark, cell))
    if kind == ADD:
        next_ = _add_value(cell, record, heap, edge, known, out)
    elif kind in (SINCE, UNANSWERED):
        next_ = _since_value(kind, cell, record, now, out)
    elif kind == LAST:
        next_ = _last_value(cell, record, edge, known, out)
    elif kind == DISTINCT:
        next_ = distinct_value(cell, record, heap, edge, known, open_ended(cell), out)
    elif kind == TOP:
        next_ = top_value(cell, record, heap, edge, known, out)
    else:
        next_ = _extreme_value(cell, record, heap, edge, known, out)
    return status, min(wake, next_)


@inlined
def _let_in(kind, cell, record, heap, now):
    """Events that waited enter as the delayed clock reaches them. Gives (status, when the next does)."""
    if record[cell.word + HEAD] == record[cell.word + TAIL]:
        return OK, NEVER
    at = part(heap, entry(record, cell.word, record[cell.word + HEAD], 3))[0]
    return _enter_waiting(kind, cell, record, heap, now) if at <= now else (OK, at + cell.offset)


@compiled
def _enter_waiting(kind, cell, record, heap, now):
    # Not compiled into every column: most cells have no offset, and each copy would double the code of its kind.
    status = OK
    while record[cell.word + HEAD] < record[cell.word + TAIL]:
        waiting = part(heap, entry(record, cell.word, record[cell.word + HEAD], 3))
        at = waiting[0]
        if at > now:
            return status, at + cell.offset
        record[cell.word + HEAD] += 1
        end = (at + cell.hop - 1) // cell.hop * cell.hop
        status |= enter(kind, cell, record, heap, at, end, waiting[1], waiting[2])
    return status, NEVER


@inlined
def _leaves(t, cell):
    return (t + cell.hop - 1) // cell.hop * cell.hop + cell.window


@inlined
def _add_value(cell, record, heap, edge, known, out):
    state, wake = cell.state, NEVER
    while record[state + HEAD] < record[state + TAIL]:
        oldest = part(heap, entry(record, state, record[state + HEAD], 3))
        if oldest[0] > edge:
            wake = oldest[0] + cell.window + cell.offset
            break
        record[state + RING] -= oldest[1]
        record[state + RING + 1] -= oldest[2]
        record[state + HEAD] += 1
    if cell.out >= 0:
        out[cell.out] = record[state + RING] if known else NOTHING
    if cell.out2 >= 0:
        out[cell.out2] = record[state + RING + 1] if known else NOTHING
    return wake


@inlined
def _since_value(kind, cell, record, now, out):
    held, nothing, late = record[cell.state], 0 if kind == UNANSWERED else NOTHING, 1 if kind == UNANSWERED else 0
    if held == nothing:
        out[cell.out] = NOTHING
        return NEVER
    days = (now - held + late) // DAY
    out[cell.out] = days
    return held - late + (days + 1) * DAY + cell.offset


@inlined
def _last_value(cell, record, edge, known, out):
    at, last = record[cell.state], record[cell.state + 1]
    there = known and last != NOTHING and at > edge
    out[cell.out] = last if there else NOTHING
    return _leaves(at, cell) + cell.offset if there and not open_ended(cell) else NEVER


@inlined
def _extreme_value(cell, record, heap, edge, known, out):
    state = cell.state
    if open_ended(cell):
        out[cell.out] = record[state] if known else NOTHING
        return NEVER
    while record[state + HEAD] < record[state + TAIL]:
        best = part(heap, entry(record, state, record[state + HEAD], 2))
        if best[0] > edge:
            out[cell.out] = best[1]
            return best[0] + cell.window + cell.offset
        record[state + HEAD] += 1
    out[cell.out] = NOTHING
    return NEVER


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
