"""Replay: all alerts of a pack over a stretch of days, by SQL over the whole history. The reference for the live form.

The work goes key by key in shards, so that memory is bounded by the shard and not by the province; a shard's instants,
indicators and conditions are a few wide statements, and only the instants at which a rule speaks come back to Python.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import duckdb

from houfeng.book.connection import connect
from houfeng.book.model import Time, kinds
from houfeng.book.store import Snapshot
from houfeng.engine.faults import telling
from houfeng.errors import InputError, Text, UsageError, did_you_mean
from houfeng.packs.model import Pack, Rule
from houfeng.packs.roads.sql import name
from houfeng.packs.scope import reason_names
from houfeng.watch.alerts import Alert, make_alert
from houfeng.watch.episodes import Episode, Signal, episodes
from houfeng.watch.evidence import Gatherer, counted, names_behind
from houfeng.watch.merging import Merger, merged_signals, resting
from houfeng.watch.plan import Plan, plan_rules
from houfeng.watch.reference.shards import Shards
from houfeng.watch.reference.singles import Singles

POINTS_PER_SHARD = 250_000
"""Instants one shard may hold; with some hundred columns this stays well below a gigabyte."""


@dataclass
class Replay:
    """A replay of the rules of `pack` (all, or those named in `only`) from `first` to `last`, both days included.

    With `whom` it looks only at those keys of each kind; of a kind over events, only at those events.
    """

    snapshot: Snapshot
    pack: Pack
    first: date
    last: date
    only: Sequence[str] = ()
    memory: str = "1GB"
    threads: int | None = None
    whom: Mapping[str, Collection[str]] | None = None
    keys: dict[str, int] = field(default_factory=dict)
    points: int = 0
    unwatched: list[str] = field(default_factory=list)

    def alerts(self) -> Iterator[Alert]:
        """All alerts, by kind, shard, rule and key; each once. A kind without any record goes to `unwatched`.

        Raises:
            UsageError: a named rule does not exist, or the period ends before it begins.
            InputError: a rule cannot be replayed, or the book has no record of any watched kind.
        """
        self._check()
        for kind in dict.fromkeys(rule.over for rule in self.pack.rules.values()):
            rules = [rule for rule in self.pack.rules.values() if rule.over == kind]
            plan = plan_rules(self.pack, kind, rules)
            if self.only and not any(self._wanted(rule) for rule in rules):
                continue
            with telling(), connect(memory=self.memory, threads=self.threads) as connection:
                watch = self._events if kinds()[kind].time is Time.EVENT else self._kind
                yield from watch(connection, plan)
        if not self.keys and self.whom is None:
            raise InputError(
                Text(
                    f"账簿里没有可预警的对象：{'、'.join(kinds()[k].label.zh for k in self.unwatched)}",
                    f"the book holds nobody to watch: no {', '.join(kinds()[k].label.en for k in self.unwatched)}",
                )
            )

    def _check(self) -> None:
        if self.last < self.first:
            raise UsageError(
                Text(
                    f"{self.first} 晚于 {self.last}",
                    f"the replay would begin on {self.first}, after it ends on {self.last}",
                )
            )
        known = {called for rule in self.pack.rules.values() for called in (rule.name, rule.id)}
        for wanted in self.only:
            if wanted not in known:
                near = did_you_mean(wanted, known)
                raise UsageError(
                    Text(
                        f"{self.pack.name} 没有规则 {wanted}。{near.zh}",
                        f"{self.pack.name} has no rule {wanted}. {near.en}".strip(),
                    )
                )
        if not self.pack.rules:
            raise UsageError(Text(f"{self.pack.name} 没有预警规则", f"{self.pack.name} has no warning rules"))

    def _wanted(self, rule: Rule) -> bool:
        return not self.only or rule.name in self.only or rule.id in self.only

    def _whom(self, kind: str) -> Collection[str] | None:
        return None if self.whom is None else self.whom.get(kind, ())

    def _events(self, connection: duckdb.DuckDBPyConnection, plan: Plan) -> Iterator[Alert]:
        """The alerts of rules over single events, by rule and instant."""
        singles = Singles(connection, self.snapshot, self.pack, plan, self.first, self.last)
        self.keys[plan.kind] = singles.prepare(self._whom(plan.kind))
        self.points += self.keys[plan.kind]
        for rule in plan.rules:
            if self._wanted(rule):
                names = rule_names(self.pack, rule)
                for episode, here, row in singles.found(rule):
                    values = {n: here[n] for n in names if n in here}
                    yield make_alert(self.pack, rule, episode, values, (row,), 1)

    def _kind(self, connection: duckdb.DuckDBPyConnection, plan: Plan) -> Iterator[Alert]:
        shards = Shards(connection, self.snapshot, self.pack, plan, self.first, self.last)
        number = shards.prepare(POINTS_PER_SHARD, self._whom(plan.kind))
        if not number:
            self.unwatched.append(plan.kind)
            return
        self.keys[plan.kind] = shards.key_count
        merging = [rule for rule in plan.rules if rule.merge and self._wanted(rule)]
        needed = [rule for rule in plan.rules if not rule.merge and (merging or self._wanted(rule))]
        for shard in range(number):
            shards.load(shard, number)
            self.points += shards.count("_state")
            found = [(rule, episode) for rule in needed for episode in self._episodes(connection, rule)]
            yield from self._told(shards, [pair for pair in found if self._wanted(pair[0])])
            for rule in merging:
                yield from self._merged(rule, found)

    def _merged(self, rule: Rule, found: Sequence[tuple[Rule, Episode]]) -> Iterator[Alert]:
        """The alerts of a merging rule over the episodes of a shard's keys; they rest on the alerts open then."""
        merger = Merger(rule, self.pack.rules.values())
        counted = [pair for pair in found if pair[0].name in merger.groups]
        for key, group in groupby(sorted(counted, key=lambda pair: pair[1].key), key=lambda pair: pair[1].key):
            own, values = list(group), dict[int, dict[str, Any]]()
            signals = merged_signals(merger, key, own, values)
            for episode in episodes(f"{self.pack.name}/{rule.name}", key, signals, rule.cooldown):
                at = episode.opened.instant
                rows = tuple(resting(other, one) for other, one in own if one.open_at(at))
                yield make_alert(self.pack, rule, episode, values[at], rows, len(rows))

    def _episodes(self, connection: duckdb.DuckDBPyConnection, rule: Rule) -> Iterator[Episode]:
        level, clear = name(f"{rule.name}:level"), name(f"{rule.name}:clear")
        # A signal matters where a tier holds, and at the first instant after one at which the rule may clear.
        speaks = f"CASE WHEN {level} > 0 THEN 1 WHEN {clear} THEN -1 END"
        sql = (
            f"SELECT _key, _t, _opening, {level}, {clear} FROM ("
            f"SELECT *, lag(s) OVER (PARTITION BY _key ORDER BY _t) AS before FROM ("
            f"SELECT _key, _t, _opening, {level}, {clear}, {speaks} AS s FROM _state"
            f" WHERE _key IN (SELECT _key FROM _state WHERE {level} > 0)) WHERE s IS NOT NULL"
            f") WHERE s = 1 OR before = 1 ORDER BY _key, _t"
        )
        rows = connection.execute(sql).fetchall()
        for key, group in groupby(rows, key=lambda row: row[0]):
            signals = (Signal(t, opening, level, bool(clear)) for _, t, opening, level, clear in group)
            yield from episodes(f"{self.pack.name}/{rule.name}", str(key), signals, rule.cooldown)

    def _told(self, shards: Shards, found: list[tuple[Rule, Episode]]) -> Iterator[Alert]:
        values = shards.values_at([(episode.key, episode.opened.instant) for _, episode in found])
        gatherer = Gatherer(shards.connection, self.pack, shards.plan, shards.event_rows, shards.dated_rows)
        evidence = gatherer.gather(found)
        for rule, episode in found:
            here = values[(episode.key, episode.opened.instant)]
            names = rule_names(self.pack, rule)
            rows, count = counted(evidence.get(episode.alert_id, ()))
            yield make_alert(self.pack, rule, episode, {n: here[n] for n in names if n in here}, rows, count)


def rule_names(pack: Pack, rule: Rule) -> list[str]:
    """The items and fields an alert of a rule shows: those its reason names first, then all its conditions rest on."""
    return list(dict.fromkeys([*reason_names(rule), *sorted(names_behind(pack, rule))]))
