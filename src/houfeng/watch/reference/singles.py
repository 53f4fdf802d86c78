"""Rules over single events: each event is looked at once, by its own fields; an alert opens and clears with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.model import TIERS, Rule
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY, day_end, event_id_sql, instant_sql
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name
from houfeng.watch.alerts import Evidence
from houfeng.watch.episodes import Episode, Step
from houfeng.watch.reference.shards import Stretch, levels

ROWS_AT_ONCE = 10_000


class Singles(Stretch):
    """The events of one kind from `first` to `last` at which a rule over them speaks."""

    def prepare(self, only: Collection[str] | None = None) -> int:
        """Look at every event of the days (with `only`: at those with such an id); gives how many there are."""
        kind = kinds()[self.plan.kind]
        fields = sorted({*kind.key, kind.time_field, *self.plan.fields})
        rows = self.snapshot.select(kind.name, as_of=self.last, columns=fields)
        day = f"DATE '1970-01-01' + CAST(_t // {DAY} AS INTEGER)"
        sql = f"SELECT *, {instant_sql(kind)} AS _t, {event_id_sql(kind)} AS _id FROM ({rows})"
        between = f"_t BETWEEN {day_end(self.first) - DAY + 1} AND {day_end(self.last)}"
        sql = f"SELECT *, {day} AS _day FROM ({sql}) WHERE {between}"
        if only is not None:
            self.connection.register("_only", pa.table({"_wanted": pa.array(sorted(only), pa.string())}))
            sql += " AND _id IN (SELECT _wanted FROM _only)"
        writer = SqlWriter(self.pack, "_day", None, column_of)
        for layer in self.plan.layers:
            computed = ", ".join(f"{definition_sql(item, writer)} AS {name(item.name)}" for item in layer)
            sql = f"SELECT *, {computed} FROM ({sql})"
        sql = f"SELECT *, {', '.join(levels(self.plan, writer))} FROM ({sql})"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _singles AS {sql}")
        return int(self.connection.execute("SELECT count(*) FROM _singles").fetchall()[0][0])

    def found(self, rule: Rule) -> Iterator[tuple[Episode, dict[str, Any], Evidence]]:
        """An episode for each event at which `rule` speaks, with the values there and the event itself."""
        kind, level, shown = kinds()[self.plan.kind], name(f"{rule.name}:level"), self.plan.shown()
        columns = "".join(f", {name(c)}" for c in shown)
        cursor = self.connection.execute(
            f"SELECT _id, _t, {level}, _submission, _row{columns} FROM _singles WHERE {level} > 0 ORDER BY _t, _id"
        )
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for event, instant, held, submission, row, *values in rows:
                here = dict(zip(shown, values, strict=True))
                step = Step(instant, TIERS[held - 1], f"{kind.name}:{event}")
                episode = Episode(f"{self.pack.name}/{rule.name}", event, [step], step)
                facts = {field: here[field] for field in sorted(self.plan.fields)}
                yield episode, here, Evidence(kind.name, kind.name, event, submission, row, facts)
