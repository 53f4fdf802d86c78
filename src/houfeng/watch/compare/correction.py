"""What events that came too late would have changed: the same replay without them and with them.

The live watch leaves an event that comes after its instant was closed out of its windows for ever; the book keeps it,
marked. Only keys that such an event belongs to can differ, so only these are replayed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import duckdb
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import Time, kinds
from houfeng.book.store import Snapshot
from houfeng.engine.faults import telling
from houfeng.packs.model import Measure, Pack, Rule
from houfeng.packs.roads.measures import DAY, event_id_sql, instant_sql
from houfeng.packs.roads.sql import name
from houfeng.watch.alerts import moment
from houfeng.watch.compare.matching import NEVER, Comparison, Situation, match
from houfeng.watch.compare.notice import Notice, notices_of
from houfeng.watch.evidence import names_behind
from houfeng.watch.features import history_sql
from houfeng.watch.grid import keyed_sql
from houfeng.watch.plan import Plan, plan_rules, streams_of
from houfeng.watch.reference.shards import Shards
from houfeng.watch.replay import Replay

FIRST = date(1970, 1, 1)
LONGEST = {"month": 31, "quarter": 92, "year": 366}
"""Days of the longest calendar period of each name."""


class Late(NamedTuple):
    """An event that came too late for the windows: what it is, from which source, when it happened, when it came.

    `event` is its id with the kind; `row` its place in the source. `received` is when the book took it, a few seconds
    after it came.
    """

    kind: str
    event: str
    source: str
    at: datetime
    received: datetime
    row: int

    @property
    def lateness(self) -> timedelta:
        """From when it happened to when the book had it."""
        return self.received - self.at


@dataclass(frozen=True, slots=True)
class Difference:
    """A situation that the late events change: `old` of it is what the windows saw, `new` what all events say."""

    situation: Situation
    late: tuple[Late, ...]

    @property
    def notice(self) -> Notice:
        """The alert it is about: as it should have been, or as it was where it should not have been at all."""
        return (*self.situation.new, *self.situation.old)[0]

    @property
    def what(self) -> str:
        """`missed`, `unfounded`, `earlier`, `later`, `higher`, `lower` or `otherwise` (a clearing, a step between)."""
        found = self.situation
        if not found.kept:
            return "missed" if found.gained else "unfounded"
        if found.moved:
            return "earlier" if found.moved < 0 else "later"
        return "higher" if found.raised > 0 else "lower" if found.raised < 0 else "otherwise"


KINDS_OF_DIFFERENCE = ("missed", "unfounded", "earlier", "later", "higher", "lower", "otherwise")


@dataclass(frozen=True)
class Correction:
    """What late events would change from `first` to `last`. `late` are those that a rule can see, by time."""

    first: date
    last: date
    late: tuple[Late, ...]
    keys: int
    """Enterprises, groups … that a late event belongs to."""
    differences: tuple[Difference, ...]
    compared: Comparison


Belonging = dict[str, dict[str, list[Late]]]
"""Late events by the kind of key and the key they belong to."""


def correct(
    snapshot: Snapshot,
    pack: Pack,
    first: date,
    last: date,
    only: Sequence[str] = (),
    *,
    memory: str = "1GB",
    threads: int | None = None,
) -> Correction:
    """Replay the keys of late events without and with these events, and tell what differs and by which of them.

    Raises:
        UsageError, InputError: as `Replay.alerts`.
    """
    belonging: Belonging = {}
    for kind in dict.fromkeys(rule.over for rule in pack.rules.values()):
        plan = plan_rules(pack, kind, [rule for rule in pack.rules.values() if rule.over == kind])
        with telling(), connect(memory=memory, threads=threads) as connection:
            belonging[kind] = _belonging(connection, snapshot, pack, plan, last)
    whom: Mapping[str, Collection[str]] = {kind: found.keys() for kind, found in belonging.items()}
    old, new = (
        notices_of(Replay(view, pack, first, last, only, memory, threads, whom).alerts())
        for view in (snapshot.without_late(), snapshot)
    )
    compared = match(old, new, first, last)
    changed = [situation for situation in compared.situations if not situation.unchanged]
    late = {event for keys in belonging.values() for found in keys.values() for event in found}
    return Correction(
        first,
        last,
        tuple(sorted(late, key=_order)),
        sum(len(keys) for kind, keys in belonging.items() if kinds()[kind].time is not Time.EVENT),
        tuple(Difference(situation, tuple(_behind(situation, belonging, pack))) for situation in changed),
        compared,
    )


def _order(event: Late) -> tuple[datetime, str, str]:
    return (event.at, event.kind, event.event)


def _behind(situation: Situation, belonging: Belonging, pack: Pack) -> list[Late]:
    """The late events that a situation can be put down to.

    Those of its key that its rule looks at, from as far back as its windows reach (and its cooldown runs) to its end.
    Where there is none, an episode before has moved it: all of them up to its end.
    """
    notices = (*situation.old, *situation.new)
    rule = pack.rules[notices[0].rule]
    sources, reach = _looked_at(pack, rule)
    start = min(notice.opened_at for notice in notices)
    end = max(notice.cleared_at or NEVER for notice in notices)
    found = [
        event
        for event in belonging[notices[0].kind].get(notices[0].key, ())
        if event.kind in sources and event.at <= end
    ]
    return [e for e in found if reach is None or e.at >= start - reach] or found


def _looked_at(pack: Pack, rule: Rule) -> tuple[set[str], timedelta | None]:
    """The event kinds a rule looks at, and how far back; a merging rule looks at what any rule over its kind does."""
    if kinds()[rule.over].time is Time.EVENT:
        return {rule.over}, None
    rules = [r for r in pack.rules.values() if r.over == rule.over] if rule.merge else [rule]
    names = {name for each in rules for name in names_behind(pack, each)}
    items = [item for item in plan_rules(pack, rule.over, rules).windows if item.name in names]
    sources = {stream.source for item in items for stream in streams_of(item)}
    reaches = [_reach(item.measure) for item in items if item.measure is not None]
    if rule.merge or None in reaches:
        return sources, None
    seconds = max((reach for reach in reaches if reach is not None), default=0)
    return sources, timedelta(seconds=seconds + rule.cooldown)


def _reach(measure: Measure) -> int | None:
    """Seconds that a measure looks back at most, or nothing where it looks back for ever."""
    if measure.since:
        return LONGEST[measure.since] * DAY
    return measure.offset + measure.window + measure.hop if measure.window else None


def _belonging(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, pack: Pack, plan: Plan, last: date
) -> dict[str, list[Late]]:
    """The late events up to a day by the key of a plan they belong to; those of nobody who is known are left out."""
    found: dict[str, set[Late]] = defaultdict(set)
    kind = kinds()[plan.kind]
    if kind.time is Time.EVENT:
        if _register(connection, snapshot, plan.kind):
            rows = snapshot.select(plan.kind, as_of=last, columns=sorted({*kind.key, kind.time_field}))
            for _, event in _read(connection, plan.kind, f"SELECT *, '' AS _key FROM ({rows})"):
                found[event.event.partition(":")[2]].add(event)
        return {event: list(own) for event, own in found.items()}
    shards = Shards(connection, snapshot, pack, plan, FIRST, last)
    shards.views()
    known = f"SELECT {name(plan.key)} FROM ({history_sql(snapshot, plan.kind, [plan.key])})"
    for stream in plan.streams:
        if _register(connection, snapshot, stream.source):
            rows = f"SELECT * FROM ({shards.event_rows[stream.source]}) WHERE _submission IN (SELECT _id FROM _late)"
            for key, event in _read(connection, stream.source, keyed_sql(stream, rows, known)):
                found[key].add(event)
    return {key: sorted(events, key=_order) for key, events in found.items()}


def _register(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kind: str) -> bool:
    """Make the table `_late` of the submissions of late events of a kind; false where there are none."""
    late = [entry for entry in snapshot.submissions(kind) if entry.late]
    columns = {
        "_id": pa.array([entry.submission_id for entry in late], pa.string()),
        "_source": pa.array([entry.reporter for entry in late], pa.string()),
        "_received": pa.array([entry.received_at for entry in late], pa.timestamp("us")),
    }
    connection.register("_late", pa.table(columns))
    return bool(late)


def _read(connection: duckdb.DuckDBPyConnection, kind: str, rows: str) -> list[tuple[str, Late]]:
    """The late ones among rows of events, each with the key in `_key`."""
    shape = kinds()[kind]
    sql = (
        f"SELECT r._key, {event_id_sql(shape)}, _source, {instant_sql(shape)}, _received, _row"
        f" FROM ({rows}) r JOIN _late ON _submission = _id"
    )
    return [
        (str(key), Late(kind, f"{kind}:{event}", source, moment(at), received, row))
        for key, event, source, at, received, row in connection.execute(sql).fetchall()
    ]
