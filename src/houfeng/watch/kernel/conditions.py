"""From the conditions of rules to the filter's program: variables, code, and the guards by which rules are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Form, Pack
from houfeng.packs.roads.measures import EPOCH
from houfeng.watch.kernel.filter import FEATURE, RATIO, SCALED, TODAY, V_DAYS, V_ENTERS, V_EVENT, WIDEN, Op

_COMPARE = {"<": Op.LESS, "<=": Op.LESS_EQUAL, ">": Op.LESS, ">=": Op.LESS_EQUAL, "=": Op.EQUAL, "<>": Op.UNEQUAL}
_ARITHMETIC = {"+": Op.ADD, "-": Op.SUBTRACT, "*": Op.MULTIPLY, "/": Op.DIVIDE, "days": Op.SUBTRACT}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
NUMERIC = (T.INTEGER, T.DECIMAL, T.RATIO, T.DATE, T.DATETIME)
MAX_INSTRUCTIONS = 2_000
"""A longer condition is not filtered: its rule is always looked at."""


@dataclass(frozen=True)
class Variable:
    """A number the filter can load: `form` and places as in `filter.load`, `factor` from raw number to value.

    `rises` and `falls` say what can make it greater or less, or known (`filter.V_EVENT` …; nothing: anything), of which
    `cell`: a cell's number, or the word of a lane's span. `span` is the window's length: what is true of a short one is
    soon false again.
    """

    form: int
    first: int
    second: int = 0
    factor: float = 1.0
    rises: int | None = None
    falls: int | None = None
    cell: int = 0
    span: int = 0


@dataclass(frozen=True)
class Guard:
    """A comparison of variable `variable` with a constant (its place in the table) that must be true: `>` or `<`."""

    variable: int
    above: bool
    constant: int


Weigh = Callable[[list[Guard]], int]


@dataclass
class Conditions:
    """The compiled conditions of rules: `rules[i]` is the condition that must be true for rule i to hold at all.

    `variable_of` gives the variable of a field or a measured item, or nothing where the filter cannot have it;
    `number_of` gives the number of a text.
    """

    pack: Pack
    kind: str
    rules: Sequence[Sequence[Node]]
    variable_of: Callable[[str], Variable | None]
    number_of: Callable[[str], int]
    variables: list[Variable] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _words: dict[str, float] = field(default_factory=dict)
    _constants: list[Node | float] = field(default_factory=list)
    _code: list[tuple[int, int, int, int]] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _guards: list[list[Guard] | None] = field(default_factory=list)
    _sleeps: list[list[Guard] | None] = field(default_factory=list)
    _height: int = 1

    def __post_init__(self) -> None:
        for nodes in self.rules:
            start = len(self._code)
            writer = _Writer(self, start)
            answers = [writer.write(node) for node in nodes]
            answer = answers[0]
            for other in answers[1:]:
                answer = writer.emit(Op.OR, answer, other)
            if len(self._code) - start > MAX_INSTRUCTIONS:
                del self._code[start:]
                answer = _Writer(self, start).emit(Op.ANY_TRUTH)
            self._code.append((int(Op.OR), len(self._code) - start, answer, answer))  # the last register is the answer
            self._height = max(self._height, len(self._code) - start)
            self._spans.append((start, len(self._code)))
            found = [self._guard(node) for node in nodes]
            self._guards.append(None if None in found else [g for guards in found for g in guards or ()])
            asleep = [self._guard(node, weigh=self._wakefulness) for node in nodes]
            self._sleeps.append(None if None in asleep else [g for guards in asleep for g in guards or ()])

    def program(self, day: date, features: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, ...]:
        """The program as of a day: its parameters put in, its guards sorted. See `filter.may_hold`."""
        constants = np.array([c if isinstance(c, float) else self._number(c, day) for c in self._constants] or [0.0])
        index, above, below = self._sorted(constants)
        variables = np.array([(v.form, v.first, v.second) for v in self.variables], np.int64).reshape(-1, 3)
        rules = len(self.rules)
        return (
            variables,
            np.array([v.factor for v in self.variables] or [1.0]),
            features,
            np.array([float((day - EPOCH.date()).days)]),
            index,
            above,
            below,
            np.array(self._spans, np.int64).reshape(-1, 2),
            np.array(self._code, np.int64).reshape(-1, 4),
            constants,
            np.zeros(max(1, len(self.variables))),
            np.zeros((self._height + 1, 3)),
            np.zeros(rules + 1, np.int64),
            np.zeros(max(1, rules), np.int64),
            *self._asleep(constants),
        )

    def _asleep(self, constants: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, Any, Any]:
        """For `filter.sleeps_until`: per variable and direction the first limit; and whether a rule never sleeps."""
        limits: dict[tuple[int, bool], float] = {}
        never = False
        for guards in self._sleeps:
            never = never or guards is None or any(self._kind(guard) is None for guard in guards)
            for guard in guards or ():
                limit = constants[guard.constant]
                if limit == limit:
                    place, choose = (guard.variable, guard.above), min if guard.above else max
                    limits[place] = choose(limits.get(place, limit), limit)
        table = []
        for n, (variable, above) in enumerate(limits):
            kind = self._kind(Guard(variable, above, 0))
            table.append([variable, int(above), kind or 0, self.variables[variable].cell, n])
        slack = [limit + abs(limit) * WIDEN * (-1 if above else 1) for (_, above), limit in limits.items()]
        return np.array(table, np.int64).reshape(-1, 5), np.array(slack or [0.0]), np.array([never])

    def _kind(self, guard: Guard) -> int | None:
        variable = self.variables[guard.variable]
        return variable.rises if guard.above else variable.falls

    def _wakefulness(self, guards: list[Guard]) -> int:
        """How often guards wake a rule that sleeps: low is better; nothing known is worst."""
        cost = {V_EVENT: 0, V_DAYS: 1, V_ENTERS: 2, None: 100}  # shares and means are often true from the start
        return (
            max((cost.get(self._kind(g), 5) << 40) + self.variables[g.variable].span for g in guards) if guards else 0
        )

    def _sorted(self, constants: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, Any, Any]:
        ups: dict[int, list[tuple[float, int]]] = {}
        downs: dict[int, list[tuple[float, int]]] = {}
        free = len(self.variables)
        for rule, guards in enumerate(self._guards):
            if guards is None:
                ups.setdefault(free, []).append((0.0, rule))
            for guard in guards or ():
                limit = constants[guard.constant]
                if limit == limit:  # an unknown limit is never passed
                    slack = abs(limit) * WIDEN * (-1 if guard.above else 1)
                    (ups if guard.above else downs).setdefault(guard.variable, []).append((limit + slack, rule))
        index = np.zeros((free + 1, 4), np.int64)
        above: list[tuple[float, int]] = []
        below: list[tuple[float, int]] = []
        for v in range(free + 1):
            index[v, 0], index[v, 2] = len(above), len(below)
            above += sorted(ups.get(v, ()))
            below += sorted(downs.get(v, ()), reverse=True)
            index[v, 1], index[v, 3] = len(above), len(below)
        return index, np.array(above, float).reshape(-1, 2), np.array(below, float).reshape(-1, 2)

    def _number(self, node: Node, day: date) -> float:
        """A literal or parameter as a double; NaN where it is unknown."""
        value = node.value
        if node.op == "parameter":
            dated = self.pack.parameters[node.value].on(day, day)
            value = dated.value if dated else None
        elif node.op == "neg":
            return -self._number(node.args[0], day)
        return self.double(value)

    def double(self, value: Any) -> float:
        """A value as the filter's double: words by their number, days and moments counted from 1970."""
        if value is None:
            return float("nan")
        if isinstance(value, str):
            if value not in self._words:
                self._words[value] = float(self.number_of(value))
            return self._words[value]
        if isinstance(value, datetime):
            return (value - EPOCH).total_seconds()
        if isinstance(value, date):
            return float((value - EPOCH.date()).days)
        return float(value)

    def place(self, name: str) -> int | None:
        """The place of the variable of a field or measured item, added when first asked for."""
        if name not in self._places:
            found = Variable(TODAY, 0) if name == "as_of()" else self.variable_of(name)
            if found is None:
                return None
            self._places[name] = len(self.variables)
            self.variables.append(found)
        return self._places[name]

    def _is_feature(self, name: str) -> bool:
        place = self.place(name)
        return place is not None and self.variables[place].form == FEATURE

    def constant(self, node: Node | float) -> int:
        """The place of a constant."""
        self._constants.append(node)
        return len(self._constants) - 1

    def item(self, node: Node) -> Definition | None:
        """The definition of an item node."""
        return self.pack.items.get((self.kind, node.value.name)) if node.op == "item" else None

    def _guard(self, node: Node, depth: int = 0, weigh: Weigh | None = None) -> list[Guard] | None:
        """Comparisons of which one must be true for `node` to be true, or nothing where none is known.

        Of several such sets the one of least weight; by default, the one that is rarely true.
        """
        weigh = weigh or self._weight
        item = self.item(node)
        if depth > 50:
            return None
        if item is not None and item.measure is None:
            plain = item.form in (Form.DERIVED, Form.VALUE, Form.THEME) and item.node is not None
            return self._guard(item.node, depth + 1, weigh) if plain and not item.exemptions and item.node else None
        if item is not None and item.measure is not None and item.measure.compare is not None:
            operator, limit = item.measure.compare
            if self._is_feature(item.name):  # compared already, where it was measured
                operator, limit = ">=", Decimal("0.5")
            return self._compare_guard(item.name, operator, self.constant(float(limit)))
        if node.op == "and":
            found = [g for arg in node.args if (g := self._guard(arg, depth + 1, weigh)) is not None]
            return min(found, key=weigh, default=None)
        if node.op == "or":
            each = [self._guard(arg, depth + 1, weigh) for arg in node.args]
            return None if None in each else [g for guards in each for g in guards or ()]
        if node.op in _MIRROR:
            left, right = node.args
            if {left.type, right.type} == {T.DATE, T.DATETIME} or (left.type is T.TEXT and node.op != "="):
                return None
            for one, other, operator in ((left, right, node.op), (right, left, _MIRROR[node.op])):
                if _constant(other) and one.op in ("field", "item"):
                    measured = self.item(one)
                    if measured is not None and (measured.measure is None or measured.measure.compare is not None):
                        continue
                    return self._compare_guard(one.value.name, operator, self.constant(other))
        numeric = all(arg.type in NUMERIC and arg.type not in (T.DATE, T.DATETIME) for arg in node.args[:2])
        if node.op == "between" and numeric and _constant(node.args[1]) and node.args[0].op in ("field", "item"):
            measured = self.item(node.args[0])
            if measured is None or (measured.measure is not None and measured.measure.compare is None):
                return self._compare_guard(node.args[0].value.name, ">=", self.constant(node.args[1]))
        return None

    def _compare_guard(self, name: str, operator: str, constant: int) -> list[Guard] | None:
        place = self.place(name)
        if place is None or operator not in _MIRROR:
            return None
        return [Guard(place, operator in (">", ">=", "="), constant)]

    def _weight(self, guards: list[Guard]) -> int:
        """How likely guards are to let a rule through: low is better. Much is rare, little is common."""
        return sum(5 if not g.above else 1 if self.variables[g.variable].form in (SCALED, RATIO) else 2 for g in guards)


class _Writer:
    """Writes the code of one rule; registers are numbered by instruction."""

    def __init__(self, conditions: Conditions, start: int) -> None:
        self.conditions, self.start = conditions, start
        self.known: dict[tuple[int, int, int], int] = {}

    def emit(self, op: Op, a: int = 0, b: int = 0) -> int:
        """Add an instruction, or find the same one again; gives its register."""
        key = (int(op), a, b)
        if key not in self.known:
            code = self.conditions._code
            self.known[key] = len(code) - self.start
            code.append((int(op), self.known[key], a, b))
        return self.known[key]

    def write(self, node: Node, depth: int = 0) -> int:
        """The register of a node."""
        truth = node.type is T.BOOLEAN
        if node.type is T.NULL or depth > 100 or len(self.conditions._code) - self.start > MAX_INSTRUCTIONS:
            return self.emit(Op.ANY_TRUTH if truth else Op.ANY_NUMBER)
        if _constant(node) and (node.type in NUMERIC or node.type is T.TEXT):
            return self.emit(Op.CONSTANT, self.conditions.constant(node))
        if _constant(node) and truth:
            return self.emit(Op.TRUTH, self.emit(Op.CONSTANT, self.conditions.constant(node)))
        if node.op in ("field", "item"):
            return self._named(node, truth, depth)
        if node.op in _COMPARE:
            return self._comparison(node, depth)
        if node.op in _ARITHMETIC or node.op == "neg":
            args = [self.write(arg, depth + 1) for arg in node.args]
            return self.emit(_ARITHMETIC[node.op], *args) if node.op != "neg" else self.emit(Op.NEGATE, args[0])
        if node.op in ("and", "or"):
            args = [self.write(arg, depth + 1) for arg in node.args]
            answer = args[0]
            for arg in args[1:]:
                answer = self.emit(Op.AND if node.op == "and" else Op.OR, answer, arg)
            return answer
        if node.op == "not":
            return self.emit(Op.NOT, self.write(node.args[0], depth + 1))
        return self._other(node, truth, depth)

    def _other(self, node: Node, truth: bool, depth: int) -> int:
        if node.op == "is_null":
            return self.emit(Op.IS_NULL, self.write(node.args[0], depth + 1))
        if node.op == "between":
            x, low, high = (self.write(arg, depth + 1) for arg in node.args)
            return self.emit(Op.AND, self.emit(Op.LESS_EQUAL, low, x), self.emit(Op.LESS_EQUAL, x, high))
        if node.op == "in" and self._comparable(node.args):
            x, *others = (self.write(arg, depth + 1) for arg in node.args)
            answer = self.emit(Op.EQUAL, x, others[0])
            for other in others[1:]:
                answer = self.emit(Op.OR, answer, self.emit(Op.EQUAL, x, other))
            return answer
        if node.op == "case":
            branches = [*node.args[1:-1:2], node.args[-1]]
            if all(branch.type is not T.TEXT for branch in branches):
                return self._either([self.write(b, depth + 1) for b in branches])
        if node.op == "call:coalesce" and all(arg.type is not T.TEXT for arg in node.args):
            answer = self.write(node.args[0], depth + 1)
            for arg in node.args[1:]:
                answer = self.emit(Op.COALESCE, answer, self.write(arg, depth + 1))
            return answer
        if node.op == "call:as_of":
            place = self.conditions.place("as_of()")
            return self.emit(Op.LOAD, place or 0)
        return self.emit(Op.ANY_TRUTH if truth else Op.ANY_NUMBER)

    def _either(self, registers: list[int]) -> int:
        answer = registers[0]
        for register in registers[1:]:
            answer = self.emit(Op.EITHER, answer, register)
        return answer

    def _comparable(self, nodes: Sequence[Node]) -> bool:
        """Whether equality of the filter's numbers is equality of the values: not for texts of computed origin."""
        return all(n.type is not T.TEXT or _constant(n) or n.op == "field" or self._last(n) for n in nodes) and all(
            n.type is not T.BOOLEAN for n in nodes
        )

    def _last(self, node: Node) -> bool:
        item = self.conditions.item(node)
        return item is not None and item.measure is not None

    def _comparison(self, node: Node, depth: int) -> int:
        texts = any(arg.type is T.TEXT for arg in node.args)
        mixed = {arg.type for arg in node.args} & {T.DATE, T.DATETIME} == {T.DATE, T.DATETIME}
        if mixed or not self._comparable(node.args) or (texts and node.op not in ("=", "<>")):
            return self.emit(Op.ANY_TRUTH)
        a, b = (self.write(arg, depth + 1) for arg in node.args)
        return self.emit(_COMPARE[node.op], b, a) if node.op in (">", ">=") else self.emit(_COMPARE[node.op], a, b)

    def _named(self, node: Node, truth: bool, depth: int) -> int:
        item = self.conditions.item(node)
        if item is not None and item.measure is None:
            return self._derived(item, truth, depth)
        place = self.conditions.place(node.value.name)
        if place is None:
            return self.emit(Op.ANY_TRUTH if truth else Op.ANY_NUMBER)
        loaded = self.emit(Op.LOAD, place)
        compared = item.measure.compare if item is not None and item.measure is not None else None
        if compared is not None and not self.conditions._is_feature(node.value.name):
            operator, limit = compared
            constant = self.emit(Op.CONSTANT, self.conditions.constant(float(Decimal(limit))))
            pair = (constant, loaded) if operator in (">", ">=") else (loaded, constant)
            return self.emit(_COMPARE[operator], *pair)
        return self.emit(Op.TRUTH, loaded) if truth else loaded

    def _derived(self, item: Definition, truth: bool, depth: int) -> int:
        if item.exemptions or item.rows or item.node is None:
            if truth or item.type is T.TEXT or item.form is Form.THEME:
                return self.emit(Op.ANY_TRUTH if truth else Op.ANY_NUMBER)
            values = [e.value for e in item.exemptions if e.value is not None] + [row.then for row in item.rows]
            written = [self.write(node, depth + 1) for node in (*values, *([item.node] if item.node else []))]
            if item.node is None:  # a table without an else may say nothing
                return self.emit(Op.ANY_NUMBER)
            return self._either(written)
        return self.write(item.node, depth + 1)


def _constant(node: Node) -> bool:
    return node.op in ("literal", "parameter") or (node.op == "neg" and _constant(node.args[0]))


def variable_factor(scale: int) -> float:
    """The factor from a raw number of `scale` decimal places to its value."""
    return 10.0**-scale


__all__ = ["FEATURE", "RATIO", "SCALED", "Conditions", "Guard", "Variable", "variable_factor"]
