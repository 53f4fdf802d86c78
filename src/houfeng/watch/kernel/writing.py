"""The code of one rule's condition, for the filter: what it cannot compute becomes "may be anything"."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Form
from houfeng.watch.kernel.intervals import Op

if TYPE_CHECKING:
    from houfeng.watch.kernel.conditions import Conditions

COMPARE = {"<": Op.LESS, "<=": Op.LESS_EQUAL, ">": Op.LESS, ">=": Op.LESS_EQUAL, "=": Op.EQUAL, "<>": Op.UNEQUAL}
ARITHMETIC = {"+": Op.ADD, "-": Op.SUBTRACT, "*": Op.MULTIPLY, "/": Op.DIVIDE, "days": Op.SUBTRACT}
NUMERIC = (T.INTEGER, T.DECIMAL, T.RATIO, T.DATE, T.DATETIME)
MAX_INSTRUCTIONS = 2_000
"""A longer condition is not filtered: its rule is always looked at."""


class Writer:
    """Writes the code of one rule; registers are numbered by instruction."""

    def __init__(self, conditions: Conditions, start: int) -> None:
        self.conditions, self.start = conditions, start
        self.known: dict[tuple[int, int, int], int] = {}

    def emit(self, op: Op, a: int = 0, b: int = 0) -> int:
        """Add an instruction, or find the same one again; gives its register."""
        key = (int(op), a, b)
        if key not in self.known:
            code = self.conditions.code
            self.known[key] = len(code) - self.start
            code.append((int(op), self.known[key], a, b))
        return self.known[key]

    def write(self, node: Node, depth: int = 0) -> int:
        """The register of a node."""
        truth = node.type is T.BOOLEAN
        if node.type is T.NULL or depth > 100 or len(self.conditions.code) - self.start > MAX_INSTRUCTIONS:
            return self.emit(Op.ANY_TRUTH if truth else Op.ANY_NUMBER)
        if is_constant(node) and (node.type in NUMERIC or node.type is T.TEXT):
            return self.emit(Op.CONSTANT, self.conditions.constant(node))
        if is_constant(node) and truth:
            return self.emit(Op.TRUTH, self.emit(Op.CONSTANT, self.conditions.constant(node)))
        if node.op in ("field", "item"):
            return self._named(node, truth, depth)
        if node.op in COMPARE:
            return self._comparison(node, depth)
        if node.op in ARITHMETIC or node.op == "neg":
            args = [self.write(arg, depth + 1) for arg in node.args]
            return self.emit(ARITHMETIC[node.op], *args) if node.op != "neg" else self.emit(Op.NEGATE, args[0])
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
        return all(n.type is not T.TEXT or is_constant(n) or n.op == "field" or self._last(n) for n in nodes) and all(
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
        return self.emit(COMPARE[node.op], b, a) if node.op in (">", ">=") else self.emit(COMPARE[node.op], a, b)

    def _named(self, node: Node, truth: bool, depth: int) -> int:
        item = self.conditions.item(node)
        if item is not None and item.measure is None:
            return self._derived(item, truth, depth)
        place = self.conditions.place(node.value.name)
        if place is None:
            return self.emit(Op.ANY_TRUTH if truth else Op.ANY_NUMBER)
        loaded = self.emit(Op.LOAD, place)
        compared = item.measure.compare if item is not None and item.measure is not None else None
        if compared is not None and not self.conditions.is_feature(node.value.name):
            operator, limit = compared
            constant = self.emit(Op.CONSTANT, self.conditions.constant(float(Decimal(limit))))
            pair = (constant, loaded) if operator in (">", ">=") else (loaded, constant)
            return self.emit(COMPARE[operator], *pair)
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


def is_constant(node: Node) -> bool:
    """Whether a node is the same for all keys on a day: a literal, a parameter, or the negative of one."""
    return node.op in ("literal", "parameter") or (node.op == "neg" and is_constant(node.args[0]))
