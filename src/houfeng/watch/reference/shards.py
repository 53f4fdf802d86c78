"""The statements of a replay over one kind of key, run shard by shard in one connection.

A shard's instants, indicators and conditions are a few wide statements over the whole history; `_state` then holds
every instant of the shard's keys with all that its rules look at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.book.store import Snapshot
from houfeng.packs.model import TIERS, Definition, Measure, Pack, Rule
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY, compared, instant_sql, seconds
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name, true
from houfeng.watch import features, grid
from houfeng.watch.plan import Plan, Stream


@dataclass
class Stretch:
    """What all statements of a replay look at: the rules of a plan over a view of the book, from `first` to `last`."""

    connection: duckdb.DuckDBPyConnection
    snapshot: Snapshot
    pack: Pack
    plan: Plan
    first: date
    last: date


@dataclass
class Shards(Stretch):
    """The statements over one kind of key, run shard by shard in one connection."""

    key_count: int = 0
    event_rows: dict[str, str] = field(default_factory=dict)

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

    def views(self) -> list[Measure]:
        """Make what rows are read through: days each is seen on, members, events. Gives the snapshot measures."""
        self.connection.execute(features.TOP_SHARE_MACRO)
        measured = [m for s in self.plan.snapshots if (m := s.measure) is not None]
        for kind in sorted({self.plan.kind, *(m.source for m in measured)}):
            features.register_spans(self.connection, self.snapshot, kind)
        self._register_members()
        self.event_rows = {stream.source: self._event_rows(stream.source) for stream in self.plan.streams}
        return measured

    def prepare(self, points: int, only: Collection[str] | None = None) -> int:
        """Find the keys (of those in `only`) and the day each goes live; gives the number of shards, or 0.

        A shard has about `points` instants.
        """
        plan, execute = self.plan, self.connection.execute
        measured = self.views()
        records = features.dated_rows_sql(self.snapshot, kinds()[plan.kind], [plan.key])
        every = features.history_sql(self.snapshot, plan.kind, [plan.key])
        execute(f"CREATE TEMP TABLE _all AS SELECT DISTINCT {name(plan.key)} AS _key FROM ({every})")
        if only is not None:
            self.connection.register("_only", pa.table({"_wanted": pa.array(sorted(only), pa.string())}))
            execute("DELETE FROM _all WHERE _key NOT IN (SELECT _wanted FROM _only)")
        self.key_count = self.count("_all")
        if not self.key_count:
            return 0
        keys = "SELECT _key FROM _all"
        first_seen = [f"SELECT {name(plan.key)} AS _key, min(_from) AS day FROM ({records}) GROUP BY 1"]
        for stream in plan.streams:
            instant = f"DATE '1970-01-01' + CAST({instant_sql(kinds()[stream.source])} // {DAY} AS INTEGER)"
            rows = grid.keyed_sql(stream, self.event_rows[stream.source], keys)
            first_seen.append(f"SELECT _key, min({instant}) AS day FROM ({rows}) GROUP BY 1")
        for m in measured:
            rows = features.dated_rows_sql(self.snapshot, kinds()[m.source], m.by)
            rows = features.keyed_rows_sql(m.by[0], m.through, rows, keys)
            first_seen.append(f"SELECT _key, min(_from) AS day FROM ({rows}) GROUP BY 1")
        union = " UNION ALL ".join(dict.fromkeys(first_seen))
        execute(
            "CREATE TEMP TABLE _universe AS SELECT _key, min(day) AS _live FROM"
            f" ({union}) WHERE _key IN (SELECT _key FROM _all) GROUP BY _key"
        )
        days = (self.last - self.first).days + 1
        return max(1, -(-self.count("_universe") * days // points))

    def _register_members(self) -> None:
        for members in self.plan.memberships:
            features.register_spans(self.connection, self.snapshot, members.kind)
            rows = features.members_sql(self.snapshot, members)
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _members_{members.kind} AS {rows}")

    def _event_rows(self, source: str) -> str:
        needed = {f for s in self.plan.streams if s.source == source for f in (s.by, *kinds()[source].key)}
        needed.add(kinds()[source].time_field)
        for item in self.plan.windows:
            assert item.measure is not None
            nodes = [node for node in item.measure.nodes() if item.measure.source == source]
            nodes += [mark.where for mark in item.measure.marks if mark.source == source and mark.where is not None]
            needed |= {p.value.name for node in nodes for p in node.walk() if p.op == "field"}
        return self.snapshot.select(source, as_of=self.last, columns=sorted(needed))

    def load(self, shard: int, number: int) -> None:
        """Fill `_state` for one shard: every instant with indicators, features, levels and clear conditions."""
        execute = self.connection.execute
        execute(f"CREATE OR REPLACE TEMP TABLE _keys AS SELECT * FROM _universe WHERE hash(_key) % {number} = {shard}")
        for number_, (first, last) in enumerate(self._stretches()):
            sql = self._state_sql(first, last)
            execute(f"CREATE OR REPLACE TEMP TABLE _state AS {sql}" if number_ == 0 else f"INSERT INTO _state {sql}")

    def _stretches(self) -> list[tuple[date, date]]:
        """The period cut where a parameter inside a measure changes, so that it is constant within each stretch."""
        first, last = self.first, self.last
        turns = {first, *(day for day in turning_days(self.pack, self.plan) if first < day <= last)}
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
        for number, (table, chosen) in enumerate(self.panels(first)):
            joins.append(f"ASOF LEFT JOIN {table} p{number} ON w._key = p{number}._key AND w._day >= p{number}._day")
            columns += [f"{expression.format(a=f'p{number}')} AS {name(column)}" for column, expression in chosen]
        sql = f"SELECT {', '.join(columns)} FROM _windowed w {' '.join(joins)}"
        for layer in self.plan.layers:
            computed = ", ".join(f"{definition_sql(item, self.writer())} AS {name(item.name)}" for item in layer)
            sql = f"SELECT *, {computed} FROM ({sql})"
        return f"SELECT *, {', '.join(levels(self.plan, self.writer()))} FROM ({sql})"

    def _make_grid(self, first: date, last: date) -> None:
        execute, start = self.connection.execute, seconds_of(first)
        tables = []
        for number, stream in enumerate(self.plan.streams):
            sql = grid.events_sql(self.plan, stream, self.event_rows[stream.source], self.writer(first))
            execute(f"CREATE OR REPLACE TEMP TABLE _events_{number} AS {sql}")
            tables.append(f"_events_{number}")
        execute(f"CREATE OR REPLACE TEMP TABLE _grid AS {grid.grid_sql(self.plan, tables, first, last)}")
        marked = [grid.starts(item) for item in self.plan.windows if item.measure and item.measure.after]
        points = ", ".join(("_key", "_t", *marked))
        execute(f"CREATE OR REPLACE TEMP VIEW _points AS SELECT {points} FROM _grid WHERE _t >= {start}")
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
            stream = Stream(item.measure.source, item.measure.by[0], item.measure.through)
            sql = build(item, grid.keyed_sql(stream, self.event_rows[stream.source]), self.writer(day))
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _extra_{number} AS {sql}")
            yield f"_extra_{number}", [item]

    def types(self, day: date) -> dict[str, str]:
        """The SQL type of every windowed item. The table `_keys` must be empty."""
        sources = self.event_rows
        self.event_rows = {kind: f"SELECT * FROM ({rows}) WHERE false" for kind, rows in sources.items()}
        self._make_grid(day, day)
        tables = ["_windowed", *(table for table, _ in self._extras(day))]
        self.event_rows = sources
        execute = self.connection.execute
        found = {c: kind for table in tables for c, kind, *_ in execute(f"DESCRIBE {table}").fetchall()}
        return {item.name: found[item.name] for item in self.plan.windows}

    def panels(self, day: date) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        grouped: dict[tuple[str, str, str], list[Definition]] = {}
        for item in self.plan.snapshots:
            assert item.measure is not None
            measure = item.measure
            grouped.setdefault((measure.source, measure.by[0], measure.through), []).append(item)
        for number, ((source, by, through), items) in enumerate(grouped.items()):
            nodes = [node for item in items if item.measure is not None for node in item.measure.nodes()]
            needed = {by, *(p.value.name for node in nodes for p in node.walk() if p.op == "field")}
            rows = features.dated_rows_sql(self.snapshot, kinds()[source], sorted(needed))
            keyed = features.keyed_rows_sql(by, through, rows)
            sql = features.panel_sql(self.plan, source, items, keyed, self.writer(day))
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _panel_{number} AS {sql}")
            yield f"_panel_{number}", [(item.name, _default(item, "{a}")) for item in items]
        if self.plan.fields:
            fields = sorted(self.plan.fields)
            rows = features.dated_rows_sql(self.snapshot, kinds()[self.plan.kind], [self.plan.key, *fields])
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _own AS {features.own_fields_sql(self.plan, rows)}")
            yield "_own", [(f, "{a}." + name(f)) for f in fields]

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


def turning_days(pack: Pack, plan: Plan) -> set[date]:
    """The days on which a parameter inside a measure changes: what it measures is then another thing."""
    measures = [item.measure for item in (*plan.windows, *plan.snapshots) if item.measure is not None]
    parts = (part for measure in measures for node in measure.all_nodes() for part in node.walk())
    return {day for part in parts if part.op == "parameter" for day in pack.parameters[part.value].turning_days()}


def levels(plan: Plan, writer: SqlWriter) -> list[str]:
    """The columns of each rule's level (`rule:level`) and of whether it may clear (`rule:clear`)."""
    columns = []
    for rule in plan.rules:
        if rule.merge:
            continue
        columns.append(f"{level_sql(rule, writer)} AS {name(f'{rule.name}:level')}")
        clear = true(writer.write(rule.clear_when)) if rule.clear_when is not None else "TRUE"
        columns.append(f"{clear} AS {name(f'{rule.name}:clear')}")
    return columns


def level_sql(rule: Rule, writer: SqlWriter) -> str:
    """The level of the highest tier that holds; 0 where none does."""
    branches = " ".join(
        f"WHEN {true(writer.write(node))} THEN {TIERS.index(tier) + 1}"
        for tier, node in reversed(list(rule.tiers.items()))
    )
    return f"CAST(CASE {branches} ELSE 0 END AS TINYINT)"


def _default(item: Definition, alias: str) -> str:
    """The item's column of a joined table; an empty sum, count or distinct is 0 where no row was joined."""
    measure = item.measure
    assert measure is not None
    column = f"{alias}.{name(item.name)}"
    empty = measure.function in ("count", "sum", "distinct") and measure.after is None
    return f"coalesce({column}, {compared(measure, '0')})" if empty else column


def seconds_of(day: date) -> int:
    """Local midnight of a day, in seconds."""
    return seconds(datetime(day.year, day.month, day.day))
