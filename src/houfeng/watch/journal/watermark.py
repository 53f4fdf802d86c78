"""How far event time has closed: the one place that decides which events are late.

Each source has reached its greatest accepted instant less the lateness; the watermark is the least of what the active
sources have reached. It never goes back: an instant that is closed stays closed, also when an old source speaks again.
It moves with every row, never with batches, so the same rows in other batches are late or not all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

BEGINNING = -(2**61)
"""Before every instant: nothing is closed yet."""

FAR = 2**61


class Watermark:
    """The watermark of several sources. `lateness` is in seconds: how far a source may be out of order."""

    def __init__(self, lateness: int) -> None:
        """Nothing is closed and no source is known."""
        self.lateness = lateness
        self.value = BEGINNING
        """Instants before this are closed; an event at exactly this instant is still in time."""
        self._reached: dict[str, int] = {}  # source → greatest accepted instant
        self._idle: set[str] = set()

    def late(self, t: NDArray[np.int64], source: str | None = None) -> NDArray[np.bool_]:
        """Which of the instants `t` come too late; nothing moves.

        With `source` they are its rows in order of arrival, and each is held against the watermark as moved by those
        before it. Without, all are held against the watermark as it stands.
        """
        if source is None or not len(t):
            return t < self.value
        before = np.empty(len(t), np.int64)
        before[0] = self._reached.get(source, BEGINNING)
        # A late row among them makes no difference: less the lateness, it lies before the watermark already.
        np.maximum(t[:-1], before[0], out=before[1:])
        np.maximum.accumulate(before, out=before)
        return t < np.maximum(np.minimum(before - self.lateness, self._least(source)), self.value)

    def admit(self, source: str, t: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which rows of `source` (instants `t` in order of arrival) are late; the others move the watermark."""
        late = self.late(t, source)
        if len(accepted := t[~late]):
            self.events(source, int(accepted.max()))
        return late

    def events(self, source: str, max_t: int) -> None:
        """`source` had accepted (not late) events up to the instant `max_t`; it is active from now on."""
        self._reached[source] = max(max_t, self._reached.get(source, BEGINNING))
        self._idle.discard(source)
        self._rise(self._least() if self.active() else BEGINNING)

    def advance(self, until: int, source: str = "") -> None:
        """Close all instants before `until` (0: none); wait no more for `source`, if named, until its next event."""
        if until:
            self._rise(until)
        if source:
            self._idle.add(source)
            if self.active():
                self._rise(self._least())

    def reached(self) -> dict[str, int]:
        """The greatest accepted instant of each source, for status and metrics."""
        return dict(self._reached)

    def active(self) -> list[str]:
        """The sources that are waited for."""
        return [source for source in self._reached if source not in self._idle]

    def dump(self) -> dict[str, Any]:
        """All of its state as plain JSON values."""
        return {"value": self.value, "reached": dict(self._reached), "idle": sorted(self._idle)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state from `dump`. The lateness stays this one's own."""
        self.value = int(state["value"])
        self._reached = {str(source): int(t) for source, t in state["reached"].items()}
        self._idle = set(state["idle"])

    def _least(self, but: str = "") -> int:
        """What the slowest active source other than `but` has reached, less the lateness."""
        return min((self._reached[s] - self.lateness for s in self.active() if s != but), default=FAR)

    def _rise(self, to: int) -> None:
        self.value = max(self.value, to)
