"""The rows an alert rests on: for each indicator behind it, the latest rows measured when it opened.

A windowed indicator gives the latest events in its window, a sequence first the event it began with, an absence the
events that nothing followed; a snapshot feature gives the rows in use on that day; the key's own fields the record they
were read from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Definition, Measure, Pack, Rule
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.measures import DAY, calendar_start_sql, event_id_sql, instant_sql
from houfeng.packs.roads.sql import SqlWriter, name
from houfeng.watch.alerts import Evidence
from houfeng.watch.episodes import Episode
from houfeng.watch.features import keyed_rows_sql
from houfeng.watch.grid import keyed_sql
from houfeng.watch.plan import Plan, Stream, streams_of

ROWS_KEPT = 5
ALERTED = "SELECT _at_key FROM _alerts"
AT_DAY = f"DATE '1970-01-01' + CAST(_at // {DAY} AS INTEGER)"
"""SQL of an alert's day; parameters are those of that day."""

Found = Sequence[tuple[Rule, Episode]]
DatedRows = Callable[[str, Sequence[str]], str]
"""SQL of the rows of a kind with the days (`_from`, `_to`) on which a feature sees them."""


class Gatherer:
    """Gathers evidence for the alerts of one shard; `event_rows` and `dated_rows` give the SQL of the rows."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        pack: Pack,
        plan: Plan,
        event_rows: Mapping[str, str],
        dated_rows: DatedRows,
    ) -> None:
        self.connection, self.pack, self.plan = connection, pack, plan
        self.event_rows, self.dated_rows = event_rows, dated_rows
        self.writer = SqlWriter(pack, "_day", None, column_of)

    def gather(self, found: Found) -> dict[str, list[tuple[int, Evidence]]]:
        """Per alert id: (rows measured in all, one of the latest `ROWS_KEPT`), for each indicator behind the alert."""
        evidence: dict[str, list[tuple[int, Evidence]]] = {}
        behind = {rule.name: names_behind(self.pack, rule) for rule, _ in found}
        for item in (*self.plan.windows, *self.plan.snapshots):
            if self._register([(rule, episode) for rule, episode in found if item.name in behind[rule.name]]):
                for alert, total, row in self._measured(item):
                    evidence.setdefault(alert, []).append((total, row))
        for field in sorted(self.plan.fields):
            if self._register([(rule, episode) for rule, episode in found if field in behind[rule.name]]):
                for alert, total, row in self._own(field):
                    evidence.setdefault(alert, []).append((total, row))
        return evidence

    def _register(self, alerts: Found) -> bool:
        """Make `alerts` the table `_alerts`; false where there are none to look for."""
        columns = {
            "_alert": pa.array([e.alert_id for _, e in alerts], pa.string()),
            "_at_key": pa.array([e.key for _, e in alerts], pa.string()),
            "_at": pa.array([e.opened.instant for _, e in alerts], pa.int64()),
        }
        self.connection.register("_alerts", pa.table(columns))
        return bool(alerts)

    def _measured(self, item: Definition) -> list[tuple[str, int, Evidence]]:
        measure = item.measure
        assert measure is not None
        if measure.source in self.event_rows:
            return self._events(item, measure)
        kind = kinds()[measure.source]
        named = fields_of(measure.nodes())
        where = f" AND {self.writer.write(measure.where)}" if measure.where is not None else ""
        facts = sorted({*named, *([kind.time_field] if kind.time_field in kind.fields else [])} - {"valid_from"})
        dated = self.dated_rows(measure.source, sorted({*facts, *named, measure.by[0]}))
        rows = keyed_rows_sql(measure.by[0], measure.through, dated, ALERTED)
        on = f"_key = _at_key AND _from <= {AT_DAY} AND {AT_DAY} < _to"
        joined = f"SELECT *, {event_id_sql(kind)} AS _id, {AT_DAY} AS _day FROM ({rows}) r JOIN _alerts ON {on}"
        return self._told(item.name, measure.source, facts, f"SELECT * FROM ({joined}) WHERE TRUE{where}", "_id")

    def _events(self, item: Definition, measure: Measure) -> list[tuple[str, int, Evidence]]:
        """The events of a window; first those that began it, and only those it leaves."""
        stream, *marks = streams_of(item)
        facts = sorted({kinds()[measure.source].time_field, *fields_of(measure.args)})
        within = _within(measure)
        rows, order, found = self._seen(stream, measure.where, within), "_t DESC, _id", []
        for mark, place in zip(measure.marks, marks, strict=True):
            marked = self._seen(place, mark.where, within)
            latest = f"SELECT _alert AS _of, max(_t) AS _mark FROM ({marked}) GROUP BY _alert"
            if mark is measure.without:
                order = "_t, _id"
                rows = (
                    f"SELECT r.* FROM ({rows}) r LEFT JOIN ({latest}) ON _alert = _of WHERE _mark IS NULL OR _t > _mark"
                )
                continue
            rows = f"SELECT r.* FROM ({rows}) r JOIN ({latest}) ON _alert = _of WHERE _t >= _mark"
            began = f"SELECT * FROM ({marked}) QUALIFY _t = max(_t) OVER (PARTITION BY _alert)"
            told = sorted({kinds()[mark.source].time_field, *fields_of([mark.where] if mark.where is not None else [])})
            found += self._told(item.name, mark.source, told, began, "_id")
        return found + self._told(item.name, measure.source, facts, rows, order)

    def _seen(self, stream: Stream, where: Node | None, within: str) -> str:
        """The events of a stream within a stretch of time before each alert, for which `where` is true."""
        kind = kinds()[stream.source]
        keyed = keyed_sql(stream, self.event_rows[stream.source], ALERTED)
        rows = f"SELECT *, {instant_sql(kind)} AS _t FROM ({keyed})"
        on = f"_key = _at_key AND {within}"
        joined = f"SELECT *, {event_id_sql(kind)} AS _id, {AT_DAY} AS _day FROM ({rows}) r JOIN _alerts ON {on}"
        return f"SELECT * FROM ({joined}) WHERE {self.writer.write(where) if where is not None else 'TRUE'}"

    def _own(self, field: str) -> list[tuple[str, int, Evidence]]:
        kind, key = kinds()[self.plan.kind], name(self.plan.key)
        dated = self.dated_rows(kind.name, [self.plan.key, field])
        rows = f"SELECT * FROM ({dated}) WHERE {key} IN ({ALERTED})"
        on = f"{key} = _at_key AND _from <= {AT_DAY} AND {AT_DAY} < _to"
        best = f"SELECT *, {event_id_sql(kind)} AS _id FROM ({rows}) r JOIN _alerts ON {on}"
        best += " QUALIFY row_number() OVER (PARTITION BY _alert ORDER BY _rank DESC) = 1"
        return self._told(field, kind.name, [field], best, "_id")

    def _told(
        self, item: str, kind: str, facts: Sequence[str], rows: str, order: str
    ) -> list[tuple[str, int, Evidence]]:
        columns = "".join(f", {name(f)}" for f in facts)
        order = f"{order}, _submission, _row"  # two reporters may report one key; the same rows come every time
        sql = (
            f"SELECT _alert, count(*) OVER (PARTITION BY _alert), _id, _submission, _row{columns} FROM ({rows})"
            f" QUALIFY row_number() OVER (PARTITION BY _alert ORDER BY {order}) <= {ROWS_KEPT} ORDER BY _alert, {order}"
        )
        found = []
        for alert, total, row_id, submission, row, *values in self.connection.execute(sql).fetchall():
            told = Evidence(item, kind, row_id, submission, row, dict(zip(facts, values, strict=True)))
            found.append((alert, total, told))
        return found


def counted(rows: Iterable[tuple[int, Evidence]]) -> tuple[tuple[Evidence, ...], int]:
    """The rows an alert keeps, and how many the item with most of them has in all."""
    told = list(rows)
    return tuple(row for _, row in told), max((total for total, _ in told), default=0)


def _within(measure: Measure) -> str:
    """The condition on an event's instant for an alert at `_at`."""
    until = f"_t <= _at - {measure.offset}"
    if measure.since:
        return f"{until} AND _t >= {calendar_start_sql(measure.since, '_at')}"
    start = f"(_at - {measure.offset + measure.window})"
    return f"{until} AND _t > {start} - {start} % {measure.hop}" if measure.window else until


def fields_of(nodes: Iterable[Node]) -> list[str]:
    """The names of the fields that expressions refer to, each once."""
    return sorted({part.value.name for node in nodes for part in node.walk() if part.op == "field"})


def names_behind(pack: Pack, rule: Rule) -> set[str]:
    """The items and fields a rule's conditions rest on, directly or through other items."""
    queue, seen = list(rule.tiers.values()), set[str]()
    while queue:
        for part in queue.pop().walk():
            if part.op in ("field", "item") and part.value.name not in seen:
                seen.add(part.value.name)
                if part.op == "item":
                    queue += pack.items[(rule.over, part.value.name)].nodes()
    return seen
