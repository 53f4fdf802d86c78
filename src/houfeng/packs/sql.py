"""One expression in DuckDB's SQL: the node tree over named columns, with parameters put in as literals.

A column is named by its dotted path (`"loan.enterprise.size"`), so that an expression and its SQL look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from houfeng.book.connection import quoted
from houfeng.packs.expression import Node
from houfeng.packs.functions import FUNCTIONS
from houfeng.packs.model import CodeSet, Definition, Pack, Parameter

Column = Callable[[Node], str]


def name(*parts: str) -> str:
    """A quoted SQL identifier for a dotted path."""
    return '"' + ".".join(parts).replace('"', '""') + '"'


def literal(value: Any) -> str:
    """`value` as a SQL literal of its exact type."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"  # DuckDB's own integer literals are 32 bits wide and overflow
    if isinstance(value, Decimal):
        return f"{value:f}" if value >= 0 else f"({value:f})"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"'{quoted(str(value))}'"


def true(condition: str) -> str:
    """`condition` with unknown taken as false: unknown is never true."""
    return f"coalesce({condition}, FALSE)"


@dataclass(frozen=True)
class SqlWriter:
    """Writes expressions for one moment: the day of evaluation, or for a column that holds the day of each row.

    `day` is a day, or the name of a column of days; parameters are then looked up per row as known on that day.
    """

    pack: Pack
    day: date | str
    known: date | None
    column: Column

    def write(self, node: Node) -> str:
        """The SQL of `node`."""
        if node.op in ("field", "item"):
            return self.column(node)
        if node.op == "literal":
            return literal(node.value)
        if node.op == "parameter":
            return self.parameter(self.pack.parameters[node.value], self.day)
        if node.op.startswith("call:"):
            return self.call(node)
        args = [self.write(arg) for arg in node.args]
        return _OPERATORS[node.op](args)

    def parameter(self, parameter: Parameter, day: date | str) -> str:
        """The value of a parameter for `day`: a literal, or a choice over a column of days."""
        if isinstance(day, date):
            found = parameter.on(day, self.known or day)
            return literal(found.value if found else None)
        turns = sorted(self._turns(parameter), reverse=True)
        branches = []
        for turn in turns:
            found = parameter.on(turn, self.known or turn)
            branches.append(f"WHEN {day} >= {literal(turn)} THEN {literal(found.value if found else None)}")
        return f"(CASE {' '.join(branches)} END)"

    def _turns(self, parameter: Parameter) -> set[date]:
        if self.known is None:
            return parameter.turning_days()
        return {d for v in parameter.values for d in (v.start, v.until) if d is not None}

    def call(self, node: Node) -> str:
        """The SQL of a function call."""
        function = node.op.removeprefix("call:")
        if function == "as_of":
            return self.day if isinstance(self.day, str) else literal(self.day)
        if function == "at":
            inner = f"CAST({self.write(node.args[1])} AS DATE)"
            known = self.known or (self.day if isinstance(self.day, date) else None)
            writer = SqlWriter(self.pack, self.day, known, self.column)
            return writer.parameter(self.pack.parameters[node.args[0].value], inner)
        if function == "in_set":
            code_set = self.pack.sets[node.args[1].value]
            evidence = self.write(node.args[2]) if len(node.args) > 2 else ""
            return in_set(code_set, self.write(node.args[0]), evidence)
        if function == "set_group":
            return set_group(self.pack.sets[node.args[1].value], self.write(node.args[0]))
        args = [self.write(arg) for arg in node.args]
        return FUNCTIONS[function].sql(*args)


def _matches(code_set: CodeSet, code: str, starred: bool | None, group: str | None = None) -> str:
    members = [m for m in code_set.members if starred in (None, m.starred) and group in (None, m.group)]
    listed = sorted(set().union(*(m.codes for m in members)) - code_set.without)
    parts = [f"{code} IN ({', '.join(literal(c) for c in listed)})"] if listed else []
    loose = []
    for member in members:
        if member.prefix:
            loose.append(f"starts_with({code}, {literal(member.prefix)})")
        elif member.first:
            ends = f"{literal(member.first)} AND {literal(member.last)}"
            loose.append(f"(length({code}) = {len(member.first)} AND {code} BETWEEN {ends})")
    if loose:
        either = " OR ".join(loose)
        without = (
            f" AND {code} NOT IN ({', '.join(literal(c) for c in sorted(code_set.without))})"
            if code_set.without
            else ""
        )
        parts.append(f"(({either}){without})")
    return "(" + " OR ".join(parts) + ")" if parts else f"({code} IS NULL AND NULL)"


def in_set(code_set: CodeSet, code: str, evidence: str) -> str:
    """Is `code` in the set: a full member, or a starred one with enough evidence."""
    full = _matches(code_set, code, False)
    if not evidence:
        return full
    enough = f"length(trim(coalesce({evidence}, ''))) >= {code_set.evidence_length}"
    return f"({full} OR ({_matches(code_set, code, True)} AND {enough}))"


def set_group(code_set: CodeSet, code: str) -> str:
    """The group of the member that matches `code`: full members before starred ones, in the order written."""
    branches = []
    for starred in (False, True):
        seen = dict.fromkeys(m.group for m in code_set.members if m.starred is starred)
        for group in seen:
            branches.append(f"WHEN {_matches(code_set, code, starred, group)} THEN {literal(group or None)}")
    return f"(CASE {' '.join(branches)} END)" if branches else "NULL"


def definition_sql(item: Definition, writer: SqlWriter) -> str:
    """The SQL of a theme, derived indicator, value or table."""
    if item.form.value == "theme":
        assert item.node is not None
        general = true(writer.write(item.node))
        return " AND ".join([general, *(f"NOT {true(writer.write(e.when))}" for e in item.exemptions)])
    if item.form.value == "table":
        rows = " ".join(f"WHEN {writer.write(row.when)} THEN {writer.write(row.then)}" for row in item.rows)
        return f"(CASE {rows} ELSE {writer.write(item.node) if item.node else 'NULL'} END)"
    assert item.node is not None
    general = writer.write(item.node)
    exemptions = ordered_exemptions(item)
    if not exemptions:
        return general
    branches = " ".join(
        f"WHEN {writer.write(e.when)} THEN {writer.write(e.value)}" for e in exemptions if e.value is not None
    )
    return f"(CASE {branches} ELSE {general} END)"


def ordered_exemptions(item: Definition) -> list[Any]:
    """The exceptions, those that beat others first; otherwise as written."""
    left = list(item.exemptions)
    ordered: list[Any] = []
    while left:
        beaten = {label for e in left for label in e.beats}
        free = [e for e in left if e.label not in beaten] or left
        ordered += free[:1]
        left.remove(free[0])
    return ordered


def _chain(op: str) -> Callable[[Sequence[str]], str]:
    return lambda args: "(" + f" {op} ".join(args) + ")"


def _case(args: Sequence[str]) -> str:
    pairs = " ".join(f"WHEN {args[i]} THEN {args[i + 1]}" for i in range(0, len(args) - 1, 2))
    return f"(CASE {pairs} ELSE {args[-1]} END)"


_OPERATORS: dict[str, Callable[[Sequence[str]], str]] = {
    **{op: _chain(op) for op in ("=", "<>", "<", "<=", ">", ">=", "+", "-", "*")},
    "and": _chain("AND"),
    "or": _chain("OR"),
    "not": lambda args: f"(NOT {args[0]})",
    "/": lambda args: f"(CAST({args[0]} AS DOUBLE) / nullif(CAST({args[1]} AS DOUBLE), 0))",
    "neg": lambda args: f"(-{args[0]})",
    "days": lambda args: f"({args[0]} - {args[1]})",
    "date+": lambda args: f"({args[0]} + CAST({args[1]} AS INTEGER))",
    "date-": lambda args: f"({args[0]} - CAST({args[1]} AS INTEGER))",
    "in": lambda args: f"({args[0]} IN ({', '.join(args[1:])}))",
    "between": lambda args: f"({args[0]} BETWEEN {args[1]} AND {args[2]})",
    "like": lambda args: f"({args[0]} LIKE {args[1]})",
    "is_null": lambda args: f"({args[0]} IS NULL)",
    "case": _case,
}
