"""Prove that exceptions do not conflict and that decision tables have neither gaps nor overlaps.

Each condition becomes a formula for Z3. Columns are free variables of their type; parameters take each of their values;
what Z3 cannot know (a measure, a function) is a free variable of its own, so that “can happen” errs on the safe side.
Unknown inputs meet no row, so the proofs speak of known inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import z3

from houfeng.errors import Problem, Text, Where
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Exemption, Form, Pack

TIMEOUT_MS = 5000


def find_conflicts(pack: Pack) -> list[Problem]:
    """Conflicting exceptions, overlapping rows and gaps of the pack's own items, each with an input that shows it."""
    problems: list[Problem] = []
    for item in pack.items.values():
        if item.pack != pack.name:
            continue
        if item.form is Form.VALUE:
            problems += _conflicts(pack, item)
        elif item.form is Form.TABLE:
            problems += _table(pack, item)
    return problems


def _conflicts(pack: Pack, item: Definition) -> Iterator[Problem]:
    for i, one in enumerate(item.exemptions):
        for other in item.exemptions[i + 1 :]:
            if other.label in one.beats or one.label in other.beats or _same_answer(one, other):
                continue
            for day in _moments(pack, [one.when, other.when]):
                prover = _Prover(pack, day, [one.when, other.when])
                shown = prover.example([prover.condition(one.when), prover.condition(other.when)])
                if shown is not None:
                    yield Problem(
                        "pack.conflict",
                        Text(
                            f"例外 {one.label} 与 {other.label} 可以同时成立",
                            f"the exceptions {one.label} and {other.label} can hold together",
                        ),
                        other.where,
                        value=shown,
                        suggestion=Text("用 beats 写明谁优先", "say with beats which goes first"),
                    )
                    break


def _same_answer(one: Exemption, other: Exemption) -> bool:
    return one.value is not None and other.value is not None and one.value.text == other.value.text


def _table(pack: Pack, item: Definition) -> Iterator[Problem]:
    whens = [row.when for row in item.rows]
    nodes = [*whens, *([item.domain] if item.domain else [])]
    overlapping: set[tuple[int, int]] = set()
    gap = False
    for day in _moments(pack, nodes):
        prover = _Prover(pack, day, nodes)
        conditions = [prover.condition(when) for when in whens]
        domain = [prover.condition(item.domain)] if item.domain else []
        for i, one in enumerate(item.rows if item.unique else ()):
            for j in range(i + 1, len(item.rows)):
                if (i, j) in overlapping or one.then.text == item.rows[j].then.text:
                    continue
                shown = prover.example([*domain, conditions[i], conditions[j]])
                if shown is not None:
                    overlapping.add((i, j))
                    yield _problem(
                        "pack.overlap",
                        f"第 {i + 1} 行与第 {j + 1} 行可以同时成立，结果不同",
                        f"rows {i + 1} and {j + 1} can hold together and differ",
                        item.rows[j].where,
                        shown,
                    )
        if not item.has_else and not gap:
            shown = prover.example([*domain, z3.Not(z3.Or(conditions))])
            if shown is not None:
                gap = True
                yield _problem(
                    "pack.gap",
                    f"表 {item.name} 有输入不落在任何一行",
                    f"an input meets no row of the table {item.name}",
                    item.where,
                    shown,
                )


def _problem(code: str, zh: str, en: str, where: Where, shown: str) -> Problem:
    hint = (
        Text("补一行、加 else 或写明 domain", "add a row, an else, or a domain") if code == "pack.gap" else Text("", "")
    )
    return Problem(code, Text(zh, en), where, value=shown, suggestion=hint)


def _parts(pack: Pack, nodes: Sequence[Node]) -> Iterator[Node]:
    # every part of the expressions, also through items, each item once
    seen: set[tuple[str, str]] = set()
    queue = list(nodes)
    while queue:
        for part in queue.pop().walk():
            yield part
            if part.op == "item" and (key := (part.value.kind, part.value.name)) not in seen:
                seen.add(key)
                queue += pack.items[key].nodes()


def _moments(pack: Pack, nodes: Sequence[Node]) -> list[date]:
    """The days to prove for: one for each version of the parameters in use, where all of them have a value."""
    used = {part.value: pack.parameters[part.value] for part in _parts(pack, nodes) if part.op == "parameter"}
    days = {day for parameter in used.values() for day in parameter.turning_days()} or {date(2026, 1, 1)}
    return sorted(day for day in days if all(p.on(day, day) is not None for p in used.values()))


class _Prover:
    """Formulas for one day: each column is one variable, the same wherever it occurs."""

    def __init__(self, pack: Pack, day: date, nodes: Sequence[Node]) -> None:
        self.pack, self.day = pack, day
        self.variables: dict[str, Any] = {}
        self.inlined: dict[tuple[str, str], Any] = {}
        words = {""}
        for part in _parts(pack, nodes):
            value = part.value
            if part.op == "parameter" and (found := pack.parameters[value].on(day, day)):
                value = found.value
            if part.type is T.TEXT and part.op in ("literal", "parameter") and isinstance(value, str):
                words.add(value)
        # texts stand for numbers in the same order, with room for other texts between them
        self.words = {word: number for number, word in enumerate(sorted(words))}

    def example(self, formulas: Sequence[Any]) -> str | None:
        """An input for which all `formulas` hold, in words; nothing if there is none; a note if Z3 gave up."""
        solver = z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        solver.add(*formulas)
        for name, variable in self.variables.items():
            if name.startswith("text "):
                solver.add(variable >= 0)
            if name.startswith("date "):
                solver.add(variable >= 1, variable <= date.max.toordinal())
        answer = solver.check()
        if answer == z3.unsat:
            return None
        if answer == z3.unknown:
            return "not decided"
        model = solver.model()
        shown = []
        for name, variable in sorted(self.variables.items()):
            value = model.eval(variable)
            if not (z3.is_rational_value(value) or z3.is_int_value(value) or z3.is_true(value) or z3.is_false(value)):
                continue
            shown.append(f"{name.split(' ', 1)[1]} = {self._word(name, value)}")
        return ", ".join(shown[:8])

    def _word(self, name: str, value: Any) -> str:
        if name.startswith("text "):
            number = value.as_fraction()
            return next((f"'{word}'" for word, code in self.words.items() if code == number), "another word")
        if name.startswith("date "):
            return str(date.fromordinal(int(value.as_fraction() if z3.is_rational_value(value) else value.as_long())))
        if z3.is_rational_value(value):
            return str(value.as_decimal(6)).removesuffix("?")
        return str(value).lower()

    def condition(self, node: Node) -> Any:
        """The formula of a condition, true only where it is known to be true."""
        formula = self.term(node)
        return formula if z3.is_bool(formula) else z3.BoolVal(False)

    def term(self, node: Node) -> Any:
        """The Z3 term of an expression."""
        if node.op == "literal":
            return self._literal(node.value, node)
        if node.op == "parameter":
            found = self.pack.parameters[node.value].on(self.day, self.day)
            return self._literal(found.value if found else None, node)
        if node.op == "item" and (inner := self._inline(node)) is not None:
            return inner
        if node.op in _TERMS and node.type is not T.NULL and all(arg.type is not T.NULL for arg in node.args):
            args = [self.term(arg) for arg in node.args]
            if node.op == "/" and not (z3.is_rational_value(args[1]) and args[1].as_fraction() != 0):
                return self._free(node)
            if node.op in _ORDERED:
                args = [z3.If(arg, z3.RealVal(1), z3.RealVal(0)) if z3.is_bool(arg) else arg for arg in args]
            return _TERMS[node.op](args)
        if node.op == "is_null" or (node.op in _ORDERED and any(arg.type is T.NULL for arg in node.args[:2])):
            return z3.BoolVal(False)
        return self._free(node)

    def _inline(self, node: Node) -> Any:
        key = (node.value.kind, node.value.name)
        if node.value.path:
            return None
        if key not in self.inlined:
            self.inlined[key] = self._inlined(node)
        return self.inlined[key]

    def _inlined(self, node: Node) -> Any:
        item = self.pack.items[(node.value.kind, node.value.name)]
        if item.measure is not None:
            return None
        if item.form is Form.DERIVED and item.node is not None:
            return self.term(item.node)
        if item.form is Form.THEME and item.node is not None:
            return z3.And(self.term(item.node), *(z3.Not(self.term(e.when)) for e in item.exemptions))
        return None

    def _literal(self, value: Any, node: Node) -> Any:
        if isinstance(value, bool):
            return z3.BoolVal(value)
        if isinstance(value, int):
            return z3.RealVal(value)
        if isinstance(value, Decimal):
            return z3.RealVal(str(value))
        if isinstance(value, date):
            return z3.RealVal(value.toordinal())
        if isinstance(value, str):
            return z3.RealVal(self.words[value])
        return self._free(node)

    def _free(self, node: Node) -> Any:
        kind = "text" if node.type is T.TEXT else "date" if node.type in (T.DATE, T.DATETIME) else "number"
        name = f"{kind} {node.text}"
        if node.type is T.BOOLEAN:
            return self.variables.setdefault(f"flag {node.text}", z3.Bool(node.text))
        variable = z3.Int(name) if node.type in (T.INTEGER, T.DATE) else z3.Real(name)
        return (
            z3.ToReal(self.variables.setdefault(name, variable))
            if z3.is_int(variable)
            else self.variables.setdefault(name, variable)
        )


def _case(args: Sequence[Any]) -> Any:
    value = args[-1]
    for position in range(len(args) - 3, -1, -2):
        value = z3.If(args[position], args[position + 1], value)
    return value


_ORDERED = ("=", "<>", "<", "<=", ">", ">=", "between", "in")
_TERMS: dict[str, Any] = {
    "and": lambda a: z3.And(*a),
    "or": lambda a: z3.Or(*a),
    "not": lambda a: z3.Not(a[0]),
    "=": lambda a: a[0] == a[1],
    "<>": lambda a: a[0] != a[1],
    "<": lambda a: a[0] < a[1],
    "<=": lambda a: a[0] <= a[1],
    ">": lambda a: a[0] > a[1],
    ">=": lambda a: a[0] >= a[1],
    "+": lambda a: a[0] + a[1],
    "-": lambda a: a[0] - a[1],
    "*": lambda a: a[0] * a[1],
    "/": lambda a: a[0] / a[1],
    "neg": lambda a: -a[0],
    "days": lambda a: a[0] - a[1],
    "date+": lambda a: a[0] + a[1],
    "date-": lambda a: a[0] - a[1],
    "in": lambda a: z3.Or(*(a[0] == value for value in a[1:])),
    "between": lambda a: z3.And(a[1] <= a[0], a[0] <= a[2]),
    "case": _case,
}
