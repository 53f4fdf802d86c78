"""Silences: alerts somebody does not want to hear until an instant. They mute delivery, never evaluation or storage."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from houfeng.errors import Text, UsageError, did_you_mean
from houfeng.packs.model import TIERS
from houfeng.watch.operations.life import Turn

ENDED_KEPT = 200
LOUDEST = "orange"
"""The highest tier a silence mutes unless it says another: red comes through."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What is muted: alerts of `rule`, of `key`, of the rule `group` (all that are given), up to `tier`.

    It holds for instants up to and including `until` (event time, seconds), unless somebody ended it before (`ended`).
    """

    id: str
    until: int
    tier: str
    made: Turn
    rule: str = ""
    key: str = ""
    group: str = ""
    ended: Turn | None = None

    def mutes(self, rule: str, key: str, group: str, tier: str, at: int) -> bool:
        """Whether a step of an alert is muted."""
        return (
            at <= self.until
            and self.rule in ("", rule)
            and self.key in ("", key)
            and self.group in ("", group)
            and TIERS.index(tier) <= TIERS.index(self.tier)
        )

    def dump(self) -> dict[str, Any]:
        """The silence as JSON-able values."""
        found: dict[str, Any] = {name: getattr(self, name) for name in ("id", "until", "tier", "rule", "key", "group")}
        return found | {"made": self.made._asdict(), "ended": self.ended._asdict() if self.ended else None}

    @classmethod
    def load(cls, found: dict[str, Any]) -> Silence:
        """The silence that `dump` gave."""
        ended = found["ended"]
        return cls(**found | {"made": Turn(**found["made"]), "ended": Turn(**ended) if ended else None})


class Silences:
    """The silences in force, found by their narrowest scope, and the last that ended."""

    def __init__(self) -> None:
        self._in_force: dict[str, Silence] = {}
        self._by: dict[tuple[str, str], list[Silence]] = {}
        self.ended: deque[Silence] = deque(maxlen=ENDED_KEPT)

    def __iter__(self) -> Any:
        return iter(self._in_force.values())

    def add(self, silence: Silence, watermark: int) -> None:
        """Put a silence in force.

        Raises:
            UsageError: it has no scope, or is over already.
        """
        if not (silence.rule or silence.key or silence.group):
            raise UsageError(
                Text(
                    "静默须指明规则、对象或规则组；要全部停止外发，用 houfeng watch stop",
                    "a silence names a rule, a key or a group; to stop all emission, use houfeng watch stop",
                )
            )
        if silence.until < watermark:
            raise UsageError(
                Text(
                    "静默的截止时间早于事件时间的水位，不会起作用；请写更晚的 --until",
                    "the silence ends before the watermark of event time and would mute nothing; give a later --until",
                )
            )
        self._in_force[silence.id] = silence
        self._by.setdefault(_place(silence), []).append(silence)

    def end(self, silence_id: str, turn: Turn) -> Silence:
        """End a silence before its time.

        Raises:
            UsageError: there is none of this id in force.
        """
        silence = self._in_force.get(silence_id)
        if silence is None:
            near = did_you_mean(silence_id, self._in_force)
            raise UsageError(
                Text(
                    f"没有生效中的静默 {silence_id}。{near.zh} 用 houfeng watch rules 查看",
                    f"no silence {silence_id} is in force. {near.en} See houfeng watch rules".replace(".  ", ". "),
                )
            )
        self._drop(silence, turn)
        return silence

    def tidy(self, watermark: int) -> None:
        """Let go of what is over: no step before the watermark comes any more."""
        for silence in [found for found in self._in_force.values() if found.until < watermark]:
            self._drop(silence, None)

    def over(self, rule: str, key: str, group: str, tier: str, at: int) -> Silence | None:
        """The silence that mutes a step, or nothing."""
        if not self._in_force:
            return None
        for place in (("key", key), ("rule", rule), ("group", group)):
            for silence in self._by.get(place, ()):
                if silence.mutes(rule, key, group, tier, at):
                    return silence
        return None

    def _drop(self, silence: Silence, turn: Turn | None) -> None:
        del self._in_force[silence.id]
        place = _place(silence)
        self._by[place] = [other for other in self._by[place] if other is not silence]
        if not self._by[place]:
            del self._by[place]
        found = silence.dump() | {"ended": turn._asdict() if turn else None}
        self.ended.append(Silence.load(found))

    def dump(self) -> dict[str, Any]:
        """All of it as JSON-able values."""
        return {"in_force": [s.dump() for s in self._in_force.values()], "ended": [s.dump() for s in self.ended]}

    @classmethod
    def load(cls, found: dict[str, Any]) -> Silences:
        """The silences that `dump` gave."""
        silences = cls()
        for each in found["in_force"]:
            silence = Silence.load(each)
            silences._in_force[silence.id] = silence
            silences._by.setdefault(_place(silence), []).append(silence)
        silences.ended.extend(Silence.load(each) for each in found["ended"])
        return silences


def _place(silence: Silence) -> tuple[str, str]:
    for scope, name in (("key", silence.key), ("rule", silence.rule)):
        if name:
            return scope, name
    return "group", silence.group
