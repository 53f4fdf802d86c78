"""Single events and the rules that may hold for them, settled by exact SQL: each pair by its own rule alone.

Each rule has a statement of its own, planned when it is first needed: the text of the replay, over the pairs of that
rule in one small table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.model import Pack, Rule
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name
from houfeng.watch.kernel.memory import Words
from houfeng.watch.plan import Plan, plan_rules
from houfeng.watch.reference.shards import level_sql


@dataclass(frozen=True)
class Settled:
    """Pairs of one rule by their number: the level (0: it does not hold), and what is computed from the event."""

    levels: dict[int, int]
    computed: dict[int, dict[str, Any]]


class Pairs:
    """The statements over the rules of a plan. `columns` are the fields they look at, with those of the key."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, pack: Pack, plan: Plan) -> None:
        self.connection, self.pack, self.plan = connection, pack, plan
        fields = {*kinds()[plan.kind].key, *plan.fields}
        self.columns = [field for field in kinds()[plan.kind].fields if field in fields]
        self._plans: dict[int, Plan] = {}
        self._statements: set[int] = set()
        self._made = False

    def computes(self, number: int) -> list[str]:
        """What is computed from an event for rule `number`."""
        return [item.name for layer in self._plan(number).layers for item in layer]

    def settle(self, rows: pa.Table, rules: Words) -> list[Settled]:
        """Settle pairs: `rows` are the events of each, with `_t`, `rules` the numbers of their rules, in order.

        Gives the pairs of each rule by their place.
        """
        held = rows.select([*self.columns, "_t"])
        held = held.append_column("_rule", pa.array(rules)).append_column("_n", pa.array(np.arange(len(rules))))
        self.connection.register("_fresh", held)
        if not self._made:
            self._made = True
            self.connection.execute("CREATE TEMP TABLE _pairs AS SELECT * FROM _fresh WHERE false")
        self.connection.execute("DELETE FROM _pairs; INSERT INTO _pairs SELECT * FROM _fresh")
        return [self._settled(number) for number in np.unique(rules).tolist()]

    def _settled(self, number: int) -> Settled:
        computed = self.computes(number)
        told = self.connection.execute(f"EXECUTE {self._prepared(number)}").fetchall()
        levels = {n: level for n, level, *_ in told}
        return Settled(levels, {n: dict(zip(computed, values, strict=True)) for n, _, *values in told})

    def _plan(self, number: int) -> Plan:
        if number not in self._plans:
            rule: Rule = self.plan.rules[number]
            self._plans[number] = plan_rules(self.pack, self.plan.kind, [rule])
        return self._plans[number]

    def _prepared(self, number: int) -> str:
        """The statement of a rule, planned once: for one event, planning costs more than the work."""
        statement = f"_settle_{number}"
        if number in self._statements:
            return statement
        self._statements.add(number)
        writer = SqlWriter(self.pack, "_day", None, column_of)
        day = f"DATE '1970-01-01' + CAST(_t // {DAY} AS INTEGER) AS _day"
        source = f"SELECT *, {day} FROM _pairs WHERE _rule = {number}"
        for layer in self._plan(number).layers:
            computed = ", ".join(f"{definition_sql(item, writer)} AS {name(item.name)}" for item in layer)
            source = f"SELECT *, {computed} FROM ({source})"
        told = ", ".join(["_n", level_sql(self.plan.rules[number], writer), *map(name, self.computes(number))])
        self.connection.execute(f"PREPARE {statement} AS SELECT {told} FROM ({source})")
        return statement
