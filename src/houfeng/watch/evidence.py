"""The rows an alert rests on: for each windowed indicator behind it, the latest rows in the window when it opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.measures import event_id_sql, instant_sql
from houfeng.packs.model import Definition, Pack, Rule
from houfeng.packs.sql import SqlWriter, name
from houfeng.watch.alerts import Evidence
from houfeng.watch.episodes import Episode
from houfeng.watch.plan import Plan

ROWS_KEPT = 5


def gather_evidence(
    connection: duckdb.DuckDBPyConnection,
    pack: Pack,
    plan: Plan,
    found: Sequence[tuple[Rule, Episode]],
    event_rows: Mapping[str, str],
) -> dict[str, list[tuple[int, Evidence]]]:
    """Per alert id: (rows in the window, one of the latest `ROWS_KEPT`), for each windowed indicator behind it."""
    evidence: dict[str, list[tuple[int, Evidence]]] = {}
    for item in plan.windows:
        alerts = [(rule, episode) for rule, episode in found if item.name in behind(pack, rule)]
        if alerts and item.measure is not None and item.measure.window:
            for alert_id, total, row in _rows(connection, item, alerts, event_rows[item.measure.source], pack):
                evidence.setdefault(alert_id, []).append((total, row))
    return evidence


def behind(pack: Pack, rule: Rule) -> set[str]:
    """The items a rule's conditions rest on, directly or through other items."""
    queue, seen = list(rule.tiers.values()), set[str]()
    while queue:
        for part in queue.pop().walk():
            if part.op == "item" and part.value.name not in seen:
                seen.add(part.value.name)
                queue += pack.items[(rule.over, part.value.name)].nodes()
    return seen


def _rows(
    connection: duckdb.DuckDBPyConnection,
    item: Definition,
    alerts: Sequence[tuple[Rule, Episode]],
    rows: str,
    pack: Pack,
) -> list[tuple[str, int, Evidence]]:
    measure = item.measure
    assert measure is not None
    kind = kinds()[measure.source]
    connection.register(
        "_alerts",
        pa.table(
            {
                "_alert": pa.array([e.alert_id for _, e in alerts], pa.string()),
                "_key": pa.array([e.key for _, e in alerts], pa.string()),
                "_at": pa.array([e.opened.instant for _, e in alerts], pa.int64()),
            }
        ),
    )
    where = ""
    if measure.where is not None:
        where = f" AND {SqlWriter(pack, '_day', None, lambda node: name(node.value.name)).write(measure.where)}"
    facts = sorted({kind.time_field, *(p.value.name for node in measure.args for p in node.walk() if p.op == "field")})
    columns = ", ".join(name(f) for f in facts)
    start = f"(_at - {measure.offset + measure.window})"
    sql = (
        f"SELECT _alert, count(*) OVER (PARTITION BY _alert) AS total, _id, _submission, _row, {columns} FROM ("
        f"SELECT *, DATE '1970-01-01' + CAST(_t // 86400 AS INTEGER) AS _day FROM ("
        f"SELECT *, {instant_sql(kind)} AS _t, {event_id_sql(kind)} AS _id FROM ({rows})"
        f" WHERE {name(measure.by[0])} IN (SELECT _key FROM _alerts))"
        f") r JOIN _alerts a ON r.{name(measure.by[0])} = a._key"
        f" AND r._t > {start} - {start} % {measure.hop} AND r._t <= a._at - {measure.offset}"
        f" WHERE TRUE{where}"
        f" QUALIFY row_number() OVER (PARTITION BY _alert ORDER BY _t DESC, _id) <= {ROWS_KEPT}"
        " ORDER BY _alert, _t DESC, _id"
    )
    found = []
    for alert, total, row_id, submission, row, *values in connection.execute(sql).fetchall():
        told = Evidence(item.name, measure.source, row_id, submission, row, dict(zip(facts, values, strict=True)))
        found.append((alert, total, told))
    return found
