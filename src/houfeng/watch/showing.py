"""Alerts of the live watch in full: what its steps say, with the rows they rest on gathered from the book now.

The rows are gathered by the code of the replay, from the book as the windows saw it (without late events), so that an
alert shown here is the alert a replay tells, byte for byte.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import Time, kinds
from houfeng.book.store import Snapshot
from houfeng.engine.faults import telling
from houfeng.errors import InputError, Text
from houfeng.packs.model import Pack, Rule
from houfeng.packs.roads.measures import event_id_sql
from houfeng.packs.roads.sql import name
from houfeng.watch.alerts import Alert, Evidence, make_alert
from houfeng.watch.episodes import Episode, Step
from houfeng.watch.evidence import Gatherer, counted
from houfeng.watch.live.changes import BY_PACK, CLEARED, OPENED, Change
from houfeng.watch.merging import resting
from houfeng.watch.plan import Plan, plan_rules
from houfeng.watch.reference.shards import Shards

FIRST, FOREVER = date(1970, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Told:
    """One alert as its steps tell it: the rule of the pack, the opening step, the episode."""

    rule: Rule
    first: Change
    episode: Episode


def alerts_in_full(
    snapshot: Snapshot,
    pack: Pack,
    changes: Iterable[Change],
    wanted: Collection[str] | None = None,
    *,
    memory: str = "1GB",
    threads: int | None = None,
) -> list[Alert]:
    """The alerts that `changes` make (or those with an id in `wanted`), each with its rows, by time, rule and key.

    A merging rule rests on other alerts of its key: their steps must be among `changes` too.

    Raises:
        InputError: an alert is of another version of the pack, or its opening is not among `changes`.
    """
    told = fold(pack, changes, wanted)
    found: list[Alert] = []
    for kind in dict.fromkeys(one.rule.over for one in told):
        own = [one for one in told if one.rule.over == kind]
        asked = [one for one in own if wanted is None or one.first.alert_id in wanted]
        plan = plan_rules(pack, kind, [rule for rule in pack.rules.values() if rule.over == kind])
        with telling(), connect(memory=memory, threads=threads) as connection:
            gather = _events if kinds()[kind].time is Time.EVENT else _rows
            rows = gather(connection, snapshot.without_late(), pack, plan, [one for one in asked if not one.rule.merge])
        rows |= {one.first.alert_id: _beside(one, own, plan) for one in asked if one.rule.merge}
        found += [_alert(pack, one, *rows[one.first.alert_id]) for one in asked]
    return sorted(found, key=lambda alert: (alert.opened_at, alert.rule, alert.key))


def fold(pack: Pack, changes: Iterable[Change], wanted: Collection[str] | None = None) -> list[Told]:
    """The alerts that steps make; steps may come in any order and more than once.

    Alerts that are not `wanted` may have been opened by another version, if this one has their rule too.

    Raises:
        InputError: a wanted alert is of another version, or its opening is missing.
    """
    steps: dict[str, dict[int, Change]] = defaultdict(dict)
    for change in changes:
        steps[change.alert_id][change.step] = change
    found = []
    for alert, own in steps.items():
        ordered = [own[step] for step in sorted(own)]
        asked = wanted is None or alert in wanted
        if ordered[0].what == OPENED and _of(pack, ordered[0], exactly=asked):
            found.append(Told(pack.rules[_short(ordered[0])], ordered[0], _episode(ordered)))
        elif asked:
            raise InputError(_unknown(pack, ordered[0]))
    return found


def _of(pack: Pack, change: Change, *, exactly: bool) -> bool:
    version = pack.version if exactly else change.version
    return (change.pack, change.version) == (pack.name, version) and _short(change) in pack.rules


def _unknown(pack: Pack, first: Change) -> Text:
    if first.what != OPENED:
        text = f"the opening of alert {first.alert_id} is not among the steps"
        return Text(f"预警 {first.alert_id} 缺少开启的一步", text)
    of, here = f"{first.pack} {first.version}", f"{pack.name} {pack.version}"
    return Text(
        f"预警 {first.alert_id} 出自 {of}，不是 {here}；请指明那一版",
        f"alert {first.alert_id} is of {of}, not of {here}; name that version",
    )


def _short(change: Change) -> str:
    return change.rule.partition("/")[2]


def _episode(ordered: Sequence[Change]) -> Episode:
    first, last = ordered[0], ordered[-1]
    moved = [c for c in ordered if c.what != CLEARED and not c.event.startswith(BY_PACK)]
    steps = [Step(change.at, change.tier, change.event) for change in moved]
    cleared = Step(last.at, last.tier, last.event) if last.what == CLEARED else None
    return Episode(first.rule, first.key, steps, cleared)


def _alert(pack: Pack, one: Told, rows: tuple[Evidence, ...], count: int) -> Alert:
    """The alert as its opening told it; a journal holds decimals as text, so nothing is put into words again."""
    alert = make_alert(pack, one.rule, one.episode, one.first.values, rows, count)
    return replace(alert, parameters=one.first.parameters, reason=one.first.reason)


Rows = dict[str, tuple[tuple[Evidence, ...], int]]


def _rows(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, pack: Pack, plan: Plan, told: Sequence[Told]
) -> Rows:
    """The rows behind alerts on keys, by alert."""
    if not told:
        return {}
    shards = Shards(connection, snapshot, pack, plan, FIRST, FOREVER)
    shards.views()
    gatherer = Gatherer(connection, pack, plan, shards.event_rows, shards.dated_rows)
    found = gatherer.gather([(one.rule, one.episode) for one in told])
    return {one.first.alert_id: counted(found.get(one.first.alert_id, ())) for one in told}


def _events(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, pack: Pack, plan: Plan, told: Sequence[Told]
) -> Rows:
    """The event behind each alert on a single event, by alert."""
    kind, facts = kinds()[plan.kind], sorted(plan.fields)
    connection.register("_alerted", pa.table({"_event": pa.array([one.first.key for one in told], pa.string())}))
    select = snapshot.select(kind.name, columns=sorted({*kind.key, *facts}))
    columns = "".join(f", {name(fact)}" for fact in facts)
    sql = f"SELECT *, {event_id_sql(kind)} AS _id FROM ({select})"
    sql = f"SELECT _id, _submission, _row{columns} FROM ({sql}) WHERE _id IN (SELECT _event FROM _alerted)"
    found: Mapping[str, Evidence] = {
        row_id: Evidence(kind.name, kind.name, row_id, submission, row, dict(zip(facts, values, strict=True)))
        for row_id, submission, row, *values in connection.execute(sql).fetchall()
    }
    pairs = ((one.first.alert_id, found.get(one.first.key)) for one in told)
    return {alert: ((row,), 1) if row else ((), 0) for alert, row in pairs}


def _beside(one: Told, others: Iterable[Told], plan: Plan) -> tuple[tuple[Evidence, ...], int]:
    """The alerts of a key that were open when a merging rule spoke: in order of the pack's rules, then of time."""
    order = [rule.name for rule in plan.rules]
    instant = one.episode.opened.instant
    own = [o for o in others if o.first.key == one.first.key and o.rule.group and not o.rule.merge]
    own.sort(key=lambda o: (order.index(o.rule.name), o.episode.opened.instant))
    rows = tuple(resting(o.rule, o.episode) for o in own if o.episode.open_at(instant))
    return rows, len(rows)
