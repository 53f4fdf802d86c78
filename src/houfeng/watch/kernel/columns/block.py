"""Blocks of instants: events of one key and second brought together, and their memory fetched before the work."""

from __future__ import annotations

from typing import Any, NamedTuple

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.blocks import BASE, CAP, HEAD, TAIL
from houfeng.watch.kernel.memory import fetch, part

BLOCK = 128
"""Instants of a block: enough to work side by side, few enough that all they touch stays in the second-level cache."""
LINE = 8  # words of a cache line


class Block(NamedTuple):
    """Instant j is of the key whose record begins at `records[bases[j]]`; its events are starts[j]..starts[j+1]−1 of
    `feeds` and of `places`, which say where in `numbers` their channels begin. `floors` are the instants rounded down,
    BLOCK of them for each hop. Columns write to row j of `rows` (`width` numbers) and bring `wakes` forward.

    All but `size` and `width` are parts of arrays.
    """

    size: int
    bases: Any
    times: Any
    starts: Any
    feeds: Any
    places: Any
    numbers: Any
    floors: Any
    wakes: Any
    rows: Any
    width: int


@compiled
def line_up(events, slots, first, last, heads, starts, feeds, places):
    """Bring the events of each instant together; gives the number of instants.

    Instants are in order of time, and where they begin at once, of their first event (`heads`); `links` of `events`
    leads from event to event of an instant. Their feeds and places are written in this order.
    """
    times, keys, feeds_of, places_of, _, links, tails = events
    number, i = 0, first
    while i < last:
        end = i + 1
        while end < last and times[end] == times[i]:
            end += 1
        for j in range(i, end):
            links[j] = -1
            if end - i > 1:
                k = keys[j]
                head = slots[k]
                if i <= head < j and keys[head] == k:
                    links[tails[head]] = tails[head] = j
                    continue
                slots[k] = tails[j] = j
            heads[number] = j
            number += 1
        i = end
    lined = 0
    for n in range(number):
        starts[n], e = lined, heads[n]
        while e >= 0:
            feeds[lined], places[lined] = feeds_of[e], places_of[e]
            lined, e = lined + 1, links[e]
    starts[number] = lined
    return number


@inlined
def touch(records, words, heap, rings, block):
    """Have what the block needs fetched side by side, first the records, then the rings and tables they point to.

    Of a ring the newest entry, to be added to, and the oldest, to leave; of a table the first slots. (Fetching it for
    the next block in between the work on this one was tried, and was slower.)
    """
    for j in range(block.size):
        for w in range(0, words, LINE):
            fetch(records, block.bases[j] + w)
    for j in range(block.size):
        for r in range(len(rings)):
            ring, width = part(records, block.bases[j] + rings[r, 0]), rings[r, 1]
            if width:
                fetch(heap, ring[BASE] + ((ring[TAIL] - 1) & (ring[CAP] - 1)) * width)
                fetch(heap, ring[BASE] + (ring[HEAD] & (ring[CAP] - 1)) * width)
            else:
                fetch(heap, ring[BASE])


@inlined
def round_down(hops, block):
    """The block's instants rounded down to each hop."""
    for h in range(len(hops)):
        hop, into = hops[h], part(block.floors, h * BLOCK)
        for j in range(block.size):
            into[j] = block.times[j] // hop * hop
