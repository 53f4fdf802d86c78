"""The column of a lane: sums and counts over all windows that share a ring of buckets.

A bucket holds its end and, for each column of the lane, the total *up to its own end* since the lane began. The sum of
a window is then the newest total less what it was when the window's open edge passed: an event adds to one bucket
however many windows there are, and an edge that passes many buckets reads only the last of them.
"""

from __future__ import annotations

from typing import NamedTuple

from houfeng.watch.kernel.blocks import CAP, HEAD, TAIL, entry, push
from houfeng.watch.kernel.columns.block import BLOCK
from houfeng.watch.kernel.layout import (
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
from houfeng.watch.kernel.memory import FULL, compiled, inlined, part
from houfeng.watch.kernel.parties import NEVER, NO_ROOM, OK, OVERFLOW

POINTER, LEAVES = 0, 1
"""Words of a span: the first bucket inside, and when it leaves (never: none is inside)."""


class Lane(NamedTuple):
    """What the table says of one lane."""

    hop: int
    width: int
    word: int
    first: int
    last: int
    column: int


@compiled
def lane_column(lanes, i, columns, spans, aggregates, block, records, heap):
    """All instants of the block in lane i."""
    lane = Lane(
        lanes[i, L_HOP],
        lanes[i, L_WIDTH],
        lanes[i, L_WORD],
        lanes[i, L_SPAN],
        lanes[i, L_SPAN] + lanes[i, L_SPANS],
        lanes[i, L_COLUMN],
    )
    feed, floors, status = lanes[i, L_FEED], part(block.floors, lanes[i, L_HOPS] * BLOCK), OK
    for j in range(block.count):
        record, t, floor = part(records, block.bases[j]), block.times[j], floors[j]
        for x in range(block.starts[j], block.starts[j + 1]):
            if block.feeds[x] == feed:
                numbers = part(block.numbers, block.places[x])
                status |= _add(lane, columns, spans, aggregates, record, heap, t, floor, numbers)
        told, wake = _values(lane, spans, aggregates, record, heap, t, floor, part(block.rows, j * block.width))
        status |= told
        block.wakes[j] = min(block.wakes[j], wake)
    return status


@inlined
def _add(lane, columns, spans, aggregates, record, heap, t, floor, numbers):
    some = False
    for c in range(lane.column, lane.column + lane.width - 1):
        some |= numbers[columns[c, 1]] != NOTHING
    if not some:
        return OK
    end = floor if floor == t else floor + lane.hop
    place = entry(record, lane.word, record[lane.word + TAIL] - 1, lane.width)
    if record[lane.word + CAP] == 0 or part(heap, place)[0] != end:
        place = _open(lane, spans, record, heap, end)
        if place == FULL:
            return NO_ROOM
    bucket, status = part(heap, place), OK
    for c in range(lane.width - 1):
        number = numbers[columns[lane.column + c, 1]]
        if number != NOTHING:
            number = number if columns[lane.column + c, 0] else 1
            held = bucket[1 + c]
            bucket[1 + c] += number
            if ((held ^ bucket[1 + c]) & (number ^ bucket[1 + c])) < 0:
                bucket[1 + c] = held
                status |= _lower(lane, c, spans, aggregates, record, heap, number)
    return status


@inlined
def _open(lane, spans, record, heap, end):
    """A new bucket, which begins with the totals of the one before; gives its place, or FULL."""
    tail = record[lane.word + TAIL]
    record[lane.word + HEAD] = record[spans[lane.last - 1, S_WORD] + POINTER]  # what the longest window still needs
    place = push(record, lane.word, heap, lane.width)
    if place == FULL:
        return FULL
    bucket, before = part(heap, place), part(heap, entry(record, lane.word, tail - 1, lane.width))
    bucket[0] = end
    for c in range(1, lane.width):
        bucket[c] = before[c] if tail else 0
    for s in range(lane.first, lane.last):
        span = part(record, spans[s, S_WORD])
        if span[POINTER] == tail:
            span[LEAVES] = end + spans[s, S_WINDOW]
    return place


@inlined
def _values(lane, spans, aggregates, record, heap, t, floor, out):
    """The sums of all windows. Gives (status, instant at which the next bucket leaves one)."""
    status, wake, some = OK, NEVER, record[lane.word + CAP] != 0
    newest = part(heap, entry(record, lane.word, record[lane.word + TAIL] - 1, lane.width) if some else 0)
    for s in range(lane.first, lane.last):
        span, window = part(record, spans[s, S_WORD]), spans[s, S_WINDOW]
        first, last = spans[s, S_AGG], spans[s, S_AGG] + spans[s, S_AGGS]
        if span[LEAVES] <= t:
            edge = floor - window if spans[s, S_EVEN] else (t - window) // lane.hop * lane.hop
            _pass_by(lane, span, window, edge, aggregates, first, last, record, heap)
        wake = min(wake, span[LEAVES])
        for g in range(first, last):
            total = newest[1 + aggregates[g, G_COLUMN]] if some else 0
            gone = record[aggregates[g, G_WORD]]
            found = total - gone
            if ((total ^ gone) & (total ^ found)) < 0:
                status = OVERFLOW
            out[aggregates[g, G_OUT]] = found
    return status, wake


@inlined
def _pass_by(lane, span, window, edge, aggregates, first, last, record, heap):
    """Move the open edge of a window over the buckets that have left it, and note the totals it has passed."""
    pointer, leaves = span[POINTER], NEVER
    while pointer < record[lane.word + TAIL]:
        end = part(heap, entry(record, lane.word, pointer, lane.width))[0]
        if end > edge:
            leaves = end + window
            break
        pointer += 1
    if pointer != span[POINTER]:
        passed = part(heap, entry(record, lane.word, pointer - 1, lane.width))
        for g in range(first, last):
            record[aggregates[g, G_WORD]] = passed[1 + aggregates[g, G_COLUMN]]
    span[POINTER], span[LEAVES] = pointer, leaves


@compiled
def _lower(lane, c, spans, aggregates, record, heap, number):
    """Totals only differ by what lies between them: where one would leave 64 bits, all are lowered by the oldest."""
    tail = record[lane.word + TAIL]
    by = part(heap, entry(record, lane.word, record[lane.word + HEAD], lane.width))[1 + c]
    for n in range(record[lane.word + HEAD], tail):
        part(heap, entry(record, lane.word, n, lane.width))[1 + c] -= by
    for g in range(spans[lane.first, S_AGG], spans[lane.last - 1, S_AGG] + spans[lane.last - 1, S_AGGS]):
        if aggregates[g, G_COLUMN] == c:
            record[aggregates[g, G_WORD]] -= by
    newest = part(heap, entry(record, lane.word, tail - 1, lane.width))
    held = newest[1 + c]
    newest[1 + c] += number
    return OVERFLOW if ((held ^ newest[1 + c]) & (number ^ newest[1 + c])) < 0 else OK
