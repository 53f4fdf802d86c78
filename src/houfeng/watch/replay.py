"""Replay: all alerts of a pack over a stretch of days, by SQL over the whole history. The reference for the live form.

The work goes key by key in shards, so that memory is bounded by the shard and not by the province; a shard's instants,
indicators and conditions are a few wide statements, and only the instants at which a rule speaks come back to Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.book.store import Snapshot
from houfeng.engine.faults import telling
from houfeng.errors import InputError, Text, UsageError, did_you_mean
from houfeng.packs.model import TIERS, Definition, Pack, Rule
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY, compared, instant_sql, seconds
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name, true
from houfeng.watch import features, grid
from houfeng.watch.alerts import Alert, Evidence, make_alert
from houfeng.watch.episodes import Episode, Signal, episodes
from houfeng.watch.evidence import Gatherer, names_behind
from houfeng.watch.plan import Plan, plan_rules

POINTS_PER_SHARD = 250_000
"""Instants one shard may hold; with some hundred columns this stays well below a gigabyte."""


@dataclass
class Replay:
    """A replay of the rules of `pack` (all, or those named in `only`) from `first` to `last`, both days included."""

    snapshot: Snapshot
    pack: Pack
    first: date
    last: date
    only: Sequence[str] = ()
    memory: str = "1GB"
    threads: int | None = None
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
                yield from self._kind(_Shards(self, connection, plan))
        if not self.keys:
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

    def _kind(self, shards: _Shards) -> Iterator[Alert]:
        plan = shards.plan
        number = shards.prepare()
        if not number:
            self.unwatched.append(plan.kind)
            return
        self.keys[plan.kind] = shards.key_count
        rules = [rule for rule in plan.rules if self._wanted(rule)]
        for shard in range(number):
            found: list[tuple[Rule, Episode]] = []
            shards.load(shard, number)
            self.points += shards.count("_state")
            for rule in rules:
                found += [(rule, episode) for episode in self._episodes(shards.connection, rule)]
            yield from self._told(shards, found)

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

    def _told(self, shards: _Shards, found: list[tuple[Rule, Episode]]) -> Iterator[Alert]:
        values = shards.values_at([(episode.key, episode.opened.instant) for _, episode in found])
        gatherer = Gatherer(shards.connection, self.pack, shards.plan, shards.event_rows, shards.dated_rows)
        evidence = gatherer.gather(found)
        for rule, episode in found:
            here = values[(episode.key, episode.opened.instant)]
            names = rule_names(self.pack, rule)
            rows = evidence.get(episode.alert_id, [])
            kept: tuple[Evidence, ...] = tuple(row for _, row in rows)
            count = max((total for total, _ in rows), default=0)
            yield make_alert(self.pack, rule, episode, {n: here[n] for n in names if n in here}, kept, count)


def rule_names(pack: Pack, rule: Rule) -> list[str]:
    """The items and fields an alert of a rule shows: those its reason names first, then all its conditions rest on."""
    named = re.findall(r"\{([a-z]\w*)\}", rule.reason.zh + rule.reason.en)
    return list(dict.fromkeys([*named, *sorted(names_behind(pack, rule))]))


class _Shards:
    """The statements of a replay over one kind, run shard by shard in one connection."""

    def __init__(self, replay: Replay, connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        self.replay, self.connection, self.plan = replay, connection, plan
        self.snapshot, self.pack = replay.snapshot, replay.pack
        self.key_count = 0
        self.event_rows: dict[str, str] = {}

    def writer(self, day: date | None = None) -> SqlWriter:
        """A writer over the columns of an instant, or of source rows as of a fixed day."""
        if day is not None:
            return SqlWriter(self.pack, day, day, column_of)
        return SqlWriter(self.pack, "_day", None, lambda node: name(node.value.name))

    def dated_rows(self, kind: str, columns: Sequence[str]) -> str:
        """The rows of a kind with the days on which a feature sees them."""
        return features.dated_rows_sql(self.snapshot, kinds()[kind], columns)

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        row = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
        return int(row[0])

    def prepare(self) -> int:
        """Find the keys and the day each goes live; gives the number of shards, 0 where there is no key."""
        plan, execute = self.plan, self.connection.execute
        execute(features.TOP_SHARE_MACRO)
        used = {plan.kind, *(m.source for s in plan.snapshots if (m := s.measure) is not None)}
        for kind in used:
            features.register_spans(self.connection, self.snapshot, kind)
        self.event_rows = {source: self._event_rows(source) for source, _ in plan.sources}
        records = features.dated_rows_sql(self.snapshot, kinds()[plan.kind], [plan.key])
        every = features.history_sql(self.snapshot, plan.kind, [plan.key])
        execute(f"CREATE TEMP TABLE _all AS SELECT DISTINCT {name(plan.key)} AS _key FROM ({every})")
        self.key_count = self.count("_all")
        if not self.key_count:
            return 0
        first_seen = [f"SELECT {name(plan.key)} AS _key, min(_from) AS day FROM ({records}) GROUP BY 1"]
        for source, by in plan.sources:
            instant = f"DATE '1970-01-01' + CAST({instant_sql(kinds()[source])} // {DAY} AS INTEGER)"
            first_seen.append(
                f"SELECT {name(by)} AS _key, min({instant}) AS day FROM ({self.event_rows[source]}) GROUP BY 1"
            )
        for item in plan.snapshots:
            assert item.measure is not None
            rows = features.dated_rows_sql(self.snapshot, kinds()[item.measure.source], item.measure.by)
            first_seen.append(f"SELECT {name(item.measure.by[0])} AS _key, min(_from) AS day FROM ({rows}) GROUP BY 1")
        union = " UNION ALL ".join(dict.fromkeys(first_seen))
        execute(
            "CREATE TEMP TABLE _universe AS SELECT _key, min(day) AS _live FROM"
            f" ({union}) WHERE _key IN (SELECT _key FROM _all) GROUP BY _key"
        )
        days = (self.replay.last - self.replay.first).days + 1
        return max(1, -(-self.count("_universe") * days // POINTS_PER_SHARD))

    def _event_rows(self, source: str) -> str:
        needed = {f for s, by in self.plan.sources if s == source for f in (by, *kinds()[source].key)}
        needed.add(kinds()[source].time_field)
        for item in self.plan.windows:
            if item.measure is not None and item.measure.source == source:
                nodes = (*item.measure.args, *((item.measure.where,) if item.measure.where else ()))
                needed |= {p.value.name for node in nodes for p in node.walk() if p.op == "field"}
        return self.snapshot.select(source, as_of=self.replay.last, columns=sorted(needed))

    def load(self, shard: int, number: int) -> None:
        """Fill `_state` for one shard: every instant with indicators, features, levels and clear conditions."""
        execute = self.connection.execute
        execute(f"CREATE OR REPLACE TEMP TABLE _keys AS SELECT * FROM _universe WHERE hash(_key) % {number} = {shard}")
        for number_, (first, last) in enumerate(self._stretches()):
            sql = self._state_sql(first, last)
            execute(f"CREATE OR REPLACE TEMP TABLE _state AS {sql}" if number_ == 0 else f"INSERT INTO _state {sql}")

    def _stretches(self) -> list[tuple[date, date]]:
        """The period cut where a parameter inside a measure changes, so that it is constant within each stretch."""
        first, last = self.replay.first, self.replay.last
        turns = {first}
        for item in (*self.plan.windows, *self.plan.snapshots):
            assert item.measure is not None
            for node in (*item.measure.args, *((item.measure.where,) if item.measure.where else ())):
                for part in node.walk():
                    if part.op == "parameter":
                        turns |= {d for d in self.pack.parameters[part.value].turning_days() if first < d <= last}
        starts = sorted(turns)
        return [
            (a, b - timedelta(days=1)) for a, b in zip(starts, [*starts[1:], last + timedelta(days=1)], strict=True)
        ]

    def _state_sql(self, first: date, last: date) -> str:
        self._make_grid(first, last)
        joins, columns = [], ["w.*"]
        for number, (table, items) in enumerate(self._extras(first)):
            on = f"w._key = x{number}._key AND w._t = x{number}._t"
            joins.append(f"LEFT JOIN {table} x{number} ON {on}")
            columns += [f"{_default(item, f'x{number}')} AS {name(item.name)}" for item in items]
        for number, (table, chosen) in enumerate(self._panels(first)):
            joins.append(f"ASOF LEFT JOIN {table} p{number} ON w._key = p{number}._key AND w._day >= p{number}._day")
            columns += [f"{expression.format(a=f'p{number}')} AS {name(column)}" for column, expression in chosen]
        sql = f"SELECT {', '.join(columns)} FROM _windowed w {' '.join(joins)}"
        for layer in self.plan.layers:
            computed = ", ".join(f"{definition_sql(item, self.writer())} AS {name(item.name)}" for item in layer)
            sql = f"SELECT *, {computed} FROM ({sql})"
        return f"SELECT *, {', '.join(self._levels())} FROM ({sql})"

    def _make_grid(self, first: date, last: date) -> None:
        execute, start = self.connection.execute, seconds_of(first)
        tables = []
        for number, (source, by) in enumerate(self.plan.sources):
            sql = grid.events_sql(self.plan, source, by, self.event_rows[source], self.writer(first))
            execute(f"CREATE OR REPLACE TEMP TABLE _events_{number} AS {sql}")
            tables.append(f"_events_{number}")
        execute(f"CREATE OR REPLACE TEMP TABLE _grid AS {grid.grid_sql(self.plan, tables, first, last)}")
        execute(f"CREATE OR REPLACE TEMP VIEW _points AS SELECT _key, _t FROM _grid WHERE _t >= {start}")
        measured = [
            item
            for item in self.plan.windows
            if item.measure and item.measure.function not in ("distinct", "top_share")
        ]
        columns = "".join(f", {grid.windowed_sql(item)} AS {name(item.name)}" for item in measured)
        day = f"DATE '1970-01-01' + CAST(_t // {DAY} AS INTEGER)"
        opening = f"CASE WHEN _t % {DAY} = {DAY - 1} THEN 'tick:' || ({day}) ELSE _opening END"
        execute(
            "CREATE OR REPLACE TEMP TABLE _windowed AS SELECT * FROM ("
            f"SELECT _key, _t, {day} AS _day, {opening} AS _opening{columns} FROM _grid) WHERE _t >= {start}"
        )

    def _extras(self, day: date) -> Iterator[tuple[str, list[Definition]]]:
        for number, item in enumerate(self.plan.windows):
            assert item.measure is not None
            if item.measure.function not in ("distinct", "top_share"):
                continue
            build = grid.distinct_sql if item.measure.function == "distinct" else grid.top_share_windows_sql
            sql = build(item, self.event_rows[item.measure.source], self.writer(day))
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _extra_{number} AS {sql}")
            yield f"_extra_{number}", [item]

    def _panels(self, day: date) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        grouped: dict[tuple[str, str], list[Definition]] = {}
        for item in self.plan.snapshots:
            assert item.measure is not None
            grouped.setdefault((item.measure.source, item.measure.by[0]), []).append(item)
        for number, ((source, by), items) in enumerate(grouped.items()):
            needed = {by}
            for item in items:
                assert item.measure is not None
                nodes = (*item.measure.args, *((item.measure.where,) if item.measure.where else ()))
                needed |= {p.value.name for node in nodes for p in node.walk() if p.op == "field"}
            rows = features.dated_rows_sql(self.snapshot, kinds()[source], sorted(needed))
            sql = features.panel_sql(self.plan, source, by, items, rows, self.writer(day))
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _panel_{number} AS {sql}")
            yield f"_panel_{number}", [(item.name, _default(item, "{a}")) for item in items]
        if self.plan.fields:
            fields = sorted(self.plan.fields)
            rows = features.dated_rows_sql(self.snapshot, kinds()[self.plan.kind], [self.plan.key, *fields])
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _own AS {features.own_fields_sql(self.plan, rows)}")
            yield "_own", [(f, "{a}." + name(f)) for f in fields]

    def _levels(self) -> list[str]:
        writer, columns = self.writer(), []
        for rule in self.plan.rules:
            branches = " ".join(
                f"WHEN {true(writer.write(node))} THEN {TIERS.index(tier) + 1}"
                for tier, node in reversed(list(rule.tiers.items()))
            )
            columns.append(f"CAST(CASE {branches} ELSE 0 END AS TINYINT) AS {name(f'{rule.name}:level')}")
            clear = true(writer.write(rule.clear_when)) if rule.clear_when is not None else "TRUE"
            columns.append(f"{clear} AS {name(f'{rule.name}:clear')}")
        return columns

    def values_at(self, places: list[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
        """The items and fields at given keys and instants."""
        if not places:
            return {}
        table = pa.table(
            {"_key": pa.array([k for k, _ in places], pa.string()), "_t": pa.array([t for _, t in places], pa.int64())}
        )
        self.connection.register("_places", table)
        shown = self.plan.shown()
        columns = "".join(f", s.{name(c)}" for c in shown)
        rows = self.connection.execute(
            f"SELECT DISTINCT s._key, s._t{columns} FROM _state s JOIN _places p ON s._key = p._key AND s._t = p._t"
        ).fetchall()
        return {(str(row[0]), row[1]): dict(zip(shown, row[2:], strict=True)) for row in rows}


def _default(item: Definition, alias: str) -> str:
    """The item's column of a joined table; an empty sum, count or distinct is 0 where no row was joined."""
    measure = item.measure
    assert measure is not None
    column = f"{alias}.{name(item.name)}"
    return (
        f"coalesce({column}, {compared(measure, '0')})" if measure.function in ("count", "sum", "distinct") else column
    )


def seconds_of(day: date) -> int:
    """Local midnight of a day, in seconds."""
    return seconds(datetime(day.year, day.month, day.day))
