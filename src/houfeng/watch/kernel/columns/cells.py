"""The columns of cells: one compiled loop for each kind."""

from __future__ import annotations

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.cells import (
    ADD,
    DISTINCT,
    GREATEST,
    LAST,
    LEAST,
    SINCE,
    TOP,
    UNANSWERED,
    arrive,
    begin,
    own,
    period_start,
    value,
)
from houfeng.watch.kernel.columns.block import BLOCK
from houfeng.watch.kernel.layout import (
    C_CHANNEL,
    C_FEED,
    C_HOPS,
    C_MARKED,
    C_SECOND,
    C_TYPE,
    CELL_ROW,
    NOTHING,
    OK,
)
from houfeng.watch.kernel.memory import part


@inlined
def _column(kind, cells, c, block, records, heap):
    """All instants of the block in cell c: marks, then events, then answers, then the value."""
    row = part(cells, c * CELL_ROW)
    cell, feed, first, second = own(row), row[C_FEED], row[C_CHANNEL], row[C_SECOND]
    marked, floors, status = row[C_MARKED], part(block.floors, row[C_HOPS] * BLOCK), OK
    begins = cell.calendar != 0 or (cell.mark >= 0 and kind != UNANSWERED)
    for j in range(block.size):
        record, t, floor = part(records, block.bases[j]), block.times[j], floors[j]
        from_, to = block.starts[j], block.starts[j + 1]
        if begins:
            _begin(kind, cell, feed, marked, block, from_, to, record, heap, t)
        for x in range(from_, to):
            if block.feeds[x] == feed:
                numbers = part(block.numbers, block.places[x])
                status |= arrive(kind, cell, record, heap, t, floor, numbers[first], numbers[second])
        if kind == UNANSWERED:
            _answer(cell, marked, block, from_, to, record)
        told, wake = value(kind, cell, record, heap, t, floor, part(block.rows, j * block.width))
        status |= told
        block.wakes[j] = min(block.wakes[j], wake)
    return status


@inlined
def _begin(kind, cell, feed, marked, block, from_, to, record, heap, t):
    """Begin anew where a mark is among the events, or the calendar's period has turned; before any event counts."""
    for x in range(from_, to):
        if cell.calendar:
            if block.feeds[x] == feed:
                start = period_start(t, cell.calendar)
                if record[cell.word] != start:
                    begin(kind, cell, record, heap, start)
        elif block.feeds[x] == cell.mark and part(block.numbers, block.places[x])[marked] != NOTHING:
            begin(kind, cell, record, heap, t)


@inlined
def _answer(cell, marked, block, from_, to, record):
    """An answer clears what waited for one, also what came in its own second."""
    for x in range(from_, to):
        if block.feeds[x] == cell.mark and part(block.numbers, block.places[x])[marked] != NOTHING:
            record[cell.state] = 0


@compiled
def _adds(cells, c, block, records, heap):
    return _column(ADD, cells, c, block, records, heap)


@compiled
def _least(cells, c, block, records, heap):
    return _column(LEAST, cells, c, block, records, heap)


@compiled
def _greatest(cells, c, block, records, heap):
    return _column(GREATEST, cells, c, block, records, heap)


@compiled
def _last(cells, c, block, records, heap):
    return _column(LAST, cells, c, block, records, heap)


@compiled
def _since(cells, c, block, records, heap):
    return _column(SINCE, cells, c, block, records, heap)


@compiled
def _distinct(cells, c, block, records, heap):
    return _column(DISTINCT, cells, c, block, records, heap)


@compiled
def _top(cells, c, block, records, heap):
    return _column(TOP, cells, c, block, records, heap)


@compiled
def _unanswered(cells, c, block, records, heap):
    return _column(UNANSWERED, cells, c, block, records, heap)


@inlined
def cell_column(cells, c, block, records, heap):
    """The column of cell c, whatever its kind."""
    kind = part(cells, c * CELL_ROW)[C_TYPE]
    if kind == ADD:
        return _adds(cells, c, block, records, heap)
    if kind == LEAST:
        return _least(cells, c, block, records, heap)
    if kind == GREATEST:
        return _greatest(cells, c, block, records, heap)
    if kind == LAST:
        return _last(cells, c, block, records, heap)
    if kind == SINCE:
        return _since(cells, c, block, records, heap)
    if kind == DISTINCT:
        return _distinct(cells, c, block, records, heap)
    if kind == TOP:
        return _top(cells, c, block, records, heap)
    if kind == UNANSWERED:
        return _unanswered(cells, c, block, records, heap)
    return OK
