"""Stakes in rows with room to grow, so that one may be added, changed or taken away without moving the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from houfeng.penetration.graph import Index, Ints

ROOM = 8
"""A row has an eighth more places than stakes, and one; a full row moves to the end with twice as many."""


class Rows:
    """One end of the stakes: those of node `n` stand from `start[n]` to before `stop[n]`, in no order.

    `other` is who stands at the other end; `columns` are what else is told of each stake.
    """

    def __init__(self, start: Ints, other: Index, columns: tuple[Ints, ...]) -> None:
        """From stakes grouped by node: those of node `n` are `other[start[n]:start[n + 1]]`."""
        counts = np.diff(start)
        room = counts + counts // ROOM + 1
        self.start = np.zeros(len(counts), np.int64)
        np.cumsum(room[:-1], out=self.start[1:])
        self.stop = self.start + counts
        self._limit = self.start + room
        self._end = int(room.sum())
        size = self._end + self._end // 4 + 1024
        places = np.arange(len(other)) + np.repeat(self.start - start[:-1], counts)
        self.other: Index = _spread(other, places, size)
        self.columns = tuple(_spread(column, places, size) for column in columns)

    def find(self, node: int, other: int) -> int:
        """The place of the stake between the two, or -1."""
        first = int(self.start[node])
        found = np.flatnonzero(self.other[first : self.stop[node]] == other)
        return first + int(found[0]) if len(found) else -1

    def put(self, node: int, other: int, values: tuple[int, ...]) -> None:
        """Add a stake, or change it."""
        place = self.find(node, other)
        if place < 0:
            if self.stop[node] == self._limit[node]:
                self._move(node)
            place = int(self.stop[node])
            self.stop[node] += 1
            self.other[place] = other
        for column, value in zip(self.columns, values, strict=True):
            column[place] = value

    def drop(self, node: int, other: int) -> None:
        """Take a stake away: the last of the row takes its place."""
        place = self.find(node, other)
        if place < 0:
            return
        last = int(self.stop[node]) - 1
        for column in (self.other, *self.columns):
            column[place] = column[last]
        self.stop[node] = last

    def _move(self, node: int) -> None:
        first, last = int(self.start[node]), int(self.stop[node])
        room = 2 * (last - first) + 2
        if self._end + room > len(self.other):
            more = len(self.other) // 2 + room
            self.other = np.concatenate([self.other, np.zeros(more, self.other.dtype)])
            self.columns = tuple(np.concatenate([column, np.zeros(more, column.dtype)]) for column in self.columns)
        for column in (self.other, *self.columns):
            column[self._end : self._end + last - first] = column[first:last]
        self.start[node], self.stop[node] = self._end, self._end + last - first
        self._limit[node] = self._end + room
        self._end += room


def _spread(column: npt.NDArray[Any], places: Ints, size: int) -> npt.NDArray[Any]:
    found = np.zeros(size, column.dtype)
    found[places] = column
    return found
