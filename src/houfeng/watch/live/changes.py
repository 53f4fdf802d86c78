"""What the live watch says of an alert, step by step: opened, escalated, cleared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from houfeng.errors import Text
from houfeng.packs.model import Pack, Rule
from houfeng.packs.roads.measures import DAY
from houfeng.watch.alerts import fill, moment, rule_parameters, words
from houfeng.watch.episodes import CLEARED, ESCALATED, OPENED

__all__ = ["BY_PACK", "CLEARED", "ESCALATED", "OPENED", "Change", "Speaker"]

NO_REASON = Text("", "")
BY_PACK = "pack:"
"""How the event of a step begins that another version of the pack made: it ends an alert, or opens it again."""


@dataclass(slots=True)
class Change:
    """One step of an alert; never changed once made, and not frozen because that would make making it twice as long.

    `step` counts from 0, the opening; `at` is the instant in seconds, `event` what moved it.

    `values`, `parameters` and `reason` tell the state of the key at an opening or escalation; a clearing has none.
    """

    alert_id: str
    pack: str
    version: str
    rule: str
    rule_id: str
    group: str
    kind: str
    key: str
    step: int
    what: str
    at: int
    event: str
    tier: str
    values: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: Text = field(default=NO_REASON)


class Speaker:
    """Makes steps of alerts of a pack; takes apart once what a rule says, and looks a day's parameters up once."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._parameters: dict[str, tuple[int, dict[str, Any]]] = {}  # rule → day and its parameters
        self._reasons: dict[str, _Reason] = {}

    def change(
        self,
        rule: Rule,
        key: str,
        alert: str,
        step: int,
        what: str,
        at: int,
        event: str,
        tier: str,
        values: Mapping[str, Any],
    ) -> Change:
        """A step of the alert `alert`, with its reason told by the values at that instant; a clearing tells none."""
        told = what != CLEARED
        parameters = self._at(rule, at) if told else {}
        return Change(
            alert,
            self.pack.name,
            self.pack.version,
            f"{self.pack.name}/{rule.name}",
            rule.id,
            rule.group,
            rule.over,
            key,
            step,
            what,
            at,
            event,
            tier,
            values if told else {},
            parameters,
            self._reason(rule, values, parameters) if told else NO_REASON,
        )

    def _at(self, rule: Rule, at: int) -> dict[str, Any]:
        day = at // DAY
        held = self._parameters.get(rule.name)
        if held is None or held[0] != day:
            held = self._parameters[rule.name] = (day, rule_parameters(self.pack, rule, moment(at).date()))
        return held[1]

    def _reason(self, rule: Rule, values: Mapping[str, Any], parameters: Mapping[str, Any]) -> Text:
        held = self._reasons.get(rule.name)
        if held is None:
            held = self._reasons[rule.name] = _Reason(rule.reason)
        return held.told(values, parameters)


class _Reason:
    """A reason taken apart: texts, and between them the names of values (`name`) and of parameters (`:name`)."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        self.parts = [re.split(r"\{(:?\w+)\}", text) for text in reason]
        self.names = dict.fromkeys(name for parts in self.parts for name in parts[1::2])
        self.plain = not any("{" in text for parts in self.parts for text in parts[0::2])

    def told(self, values: Mapping[str, Any], parameters: Mapping[str, Any]) -> Text:
        """As `alerts.fill` has it, which is asked where braces stand in braces."""
        said = {n: words(parameters.get(n[1:]) if n[0] == ":" else values.get(n)) for n in self.names}
        if not self.plain or any("{" in text for text in said.values()):
            return Text(*(fill(text, values, parameters) for text in self.reason))
        zh, en = ("".join([said[p] if n % 2 else p for n, p in enumerate(parts)]) for parts in self.parts)
        return Text(zh, en)
