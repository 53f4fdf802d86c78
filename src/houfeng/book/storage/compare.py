"""Holding new rows against what the book has: repeated and contradicting events, and keys a replacement would end.

Both questions are joins over millions of rows, so DuckDB answers them from the key columns and a hash of the content.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.connection import scratch
from houfeng.book.draft import QUARANTINE, ROW, Draft, problems_json
from houfeng.book.model import ARROW, Field, Kind, Type
from houfeng.book.storage.scan import HASH
from houfeng.book.storage.tables import SUBMISSION
from houfeng.errors import Problem, Text, Where

FEW = 5
PART, AT = "_part", "_at"


class Sieved(NamedTuple):
    """The events of one draft after comparison: those to keep, how many the book had, and those that contradict it."""

    rows: pa.Table
    ignored: int
    refused: pa.Table


def hashed(kind: Kind, rows: pa.Table) -> pa.Table:
    """`rows` with the column `_hash`: 63 bits of the MD5 of all filled fields by name.

    Empty fields say nothing, so a field that a kind gains later does not make old events look different.
    """
    told = ", ".join(f"""coalesce(chr(31) || '{name}=' || CAST("{name}" AS VARCHAR), '')""" for name in kind.fields)
    with scratch() as connection:
        connection.register("fresh", _numbered(rows))
        # one bit goes, so that the number fits a signed integer, the only one Delta has
        found = _arrow(
            connection, f"SELECT CAST(md5_number_lower(concat({told})) >> 1 AS BIGINT) AS h FROM fresh ORDER BY {AT}"
        )
    return rows.append_column(HASH, found.column("h"))


def _arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    table: pa.Table = connection.sql(sql).to_arrow_table()
    return table


def _numbered(rows: pa.Table) -> pa.Table:
    return rows.append_column(AT, pa.array(range(len(rows)), pa.int64()))


def sieve(kind: Kind, drafts: Sequence[Draft], history: str) -> list[Sieved]:
    """Hold the events of `drafts` (rows with `_hash`) against `history` (SQL: key, `_hash`, `_submission`).

    They are held against each other too. The same event again is dropped and counted; another content under the same
    key is refused and names the submission that has it. Within the drafts the first of equal keys stands.
    """
    fresh = pa.concat_tables(
        [
            _numbered(draft.rows.select([*kind.key, HASH])).append_column(PART, pa.repeat(n, len(draft.rows)))
            for n, draft in enumerate(drafts)
        ]
    )
    with scratch() as connection:
        connection.register("fresh", fresh)
        marks = _arrow(connection, _sieve_sql(kind, history))
    return [_sieved(kind, draft, marks.filter(pc.equal(marks.column(PART), n))) for n, draft in enumerate(drafts)]


def _sieve_sql(kind: Kind, history: str) -> str:
    """Places of rows that are not to be kept, with the submission that has the key (if the book has it), and whether
    the content differs. What the book has weighs more than an earlier row of the same call."""
    keys = [key_part(kind.fields[name], f'"{name}"') for name in kind.key]
    named = ", ".join(f"{expression} AS k{n}" for n, expression in enumerate(keys))
    own = ", ".join(f"k{n}" for n in range(len(keys)))
    same = " AND ".join(f"new.k{n} = old.k{n}" for n in range(len(keys)))
    return f"""
        WITH new AS (SELECT {named}, {PART}, {AT}, {HASH} FROM fresh),
        old AS (SELECT {named}, {HASH}, {SUBMISSION} FROM ({history})),
        ranked AS (
            SELECT {PART}, {AT}, {HASH} <> first_value({HASH}) OVER w AS differs, row_number() OVER w AS n
            FROM new SEMI JOIN (SELECT {own} FROM new GROUP BY {own} HAVING count(*) > 1) USING ({own})
            WINDOW w AS (PARTITION BY {own} ORDER BY {PART}, {AT})
        ),
        marks AS (
            SELECT new.{PART}, new.{AT}, new.{HASH} <> old.{HASH} AS differs, old.{SUBMISSION} AS earlier
            FROM new JOIN old ON {same}
            UNION ALL
            SELECT {PART}, {AT}, differs, NULL FROM ranked WHERE n > 1
        )
        SELECT {PART}, {AT}, max(earlier) AS earlier,
            coalesce(bool_or(differs) FILTER (WHERE earlier IS NOT NULL), bool_or(differs)) AS differs
        FROM marks GROUP BY {PART}, {AT} ORDER BY {PART}, {AT}
    """


def key_part(field: Field, expression: str) -> str:
    """SQL of one part of a key: an empty text counts as ''."""
    return f"coalesce({expression}, '')" if ARROW[field.type] == pa.string() else expression


def _sieved(kind: Kind, draft: Draft, marks: pa.Table) -> Sieved:
    if not marks.num_rows:
        return Sieved(draft.rows, 0, QUARANTINE.empty_table())
    gone = pc.is_in(pa.array(range(len(draft.rows)), pa.int64()), value_set=marks.column(AT).combine_chunks())
    differing = marks.filter(marks.column("differs"))
    refused = _quarantined(kind, draft, draft.rows.take(differing.column(AT)), differing.column("earlier").to_pylist())
    return Sieved(draft.rows.filter(pc.invert(gone)), marks.num_rows - differing.num_rows, refused)


def _quarantined(kind: Kind, draft: Draft, refused: pa.Table, earlier: Sequence[str | None]) -> pa.Table:
    """The refused events in the shape of the quarantine, each with its reason."""
    told = ", ".join(f"""'{name}', coalesce(CAST("{name}" AS VARCHAR), '')""" for name in kind.fields)
    with scratch() as connection:
        connection.register("refused", _numbered(refused))
        raw = _arrow(connection, f"SELECT CAST(json_object({told}) AS VARCHAR) AS raw FROM refused ORDER BY {AT}")
    reasons = {one: problems_json([contradiction(kind, draft, one or "")]) for one in set(earlier)}
    columns = [
        refused.column(ROW),
        pa.repeat(pa.scalar(draft.sheet, pa.string()), refused.num_rows),
        raw.column("raw"),
        pa.array([reasons[one] for one in earlier], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=QUARANTINE)


def contradiction(kind: Kind, draft: Draft, earlier: str) -> Problem:
    """The problem of an event whose key the book has with another content."""
    there = (
        Text(f"提交 {earlier}", f"submission {earlier}") if earlier else Text("本文件前面的行", "an earlier row here")
    )
    return Problem(
        "book.event_contradicts",
        Text(
            f"{there.zh}已有同一编号、内容不同的记录，本行未入账",
            f"{there.en} has a record of the same key and other content; this row did not enter",
        ),
        Where(draft.file, sheet=draft.sheet, field=", ".join(kind.key)),
        suggestion=Text(
            "若是更正，请按冲正报一条新编号的记录", "if it is a correction, report a reversal under a new key"
        ),
    )


def vanishing(kind: Kind, old: str, rows: pa.Table) -> tuple[int, tuple[str, ...]]:
    """How many keys of `old` (SQL with the key columns) have no row in `rows`, and the first few of them in words."""
    named = ", ".join(f"""{key_part(kind.fields[name], f'"{name}"')} AS "{name}\"""" for name in kind.key)
    own = ", ".join(f'"{name}"' for name in kind.key)
    with scratch() as connection:
        connection.register("fresh", rows.select(list(kind.key)))
        connection.execute(
            f"""CREATE TEMP TABLE gone AS SELECT DISTINCT {own} FROM (SELECT {named} FROM ({old})) old
                ANTI JOIN (SELECT {named} FROM fresh) new USING ({own})"""
        )
        counted = connection.execute("SELECT count(*) FROM gone").fetchone()
        few = connection.execute(f"SELECT * FROM gone ORDER BY ALL LIMIT {FEW}").fetchall()
    return (counted[0] if counted else 0), tuple(" ".join(str(part) for part in key if part != "") for key in few)


def all_own(kind: Kind, rows: pa.Table, reporter: str) -> bool:
    """Whether every row is about the reporter itself, so that no other reporter can have rows of the same keys."""
    field = kind.reporter_field
    if not field or field not in kind.key or kind.fields[field].type is not Type.ID or not rows.num_rows:
        return False
    return bool(pc.all(pc.equal(pc.fill_null(rows.column(field), ""), reporter)).as_py())
