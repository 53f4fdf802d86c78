"""The life of a rule: draft, shadow, a percentage of keys, active, retired; and what of it people hear.

All rules of a pack are evaluated all the time, so a change of life loses no state and needs no warm-up: it decides only
where an alert goes. A rule nobody has said anything about is active.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from houfeng.errors import Text, UsageError

DRAFT, SHADOW, PERCENT, ACTIVE, RETIRED = "draft", "shadow", "percent", "active", "retired"
EMITTED, SHADOWED, SILENCED, HELD, STOPPED, OFF, OUTSIDE, WARMED = CHANNELS = (
    "emitted",
    "shadow",
    "silenced",
    "held",
    "stopped",
    "off",
    "outside",
    "warmed",
)
"""Where a step of an alert goes. Only `emitted` reaches people; all are stored. `warmed` is history: it was before the
watch looked, while rules were warmed up from the book."""

FORWARD = {
    DRAFT: (SHADOW, RETIRED),
    SHADOW: (DRAFT, PERCENT, ACTIVE, RETIRED),
    PERCENT: (DRAFT, SHADOW, PERCENT, ACTIVE, RETIRED),
    ACTIVE: (DRAFT, SHADOW, PERCENT, RETIRED),
    RETIRED: (DRAFT,),
}
"""From each state, where a rule may be put: it is seen in shadow before it speaks; quieter is always allowed."""

NAMES = {
    DRAFT: Text("草稿", "draft"),
    SHADOW: Text("影子运行", "shadow"),
    PERCENT: Text("部分对象", "percent"),
    ACTIVE: Text("启用", "active"),
    RETIRED: Text("停用", "retired"),
}

_BUCKETS = 10_000


class Stage(NamedTuple):
    """A state of life; `percent` (1 to 100) counts in the state `percent` only."""

    state: str
    percent: int = 0

    def __str__(self) -> str:
        return f"{self.state}:{self.percent}" if self.state == PERCENT else self.state

    def name(self) -> Text:
        """The stage in words."""
        zh, en = NAMES[self.state]
        return Text(f"{zh} {self.percent}%", f"{self.percent} % of keys") if self.state == PERCENT else Text(zh, en)


UNTOUCHED = Stage(ACTIVE)
"""The stage of a rule nobody has said anything about."""


def stage(text: str) -> Stage:
    """Read `draft`, `shadow`, `percent:10`, `active` or `retired`.

    Raises:
        UsageError: it is none of them.
    """
    found = re.fullmatch(r"percent:(\d{1,3})", text)
    if found and 1 <= int(found[1]) <= 100:
        return Stage(PERCENT, int(found[1]))
    if text not in FORWARD or text == PERCENT:
        raise UsageError(
            Text(
                f"没有状态“{text}”：可用 draft、shadow、percent:N（N 为 1 至 100 的整数）、active、retired",
                f"no state “{text}”: use draft, shadow, percent:N (a whole N from 1 to 100), active or retired",
            )
        )
    return Stage(text)


class Turn(NamedTuple):
    """One change that somebody made: to what, who and why, when (the log's moment, for people) and by which entry."""

    to: str
    who: str
    why: str
    at: str
    seq: int
    command: str
    back: bool = False


@dataclass
class Life:
    """The stage of one rule, the stages a rollback leads back through, and every turn so far, oldest first."""

    now: Stage = UNTOUCHED
    past: list[Stage] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def move(self, rule: str, to: Stage, turn: Turn) -> None:
        """Put the rule into another stage.

        Raises:
            UsageError: it is there already, or this step is not allowed.
        """
        if to == self.now:
            zh, en = to.name()
            raise UsageError(Text(f"{rule} 已是“{zh}”，无需更改", f"{rule} already is: {en}; nothing to change"))
        if to.state not in FORWARD[self.now.state]:
            raise UsageError(_illegal(rule, self.now, to))
        self.past.append(self.now)
        self._turn(to, turn)

    def back(self, rule: str, turn: Turn) -> None:
        """Put the rule back into the stage before; again, into the one before that.

        Raises:
            UsageError: there is none.
        """
        if not self.past:
            raise UsageError(
                Text(
                    f"{rule} 没有更早的状态可退回；用 --to 指明状态",
                    f"{rule} has no earlier state to go back to; name one with --to",
                )
            )
        self._turn(self.past.pop(), turn)

    def _turn(self, to: Stage, turn: Turn) -> None:
        self.now = to
        self.turns.append(turn._replace(to=str(to)))

    def channel(self, rule: str, key: str) -> str:
        """Where an alert of this rule and key goes as far as the rule's life decides."""
        state = self.now.state
        if state == ACTIVE:
            return EMITTED
        if state == SHADOW:
            return SHADOWED
        if state == PERCENT:
            return EMITTED if bucket(rule, key) < self.now.percent * (_BUCKETS // 100) else OUTSIDE
        return OFF

    def dump(self) -> dict[str, Any]:
        """The life as JSON-able values."""
        return {
            "now": str(self.now),
            "past": [str(past) for past in self.past],
            "turns": [turn._asdict() for turn in self.turns],
        }

    @classmethod
    def load(cls, found: dict[str, Any]) -> Life:
        """The life that `dump` gave."""
        return cls(
            stage(found["now"]), [stage(past) for past in found["past"]], [Turn(**turn) for turn in found["turns"]]
        )


def bucket(rule: str, key: str) -> int:
    """The place of a key in the ten thousand of a rule: always the same, so a higher percentage only adds keys."""
    return int(sha256(f"{rule}\n{key}".encode()).hexdigest(), 16) % _BUCKETS


def _illegal(rule: str, now: Stage, to: Stage) -> Text:
    ways = FORWARD[now.state]
    zh, en = now.name()
    to_zh, to_en = to.name()
    hint = {
        DRAFT: Text("先 --to shadow 观察。", "Watch it with --to shadow first."),
        RETIRED: Text(
            "先 --to draft，或用 --rollback 退回停用之前。",
            "Go to draft first, or back to before it was retired with --rollback.",
        ),
    }.get(now.state, Text("", ""))
    return Text(
        f"{rule} 现为“{zh}”，不能直接到“{to_zh}”；可到 {'、'.join(ways)}。{hint.zh}",
        f"{rule} is “{en}” and cannot go straight to “{to_en}”; it can go to {', '.join(ways)}. {hint.en}".strip(),
    )
