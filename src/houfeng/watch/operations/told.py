"""Alerts as the steps in the journal make them: one rule of folding for the command line, the office and the desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from houfeng.packs.model import TIERS
from houfeng.watch.journal.alerts import ROLL, AlertJournal
from houfeng.watch.operations.deliveries import alert_of
from houfeng.watch.operations.life import EMITTED


@dataclass
class Told:
    """An alert as its steps so far make it."""

    alert_id: str
    first: Mapping[str, Any]
    last: Mapping[str, Any]
    tier: str
    channel: str
    cleared_at: int | None = None
    steps: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, kept: Mapping[str, Any]) -> Told:
        """The alert that a first step makes."""
        told = cls(alert_of(kept), kept, kept, kept["tier"], kept["channel"])
        told.add(kept)
        return told

    def add(self, kept: Mapping[str, Any]) -> None:
        """Take a step in. Once told to people, an alert stays told."""
        self.steps.append(kept)
        if self.channel != EMITTED:
            self.channel = kept["channel"]
        if kept["what"] == "cleared":
            self.cleared_at = kept["at"]
            return
        self.cleared_at = None  # another version of the pack may open again what it had ended
        self.last = kept
        self.tier = max(self.tier, kept["tier"], key=TIERS.index)

    @property
    def opened_at(self) -> int:
        """The instant of its opening, in seconds."""
        return int(self.first["at"])


def fold(kept: Iterable[Mapping[str, Any]]) -> list[Told]:
    """The alerts that steps of the journal make, in order of their first step."""
    found: dict[str, Told] = {}
    for step in kept:
        alert_id = alert_of(step)
        if alert_id in found:
            found[alert_id].add(step)
        else:
            found[alert_id] = Told.begin(step)
    return list(found.values())


def read_steps(journal: Path) -> Iterator[dict[str, Any]]:
    """All steps in the journal, in order. Nothing is written, so a watch may run meanwhile."""
    yield from AlertJournal(journal, ROLL).read()
