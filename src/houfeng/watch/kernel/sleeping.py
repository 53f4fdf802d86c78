"""When rules that cannot hold now can hold at the earliest: the tables by which `filter.sleeps_until` lets keys sleep.

Each rule becomes a small tree. Its leaves are comparisons, each surely false until something moves one of its numbers
the right way: an event, days that pass, an event that enters or leaves a window. All parts of an `and` must be true at
once, so it sleeps as long as its longest sleeper; an `or`, as its shortest. What is not understood does not sleep.

As rules are found by a guard when somebody looks for those that may hold, they are found by one here: a comparison that
is rarely true, best one that only an event can make true. Rules whose guard is false cost nothing, however many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from houfeng.packs.language.expression import Node
from houfeng.watch.kernel.filter import T_AND, T_GENERAL, T_OPEN, T_OR, T_SIMPLE, V_DAYS, V_ENTERS, V_EVENT, V_UNKNOWN
from houfeng.watch.kernel.intervals import WIDEN, Op
from houfeng.watch.kernel.writing import ARITHMETIC, COMPARE, MAX_INSTRUCTIONS, Writer, is_constant

if TYPE_CHECKING:
    from houfeng.watch.kernel.conditions import Conditions, Guard

Move = tuple[int, bool]
"""A variable, and whether it is its rising (or falling) that counts."""

COST = {V_EVENT: 0, V_DAYS: 1, V_ENTERS: 2, V_UNKNOWN: 100}
"""How often a guard of each kind wakes a rule that sleeps: low is better; 5 for those not named."""


class Sleeper:
    """Trees and guards of all rules of `conditions`; `tables` gives them as of a day."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self._tree: list[tuple[int, int, int, int, int]] = []  # operation and its arguments, in postfix order
        self._spans: list[tuple[int, int]] = []
        self._guards: list[list[Guard] | None] = []
        self._tests: list[tuple[list[Guard], bool]] = []
        self._moves: list[Move] = []
        self._limits: list[tuple[int, bool]] = []  # constant and direction of each simple leaf
        self._height = 1
        for nodes in conditions.rules:
            start = len(self._tree)
            for n, node in enumerate(nodes):
                self._write(node)
                if n:
                    self._tree.append((T_OR, 0, 0, 0, 0))
            self._spans.append((start, len(self._tree)))
            self._height = max(self._height, len(self._tree) - start)
            self._tests.append(self._necessary(nodes))
            found = [conditions.guard(node, weigh=self._wakefulness) for node in nodes]
            self._guards.append(None if None in found else [g for guards in found for g in guards or ()])

    def tables(self, constants: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, ...]:
        """What `filter.sleeps_until` reads, with the limits of a day."""
        groups: dict[Move, dict[int, float]] = {}
        for rule, guards in enumerate(self._guards):
            for guard in guards or ():
                limit = slackened(constants[guard.constant], guard.above)
                if limit == limit:  # an unknown limit is never passed
                    held = groups.setdefault((guard.variable, guard.above), {})
                    held[rule] = (min if guard.above else max)(held.get(rule, limit), limit)
        table, limits, whose = [], list[float](), list[int]()
        for (variable, above), held in groups.items():
            some = sorted(held.items(), key=lambda one: one[1], reverse=not above)
            table.append([variable, int(above), *self._what((variable, above)), len(limits), len(limits) + len(some)])
            whose += [rule for rule, _ in some]
            limits += [limit for _, limit in some]
        always = [rule for rule, guards in enumerate(self._guards) if guards is None]
        leaves = [slackened(constants[constant], above) for constant, above in self._limits]
        return (
            np.array(table, np.int64).reshape(-1, 6),
            np.array(limits or [0.0]),
            np.array(whose or [0], np.int64),
            np.array(always, np.int64),
            np.array(self._spans, np.int64).reshape(-1, 2),
            np.array(self._tree, np.int64).reshape(-1, 5),
            np.array(leaves or [0.0]),
            np.array([(move[0], int(move[1]), *self._what(move)) for move in self._moves], np.int64).reshape(-1, 4),
            np.zeros(self._height + 1, np.int64),
        )

    def tests(self, constants: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, Any, Any]:
        """For `filter.scan`: comparisons without which a rule cannot hold, and whether they are all there is to it."""
        spans, table, limits = list[tuple[int, int, int]](), list[tuple[int, int]](), list[float]()
        for guards, sure in self._tests:
            spans.append((len(table), len(table) + len(guards), int(sure)))
            table += [(guard.variable, int(guard.above)) for guard in guards]
            limits += [slackened(constants[guard.constant], guard.above) for guard in guards]
        shaped = np.array(spans, np.int64).reshape(-1, 3), np.array(table, np.int64).reshape(-1, 2)
        return *shaped, np.array(limits or [0.0])

    def _necessary(self, nodes: Sequence[Node]) -> tuple[list[Guard], bool]:
        """Comparisons with constants that must all be true for a rule to hold, and whether nothing else must be."""
        if len(nodes) != 1:
            return [], False
        found: list[Guard] = []
        sure, queue = True, [nodes[0]]
        while queue:
            node = queue.pop()
            plain = self.conditions.plain(node)
            if plain is not None:
                queue.append(plain)
            elif node.op == "and":
                queue += node.args
            else:
                guards = self.conditions.guard(node)
                found += guards if guards is not None and len(guards) == 1 else []
                sure = sure and guards is not None and len(guards) == 1 and node.op in ("<", "<=", ">", ">=")
        return found, sure

    def _what(self, move: Move) -> tuple[int, int]:
        """What can move a variable in a direction, of which cell or span."""
        variable = self.conditions.variables[move[0]]
        kind = variable.rises if move[1] else variable.falls
        return V_UNKNOWN if kind is None else kind, variable.cell

    def _wakefulness(self, guards: list[Guard]) -> int:
        """How often guards wake a rule that sleeps: low is better; nothing known is worst."""
        variables = self.conditions.variables
        found = ((COST.get(self._what((g.variable, g.above))[0], 5) << 40) + variables[g.variable].span for g in guards)
        return max(found, default=0)

    def _write(self, node: Node, depth: int = 0) -> None:
        """The tree of a node, behind what is written so far."""
        plain = self.conditions.plain(node)
        if depth < 50 and plain is not None:
            self._write(plain, depth + 1)
        elif depth < 50 and node.op in ("and", "or"):
            for n, arg in enumerate(node.args):
                self._write(arg, depth + 1)
                if n:
                    self._tree.append((T_AND if node.op == "and" else T_OR, 0, 0, 0, 0))
        else:
            self._leaf(node)

    def _leaf(self, node: Node) -> None:
        guards = self.conditions.guard(node)
        if guards is not None and len(guards) == 1:
            guard = guards[0]
            self._tree.append((T_SIMPLE, len(self._limits), len(self._moves), 0, 0))
            self._limits.append((guard.constant, guard.above))
            self._moves.append((guard.variable, guard.above))
            return
        moves = self._comparison(node)
        span = None if moves is None else self._code(node)
        if moves is None or span is None:
            self._tree.append((T_OPEN, 0, 0, 0, 0))
            return
        self._tree.append((T_GENERAL, *span, len(self._moves), len(self._moves) + len(moves)))
        self._moves += sorted(moves)

    def _code(self, node: Node) -> tuple[int, int] | None:
        """The filter's code of a comparison by itself."""
        code = self.conditions.code
        start = len(code)
        writer = Writer(self.conditions, start)
        answer = writer.write(node)
        if len(code) - start > MAX_INSTRUCTIONS:
            del code[start:]
            return None
        code.append((int(Op.OR), len(code) - start, answer, answer))
        self.conditions.height = max(self.conditions.height, len(code) - start)
        return start, len(code)

    def _comparison(self, node: Node) -> set[Move] | None:
        """What can make a comparison of numbers true that is false; nothing where that is not known."""
        if node.op not in COMPARE:
            return None
        left, right = node.args
        if node.op in ("=", "<>"):
            return _all(self._any(left), self._any(right))
        up = node.op in (">", ">=")
        return _all(self._moved(left, up), self._moved(right, not up))

    def _any(self, node: Node) -> set[Move] | None:
        return _all(self._moved(node, True), self._moved(node, False))

    def _moved(self, node: Node, up: bool) -> set[Move] | None:
        """What can make a number greater (or less), or known."""
        if is_constant(node):
            return set()
        plain = self.conditions.plain(node)
        if plain is not None:
            return self._moved(plain, up)
        if node.op in ("field", "item"):
            item = self.conditions.item(node)
            if item is not None and (item.measure is None or item.measure.compare is not None):
                return None
            place = self.conditions.place(node.value.name)
            return None if place is None else {(place, up)}
        if node.op == "neg":
            return self._moved(node.args[0], not up)
        if node.op not in ARITHMETIC:
            return None
        left, right = node.args
        match node.op:
            case "+":
                return _all(self._moved(left, up), self._moved(right, up))
            case "-" | "days":
                return _all(self._moved(left, up), self._moved(right, not up))
        for one, other in ((left, right), (right, left)):
            positive = other.op == "literal" and other.value is not None and other.value > 0
            if positive and (one is left or node.op == "*"):
                return self._moved(one, up)
        return _all(self._any(left), self._any(right))


def slackened(limit: float, above: bool) -> float:
    """A limit moved a little to the side on which more passes it."""
    return limit + abs(limit) * WIDEN * (-1 if above else 1)


def _all(*parts: set[Move] | None) -> set[Move] | None:
    found: set[Move] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found
