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
from houfeng.packs.model import Definition, Form, Measure, Pack
from houfeng.packs.roads.measures import EPOCH, day_number
from houfeng.watch.kernel.filter import (
    FEATURE,
    RATIO,
    SCALED,
    TODAY,
    V_DAYS,
    V_ENTERS,
    V_EVENT,
    V_MOVES,
    V_SPAN,
    V_TABLE,
)
from houfeng.watch.kernel.intervals import Op
from houfeng.watch.kernel.sleeping import Sleeper, slackened
from houfeng.watch.kernel.writing import MAX_INSTRUCTIONS, NUMERIC, Writer, is_constant

_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


@dataclass(frozen=True)
class Variable:
    """A number the filter can load: `form` and places as in `filter.load`, `factor` from raw number to value.

    `rises` and `falls` say what can make it greater or less, or known (`filter.V_EVENT` …; nothing: anything), of which
    `cell`: a cell's number, or the word of a lane's span. `span` is the window's length: what is true of a short one is
    soon false again. `digits`: the doubles are those nearest to numbers of so many decimal places (less one; 0: no such
    thing is known), so that comparing them compares the numbers.
    """

    form: int
    first: int
    second: int = 0
    factor: float = 1.0
    rises: int | None = None
    falls: int | None = None
    cell: int = 0
    span: int = 0
    digits: int = 0


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
    code: list[tuple[int, int, int, int]] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _guards: list[list[Guard] | None] = field(default_factory=list)
    height: int = 1

    def __post_init__(self) -> None:
        for nodes in self.rules:
            start = len(self.code)
            writer = Writer(self, start)
            answers = [writer.write(node) for node in nodes]
            answer = answers[0]
            for other in answers[1:]:
                answer = writer.emit(Op.OR, answer, other)
            if len(self.code) - start > MAX_INSTRUCTIONS:
                del self.code[start:]
                answer = Writer(self, start).emit(Op.ANY_TRUTH)
            self.code.append((int(Op.OR), len(self.code) - start, answer, answer))  # the last register is the answer
            self.height = max(self.height, len(self.code) - start)
            self._spans.append((start, len(self.code)))
            found = [self.guard(node) for node in nodes]
            self._guards.append(None if None in found else [g for guards in found for g in guards or ()])
        self._sleeper = Sleeper(self)

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
            np.array([float(day_number(day))]),
            index,
            above,
            below,
            np.array(self._spans, np.int64).reshape(-1, 2),
            self._code(day),
            constants,
            np.zeros(max(1, len(self.variables))),
            np.zeros((self.height + 1, 3)),
            np.zeros(rules + 1, np.int64),
            np.zeros(max(1, rules), np.int64),
            *self._sleeper.tables(constants),
            *self._sleeper.tests(constants),
        )

    def _code(self, day: date) -> Any:
        """The code, with the word by what is loaded or constant that says how exact it is (see `intervals.EXACT`)."""
        code = np.array(self.code, np.int64).reshape(-1, 4)
        for i in np.flatnonzero(code[:, 0] == Op.LOAD).tolist():
            code[i, 3] = self.variables[code[i, 2]].digits
        for i in np.flatnonzero(code[:, 0] == Op.CONSTANT).tolist():
            code[i, 3] = self._digits(self._constants[code[i, 2]], day)
        return code

    def _digits(self, constant: Node | float, day: date) -> int:
        if isinstance(constant, float):
            return 0
        value = self._value(constant, day)
        if isinstance(value, int) and not isinstance(value, bool):
            return 1
        if isinstance(value, str | date):
            return 1
        if isinstance(value, Decimal) and value.is_finite():
            places = -int(value.as_tuple().exponent)
            return 1 + max(0, places) if places < 15 else 0
        return 0

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
                    one = (slackened(limit, guard.above), rule)
                    (ups if guard.above else downs).setdefault(guard.variable, []).append(one)
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
        if node.op == "neg":
            return -self._number(node.args[0], day)
        return self.double(self._value(node, day))

    def _value(self, node: Node, day: date) -> Any:
        """A literal, parameter or the negative of one, but for its sign."""
        if node.op == "neg":
            return self._value(node.args[0], day)
        if node.op == "parameter":
            dated = self.pack.parameters[node.value].on(day, day)
            return dated.value if dated else None
        return node.value

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
            return float(day_number(value))
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

    def is_feature(self, name: str) -> bool:
        """Whether a name's variable is a feature, compared already where it was measured."""
        place = self.place(name)
        return place is not None and self.variables[place].form == FEATURE

    def constant(self, node: Node | float) -> int:
        """The place of a constant."""
        self._constants.append(node)
        return len(self._constants) - 1

    def item(self, node: Node) -> Definition | None:
        """The definition of an item node."""
        return self.pack.items.get((self.kind, node.value.name)) if node.op == "item" else None

    def plain(self, node: Node) -> Node | None:
        """What an item stands for that is nothing but another expression."""
        item = self.item(node)
        if item is None or item.measure is not None or item.exemptions or item.rows:
            return None
        return item.node if item.form in (Form.DERIVED, Form.VALUE, Form.THEME) else None

    def guard(self, node: Node, depth: int = 0, weigh: Weigh | None = None) -> list[Guard] | None:
        """Comparisons of which one must be true for `node` to be true, or nothing where none is known.

        Of several such sets the one of least weight; by default, the one that is rarely true.
        """
        weigh = weigh or self._weight
        item = self.item(node)
        if depth > 50:
            return None
        if item is not None and item.measure is None:
            plain = self.plain(node)
            return None if plain is None else self.guard(plain, depth + 1, weigh)
        if item is not None and item.measure is not None and item.measure.compare is not None:
            operator, limit = item.measure.compare
            if self.is_feature(item.name):  # compared already, where it was measured
                operator, limit = ">=", Decimal("0.5")
            return self._compare_guard(item.name, operator, self.constant(float(limit)))
        if node.op == "and":
            found = [g for arg in node.args if (g := self.guard(arg, depth + 1, weigh)) is not None]
            return min(found, key=weigh, default=None)
        if node.op == "or":
            each = [self.guard(arg, depth + 1, weigh) for arg in node.args]
            return None if None in each else [g for guards in each for g in guards or ()]
        if node.op in _MIRROR:
            left, right = node.args
            if {left.type, right.type} == {T.DATE, T.DATETIME} or (left.type is T.TEXT and node.op != "="):
                return None
            for one, other, operator in ((left, right, node.op), (right, left, _MIRROR[node.op])):
                if is_constant(other) and one.op in ("field", "item"):
                    measured = self.item(one)
                    if measured is not None and (measured.measure is None or measured.measure.compare is not None):
                        continue
                    return self._compare_guard(one.value.name, operator, self.constant(other))
        numeric = all(arg.type in NUMERIC and arg.type not in (T.DATE, T.DATETIME) for arg in node.args[:2])
        if node.op == "between" and numeric and is_constant(node.args[1]) and node.args[0].op in ("field", "item"):
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


def variable_factor(scale: int) -> float:
    """The factor from a raw number of `scale` decimal places to its value."""
    return 10.0**-scale


def moved_by(measure: Measure, negative: bool) -> tuple[int | None, int | None]:
    """What can make a windowed number greater, and what less, without an event at the present instant; see `Variable`.

    Time lets events leave a window: sums of what is never negative, counts and greatest values only fall by that, least
    values only rise. What an offset delays may still come in. What is counted from a mark only becomes unknown.
    """
    if measure.without or measure.function == "days_since":
        return (None if measure.offset else V_DAYS), V_EVENT
    if measure.since:
        return V_EVENT, None  # begins anew when the period turns
    if measure.after:
        return V_EVENT, V_EVENT
    comes = V_ENTERS if measure.offset else V_EVENT
    lane = V_MOVES if measure.offset else V_SPAN
    match measure.function:
        case "sum":
            return (lane if negative else comes), lane
        case "count":
            return comes, lane
        case "mean":
            return lane, lane
        case "distinct":
            return comes, (None if measure.offset else V_TABLE)
        case "max":
            return comes, V_MOVES
        case "min":
            return V_MOVES, comes
        case "top_share":
            return V_MOVES, V_MOVES
        case _:  # last: it can only vanish
            return comes, comes


__all__ = ["FEATURE", "RATIO", "SCALED", "Conditions", "Guard", "Variable", "moved_by", "variable_factor"]
