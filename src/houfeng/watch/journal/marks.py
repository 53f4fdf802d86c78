"""What the log must know of all that was ever in it: how far each source is, and which requests were answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HORIZON = 100_000
"""Idempotency keys remembered, over all sources; an older one is taken for new again."""


class Marks:
    """The last offset of each source and the last idempotency keys with the offsets they were given."""

    def __init__(self, horizon: int = HORIZON) -> None:
        """Nothing is known yet."""
        self.horizon = horizon
        self.offsets: dict[str, int] = {}
        self.keys: dict[tuple[str, str], int] = {}  # oldest first

    def take(self, told: Mapping[str, Any]) -> None:
        """Take note of an entry, from what the header says of it."""
        source, last = told.get("source"), told.get("last")
        if source is None or last is None:
            return
        self.offsets[source] = max(last, self.offsets.get(source, last))
        if key := told.get("key"):
            before = self.keys.pop((source, key), last)
            self.keys[(source, key)] = max(last, before)
            if len(self.keys) > self.horizon:
                del self.keys[next(iter(self.keys))]

    def dump(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "offsets": self.offsets,
            "keys": [key for _, key in self.keys],
            "of": [source for source, _ in self.keys],
            "at": list(self.keys.values()),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state from `dump`."""
        self.offsets = dict(state["offsets"])
        self.keys = dict(zip(zip(state["of"], state["keys"], strict=True), state["at"], strict=True))
