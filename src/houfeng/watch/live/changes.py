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


@dataclass(frozen=True, slots=True)
class Change:
    """One step of an alert. `step` counts from 0, the opening; `at` is the instant in seconds, `event` what moved it.

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
    """Makes steps of alerts of a pack; what a rule says is taken apart once, and a day's parameters are looked up once."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._parameters: dict[str, tuple[int, dict[str, Any]]] = {}  # rule → day and its parameters
        self._reasons: dict[str, tuple[_Template, _Template]] = {}

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
        if rule.name not in self._reasons:
            self._reasons[rule.name] = (_Template(rule.reason.zh), _Template(rule.reason.en))
        zh, en = self._reasons[rule.name]
        return Text(zh.filled(values, parameters), en.filled(values, parameters))


class _Template:
    """A reason taken apart: texts, and between them the names of values (`name`) and of parameters (`:name`)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts = re.split(r"\{(:?\w+)\}", text)
        self.plain = "{" not in "".join(self.parts[0::2])

    def filled(self, values: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """As `alerts.fill`, which has the last word where braces stand in braces."""
        parts = list(self.parts)
        for n in range(1, len(parts), 2):
            name = parts[n]
            parts[n] = words(parameters.get(name[1:]) if name[0] == ":" else values.get(name))
            if not self.plain or "{" in parts[n]:
                return fill(self.text, values, parameters)
        return "".join(parts)
