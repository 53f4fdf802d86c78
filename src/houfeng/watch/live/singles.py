"""Rules over single events: each event is looked at once, by its own fields; an alert opens and clears with it.

All rules are scanned together by the filter; the few pairs of event and rule that may hold are settled by exact SQL,
the same text as the replay's, over those events and those rules only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.language.binding import FIELD_TYPES
from houfeng.packs.model import TIERS, Pack, Rule
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY, day_of, event_id_sql
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name
from houfeng.watch.episodes import alert_id
from houfeng.watch.kernel.conditions import FEATURE, Conditions, Variable
from houfeng.watch.kernel.filter import scan_rows
from houfeng.watch.kernel.interner import Interner
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.changes import CLEARED, OPENED, Change, Speaker
from houfeng.watch.live.panels import doubles
from houfeng.watch.plan import Plan
from houfeng.watch.reference.shards import levels
from houfeng.watch.replay import rule_names

PAIRS = 1 << 16


class EventWatch:
    """The rules over one event kind."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, pack: Pack, plan: Plan) -> None:
        self.connection, self.pack, self.plan = connection, pack, plan
        self.speaker = Speaker(pack)
        self.kind, self.words, self.fields = kinds()[plan.kind], Interner(), sorted(plan.fields)
        self.rules = list(plan.rules)
        self.conditions = Conditions(
            pack, plan.kind, [list(r.tiers.values()) for r in self.rules], self._variable, self._word
        )
        self._made: tuple[int, tuple[Any, ...]] | None = None
        self.names = {rule.name: rule_names(pack, rule) for rule in self.rules}

    def run(self, rows: pa.Table) -> list[Change]:
        """The changes by a batch of events with `_t`: an opening and a clearing for each event and rule that speaks."""
        changes: list[Change] = []
        days = np.asarray(rows.column("_t").combine_chunks()) // DAY
        matrix = self._matrix(rows)
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]  # in the order of arrival, day by day
        for first, last in pairwise(cuts):
            day, here = int(days[first]), np.arange(first, last)
            program = self._program(day, matrix[here])
            pairs, at = np.empty((max(PAIRS, len(self.rules)), 2), np.int64), 0
            while at < len(here):
                at, number = scan_rows(program, at, len(here), pairs)
                if number:
                    changes += self._settled(rows, here, pairs[:number])
        return changes

    def _program(self, day: int, matrix: Any) -> tuple[Any, ...]:
        """The filter's program of a day over these events; made once a day, as one event must not cost a day's work."""
        if self._made is None or self._made[0] != day:
            self._made = (day, self.conditions.program(day_of(day), matrix))
        made = self._made[1]
        return (*made[:2], np.ascontiguousarray(matrix), *made[3:])

    def _matrix(self, rows: pa.Table) -> Any:
        columns = [
            doubles(rows.column(f), FIELD_TYPES[self.kind.fields[f].type][0], self._number, 0.0)[:-1]
            for f in self.fields
        ]
        return np.ascontiguousarray(np.stack(columns, axis=1)) if columns else np.zeros((rows.num_rows, 1))

    def _settled(self, rows: pa.Table, here: Words, pairs: Words) -> list[Change]:
        events = np.unique(pairs[:, 0])
        wanted = np.unique(pairs[:, 1])
        chosen = rows.take(pa.array(here[events]))
        chosen = chosen.append_column("_n", pa.array(np.arange(len(events))))
        rules = [self.rules[r] for r in wanted.tolist()]
        told, levels_ = self._levels(chosen, rules)
        changes: list[Change] = []
        for n, column in np.argwhere(levels_ > 0).tolist():
            changes += self._changes(rules[column], told[n], int(levels_[n, column]))
        return changes

    def _levels(self, rows: pa.Table, rules: Sequence[Rule]) -> tuple[dict[int, dict[str, Any]], Any]:
        self.connection.register("_event_rows", rows)
        writer = SqlWriter(self.pack, "_day", None, column_of)
        day = f"DATE '1970-01-01' + CAST(_t // {DAY} AS INTEGER)"
        sql = f"SELECT *, {day} AS _day, {event_id_sql(self.kind)} AS _id FROM _event_rows"
        for layer in self.plan.layers:
            computed = ", ".join(f"{definition_sql(item, writer)} AS {name(item.name)}" for item in layer)
            sql = f"SELECT *, {computed} FROM ({sql})"
        columns = levels(replace(self.plan, rules=list(rules)), writer)[0::2]
        read = self.connection.sql(f"SELECT {', '.join(columns)} FROM ({sql}) ORDER BY _n").to_arrow_table()
        level = np.stack([np.asarray(c.combine_chunks()) for c in read.columns], axis=1)
        speaking = ", ".join(str(n) for n in np.flatnonzero(level.max(axis=1) > 0).tolist())
        if not speaking:
            return {}, level
        shown = self.plan.shown()
        named = "".join(f", {name(c)}" for c in shown)
        values = self.connection.execute(f"SELECT _n, _id, _t{named} FROM ({sql}) WHERE _n IN ({speaking})").fetchall()
        return {
            row[0]: {"_id": row[1], "_t": row[2], **dict(zip(shown, row[3:], strict=True))} for row in values
        }, level

    def _changes(self, rule: Rule, here: dict[str, Any], level: int) -> list[Change]:
        event, at = here["_id"], here["_t"]
        opening, tier = f"{self.kind.name}:{event}", TIERS[level - 1]
        alert = alert_id(f"{self.pack.name}/{rule.name}", event, opening)
        values = {n: here[n] for n in self.names[rule.name] if n in here}
        return [
            self.speaker.change(rule, event, alert, step, what, at, opening, tier, values)
            for step, what in enumerate((OPENED, CLEARED))
        ]

    def _variable(self, field: str) -> Variable | None:
        return Variable(FEATURE, self.fields.index(field)) if field in self.fields else None

    def _word(self, text: str) -> int:
        return int(self.words.numbers(pa.array([text]), add=True)[0])

    def _number(self, texts: pa.Array) -> Words:
        return self.words.numbers(texts, add=True)
