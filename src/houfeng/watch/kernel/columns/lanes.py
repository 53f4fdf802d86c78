"""The column of a lane: sums and counts over all windows that share a ring of buckets.

A bucket holds its end and, for each column of the lane, the total *up to its own end* since the lane began. The sum of
a window is then the newest total less what it was when the window's open edge passed: an event adds to one bucket
however many windows there are, and an edge that passes many buckets reads only the last of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.blocks import CAP, HEAD, TAIL, entry, push
from houfeng.watch.kernel.columns.block import BLOCK
from houfeng.watch.kernel.layout import (
    AGGREGATE_ROW,
    COLUMN_ROW,
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
    LANE_ROW,
    NEVER,
    NO_ROOM,
    NOTHING,
    OK,
    OVERFLOW,
    S_AGG,
    S_AGGS,
    S_EVEN,
    S_WINDOW,
    S_WORD,
    SPAN_ROW,
)
from houfeng.watch.kernel.memory import FULL, part

POINTER, LEAVES = 0, 1
"""Words of a span: the first bucket inside, and when it leaves (never: none is inside)."""


class Lane(NamedTuple):
    """What the table says of one lane."""

    hop: int
    width: int
    word: int
    spans: Any
    number: int
    aggregates: Any
    columns: Any


@compiled
def lane_column(lanes, i, tables, block, records, heap):
    """All instants of the block in lane i."""
    columns, spans, aggregates = tables
    row = part(lanes, i * LANE_ROW)
    lane = Lane(
        row[L_HOP],
        row[L_WIDTH],
        row[L_WORD],
        part(spans, row[L_SPAN] * SPAN_ROW),
        row[L_SPANS],
        aggregates,
        part(columns, row[L_COLUMN] * COLUMN_ROW),
    )
    feed, floors, status = row[L_FEED], part(block.floors, row[L_HOPS] * BLOCK), OK
    for j in range(block.size):
        record, t, floor = part(records, block.bases[j]), block.times[j], floors[j]
        for x in range(block.starts[j], block.starts[j + 1]):
            if block.feeds[x] == feed:
                numbers = part(block.numbers, block.places[x])
                status |= _add(lane, record, heap, t, floor, numbers)
        told, wake = _values(lane, record, heap, t, floor, part(block.rows, j * block.width))
        status |= told
        block.wakes[j] = min(block.wakes[j], wake)
    return status


@inlined
def _add(lane, record, heap, t, floor, numbers):
    some = False
    for c in range(lane.width - 1):
        some |= numbers[part(lane.columns, c * COLUMN_ROW)[1]] != NOTHING
    if not some:
        return OK
    end = floor if floor == t else floor + lane.hop
    place = entry(record, lane.word, record[lane.word + TAIL] - 1, lane.width)
    if record[lane.word + CAP] == 0 or part(heap, place)[0] != end:
        place = _open(lane, record, heap, end)
        if place == FULL:
            return NO_ROOM
    bucket, status = part(heap, place), OK
    for c in range(lane.width - 1):
        column = part(lane.columns, c * COLUMN_ROW)
        number = numbers[column[1]]
        if number != NOTHING:
            number = number if column[0] else 1
            held = bucket[1 + c]
            bucket[1 + c] += number
            if ((held ^ bucket[1 + c]) & (number ^ bucket[1 + c])) < 0:
                bucket[1 + c] = held
                status |= _lower(lane, c, record, heap, number)
    return status


@inlined
def _open(lane, record, heap, end):
    """A new bucket, which begins with the totals of the one before; gives its place, or FULL."""
    tail = record[lane.word + TAIL]
    longest = part(lane.spans, (lane.number - 1) * SPAN_ROW)
    record[lane.word + HEAD] = record[longest[S_WORD] + POINTER]  # before it nobody looks any more
    place = push(record, lane.word, heap, lane.width)
    if place == FULL:
        return FULL
    bucket, before = part(heap, place), part(heap, entry(record, lane.word, tail - 1, lane.width))
    bucket[0] = end
    for c in range(1, lane.width):
        bucket[c] = before[c] if tail else 0
    for s in range(lane.number):
        row = part(lane.spans, s * SPAN_ROW)
        span = part(record, row[S_WORD])
        if span[POINTER] == tail:
            span[LEAVES] = end + row[S_WINDOW]
    return place


@inlined
def _values(lane, record, heap, t, floor, out):
    """The sums of all windows. Gives (status, instant at which the next bucket leaves one)."""
    status, wake, some = OK, NEVER, record[lane.word + CAP] != 0
    newest = part(heap, entry(record, lane.word, record[lane.word + TAIL] - 1, lane.width) if some else 0)
    for s in range(lane.number):
        row = part(lane.spans, s * SPAN_ROW)
        span, window = part(record, row[S_WORD]), row[S_WINDOW]
        if span[LEAVES] <= t:
            edge = floor - window if row[S_EVEN] else (t - window) // lane.hop * lane.hop
            _pass_by(lane, row, edge, record, heap)
        wake = min(wake, span[LEAVES])
        for g in range(row[S_AGG], row[S_AGG] + row[S_AGGS]):
            wanted = part(lane.aggregates, g * AGGREGATE_ROW)
            total = newest[1 + wanted[G_COLUMN]] if some else 0
            gone = record[wanted[G_WORD]]
            found = total - gone
            if ((total ^ gone) & (total ^ found)) < 0:
                status = OVERFLOW
            out[wanted[G_OUT]] = found
    return status, wake


@inlined
def _pass_by(lane, row, edge, record, heap):
    """Move the open edge of a window over the buckets that have left it, and note the totals it has passed."""
    span = part(record, row[S_WORD])
    pointer, leaves = span[POINTER], NEVER
    while pointer < record[lane.word + TAIL]:
        end = part(heap, entry(record, lane.word, pointer, lane.width))[0]
        if end > edge:
            leaves = end + row[S_WINDOW]
            break
        pointer += 1
    if pointer != span[POINTER]:
        passed = part(heap, entry(record, lane.word, pointer - 1, lane.width))
        for g in range(row[S_AGG], row[S_AGG] + row[S_AGGS]):
            wanted = part(lane.aggregates, g * AGGREGATE_ROW)
            record[wanted[G_WORD]] = passed[1 + wanted[G_COLUMN]]
    span[POINTER], span[LEAVES] = pointer, leaves


@compiled
def _lower(lane, c, record, heap, number):
    """Totals only differ by what lies between them: where one would leave 64 bits, all are lowered by the oldest."""
    tail = record[lane.word + TAIL]
    by = part(heap, entry(record, lane.word, record[lane.word + HEAD], lane.width))[1 + c]
    for n in range(record[lane.word + HEAD], tail):
        part(heap, entry(record, lane.word, n, lane.width))[1 + c] -= by
    last = part(lane.spans, (lane.number - 1) * SPAN_ROW)
    for g in range(lane.spans[S_AGG], last[S_AGG] + last[S_AGGS]):
        wanted = part(lane.aggregates, g * AGGREGATE_ROW)
        if wanted[G_COLUMN] == c:
            record[wanted[G_WORD]] -= by
    newest = part(heap, entry(record, lane.word, tail - 1, lane.width))
    held = newest[1 + c]
    newest[1 + c] += number
    return OVERFLOW if ((held ^ newest[1 + c]) & (number ^ newest[1 + c])) < 0 else OK
