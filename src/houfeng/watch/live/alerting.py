"""From rows somebody has to look at to changes of alerts: exact levels, the state machine, values and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from houfeng.packs.model import TIERS, Pack, Rule
from houfeng.packs.roads.measures import DAY
from houfeng.watch.episodes import Signal, alert_id, turn
from houfeng.watch.kernel import memory
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.batches import Openings
from houfeng.watch.live.changes import CLEARED, ESCALATED, OPENED, Change, Speaker
from houfeng.watch.live.exact import Exact
from houfeng.watch.live.today import Panels, tables
from houfeng.watch.live.transitions import CLEAR, advance
from houfeng.watch.merging import Merger
from houfeng.watch.plan import Plan
from houfeng.watch.replay import rule_names

WHAT = (OPENED, ESCALATED, CLEARED)


class Seen(NamedTuple):
    """Rows to look at, in order of time per key: keys, instants, raw numbers, the panels' rows, and the opening events
    (asked for only where something changes)."""

    keys: Words
    instants: Words
    raw: Words
    features: Sequence[Words]
    openings: Openings


class Look(NamedTuple):
    """Rows of a run to look at, with the book as it stood then; `number` counts them. To be told in their order, while
    the windows may go on: nothing here is changed any more."""

    number: int
    seen: Seen
    exact: Exact
    panels: Panels


def together(parts: Sequence[Seen]) -> Seen:
    """Rows of several parts, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([len(part.keys) for part in parts])

    def openings(rows: Sequence[int]) -> list[str]:
        found = [""] * len(rows)
        of = np.searchsorted(ends, np.asarray(rows), side="right")
        for n in np.unique(of).tolist():
            mine = np.flatnonzero(of == n).tolist()
            start = int(ends[n]) - len(parts[n].keys)
            for place, told in zip(mine, parts[n].openings([rows[i] - start for i in mine]), strict=True):
                found[place] = told
        return found

    keys, instants, raw = (np.concatenate([part[n] for part in parts]) for n in range(3))
    features = [np.concatenate(rows) for rows in zip(*(part.features for part in parts), strict=True)]
    return Seen(keys, instants, raw, features, openings)


@dataclass
class _Open:
    alert_id: str
    steps: int
    tier: str


@dataclass
class Alerting:
    """The episodes of all rules and keys; `key_of` gives a key's text by number."""

    pack: Pack
    plan: Plan
    rules: Sequence[Rule]
    max_keys: int
    key_of: Callable[[int], str]
    open: dict[tuple[str, str], _Open] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.speaker = Speaker(self.pack)
        width = max(1, len(self.rules))
        self.levels = (
            memory.reserve(self.max_keys * width // 8 + 1).view(np.int8)[: self.max_keys * width].reshape(-1, width)
        )
        self.free = memory.reserve(self.max_keys * width)[: self.max_keys * width].reshape(-1, width)
        self.cooldowns = np.array([rule.cooldown for rule in self.rules] or [0], np.int64)
        self.order = {rule.name: n for n, rule in enumerate(self.pack.rules.values())}
        self.names = {rule.name: rule_names(self.pack, rule) for rule in self.rules}
        merging = [rule for rule in self.plan.rules if rule.merge]
        self.mergers = [(rule, Merger(rule, self.pack.rules.values())) for rule in merging]
        self.merged_free: dict[tuple[str, str], int] = {}

    def tell(self, look: Look) -> tuple[list[Change], Words, Words]:
        """The changes at rows, and per row how many episodes its key has open then and until when a rule cools down."""
        seen, exact = look.seen, look.exact
        watched, cooling = np.zeros(len(seen.keys), np.int64), np.zeros(len(seen.keys), np.int64)
        rows = exact.rows(seen.instants // DAY, seen.raw, tables(look.panels, seen.features))
        level, clear = exact.levels(rows, self.rules)
        columns = np.arange(len(self.rules))
        out = np.empty((level.size, 3), np.int64)
        number = advance(
            seen.keys,
            seen.instants,
            level,
            clear,
            columns,
            self.cooldowns,
            self.levels,
            self.free,
            watched,
            cooling,
            out,
        )
        steps = out[:number]
        spoke = np.unique(steps[steps[:, 2] != CLEAR, 0])
        values = dict(zip(spoke.tolist(), exact.values(spoke), strict=True)) if len(spoke) else {}
        rows_of = np.unique(steps[:, 0]).tolist()
        opening = dict(zip(rows_of, seen.openings(rows_of), strict=True)) if rows_of else {}
        changes = [
            self._change(seen, row, opening[row], self.rules[rule], what, int(level[row, rule]), values)
            for row, rule, what in steps.tolist()
        ]
        changes.sort(key=lambda c: (c.at, self.order[c.rule.partition("/")[2]], c.key))
        return [*self._merge(changes)] if self.mergers else changes, watched, cooling

    def tiers(self) -> list[str]:
        """The tier of every open episode."""
        return [held.tier for held in self.open.values()]

    def dump(self, keys: int) -> tuple[dict[str, Words], dict[str, Any]]:
        """The state of all episodes of the first `keys` keys: arrays, and plain values."""
        levels = self.levels[:keys]
        free = self.free[:keys]
        closed, cooling = np.argwhere(levels > 0), np.argwhere(free > 0)
        arrays = {
            "open.places": closed.astype(np.int64),
            "open.levels": levels[closed[:, 0], closed[:, 1]].astype(np.int64),
            "free.places": cooling.astype(np.int64),
            "free.until": free[cooling[:, 0], cooling[:, 1]].copy(),
        }
        plain = {
            "rules": [rule.name for rule in self.rules],
            "open": [[*place, held.alert_id, held.steps, held.tier] for place, held in self.open.items()],
            "merged": [merger.open for _, merger in self.mergers],
            "merged_free": [[*place, until] for place, until in self.merged_free.items()],
        }
        return arrays, plain

    def load(self, arrays: dict[str, Words], plain: dict[str, Any]) -> None:
        """Take a dumped state."""
        places, free = arrays["open.places"], arrays["free.places"]
        self.levels[places[:, 0], places[:, 1]] = arrays["open.levels"]
        self.free[free[:, 0], free[:, 1]] = arrays["free.until"]
        self.open = {(rule, key): _Open(alert, steps, tier) for rule, key, alert, steps, tier in plain["open"]}
        for (_, merger), held in zip(self.mergers, plain["merged"], strict=True):
            merger.open = held
        self.merged_free = {(rule, key): until for rule, key, until in plain["merged_free"]}

    def _change(
        self, seen: Seen, row: int, event: str, rule: Rule, what: int, level: int, values: dict[int, dict[str, Any]]
    ) -> Change:
        instant, key = int(seen.instants[row]), self.key_of(int(seen.keys[row]))
        here = values.get(row, {})
        shown = {name: here[name] for name in self.names[rule.name] if name in here}
        return self._step(rule, key, instant, event, WHAT[what], level, shown)

    def _step(
        self, rule: Rule, key: str, instant: int, event: str, what: str, level: int, values: dict[str, Any]
    ) -> Change:
        place = (rule.name, key)
        if what == OPENED:
            alert = alert_id(f"{self.pack.name}/{rule.name}", key, event)
            self.open[place] = _Open(alert, 0, TIERS[level - 1])
        held = self.open[place]
        if what == CLEARED:
            del self.open[place]
        else:
            held.tier = TIERS[level - 1]
        step, held.steps = held.steps, held.steps + 1
        return self.speaker.change(rule, key, held.alert_id, step, what, instant, event, held.tier, values)

    def _merge(self, changes: list[Change]) -> Iterable[Change]:
        """The changes with those of the merging rules after the ones they rest on, instant by instant."""
        by_place = sorted(changes, key=lambda c: (c.at, c.key))
        added: list[Change] = []
        for (instant, key), group in groupby(by_place, key=lambda c: (c.at, c.key)):
            own = list(group)
            told = {c.rule.partition("/")[2]: None if c.what == CLEARED else c.tier for c in own}
            for rule, merger in self.mergers:
                signal = merger.feed(key, instant, own[0].event, told)
                added += self._merged(rule, merger, key, signal) if signal is not None else []
        return sorted([*changes, *added], key=lambda c: (c.at, self.order[c.rule.partition("/")[2]], c.key))

    def _merged(self, rule: Rule, merger: Merger, key: str, signal: Signal) -> list[Change]:
        place = (rule.name, key)
        held = self.open.get(place)
        what = turn(TIERS.index(held.tier) + 1 if held else 0, self.merged_free.get(place), signal)
        if not what:
            return []
        if what == OPENED:
            self.merged_free.pop(place, None)
        elif what == CLEARED and rule.cooldown:
            self.merged_free[place] = signal.instant + rule.cooldown
        return [self._step(rule, key, signal.instant, signal.opening, what, signal.level, merger.values(key))]
