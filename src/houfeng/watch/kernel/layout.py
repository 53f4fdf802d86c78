"""From a plan to the layout of a key's record: lanes of sums that share a ring, and cells for everything else.

A *feed* is one event kind seen from one field that holds the key; it brings *channels*, one number per event. A *lane*
is a ring of a feed's events in buckets of the hop: the sums, counts and means over any window of that hop share it. A
*cell* is any other indicator: it keeps what it needs by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Mark, Measure
from houfeng.watch.kernel.blocks import RING, TABLE
from houfeng.watch.kernel.memory import Words
from houfeng.watch.plan import Plan

NOTHING = np.iinfo(np.int64).min
"""The number that stands for unknown."""
NEVER = np.iinfo(np.int64).max
"""The instant that does not come."""
DAY = 86400
OK, NO_ROOM, OVERFLOW = 0, 1, 2
"""What the compiled code says of its work, to be joined bit by bit."""


class Cell(IntEnum):
    """The kinds of cells."""

    ADD = 0
    LEAST = 1
    GREATEST = 2
    LAST = 3
    SINCE = 4
    DISTINCT = 5
    TOP = 6
    UNANSWERED = 7


CELL_OF = {
    "sum": Cell.ADD,
    "count": Cell.ADD,
    "mean": Cell.ADD,
    "min": Cell.LEAST,
    "max": Cell.GREATEST,
    "last": Cell.LAST,
    "days_since": Cell.SINCE,
    "distinct": Cell.DISTINCT,
    "top_share": Cell.TOP,
}
STATE = {
    Cell.ADD: RING + 2,
    Cell.LEAST: RING,
    Cell.GREATEST: RING,
    Cell.LAST: 2,
    Cell.SINCE: 1,
    Cell.DISTINCT: TABLE + 1,
    Cell.TOP: RING + TABLE + 3,
    Cell.UNANSWERED: 1,
}
"""Words of a cell's state; before them stand the ring of events on their way (offset), or the mark (after, since)."""

RING_WIDTH = {Cell.ADD: 3, Cell.LEAST: 2, Cell.GREATEST: 2, Cell.TOP: 3}
"""Words of an entry of a cell's ring."""

CALENDAR = {"": 0, "month": 1, "quarter": 2, "year": 3}
# Columns of the tables the compiled code reads.
L_FEED, L_HOP, L_WIDTH, L_WORD, L_SPAN, L_SPANS, L_COLUMN, L_HOPS = range(8)
S_WINDOW, S_WORD, S_AGG, S_AGGS, S_EVEN = range(5)
G_COLUMN, G_WORD, G_OUT = range(3)
(
    C_TYPE,
    C_FEED,
    C_CHANNEL,
    C_SECOND,
    C_WINDOW,
    C_HOP,
    C_OFFSET,
    C_WORD,
    C_STATE,
    C_OUT,
    C_OUT2,
    C_MARK,
    C_MARKED,
    C_CALENDAR,
    C_HOPS,
    C_EVEN,
) = range(16)
LANE_ROW, COLUMN_ROW, SPAN_ROW, AGGREGATE_ROW, CELL_ROW, RING_ROW = 8, 2, 5, 3, 16, 2
"""Words of their rows."""


@dataclass(frozen=True)
class Channel:
    """One number per event of a feed: the value of `node` where `where` is true; without `node`, 1. Else unknown."""

    where: Node | None
    node: Node | None


@dataclass
class Feed:
    """The events of a stream (`plan.Stream`) and the channels wanted of it."""

    source: str
    by: str
    through: str = ""
    channels: list[Channel] = field(default_factory=list)

    def channel(self, where: Node | None, node: Node | None) -> int:
        """The number of a channel, added where it is new."""
        wanted = Channel(where, node)
        if wanted not in self.channels:
            self.channels.append(wanted)
        return self.channels.index(wanted)


@dataclass
class Layout:
    """The record of a key, and how every indicator of the plan is had from it.

    `outputs[name]` are the places of an indicator's raw numbers in a row of results: one, or two for a mean (sum and
    count) and a top share (largest and sum). `cell_of` and `span_of` say where an indicator is kept.
    """

    plan: Plan
    feeds: list[Feed]
    lanes: Words
    columns: Words
    spans: Words
    aggregates: Words
    cells: Words
    rings: Words
    hops: Words
    words: int
    outputs: dict[str, tuple[int, ...]]
    cell_of: dict[str, int]
    span_of: dict[str, int]
    width: int


def layout(plan: Plan) -> Layout:
    """The layout for the windowed indicators of `plan`."""
    return _Builder(plan).build()


@dataclass
class _Lane:
    feed: int
    hop: int
    columns: list[tuple[int, int]] = field(default_factory=list)  # (1: the values, 0: their number; channel)
    spans: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # window → (column, output)


class _Builder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.feeds: list[Feed] = []
        self.lanes: list[_Lane] = []
        self.cells: list[list[int]] = []
        self.outputs: dict[str, tuple[int, ...]] = {}
        self.cell_of: dict[str, int] = {}
        self._span_of: dict[str, int] = {}
        self._lane_of: dict[tuple[int, int, int], list[str]] = {}
        self.hops: list[int] = []
        self.width = self.words = 0

    def build(self) -> Layout:
        for item in self.plan.windows:
            measure = item.measure
            assert measure is not None
            self.outputs[item.name] = self._outputs(measure)
            shared = CELL_OF[measure.function] is Cell.ADD and not (measure.offset or measure.after or measure.since)
            (self._lane if shared else self._cell)(item, measure)
        return self._packed()

    def _outputs(self, measure: Measure) -> tuple[int, ...]:
        number = 2 if measure.function in ("mean", "top_share") else 1
        self.width += number
        return tuple(range(self.width - number, self.width))

    def _feed(self, source: str, by: str, through: str) -> int:
        for number, feed in enumerate(self.feeds):
            if (feed.source, feed.by, feed.through) == (source, by, through):
                return number
        self.feeds.append(Feed(source, by, through))
        return len(self.feeds) - 1

    def _lane(self, item: Definition, measure: Measure) -> None:
        feed = self._feed(measure.source, measure.by[0], measure.through)
        lane = next((x for x in self.lanes if (x.feed, x.hop) == (feed, measure.hop)), None)
        if lane is None:
            lane = _Lane(feed, measure.hop)
            self.lanes.append(lane)
        self._lane_of.setdefault((feed, measure.hop, measure.window), []).append(item.name)
        channel = self.feeds[feed].channel(measure.where, measure.args[0] if measure.args else None)
        wanted = {"sum": (1,), "count": (0,), "mean": (1, 0)}[measure.function]
        for kind, output in zip(wanted, self.outputs[item.name], strict=True):
            if (kind, channel) not in lane.columns:
                lane.columns.append((kind, channel))
            lane.spans.setdefault(measure.window, []).append((lane.columns.index((kind, channel)), output))

    def _cell(self, item: Definition, measure: Measure) -> None:
        row = [0] * CELL_ROW
        kind = Cell.UNANSWERED if measure.without else CELL_OF[measure.function]
        feed = self._feed(measure.source, measure.by[0], measure.through)
        arguments = measure.args if measure.args else (None,)
        if measure.function == "top_share":
            row[C_SECOND] = self.feeds[feed].channel(measure.where, measure.args[1])
        row[C_TYPE], row[C_FEED] = kind, feed
        row[C_CHANNEL] = self.feeds[feed].channel(measure.where, arguments[0])
        row[C_WINDOW], row[C_HOP], row[C_OFFSET] = measure.window, measure.hop, measure.offset
        row[C_MARK], row[C_MARKED] = self._mark(measure.after or measure.without, measure.through)
        row[C_CALENDAR] = CALENDAR[measure.since]
        row[C_HOPS] = self._hop(max(measure.hop, 1))
        row[C_EVEN] = int(measure.hop > 0 and (measure.window % measure.hop, measure.offset % measure.hop) == (0, 0))
        outputs = self.outputs[item.name]
        row[C_OUT], row[C_OUT2] = outputs[0], outputs[-1]
        if measure.function == "count":
            row[C_OUT], row[C_OUT2] = -1, outputs[0]
        elif measure.function == "sum":
            row[C_OUT2] = -1
        row[C_WORD] = self.words
        row[C_STATE] = self.words + (RING if measure.offset else 1 if measure.after or measure.since else 0)
        self.words = row[C_STATE] + STATE[kind]
        self.cell_of[item.name] = len(self.cells)
        self.cells.append(row)

    def _mark(self, mark: Mark | None, through: str) -> tuple[int, int]:
        if mark is None:
            return -1, 0
        feed = self._feed(mark.source, mark.by[0], through)
        return feed, self.feeds[feed].channel(mark.where, None)

    def _packed(self) -> Layout:
        lanes: list[list[int]] = []
        columns: list[list[int]] = []
        spans: list[list[int]] = []
        aggregates: list[list[int]] = []
        for lane in self.lanes:
            width = 1 + len(lane.columns)
            place = [width, self.words, len(spans), len(lane.spans), len(columns), self._hop(lane.hop)]
            lanes.append([lane.feed, lane.hop, *place])
            self.words += RING
            columns += [[*column] for column in lane.columns]
            for window in sorted(lane.spans):
                wanted = lane.spans[window]
                even = int(window % lane.hop == 0)
                for name in self._lane_of.get((lane.feed, lane.hop, window), ()):
                    self._span_of[name] = self.words
                spans.append([window, self.words, len(aggregates), len(wanted), even])
                aggregates += [[column, self.words + 2 + n, output] for n, (column, output) in enumerate(wanted)]
                self.words += 2 + len(wanted)
        return Layout(
            self.plan,
            self.feeds,
            _table(lanes, LANE_ROW),
            _table(columns, COLUMN_ROW),
            _table(spans, SPAN_ROW),
            _table(aggregates, AGGREGATE_ROW),
            _table(self.cells, CELL_ROW),
            _table(self._rings(lanes), RING_ROW),
            np.array(self.hops, np.int64),
            max(self.words, 1),
            self.outputs,
            self.cell_of,
            self._span_of,
            self.width,
        )

    def _hop(self, hop: int) -> int:
        """The place of a hop among those an instant is rounded to."""
        if hop not in self.hops:
            self.hops.append(hop)
        return self.hops.index(hop)

    def _rings(self, lanes: list[list[int]]) -> list[list[int]]:
        """Where rings and tables stand in a record, and the words of an entry of a ring (0: a table)."""
        found = [[lane[L_WORD], lane[L_WIDTH]] for lane in lanes]
        for cell in self.cells:
            if cell[C_OFFSET]:
                found.append([cell[C_WORD], 3])
            if cell[C_TYPE] in RING_WIDTH and cell[C_MARK] < 0 and not cell[C_CALENDAR]:
                found.append([cell[C_STATE], RING_WIDTH[Cell(cell[C_TYPE])]])
            if cell[C_TYPE] == Cell.DISTINCT:
                found.append([cell[C_STATE], 0])
            elif cell[C_TYPE] == Cell.TOP:
                found.append([cell[C_STATE] + RING, 0])
        return found


def _table(rows: list[list[int]], width: int) -> Words:
    return np.array(rows, np.int64).reshape(-1, width)


def value_type(measure: Measure) -> tuple[T, int]:
    """Type and decimal places of the raw number of a min, max or last."""
    return measure.args[0].type, measure.args[0].scale
