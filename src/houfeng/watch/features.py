"""Features of the day: snapshot indicators and the key's own fields, as known when each day began.

Every row of the book gets the stretch of days on which a feature sees it (`spans`, cut by the row's own validity). A
key's features change only where such a stretch begins or ends, so they are computed at those days and looked up by day.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from houfeng.book.model import Kind, Time, kinds
from houfeng.book.store import Snapshot
from houfeng.packs.membership import Membership
from houfeng.packs.model import Definition
from houfeng.packs.roads.measures import compared, mean_sql
from houfeng.packs.roads.sql import SqlWriter, name
from houfeng.watch.plan import Plan
from houfeng.watch.spans import Span, spans


def register_spans(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kind: str) -> list[Span]:
    """Make the table `_spans_<kind>` of the days on which each submission is in use."""
    found = spans(kinds()[kind], snapshot.history(kind))
    table = pa.table(
        {
            "_submission": pa.array([s.submission_id for s in found], pa.string()),
            "_from": pa.array([s.start for s in found], pa.date32()),
            "_to": pa.array([s.end for s in found], pa.date32()),
            "_rank": pa.array([s.rank for s in found], pa.int64()),
        }
    )
    connection.register(f"_spans_{kind}", table)
    return found


def dated_rows_sql(snapshot: Snapshot, kind: Kind, columns: Sequence[str]) -> str:
    """The rows of a kind with `_from` and `_to`: the days on which a feature sees them."""
    own = sorted({*columns, *kind.key, *(("valid_from", "valid_to") if kind.time is Time.VALIDITY else ())})
    chosen = ", ".join(f"r.{name(c)}" for c in own)
    start, end = "s._from", "s._to"
    if kind.time is Time.VALIDITY:
        start, end = "greatest(s._from, coalesce(r.valid_from, s._from))", "least(s._to, coalesce(r.valid_to, s._to))"
    rows = history_sql(snapshot, kind.name, own)
    return (
        f"SELECT {chosen}, r._submission, r._row, s._rank, {start} AS _from, {end} AS _to"
        f" FROM ({rows}) r JOIN _spans_{kind.name} s ON r._submission = s._submission WHERE {start} < {end}"
    )


def history_sql(snapshot: Snapshot, kind: str, columns: Sequence[str]) -> str:
    """SQL of the rows of every submission that ever was in force, replaced ones too."""
    return snapshot.select_all(kind, columns)


def members_sql(snapshot: Snapshot, members: Membership) -> str:
    """Who belongs to whom from when: _key, _member, _from, _to. A pair's stretches of days do not meet."""
    rows = dated_rows_sql(snapshot, kinds()[members.kind], [members.group, members.member])
    pairs = f"SELECT {name(members.group)} AS _key, {name(members.member)} AS _member, _from, _to FROM ({rows})"
    in_order = "PARTITION BY _key, _member ORDER BY _from, _to"
    before = f"max(_to) OVER ({in_order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    fresh = f"SELECT *, CASE WHEN _from <= {before} THEN 0 ELSE 1 END AS fresh FROM ({pairs})"
    numbered = f"SELECT *, sum(fresh) OVER ({in_order}) AS n FROM ({fresh})"
    return f"SELECT _key, _member, min(_from) AS _from, max(_to) AS _to FROM ({numbered}) GROUP BY _key, _member, n"


def keyed_rows_sql(by: str, through: str, rows: str, wanted: str = "SELECT _key FROM _keys") -> str:
    """Dated rows with the key each belongs to in `_key`; a member's, on the days it belongs to that key."""
    if not through:
        return f"SELECT *, {name(by)} AS _key FROM ({rows}) WHERE {name(by)} IN ({wanted})"
    start, end = "greatest(r._from, m._from)", "least(r._to, m._to)"
    return (
        f"SELECT r.* REPLACE ({start} AS _from, {end} AS _to), m._key FROM ({rows}) r"
        f" JOIN _members_{through} m ON r.{name(by)} = m._member AND {start} < {end} WHERE m._key IN ({wanted})"
    )


def panel_sql(plan: Plan, source: str, items: Sequence[Definition], keyed: str, writer: SqlWriter) -> str:
    """The snapshot indicators of one source at each day on which they can change: _key, _day, the items.

    `keyed` are the source's dated rows with their `_key`. Where reporters speak of the same row of a validity kind, the
    best-ranked one counts, as in the book's views.
    """
    kind = kinds()[source]
    turns = "SELECT _key, _from AS _day FROM dated UNION SELECT _key, _to AS _day FROM dated"
    joined = (
        "SELECT t._key AS _k, t._day AS _d, d.* FROM turns t"
        " LEFT JOIN dated d ON d._key = t._key AND d._from <= t._day AND t._day < d._to"
    )
    if kind.time is Time.VALIDITY:
        key = ", ".join(f"coalesce(CAST({name(k)} AS VARCHAR), '')" for k in kind.key)
        best = f"row_number() OVER (PARTITION BY t._key, t._day, {key} ORDER BY d._rank DESC)"
        joined += f" QUALIFY d._key IS NULL OR {best} = 1"
    columns = "".join(f", {_aggregate(item, writer)} AS {name(item.name)}" for item in items)
    return (
        f"WITH dated AS MATERIALIZED ({keyed}), turns AS ({turns}), seen AS ({joined})"
        f" SELECT _k AS _key, _d AS _day{columns} FROM seen GROUP BY _k, _d"
    )


def _aggregate(item: Definition, writer: SqlWriter) -> str:
    measure = item.measure
    assert measure is not None
    present = "_key IS NOT NULL" + (f" AND {writer.write(measure.where)}" if measure.where is not None else "")
    kept = f" FILTER (WHERE {present})"
    value = writer.write(measure.args[0]) if measure.args else ""
    match measure.function:
        case "count":
            return compared(measure, f"count(*){kept}")
        case "sum":
            return compared(measure, f"coalesce(sum({value}){kept}, 0)")
        case "distinct":
            return compared(measure, f"count(DISTINCT {value}){kept}")
        case "mean":
            return compared(measure, mean_sql(f"sum({value}){kept}", f"count({value}){kept}"))
        case "top_share":
            who = writer.write(measure.args[0])
            amount = writer.write(measure.args[1])
            known = f"{present} AND {who} IS NOT NULL AND {amount} IS NOT NULL"
            return compared(measure, f"_top_share(list({{'who': {who}, 'part': {amount}}}) FILTER (WHERE {known}))")
        case _:
            return compared(measure, f"{measure.function}({value}){kept}")


def own_fields_sql(plan: Plan, rows: str) -> str:
    """The key's own record at each day on which it can change: _key, _day, the fields wanted."""
    fields = sorted(plan.fields)
    keyed = f"SELECT *, {name(plan.key)} AS _key FROM ({rows}) WHERE {name(plan.key)} IN (SELECT _key FROM _keys)"
    turns = "SELECT _key, _from AS _day FROM dated UNION SELECT _key, _to AS _day FROM dated"
    columns = "".join(f", d.{name(f)}" for f in fields)
    return (
        f"WITH dated AS MATERIALIZED ({keyed}), turns AS ({turns})"
        f" SELECT t._key, t._day{columns} FROM turns t"
        " LEFT JOIN dated d ON d._key = t._key AND d._from <= t._day AND t._day < d._to"
        " QUALIFY row_number() OVER (PARTITION BY t._key, t._day ORDER BY d._rank DESC NULLS LAST) = 1"
    )


TOP_SHARE_MACRO = (
    "CREATE OR REPLACE TEMP MACRO _top_share(pairs) AS (SELECT CASE WHEN sum(part) > 0 THEN"
    " CAST(max(part) AS DOUBLE) / CAST(sum(part) AS DOUBLE) END FROM"
    " (SELECT p.who AS who, sum(p.part) AS part FROM (SELECT unnest(pairs) AS p) GROUP BY 1))"
)
