"""What only all rows together show: duplicates, references to other records, jumps since the last period."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft
from houfeng.book.intake.answers import Question
from houfeng.book.intake.findings import Finding, Ledger, fragments
from houfeng.book.intake.part import HASH, PERIOD, REPORTER, TABLE, Part, arrow_of
from houfeng.book.model import Kind, Relation, Time, kinds
from houfeng.errors import Level, Problem, Text, Where
from houfeng.exchange.raw import ROW

FetchRaw = Callable[[set[tuple[int, int]]], Mapping[tuple[int, int], str]]
"""Gives the raw cells (JSON) of rows named by (table index, row number); reads the file again."""


class View(Protocol):
    """What intake needs of a snapshot of the book."""

    def select(self, kind: str, *, as_of: date | None = None) -> str: ...
    def submissions(self, kind: str) -> Sequence[Any]: ...


def drop_duplicates(
    part: Part, good: pa.Table, con: duckdb.DuckDBPyConnection, ledger: Ledger, fetch: FetchRaw
) -> pa.Table:
    """Good rows without repeated ones; rows that share a key and differ go to the part's bad rows, all of them."""
    hashes = good.column(HASH).to_numpy()
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return good
    suspects = np.flatnonzero(np.isin(hashes, twice))
    verdict = _compare(part.kind, good.take(pa.array(suspects)), con)
    at, keep_first, differ = (verdict.column(n).to_numpy() for n in ("_at", "again", "differ"))
    again, clash = suspects[at[keep_first & ~differ]], suspects[at[differ]]
    drop = np.ones(good.num_rows, dtype=np.bool_)
    if len(again):
        _tell_again(part, good, again, ledger)
        drop[again] = False
    if len(clash):
        drop[clash] = False
        _set_aside(part, good.take(pa.array(np.sort(clash))), ledger, fetch)
    return good.filter(pa.array(drop))


def _compare(kind: Kind, rows: pa.Table, con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Of rows whose key hashes meet: is it a later copy of an equal row, does it differ from one with its key?"""
    scope = [*kind.key, *([] if kind.time is Time.EVENT else [PERIOD, REPORTER])]
    scope += ["valid_from"] if kind.time is Time.VALIDITY and "valid_from" in kind.fields else []
    key = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in scope)
    content = ", ".join(dict.fromkeys([*scope, *kind.fields]))
    con.register("suspects", rows.append_column("_at", pa.array(np.arange(rows.num_rows))))
    found = arrow_of(
        con,
        "SELECT _at, _at > first AS again, same < n AS differ FROM ("
        "SELECT _at, min(_at) OVER k AS first, count(*) OVER k AS n, "
        f"count(*) OVER (PARTITION BY {key}, {content}) AS same "
        f"FROM suspects WINDOW k AS (PARTITION BY {key})) WHERE n > 1 ORDER BY _at",
    )
    con.unregister("suspects")
    return found


def _tell_again(part: Part, good: pa.Table, at: np.ndarray[Any, Any], ledger: Ledger) -> None:
    first = good.take(pa.array(at[:1])).to_pylist()[0]
    file, sheet = part.tables[first[TABLE]]
    message = Text(
        f"{len(at):,} 行与前面的行完全相同，只取一次", f"{len(at):,} row(s) repeat an earlier row exactly; taken once"
    )
    ledger.add(
        Problem(
            "intake.repeated",
            message,
            Where(file, sheet=sheet, row=first[ROW]),
            Level.NOTE,
            _key_text(part.kind, first),
        )
    )


def _key_text(kind: Kind, row: Mapping[str, Any]) -> str:
    return " ".join(str(row[name]) for name in kind.key if row[name] is not None)


def _set_aside(part: Part, rows: pa.Table, ledger: Ledger, fetch: FetchRaw) -> None:
    """Put rows that share a key and differ into quarantine, with their cells as found."""
    places = list(zip(rows.column(TABLE).to_pylist(), rows.column(ROW).to_pylist(), strict=True))
    raw = fetch(set(places))
    values = [_key_text(part.kind, row) for row in rows.select(list(part.kind.key)).to_pylist()]
    finding = Finding(
        "intake.duplicate_key",
        Level.ERROR,
        part.kind.key[-1],
        "",
        np.arange(rows.num_rows),
        values,
        _DUPLICATE,
        _DUPLICATE_HINT,
    )
    told = fragments([finding])
    for index in sorted({t for t, _ in places}):
        file, sheet = part.tables[index]
        mine = np.array([i for i, (t, _) in enumerate(places) if t == index])
        shown = Finding(
            finding.code,
            finding.level,
            finding.field,
            "",
            np.arange(len(mine)),
            [values[i] for i in mine],
            _DUPLICATE,
            _DUPLICATE_HINT,
        )
        ledger.take(shown, rows.column(ROW).to_numpy()[mine], sheet, file)
    table = pa.Table.from_arrays(
        [
            rows.column(ROW),
            pa.array([part.tables[t][1] for t, _ in places], pa.string()),
            pa.array([raw.get(p, "{}") for p in places], pa.string()),
            pa.array([f"[{told[i][0]}]" for i in range(rows.num_rows)], pa.string()),
        ],
        schema=QUARANTINE,
    )
    for name in (PERIOD, REPORTER, TABLE):
        table = table.append_column(name, rows.column(name))
    part.bad.append(table)


_DUPLICATE = Text(
    "同一主键出现多次而内容不同，无法判断以哪条为准",
    "the same key appears more than once with different content; it cannot be told which is right",
)
_DUPLICATE_HINT = Text("只留正确的一条", "keep the right one only")


def check_references(
    part: Part,
    good: pa.Table,
    others: Mapping[str, pa.Table],
    view: View,
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
) -> None:
    """Warn of rows that name records the book (and this file) does not have. The rows stay."""
    con.register("good", good)
    for relation in part.kind.relations.values():
        here = others.get(relation.kind)
        if not view.submissions(relation.kind) and here is None:
            message = Text(
                f"账簿里还没有“{kinds()[relation.kind].label.zh}”，未核对引用",
                f"there is no {relation.kind} in the book yet; references not checked",
            )
            ledger.once(Problem("intake.not_checked", message, Where(ledger.file, field=relation.name), Level.NOTE))
            continue
        if here is not None:
            con.register("here", here)
        unknown = con.execute(_unknown_sql(relation, view, here is not None)).fetchall()
        if unknown:
            _tell_unknown(part, relation, unknown, ledger)
        if here is not None:
            con.unregister("here")
    con.unregister("good")


def _unknown_sql(relation: Relation, view: View, here: bool) -> str:
    own, there = list(relation.on), [relation.on[name] for name in relation.on]
    known = [f"SELECT {', '.join(there)} FROM ({view.select(relation.kind)})"]
    if here:
        known.append(f"SELECT {', '.join(there)} FROM here")
    match = " AND ".join(f"coalesce(k.{t}, '') = coalesce(g.{o}, '')" for o, t in zip(own, there, strict=True))
    text = " || ' ' || ".join(f"coalesce(CAST(g.{o} AS VARCHAR), '')" for o in own)
    return (
        f"SELECT {text} AS id, count(*) AS n, min({ROW}) AS first FROM good g WHERE g.{own[-1]} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM ({' UNION ALL '.join(known)}) k WHERE {match}) GROUP BY 1 ORDER BY first, id"
    )


def _tell_unknown(part: Part, relation: Relation, unknown: list[Any], ledger: Ledger) -> None:
    rows, ids = sum(n for _, n, _ in unknown), len(unknown)
    some = "、".join(id_ for id_, _, _ in unknown[:5]) + ("…" if ids > 5 else "")
    name = relation.label.zh or relation.name
    message = Text(
        f"{rows:,} 行引用了 {ids:,} 个账簿里没有的{name}，行照收",
        f"{rows:,} row(s) name {ids:,} {relation.kind} record(s) the book does not have; the rows are kept",
    )
    where = Where(ledger.file, row=unknown[0][2], field=next(iter(relation.on)))
    hint = Text(f"补报 {relation.kind}，或核对代码", f"submit the {relation.kind} records, or check the ids")
    ledger.add(Problem("intake.unknown_reference", message, where, Level.WARNING, some, hint), rows)


def check_jumps(
    draft: Draft, kind: Kind, view: View, con: duckdb.DuckDBPyConnection, ledger: Ledger, unit_given: bool
) -> list[Question]:
    """Compare with the last period: most rows ten thousand times off is a wrong unit, a single one a slip."""
    fields = [f.name for f in kind.fields.values() if f.jump and not f.in_cny_of]  # the amount itself tells it
    if not fields or draft.period is None or not draft.rows.num_rows or not view.submissions(kind.name):
        return []
    before = draft.period - timedelta(days=1) if kind.time is Time.PERIOD else draft.period
    con.register("good", draft.rows)
    questions = []
    for name in fields:
        rows = con.execute(_jump_sql(kind, name, view.select(kind.name, as_of=before))).fetchall()
        near = [row for row in rows if row[3]]
        if near and len(near) * 2 >= len(rows) and not unit_given:
            questions.append(_unit_question(draft, kind, name, near, len(rows)))
        else:
            _tell_jumps(draft, kind, name, near, ledger)
    con.unregister("good")
    return questions


def _jump_sql(kind: Kind, name: str, before: str) -> str:
    match = " AND ".join(
        f"coalesce(CAST(n.{k} AS VARCHAR), '') = coalesce(CAST(p.{k} AS VARCHAR), '')"
        for k in kind.key
        if k != "period"
    )
    size = f"abs(log10(abs(CAST(n.{name} AS DOUBLE) / CAST(p.{name} AS DOUBLE))))"
    near = f"abs({size} - 4) < 0.1 OR abs({size} - 8) < 0.1"
    return (
        f"SELECT n.{ROW}, n.{name}, p.{name}, {near} FROM good n JOIN ({before}) p ON {match} "
        f"WHERE n.{name} <> 0 AND p.{name} <> 0 ORDER BY n.{ROW}"
    )


def _unit_question(draft: Draft, kind: Kind, name: str, near: list[Any], matched: int) -> Question:
    row, now, then, _ = near[0]
    label = kind.fields[name].label
    message = Text(
        f"{label.zh}与上期相比，{matched:,} 行里有 {len(near):,} 行相差约一万（或一亿）倍"
        f"（如第 {row} 行 {then:,} → {now:,}），单位是万元还是元？",
        f"against the last period {len(near):,} of {matched:,} rows differ about 10,000 (or 100,000,000) times "
        f"in {name} (row {row}: {then:,} → {now:,}): 万元 or 元?",
    )
    return Question(
        "intake.unit_jump",
        message,
        Where(draft.file, sheet=draft.sheet, field=name),
        (f"--unit '{name}=万元'", f"--unit '{name}=元'"),
    )


def _tell_jumps(draft: Draft, kind: Kind, name: str, near: list[Any], ledger: Ledger) -> None:
    label = kind.fields[name].label
    for row, now, then, _ in near:
        message = Text(
            f"{label.zh}与上期相差约一万（或一亿）倍",
            f"{name} differs about 10,000 (or 100,000,000) times from the last period",
        )
        where = Where(draft.file, sheet=draft.sheet, row=row, field=name)
        hint = Text("核对是万元还是元", "check whether it is 万元 or 元")
        ledger.add(Problem("intake.jump", message, where, Level.WARNING, json.dumps([str(then), str(now)]), hint))
