"""Parallel alerts on one key: where rules of several groups are open at once, one alert a tier above the highest.

A merging rule looks at the open episodes of the other rules over its kind that have a group; other merging rules do
not count. It speaks at the instants at which such an episode opens, escalates or clears, and its signals go through the
episode machine as any rule's do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from houfeng.packs.model import TIERS, Rule
from houfeng.watch.alerts import Evidence, moment
from houfeng.watch.episodes import Episode, Signal

Changes = Mapping[str, str | None]
"""What one instant changes on a key: per rule the tier its episode now has, or nothing where it has cleared."""


class Merger:
    """The signals of one merging rule from the changes of `rules`, in order of time per key."""

    def __init__(self, rule: Rule, rules: Iterable[Rule]) -> None:
        self.rule = rule
        self.groups = {r.name: r.group for r in rules if r.over == rule.over and r.group and not r.merge}
        self.open: dict[str, dict[str, str]] = {}

    def feed(self, key: str, instant: int, opening: str, changes: Changes) -> Signal | None:
        """The signal at an instant, given all that changes there; nothing where no rule that counts changes."""
        counted = {rule: tier for rule, tier in changes.items() if rule in self.groups}
        if not counted:
            return None
        held = {**self.open.get(key, {}), **counted}
        now = {rule: tier for rule, tier in held.items() if tier is not None}
        if now:
            self.open[key] = now
        else:
            self.open.pop(key, None)
        if len(self._open_groups(key)) < self.rule.merge:
            return Signal(instant, opening, 0, True)
        highest = max(TIERS.index(tier) + 1 for tier in now.values())
        return Signal(instant, opening, min(highest + 1, len(TIERS)), True)

    def values(self, key: str) -> dict[str, Any]:
        """What the rule's reason can name, as it stands for `key` now."""
        groups = self._open_groups(key)
        return {"groups": len(groups), "open_groups": ", ".join(groups)}

    def _open_groups(self, key: str) -> list[str]:
        return sorted({self.groups[rule] for rule in self.open.get(key, ())})


def changes_of(episodes: Iterable[tuple[Rule, Episode]]) -> list[tuple[int, str, dict[str, str | None]]]:
    """All changes of one key's episodes by instant: (instant, its opening event, the changes there)."""
    by_instant: dict[int, tuple[str, dict[str, str | None]]] = {}
    for rule, episode in episodes:
        for step in episode.steps:
            by_instant.setdefault(step.instant, (step.event, {}))[1][rule.name] = step.tier
        if (cleared := episode.cleared) is not None:
            by_instant.setdefault(cleared.instant, (cleared.event, {}))[1][rule.name] = None
    return [(instant, *by_instant[instant]) for instant in sorted(by_instant)]


def merged_signals(
    merger: Merger, key: str, episodes: Sequence[tuple[Rule, Episode]], values: dict[int, dict[str, Any]]
) -> Iterator[Signal]:
    """The signals of a merging rule over one key's whole history; `values` gets its values per instant."""
    for instant, opening, changes in changes_of(episodes):
        signal = merger.feed(key, instant, opening, changes)
        if signal is not None:
            values[instant] = merger.values(key)
            yield signal


def resting(rule: Rule, episode: Episode) -> Evidence:
    """An alert as what another rests on."""
    facts = {"rule_id": rule.id, "group": rule.group, "opened_at": moment(episode.opened.instant)}
    return Evidence(rule.name, "alert", episode.alert_id, "", 0, facts)
