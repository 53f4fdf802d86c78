"""The grid: every instant at which a key is evaluated, with the value of every windowed indicator there, in SQL.

Events are first added up per key and instant, so that ties are one instant; then each measure is a window function over
the instants, with the frame `floor_h(t - offset - W) < t' <= t - offset`. What other events begin or end has first the
instant of the latest of those beside it. See docs/concepts/windows.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from houfeng.book.model import kinds
from houfeng.packs.model import Definition, Measure
from houfeng.packs.roads.measures import (
    DAY,
    calendar_start_sql,
    compared,
    day_end,
    event_id_sql,
    instant_sql,
    mean_sql,
)
from houfeng.packs.roads.sql import SqlWriter, literal, name
from houfeng.watch.plan import Plan, Stream, streams_of


def keyed_sql(stream: Stream, rows: str, wanted: str = "SELECT _key FROM _keys") -> str:
    """The events of a stream with the key each belongs to in `_key`: that of `by`, or the groups of that member.

    A member's event belongs to the groups of the event's day, as the table `_members_<kind>` has them.
    """
    by = name(stream.by)
    if not stream.through:
        return f"SELECT *, {by} AS _key FROM ({rows}) WHERE {by} IN ({wanted})"
    day = f"CAST(r.{name(kinds()[stream.source].time_field)} AS DATE)"
    return (
        f"SELECT r.*, m._key FROM ({rows}) r JOIN _members_{stream.through} m"
        f" ON r.{by} = m._member AND m._from <= {day} AND {day} < m._to WHERE m._key IN ({wanted})"
    )


def events_sql(plan: Plan, stream: Stream, rows: str, writer: SqlWriter) -> str:
    """One row per key and instant of a stream: the smallest event id, and each measure's part of that instant."""
    kind = kinds()[stream.source]
    columns = []
    for item in plan.windows:
        own, *marks = streams_of(item)
        if own == stream:
            columns += _parts(item, writer)
        if stream in marks and item.measure is not None:
            (mark,) = item.measure.marks
            kept = f" FILTER (WHERE {writer.write(mark.where)})" if mark.where is not None else ""
            columns.append(f"max(_t){kept} AS {name(item.name, 'mark')}")
    extra = "".join(f", {column}" for column in columns)
    return (
        f"SELECT _key, _t, min(_id) AS _opening{extra} FROM ("
        f"SELECT *, {instant_sql(kind)} AS _t, '{stream.source}:' || {event_id_sql(kind)} AS _id"
        f" FROM ({keyed_sql(stream, rows)})) GROUP BY _key, _t"
    )


def _parts(item: Definition, writer: SqlWriter) -> list[str]:
    measure = item.measure
    assert measure is not None
    kept = f" FILTER (WHERE {writer.write(measure.where)})" if measure.where is not None else ""
    value = writer.write(measure.args[0]) if measure.args else ""
    column = name(item.name)
    match measure.function:
        case "count":
            return [f"count(*){kept} AS {column}"]
        case "sum":
            return [f"sum({value}){kept} AS {column}"]
        case "mean":
            return [f"sum({value}){kept} AS {column}", f"count({value}){kept} AS {name(item.name, 'count')}"]
        case "min" | "max":
            return [f"{measure.function}({value}){kept} AS {column}"]
        case "last":
            known = f"{value} IS NOT NULL" + (
                f" AND {writer.write(measure.where)}" if measure.where is not None else ""
            )
            return [f"arg_max({value}, _id) FILTER (WHERE {known}) AS {column}"]
        case "days_since":
            return [f"max(_t){kept} AS {column}"]
        case _:  # distinct and top_share have subqueries of their own
            return []


def grid_sql(plan: Plan, sources: Sequence[str], first: date, last: date) -> str:
    """Every instant of every key: events and day's ends merged, each measure's part beside it.

    `sources` are the names of the tables made by `events_sql`; `_keys` holds the keys with the day each goes live.
    """
    ticks = (
        f"SELECT _key, CAST(epoch(day) AS BIGINT) + {DAY - 1} AS _t FROM _keys, "
        f"unnest(generate_series(greatest(_live, {literal(first)}), {literal(last)}, INTERVAL 1 DAY)) AS days(day)"
    )
    union = " UNION ALL BY NAME ".join([f"({ticks})", *(f"(SELECT * FROM {table})" for table in sources)])
    columns = [c for item in plan.windows for c in _part_columns(item)]
    merged = "".join(f", any_value({name(c)}) AS {name(c)}" for c in columns)
    opening = "min(_opening) AS _opening" if sources else "CAST(NULL AS VARCHAR) AS _opening"
    grid = f"SELECT _key, _t, {opening}{merged} FROM ({union}) WHERE _t <= {day_end(last)} GROUP BY _key, _t"
    latest = [
        f", {_latest_mark(item)} AS {starts(item)}" for item in plan.windows if item.measure and item.measure.marks
    ]
    return f"SELECT *{''.join(latest)} FROM ({grid})" if latest else grid


def starts(item: Definition) -> str:
    """The column of the latest marking event of an item at each instant."""
    return name(item.name, "from")


def _latest_mark(item: Definition) -> str:
    """The latest `after` event in the window, or `without` event ever, up to the instant."""
    measure = item.measure
    assert measure is not None
    within = _window_frame(measure) if measure.after is not None else ""
    return f"max({name(item.name, 'mark')}) OVER (PARTITION BY _key ORDER BY _t {within})"


def _part_columns(item: Definition) -> list[str]:
    measure = item.measure
    assert measure is not None
    marks = [f"{item.name}.mark"] if measure.marks else []
    if measure.function in ("distinct", "top_share"):
        return marks
    return [item.name, *([f"{item.name}.count"] if measure.function == "mean" else []), *marks]


def frame(item: Definition) -> str:
    """The frame of a measure over instants ordered by `_t`, from its mark on where it has one."""
    measure = item.measure
    assert measure is not None
    if measure.after is not None:
        return f"RANGE BETWEEN coalesce(_t - {starts(item)}, 0) PRECEDING AND CURRENT ROW"
    return _window_frame(measure)


def _window_frame(measure: Measure) -> str:
    """The frame of a window: whole seconds, so `> x` is `>= x + 1`."""
    if measure.since:
        return f"RANGE BETWEEN (_t - {calendar_start_sql(measure.since, '_t')}) PRECEDING AND CURRENT ROW"
    if not measure.window:
        return f"RANGE BETWEEN UNBOUNDED PRECEDING AND {measure.offset} PRECEDING" if measure.offset else ""
    start = f"(_t - {measure.offset + measure.window})"
    reach = f"_t - ({start} - {start} % {measure.hop}) - 1"
    until = f"{measure.offset} PRECEDING" if measure.offset else "CURRENT ROW"
    return f"RANGE BETWEEN ({reach}) PRECEDING AND {until}"


def windowed_sql(item: Definition) -> str:
    """The value of a windowed indicator as an expression over the grid."""
    measure = item.measure
    assert measure is not None
    over = f"OVER (PARTITION BY _key ORDER BY _t {frame(item)})"
    column = name(item.name)
    if measure.without is not None:  # instants between two answers are one partition
        open_ = f"CASE WHEN {starts(item)} IS NULL OR {column} > {starts(item)} THEN {column} END"
        first = f"min({open_}) OVER (PARTITION BY _key, {starts(item)} ORDER BY _t)"
        return compared(measure, f"((_t - {first}) // {DAY})")
    match measure.function:
        case "count" | "sum":
            value = f"coalesce(sum({column}) {over}, 0)"
        case "mean":
            value = mean_sql(f"sum({column}) {over}", f"sum({name(item.name, 'count')}) {over}")
        case "min" | "max":
            value = f"{measure.function}({column}) {over}"
        case "last":
            value = f"last_value({column} IGNORE NULLS) {over}"
        case "days_since":
            value = f"((_t - {measure.offset} - max({column}) {over}) // {DAY})"
        case _:
            return column
    return compared(measure, _known_after(item, value))


def _known_after(item: Definition, value: str) -> str:
    """`value`, unknown where nothing came before that must have."""
    assert item.measure is not None
    return f"CASE WHEN {starts(item)} IS NOT NULL THEN {value} END" if item.measure.after is not None else value


def distinct_sql(item: Definition, rows: str, writer: SqlWriter) -> str:
    """A distinct count at every instant of `_points`: columns _key, _t and the item. `rows` have their `_key`."""
    measure = item.measure
    assert measure is not None
    kind, value = kinds()[measure.source], writer.write(measure.args[0])
    where = f" AND {writer.write(measure.where)}" if measure.where is not None else ""
    seen = (
        f"SELECT DISTINCT _key, {instant_sql(kind)} AS _t, {value} AS v FROM ({rows}) WHERE {value} IS NOT NULL{where}"
    )
    over = f"OVER (PARTITION BY _key ORDER BY _t {frame(item)})"
    start = starts(item) if measure.after is not None else ""
    none, own = (f", NULL AS {start}", f", {start}") if start else ("", "")
    both = f"SELECT *, 0 AS g{none} FROM ({seen}) UNION ALL SELECT _key, _t, NULL, 1{own} FROM _points"
    counted = f"SELECT *, count(DISTINCT v) {over} AS n FROM ({both})"
    value = compared(measure, _known_after(item, "n"))
    return f"SELECT _key, _t, {value} AS {name(item.name)} FROM ({counted}) WHERE g = 1"


def top_share_windows_sql(item: Definition, rows: str, writer: SqlWriter) -> str:
    """The top share at every instant of `_points`: columns _key, _t and the item.

    The content of a window changes only when an event enters or leaves, so each stretch of instants with the same edges
    (`_last`: latest event before the window's end, `_after`: its open edge) is computed once.
    """
    measure = item.measure
    assert measure is not None
    kind = kinds()[measure.source]
    who, amount = (writer.write(arg) for arg in measure.args)
    where = f" AND {writer.write(measure.where)}" if measure.where is not None else ""
    events = (
        f"SELECT _key, {instant_sql(kind)} AS _t, {who} AS who, sum({amount}) AS part FROM ({rows})"
        f" WHERE {who} IS NOT NULL AND {amount} IS NOT NULL{where} GROUP BY ALL"
    )
    start = f"(g._t - {measure.offset + measure.window})"
    edge = f"{start} - {start} % {measure.hop}"
    if measure.since:
        edge = f"{calendar_start_sql(measure.since, 'g._t')} - 1"
    elif measure.after is not None:
        edge = f"g.{starts(item)} - 1"  # unknown where nothing came before: then nothing joins below
    edges = (
        f"SELECT g._key, g._t, {edge} AS _after, e._t AS _last FROM _points g ASOF JOIN"
        f" (SELECT DISTINCT _key, _t FROM ev) e ON g._key = e._key AND g._t - {measure.offset} >= e._t"
    )
    sums = (
        "SELECT s._key, s._after, s._last, ev.who, sum(ev.part) AS part"
        " FROM (SELECT DISTINCT _key, _after, _last FROM edges) s"
        " JOIN ev ON ev._key = s._key AND ev._t > s._after AND ev._t <= s._last GROUP BY ALL"
    )
    share = "CASE WHEN sum(part) > 0 THEN CAST(max(part) AS DOUBLE) / CAST(sum(part) AS DOUBLE) END"
    return (
        f"WITH ev AS MATERIALIZED ({events}), edges AS ({edges}), sums AS ({sums}),"
        f" shares AS (SELECT _key, _after, _last, {share} AS v FROM sums GROUP BY _key, _after, _last)"
        f" SELECT edges._key, edges._t, {compared(measure, 'v')} AS {name(item.name)} FROM edges"
        " JOIN shares USING (_key, _after, _last)"
    )
