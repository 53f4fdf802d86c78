"""Run a pack's own cases, each by both roads: the compiled statement and the explaining evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import SQL, Kind, Time, kinds
from houfeng.engine.faults import telling
from houfeng.errors import HoufengError, InputError, Problem, Text, did_you_mean
from houfeng.packs.grants import Grant
from houfeng.packs.model import Case, Pack
from houfeng.packs.roads.compile import Compiler
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.grants import FAILED, UNKNOWN, condition_item, grant_items, grants_of, judging
from houfeng.packs.roads.rules import rule_items, tier_of
from houfeng.packs.roads.sql import literal, name
from houfeng.packs.roads.world import Record, World, build_rows


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: nothing wrong, or what differs."""

    case: Case
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met by both roads."""
        return not self.problems


def run_cases(pack: Pack) -> list[Outcome]:
    """Run every case of the pack."""
    connection = connect(memory="256MB", threads=1)
    return [Outcome(case, tuple(_run(pack, case, connection))) for case in pack.cases]


def _run(pack: Pack, case: Case, connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    try:
        read = pack.with_readings(case.readings)
        asked, rows = build_rows(case.given, case.as_of)
        with localcontext(EXACT):
            return [*_parameters(read, case), *_expectations(read, case, asked, rows, connection)]
    except HoufengError as error:
        return [Problem("pack.case", error.message, case.where)]


def _parameters(pack: Pack, case: Case) -> list[Problem]:
    problems = []
    for key, wanted in case.parameters.items():
        parameter = pack.parameters.get(key)
        if parameter is None:
            problems.append(
                _problem(case, key, "pack.unknown_parameter", wanted, None, did_you_mean(key, pack.parameters))
            )
            continue
        found = parameter.on(case.as_of, case.known_at)
        if not same(found.value if found else None, wanted):
            problems.append(_problem(case, key, "pack.case", wanted, found.value if found else None))
    return problems


def _expectations(
    pack: Pack, case: Case, asked: str, rows: Mapping[str, list[Record]], connection: duckdb.DuckDBPyConnection
) -> list[Problem]:
    if not case.expect:
        return []
    if not rows.get(asked):
        raise InputError(Text("given 里没有要问的行", "given holds no row to ask about"))
    world = World.of(case.as_of, case.known_at, rows)
    row = rows[asked][0]
    rules = {key: pack.rules[key] for key in case.expect if key in pack.rules}
    grants = [grant for key, grant in grants_of(pack).items() if key in case.expect and grant.over == asked]
    pack = grant_items(rule_items(pack, list(rules.values())), grants)
    wanted = [key for key in case.expect if (asked, key) in pack.items and not isinstance(case.expect[key], dict)]
    hidden = [f"{rule.name}:{tier}" for rule in rules.values() for tier in rule.tiers]
    views = RowViews(connection, rows)
    compiled = _compiled(pack, views, case, asked, [*wanted, *hidden], row)
    evaluator = Evaluator(pack, world)
    problems = _judged(pack, views, case, grants, evaluator, row)
    for key, expected in case.expect.items():
        if isinstance(expected, dict) and any(grant.name == key for grant in grants):
            continue
        if key in rules and rules[key].merge:
            raise InputError(
                Text(f"{key} 合并预警，用例里没有预警可并", f"{key} merges alerts, and a case has none; leave it out")
            )
        if key in rules:
            by_python = tier_of(rules[key], lambda item: evaluator.item(pack.items[(asked, item)], row).value)
            by_sql = tier_of(rules[key], lambda item: compiled[item])
        elif key in wanted:
            by_python, by_sql = evaluator.item(pack.items[(asked, key)], row).value, compiled[key]
        else:
            known = [n for over, n in pack.items if over == asked] + list(pack.rules)
            problems.append(_problem(case, key, "pack.unknown_name", expected, None, did_you_mean(key, known)))
            continue
        if not same(by_python, expected):
            problems.append(_problem(case, key, "pack.case", expected, by_python))
        if not same(by_sql, by_python):
            problems.append(_problem(case, key, "pack.roads_differ", by_sql, by_python))
    return problems


def _compiled(pack: Pack, views: RowViews, case: Case, asked: str, items: Sequence[str], row: Record) -> dict[str, Any]:
    if not items:
        return {}
    compiler = Compiler(pack, views, case.as_of, case.known_at)
    where = " AND ".join(f"{name(k)} = {literal(row[k])}" for k in kinds()[asked].key)
    statement = compiler.statement(asked, items, where=where)
    with telling():
        cursor = views.connection.execute(statement.sql)
        names = [column[0] for column in cursor.description or ()]
        found = next(iter(cursor.fetchall()), None)
    return dict(zip(names, found, strict=True)) if found else dict.fromkeys(items)


def _judged(
    pack: Pack, views: RowViews, case: Case, grants: Sequence[Grant], evaluator: Evaluator, row: Record
) -> list[Problem]:
    """Which conditions of each grant failed or were unknown: the masks of the statement against the evaluator."""
    if not grants:
        return []
    asked, problems = grants[0].over, []
    where = " AND ".join(f"{name(k)} = {literal(row[k])}" for k in kinds()[asked].key)
    statement = judging(Compiler(pack, views, case.as_of, case.known_at), asked, grants, where=where)
    with telling():
        cursor = views.connection.execute(statement.sql)
        names = [column[0] for column in cursor.description or ()]
        masks = dict(zip(names, next(iter(cursor.fetchall()), ()), strict=False))
    for grant in grants:
        values = [
            evaluator.item(pack.items[(asked, condition_item(grant.name, one.name))], row).value
            for one in grant.conditions
        ]
        by_python = _told(grant, [value is False for value in values], [value is None for value in values])
        failed, unknown = masks.get(grant.name + FAILED, 0), masks.get(grant.name + UNKNOWN, 0)
        places = range(len(grant.conditions))
        by_sql = _told(grant, [bool(failed >> n & 1) for n in places], [bool(unknown >> n & 1) for n in places])
        expected = case.expect[grant.name]
        if isinstance(expected, dict) and by_python != {"failed": [], "unknown": [], **expected}:
            problems.append(_problem(case, grant.name, "pack.case", expected, by_python))
        if masks and by_sql != by_python:
            problems.append(_problem(case, grant.name, "pack.roads_differ", by_sql, by_python))
    return problems


def _told(grant: Grant, failed: Sequence[bool], unknown: Sequence[bool]) -> dict[str, list[str]]:
    names = [one.name for one in grant.conditions]
    return {
        "failed": [one for one, is_so in zip(names, failed, strict=True) if is_so],
        "unknown": [one for one, is_so in zip(names, unknown, strict=True) if is_so],
    }


def same(found: Any, wanted: Any) -> bool:
    """Whether two results are the same value; ratios to twelve digits, decimals exactly, 1 and true never."""
    if found is None or wanted is None or isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted or (isinstance(found, bool) and isinstance(wanted, bool) and found == wanted)
    if isinstance(found, float) or isinstance(wanted, float):
        return abs(float(found) - float(wanted)) <= 1e-12 * max(1.0, abs(float(wanted)))
    if isinstance(found, (int, Decimal)) and isinstance(wanted, (int, Decimal)):
        return Decimal(found) == Decimal(wanted)
    return bool(found == wanted)


def _problem(case: Case, key: str, code: str, wanted: Any, found: Any, hint: Text = Text("", "")) -> Problem:
    shown = Text(
        f"用例“{case.name}”：{key} 应为 {wanted}，得到 {found}",
        f"case “{case.name}”: {key} should be {wanted}, is {found}",
    )
    if code == "pack.roads_differ":
        shown = Text(
            f"用例“{case.name}”：{key} 编译得 {wanted}，解释得 {found}",
            f"case “{case.name}”: {key} is {wanted} compiled and {found} explained",
        )
    if code in ("pack.unknown_name", "pack.unknown_parameter"):
        shown = Text(f"用例“{case.name}”：没有 {key}", f"case “{case.name}”: there is no {key}")
    return Problem(code, shown, case.where, suggestion=hint)


class RowViews:
    """A few rows in memory behind the same face as a snapshot of the book."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rows: Mapping[str, list[Record]]) -> None:
        self.connection = connection
        self.tables: dict[str, str] = {}
        for kind_name in kinds():
            found = rows.get(kind_name, [])
            self.tables[kind_name] = self._register(kinds()[kind_name], found) if found else ""

    def _register(self, kind: Kind, rows: list[Record]) -> str:
        schema = kind.schema().append(pa.field("_submission", pa.string())).append(pa.field("_row", pa.int64()))
        table = pa.Table.from_pylist([{"_submission": "", "_row": n, **row} for n, row in enumerate(rows, 1)], schema)
        self.connection.register(f"case_{kind.name}", table)
        return f"case_{kind.name}"

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind` in force on `as_of`; see `houfeng.packs.roads.world.in_force`."""
        declared = kinds()[kind]
        table = self.tables[kind]
        if not table:
            empty = [f"CAST(NULL AS {sql_type}) AS {name(f)}" for f, sql_type in _types(declared).items()]
            return f"SELECT {', '.join(empty)} WHERE FALSE"
        day = literal(as_of)
        if as_of is None:
            return f"SELECT * FROM {table}"
        if declared.time is Time.EVENT:
            return f"SELECT * FROM {table} WHERE CAST({name(declared.time_field)} AS DATE) <= {day}"
        if declared.time is Time.VALIDITY:
            begun, open_ = f"(valid_from IS NULL OR valid_from <= {day})", f"(valid_to IS NULL OR valid_to > {day})"
            return f"SELECT * FROM {table} WHERE {begun} AND {open_}"
        if exact:
            return f"SELECT * FROM {table} WHERE period = {day}"
        return f"SELECT * FROM {table} WHERE period = (SELECT max(period) FROM {table} WHERE period <= {day})"


def _types(kind: Kind) -> dict[str, str]:
    return {**{f.name: SQL[f.type] for f in kind.fields.values()}, "_submission": "VARCHAR", "_row": "BIGINT"}
