"""Episodes: when an alert opens, escalates and clears.

`turn` is the whole state machine. The live watch runs it compiled, over many rows at once (`live.transitions`); tests
hold the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from houfeng.packs.model import TIERS

OPENED, ESCALATED, CLEARED = "opened", "escalated", "cleared"


class Signal(NamedTuple):
    """What a rule says about a key at one instant: the level of the tier that holds (0: none; 1 blue to 4 red)."""

    instant: int
    opening: str
    level: int
    clearable: bool


class Step(NamedTuple):
    """A change of an episode: opened or escalated to a tier at an instant, by an event."""

    instant: int
    tier: str
    event: str


@dataclass
class Episode:
    """One alert from opening to clearing. `cleared` is nothing while it is open."""

    rule: str
    key: str
    steps: list[Step] = field(default_factory=list)
    cleared: Step | None = None

    @property
    def opened(self) -> Step:
        """The step that opened it."""
        return self.steps[0]

    @property
    def tier(self) -> str:
        """The highest tier it reached."""
        return self.steps[-1].tier

    def open_at(self, instant: int) -> bool:
        """Whether it is open at an instant; at that of its clearing it is not."""
        return self.opened.instant <= instant and (self.cleared is None or self.cleared.instant > instant)

    @property
    def alert_id(self) -> str:
        """The alert's identity: emitted twice, stored once."""
        return alert_id(self.rule, self.key, self.opened.event)


def alert_id(rule: str, key: str, event: str) -> str:
    """The first 16 hex digits of SHA-256 over rule, key and opening event."""
    return sha256("\n".join((rule, key, event)).encode()).hexdigest()[:16]


def turn(held: int, free_from: int | None, signal: Signal) -> str:
    """What a signal does to a rule whose episode has reached level `held` (0: none is open), or nothing.

    `free_from` is the instant from which it may open again.
    """
    if held == 0:
        free = free_from is None or signal.instant >= free_from
        return OPENED if signal.level > 0 and free else ""
    if signal.level > held:
        return ESCALATED
    return CLEARED if signal.level == 0 and signal.clearable else ""


def episodes(rule: str, key: str, signals: Iterable[Signal], cooldown: int) -> Iterator[Episode]:
    """The episodes of one rule and key from its signals in order of time; `cooldown` in seconds."""
    current: Episode | None = None
    free_from: int | None = None
    for signal in signals:
        what = turn(TIERS.index(current.tier) + 1 if current else 0, free_from, signal)
        if what == OPENED:
            current = Episode(rule, key, [_step(signal)])
        elif what == ESCALATED and current:
            current.steps.append(_step(signal))
        elif what == CLEARED and current:
            current.cleared = Step(signal.instant, current.tier, signal.opening)
            free_from = signal.instant + cooldown
            yield current
            current = None
    if current is not None:
        yield current


def _step(signal: Signal) -> Step:
    return Step(signal.instant, TIERS[signal.level - 1], signal.opening)
