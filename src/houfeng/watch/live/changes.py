"""What the live watch says of an alert, step by step: opened, escalated, cleared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from houfeng.errors import Text
from houfeng.packs.model import Pack, Rule
from houfeng.watch.alerts import moment, reason_of, rule_parameters
from houfeng.watch.episodes import CLEARED, ESCALATED, OPENED

__all__ = ["BY_PACK", "CLEARED", "ESCALATED", "OPENED", "Change", "make_change"]

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
    reason: Text = field(default=Text("", ""))


def make_change(
    pack: Pack,
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
    parameters = rule_parameters(pack, rule, moment(at).date()) if told else {}
    return Change(
        alert,
        pack.name,
        pack.version,
        f"{pack.name}/{rule.name}",
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
        reason_of(rule, values, parameters) if told else Text("", ""),
    )
