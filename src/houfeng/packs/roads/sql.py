"""One expression in DuckDB's SQL: the node tree over named columns, with parameters put in as literals.

A column is named by its dotted path (`"loan.borrower.size"`), so that an expression and its SQL look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from houfeng.book.connection import quoted
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import FUNCTIONS, SKIP_UNKNOWN, T, clamped, in_calendar
from houfeng.packs.model import CodeSet, Definition, Member, Pack, Parameter

Column = Callable[[Node], str]
_COLUMN_TYPES = {
    T.BOOLEAN: "BOOLEAN",
    T.INTEGER: "BIGINT",
    T.RATIO: "DOUBLE",
    T.TEXT: "VARCHAR",
    T.DATE: "DATE",
    T.DATETIME: "TIMESTAMP",
    T.NULL: "INTEGER",
}


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
        text = f"{value:f}"
        places = len(text.partition(".")[2])
        width = max(len(text.lstrip("-0").replace(".", "")), places, 1)
        return f"CAST({text} AS DECIMAL({width},{places}))"  # bare digits would be 32 bits wide, and overflow
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"'{quoted(str(value))}'"


def unknown_of(kind: T, scale: int) -> str:
    """The unknown value of a type, as DuckDB needs it where nothing else tells the type."""
    return f"CAST(NULL AS {f'DECIMAL(38,{scale})' if kind is T.DECIMAL else _COLUMN_TYPES[kind]})"


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
        if node.type is T.NULL:
            return "NULL"
        if node.op in ("field", "item"):
            return self.column(node)
        if node.op == "literal":
            return literal(node.value)
        if node.op == "parameter":
            return self.parameter(self.pack.parameters[node.value], self.day)
        if node.op.startswith("call:"):
            return self.call(node)
        if node.op not in _KLEENE and any(arg.type is T.NULL for arg in node.args):
            return unknown_of(node.type, node.scale)
        args = [self.write(arg) for arg in node.args]
        if node.type is T.DECIMAL and node.op == "*":
            # DuckDB keeps the product of two short decimals in 64 bits, and fails where it does not fit
            args[0] = f"CAST({args[0]} AS DECIMAL(38,{node.args[0].scale}))"
        elif node.op not in ("*", "/", "neg"):
            args = _levelled(args, node.args, wide=node.op in ("+", "-"))
        return _OPERATORS[node.op](args)

    def parameter(self, parameter: Parameter, day: date | str) -> str:
        """The value of a parameter for `day`: a literal, or a choice over a column of days."""
        unknown = unknown_of(parameter.type, parameter.scale)
        places = Decimal(1).scaleb(-parameter.scale)

        def exact(value: Any) -> str:
            return literal(value.quantize(places) if isinstance(value, Decimal) else value)

        known = self.known or self.day
        if isinstance(day, date) and isinstance(known, date):
            found = parameter.on(day, known)
            return exact(found.value) if found else unknown
        branches = []
        on = literal(day) if isinstance(day, date) else day
        for value in reversed(parameter.values):  # as Parameter.on: the last that has begun and was known
            seen = [f"{on} >= {literal(value.start)}"]
            if isinstance(known, str):
                seen.append(f"{known} >= {literal(value.known_from)}")
            elif value.known_from > known:
                continue
            then = exact(value.value)
            if value.until is not None:
                then = f"CASE WHEN {on} < {literal(value.until)} THEN {then} END"
            branches.append(f"WHEN {' AND '.join(seen)} THEN {then}")
        return f"(CASE {' '.join(branches)} END)" if branches else unknown

    def call(self, node: Node) -> str:
        """The SQL of a function call."""
        function = node.op.removeprefix("call:")
        if function == "as_of":
            return self.day if isinstance(self.day, str) else literal(self.day)
        if function == "at":
            inner = f"CAST({self.write(node.args[1])} AS DATE)"
            return self.parameter(self.pack.parameters[node.args[0].value], inner)
        if function == "in_set":
            code_set = self.pack.sets[node.args[1].value]
            evidence = self.write(node.args[2]) if len(node.args) > 2 else ""
            return in_set(code_set, self.write(node.args[0]), evidence)
        if function == "set_group":
            return set_group(self.pack.sets[node.args[1].value], self.write(node.args[0]))
        if function not in (*SKIP_UNKNOWN, "nullif") and any(arg.type is T.NULL for arg in node.args):
            return unknown_of(node.type, node.scale)  # DuckDB could not tell which function is meant
        args = [self.write(arg) for arg in node.args]
        if function in (*SKIP_UNKNOWN, "nullif"):
            args = _levelled(args, node.args)
        return FUNCTIONS[function].sql(*args)


def _matches(code_set: CodeSet, members: Sequence[Member], code: str) -> str:
    listed = sorted(set().union(*(m.codes for m in members)) - code_set.without)
    parts = [_among(code, listed)] if listed else []
    loose = []
    prefixes = sorted({m.prefix for m in members if m.prefix}, key=lambda prefix: (len(prefix), prefix))
    for length, run in groupby(prefixes, key=len):  # one look-up for all of a length, not a comparison for each
        loose.append(_among(f"substr({code}, 1, {length})", list(run)))
    for member in members:
        if member.first:
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


def _among(code: str, listed: Sequence[str]) -> str:
    """SQL of whether `code` is one of `listed`.

    DuckDB makes a join of a long IN, which asks every row; a function of a column of few values asks each value once.
    """
    codes = ", ".join(literal(one) for one in listed)
    return f"list_contains([{codes}], {code})" if len(listed) <= _FEW else f"{code} IN ({codes})"


_FEW = 64


def in_set(code_set: CodeSet, code: str, evidence: str) -> str:
    """Is `code` in the set: a full member, or a starred one with enough evidence."""
    full = _matches(code_set, [m for m in code_set.members if not m.starred], code)
    if not evidence:
        return full
    enough = f"length(trim(coalesce({evidence}, ''))) >= {code_set.evidence_length}"
    starred = _matches(code_set, [m for m in code_set.members if m.starred], code)
    return f"({full} OR ({starred} AND {enough}))"


def set_group(code_set: CodeSet, code: str) -> str:
    """The group of the member that matches `code`: full members before starred ones, in the order written."""
    branches = []
    for starred in (False, True):
        members = [m for m in code_set.members if m.starred is starred]
        for group, run in groupby(members, key=lambda m: m.group):
            matches = _matches(code_set, list(run), code)
            branches.append(f"WHEN {matches} THEN {literal(group) if group else unknown_of(T.TEXT, 0)}")
    return f"(CASE {' '.join(branches)} END)" if branches else unknown_of(T.TEXT, 0)


def definition_sql(item: Definition, writer: SqlWriter) -> str:
    """The SQL of a theme, derived indicator, value or table."""
    if item.form.value == "theme":
        assert item.node is not None
        general = true(writer.write(item.node))
        return " AND ".join([general, *(f"NOT {true(writer.write(e.when))}" for e in item.exemptions)])
    if item.form.value == "table":
        pairs = [(row.when, row.then) for row in item.rows]
    else:
        pairs = [(e.when, e.value) for e in ordered_exemptions(item) if e.value is not None]
    values = [*(value for _, value in pairs), *([item.node] if item.node is not None else [])]
    written = _levelled([writer.write(value) for value in values], values)
    if not pairs:
        return written[0]
    branches = " ".join(
        f"WHEN {writer.write(when)} THEN {then}" for (when, _), then in zip(pairs, written, strict=False)
    )
    return f"(CASE {branches} ELSE {written[-1] if item.node is not None else 'NULL'} END)"


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


# What can have a value although a part of it is unknown.
_KLEENE = frozenset({"and", "or", "not", "in", "between", "is_null", "case"})


def _levelled(args: Sequence[str], nodes: Sequence[Node], *, wide: bool = False) -> list[str]:
    # Where decimals of different places meet and 38 digits do not hold both, DuckDB rounds the finer one without a
    # word. So each is given the finest places first. `wide` does it always: sums of short decimals stay in 64 bits.
    decimals = [node for node in nodes if node.type is T.DECIMAL]
    scale = max((node.scale for node in decimals), default=0)
    if not decimals or (not wide and all(node.scale == scale for node in decimals)):
        return list(args)
    as_decimal = {id(node) for node in nodes if node.type is T.DECIMAL and (wide or node.scale < scale)}
    return [
        f"CAST({arg} AS DECIMAL(38,{scale}))" if id(node) in as_decimal else arg
        for arg, node in zip(args, nodes, strict=True)
    ]


DAYS = 4_000_000  # more than the calendar has


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
    "date+": lambda args: in_calendar(f"{args[0]} + {clamped(args[1], DAYS)}"),
    "date-": lambda args: in_calendar(f"{args[0]} - {clamped(args[1], DAYS)}"),
    "in": lambda args: f"({args[0]} IN ({', '.join(args[1:])}))",
    "between": lambda args: f"({args[0]} BETWEEN {args[1]} AND {args[2]})",
    "like": lambda args: f"({args[0]} LIKE {args[1]})",
    "is_null": lambda args: f"({args[0]} IS NULL)",
    "case": _case,
}
