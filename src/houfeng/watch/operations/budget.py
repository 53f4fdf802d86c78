"""Bounded work for people: how many alerts a rule may begin to tell per day, and how many went where."""

from __future__ import annotations

from typing import Any

from houfeng.watch.operations.life import EMITTED

DAY = 86_400
DAYS_KEPT = 62
"""So many days of event time are counted, the newest included; older ones are dropped. Totals stay."""

LATER, RELEASED = "later", "released"
"""Alerts told after their opening: by an escalation, or by a release."""

NO_LIMIT = "none"


class Budgets:
    """The limit of each rule per event day, and the limit of rules that have none of their own."""

    def __init__(self, default: int | None = None) -> None:
        self.default = default
        self.of: dict[str, int | None] = {}
        self.made: dict[str, dict[str, Any]] = {}

    def limit(self, rule: str) -> int | None:
        """How many alerts of the rule may be told per day; nothing: no limit."""
        return self.of.get(rule, self.default)

    def dump(self) -> dict[str, Any]:
        """The limits as JSON-able values."""
        return {"default": self.default, "of": dict(self.of), "made": {k: dict(v) for k, v in self.made.items()}}

    @classmethod
    def load(cls, found: dict[str, Any]) -> Budgets:
        """The limits that `dump` gave."""
        budgets = cls(found["default"])
        budgets.of = dict(found["of"])
        budgets.made = {rule: dict(made) for rule, made in found["made"].items()}
        return budgets


class Tally:
    """Alerts by event day, rule and channel, counted at their opening, for the last days; and in total, for ever.

    `later` and `released` count alerts that people heard of only after the opening. What the budget looks at is `told`:
    all that were told on a day for the first time, released ones apart.
    """

    def __init__(self) -> None:
        self._days: dict[int, dict[str, dict[str, int]]] = {}
        self.totals: dict[str, dict[str, int]] = {}
        self._newest = -(1 << 60)

    def count(self, rule: str, at: int, channel: str) -> None:
        """Count one alert of the rule at an instant."""
        total = self.totals.setdefault(rule, {})
        total[channel] = total.get(channel, 0) + 1
        day = at // DAY
        if day > self._newest:
            self._newest = day
            for old in [each for each in self._days if each <= day - DAYS_KEPT]:
                del self._days[old]
        if day > self._newest - DAYS_KEPT:
            counts = self._days.setdefault(day, {}).setdefault(rule, {})
            counts[channel] = counts.get(channel, 0) + 1

    def told(self, rule: str, at: int) -> int:
        """How many alerts of the rule were told for the first time on the day of an instant."""
        counts = self._days.get(at // DAY, {}).get(rule, {})
        return counts.get(EMITTED, 0) + counts.get(LATER, 0)

    def days(self) -> dict[int, dict[str, dict[str, int]]]:
        """Counts by day (whole days since 1970-01-01), rule and channel."""
        return {day: {rule: dict(counts) for rule, counts in rules.items()} for day, rules in self._days.items()}

    def dump(self, last: int = DAYS_KEPT) -> dict[str, Any]:
        """The counts as JSON-able values, those by day for so many last days."""
        return {
            "days": {str(day): rules for day, rules in self.days().items() if day > self._newest - last},
            "totals": {rule: dict(counts) for rule, counts in self.totals.items()},
            "newest": self._newest,
        }

    @classmethod
    def load(cls, found: dict[str, Any]) -> Tally:
        """The counts that `dump` gave."""
        tally = cls()
        tally._days = {
            int(day): {rule: dict(counts) for rule, counts in rules.items()} for day, rules in found["days"].items()
        }
        tally.totals = {rule: dict(counts) for rule, counts in found["totals"].items()}
        tally._newest = found["newest"]
        return tally
