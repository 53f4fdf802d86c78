"""From the text of an expression to a typed tree, or to problems with their places.

SQLGlot reads the text in DuckDB's dialect; this module then keeps only what the pack language has, and gives each node
its type. What a name means is asked from a `Scope`, so that this module knows nothing of packs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, Protocol

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from houfeng.errors import Problem, Text, Where, did_you_mean
from houfeng.packs.language.functions import FUNCTIONS, LOOKUPS, T, numeric, unify
from houfeng.packs.language.text import MAX_HEIGHT, Place, height, too_deep, too_much

MAX_LOOKUPS = 2  # a looked-up code or day stands many times in the SQL; so many lookups may stand in each other
MAX_SCALE = 18  # more decimal places than this and DuckDB's 38 digits no longer hold an amount


@dataclass(frozen=True, slots=True)
class Node:
    """One part of an expression: its operation, arguments, type, and the text it was written as.

    `value` carries what the operation needs: a literal's value, a field's or item's `Reference`, a parameter's name.
    `scale` is the number of decimal places where the type is decimal.
    """

    op: str
    args: tuple[Node, ...]
    type: T
    text: str
    value: Any = None
    scale: int = 0

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()


class Reference(NamedTuple):
    """A field or item reached from the row by a path of relations (empty for the row itself)."""

    path: tuple[str, ...]
    kind: str
    name: str


class Named(NamedTuple):
    """What a scope says about a name: is it a `field`, an `item` or a `parameter`, of which type and scale."""

    form: str
    type: T
    scale: int = 0


class Scope(Protocol):
    """Where an expression stands: answers what names mean over one kind."""

    kind: str

    def resolve(self, parts: Sequence[str]) -> tuple[Reference, Named] | Text:
        """The field or item that the dotted name means, or a text saying why it means nothing."""

    def parameter(self, name: str) -> Named | Text:
        """The parameter's type, or a text saying there is none."""

    def code_set(self, name: str) -> Text | None:
        """Nothing if the code set exists, else a text saying so."""


class _Parser(DuckDB.Parser):  # type: ignore[misc,valid-type]
    # Every function stays an anonymous call: what it means is for the pack language to say, not for a dialect.
    FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, type[exp.Expr]]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": DuckDB.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


class _Dialect(DuckDB):
    Parser = _Parser
    parser_class = _Parser


_COMPARE: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


def read_expression(text: str, place: Place, scope: Scope) -> tuple[Node | None, list[Problem]]:
    """Read, bind and type `text`. Gives the tree, or nothing together with every problem found."""
    problem = too_much(text, place)
    if problem:
        return None, [problem]
    try:
        tree = sqlglot.parse_one(text, into=exp.Condition, dialect=_Dialect)
    except SqlglotError as error:
        return None, [_syntax(error, text, place)]
    except RecursionError:
        return None, [too_deep(place)]
    if height(tree) > MAX_HEIGHT:
        return None, [too_deep(place)]
    reader = _Reader(text, place, scope)
    try:
        node = reader.node(tree)
    except RecursionError:  # a long way through items that are not bound yet
        return None, [too_deep(place)]
    return (None if reader.problems else node), reader.problems


def _syntax(error: SqlglotError, text: str, place: Place) -> Problem:
    details = getattr(error, "errors", None) or [{}]
    highlight = details[0].get("highlight") or ""
    start = len(details[0].get("start_context") or "")
    where = place.at(text, start, highlight) if highlight else place.where
    near = f"“{highlight}”" if highlight else text[:40]
    return Problem(
        "pack.syntax",
        Text(f"表达式在 {near} 处不合语法", f"the expression is not valid SQL near {near}"),
        where,
        value=text[:200],
    )


class _Reader:
    """Turns SQLGlot's tree into nodes, collecting problems instead of stopping at the first."""

    def __init__(self, text: str, place: Place, scope: Scope) -> None:
        self.text, self.place, self.scope = text, place, scope
        self.problems: list[Problem] = []

    def node(self, tree: exp.Expr) -> Node:
        """The node for `tree`; after a problem, a node of type unknown so that reading goes on."""
        for cls, method in _METHODS.items():
            if isinstance(tree, cls):
                return method(self, tree)
        return self.refuse(
            tree, "pack.forbidden", f"政策语言里没有“{_shown(tree)}”", f"the pack language has no “{_shown(tree)}”"
        )

    def refuse(self, tree: exp.Expr, code: str, zh: str, en: str, hint: Text = Text("", "")) -> Node:
        self.problems.append(Problem(code, Text(zh, en), self.where(tree), value=self.text[:200], suggestion=hint))
        return Node("literal", (), T.NULL, _shown(tree))

    def where(self, tree: exp.Expr) -> Where:
        if isinstance(tree, exp.Placeholder):
            return self.place.at(self.text, -1, f":{tree.name}")
        for part in tree.walk():
            start = part.meta.get("start") if part._meta else None
            if start is not None:
                first = min(p.meta["start"] for p in tree.walk() if p._meta and "start" in p.meta)
                token = re.match(r"[\w']+|.", self.text[first:])
                return self.place.at(self.text, first, token.group() if token else self.text[first])
        return self.place.where

    def paren(self, tree: exp.Paren) -> Node:
        return self.node(tree.this)

    def alias(self, tree: exp.Alias) -> Node:
        # SQLGlot wraps some expressions that hold a `:name` into an alias without a name.
        if tree.args.get("alias") is None:
            return self.node(tree.this)
        return self.refuse(tree, "pack.forbidden", "这里不能用 as 取别名", "no alias can stand here")

    def literal(self, tree: exp.Literal) -> Node:
        if tree.is_string:
            return Node("literal", (), T.TEXT, tree.sql("duckdb"), tree.this)
        raw = tree.this.replace("_", "")
        if re.fullmatch(r"\d{1,18}", raw):
            return Node("literal", (), T.INTEGER, tree.this, int(raw))
        if re.fullmatch(r"\d{1,18}\.\d{1,12}", raw) or re.fullmatch(r"\.\d{1,12}", raw):
            return Node("literal", (), T.DECIMAL, tree.this, Decimal(raw), scale=len(raw.split(".")[1]))
        return self.refuse(
            tree,
            "pack.number",
            f"数字写法不支持：{tree.this}",
            f"this way of writing a number is not supported: {tree.this}",
        )

    def constant(self, tree: exp.Boolean | exp.Null) -> Node:
        if isinstance(tree, exp.Null):
            return Node("literal", (), T.NULL, "null")
        return Node("literal", (), T.BOOLEAN, str(bool(tree.this)).lower(), bool(tree.this))

    def name(self, tree: exp.Column | exp.Dot | exp.Identifier) -> Node:
        parts = [part.name for part in (tree.parts if not isinstance(tree, exp.Identifier) else [tree])]
        if not all(parts) or tree.find(exp.Star):
            return self.refuse(tree, "pack.forbidden", "这里不能用 *", "* cannot stand here")
        found = self.scope.resolve(parts)
        if isinstance(found, Text):
            return self.refuse(tree, "pack.unknown_name", *found)
        reference, named = found
        return Node(named.form, (), named.type, ".".join(parts), reference, named.scale)

    def parameter(self, tree: exp.Placeholder | exp.Parameter) -> Node:
        found = self.scope.parameter(tree.name)
        if isinstance(found, Text):
            return self.refuse(tree, "pack.unknown_parameter", *found)
        return Node("parameter", (), found.type, f":{tree.name}", tree.name, found.scale)

    def logic(self, tree: exp.And | exp.Or) -> Node:
        op = "and" if isinstance(tree, exp.And) else "or"
        args = tuple(self.boolean(part) for part in tree.flatten())
        return Node(op, args, T.BOOLEAN, _shown(tree))

    def boolean(self, tree: exp.Expr) -> Node:
        node = self.node(tree)
        if node.type not in (T.BOOLEAN, T.NULL):
            self.refuse(
                tree,
                "pack.type",
                f"“{node.text}”应是真假值，却是{node.type.zh}",
                f"“{node.text}” should be true or false, but is {node.type}",
            )
        return node

    def negation(self, tree: exp.Not) -> Node:
        return Node("not", (self.boolean(tree.this),), T.BOOLEAN, _shown(tree))

    def comparison(self, tree: exp.Expr) -> Node:
        left, right = self.node(tree.this), self.node(tree.expression)
        self.same(tree, (left, right))
        return Node(_COMPARE[type(tree)], (left, right), T.BOOLEAN, _shown(tree))

    def same(self, tree: exp.Expr, nodes: Sequence[Node]) -> tuple[T, int]:
        """The common type and scale of `nodes`, or a problem where there is none."""
        found = unify([node.type for node in nodes])
        if found is None:
            shown = ", ".join(f"{node.text}: {node.type}" for node in nodes)
            self.refuse(tree, "pack.type", f"类型对不上：{shown}", f"these types do not go together: {shown}")
            return T.NULL, 0
        return found, max((node.scale for node in nodes), default=0)

    def arithmetic(self, tree: exp.Expr) -> Node:
        op = _ARITHMETIC[type(tree)]
        left, right = self.node(tree.this), self.node(tree.expression)
        pair = (left.type, right.type)
        text = _shown(tree)
        if op == "-" and pair in ((T.DATE, T.DATE),):
            return Node("days", (left, right), T.INTEGER, text)
        if op in "+-" and pair == (T.DATE, T.INTEGER):
            return Node(f"date{op}", (left, right), T.DATE, text)
        if not all(numeric(t) or t is T.NULL for t in pair):
            self.refuse(
                tree, "pack.type", f"“{op}”两边应是数：{text}", f"both sides of “{op}” should be numbers: {text}"
            )
            return Node("literal", (), T.NULL, text)
        if op == "/":
            return Node("/", (left, right), T.RATIO, text)
        kind = unify(pair) or T.NULL
        scale = left.scale + right.scale if op == "*" else max(left.scale, right.scale)
        if kind is T.DECIMAL and scale > MAX_SCALE:
            self.refuse(
                tree,
                "pack.precision",
                "相乘的小数位太多，请用 round 收住",
                "too many decimal places multiplied; hold them with round",
            )
        return Node(op, (left, right), kind, text, scale=scale if kind is T.DECIMAL else 0)

    def minus(self, tree: exp.Neg) -> Node:
        inner = self.node(tree.this)
        if not numeric(inner.type) and inner.type is not T.NULL:
            self.refuse(
                tree, "pack.type", f"负号后应是数：{inner.text}", f"a number should follow the minus: {inner.text}"
            )
        return Node("neg", (inner,), inner.type, _shown(tree), scale=inner.scale)

    def member(self, tree: exp.In) -> Node:
        if tree.args.get("query") or tree.args.get("unnest") or tree.args.get("field") or not tree.expressions:
            return self.refuse(tree, "pack.forbidden", "in 后面只能是一列值", "only a list of values can follow in")
        nodes = (self.node(tree.this), *(self.node(value) for value in tree.expressions))
        self.same(tree, nodes)
        return Node("in", nodes, T.BOOLEAN, _shown(tree))

    def between(self, tree: exp.Between) -> Node:
        nodes = (self.node(tree.this), self.node(tree.args["low"]), self.node(tree.args["high"]))
        self.same(tree, nodes)
        return Node("between", nodes, T.BOOLEAN, _shown(tree))

    def like(self, tree: exp.Like) -> Node:
        nodes = (self.node(tree.this), self.node(tree.expression))
        if any(node.type not in (T.TEXT, T.NULL) for node in nodes):
            self.refuse(tree, "pack.type", "like 两边应是文字", "both sides of like should be text")
        return Node("like", nodes, T.BOOLEAN, _shown(tree))

    def is_null(self, tree: exp.Is) -> Node:
        if not isinstance(tree.expression, exp.Null):
            return self.refuse(
                tree, "pack.forbidden", "is 后面只能是 null 或 not null", "only null or not null can follow is"
            )
        return Node("is_null", (self.node(tree.this),), T.BOOLEAN, _shown(tree))

    def case(self, tree: exp.Case) -> Node:
        if tree.this is not None:
            return self.refuse(tree, "pack.forbidden", "请写 case when 条件 then …", "write case when condition then …")
        conditions = [self.boolean(branch.this) for branch in tree.args["ifs"]]
        values = [self.node(branch.args["true"]) for branch in tree.args["ifs"]]
        default = tree.args.get("default")
        values.append(self.node(default) if default is not None else Node("literal", (), T.NULL, "null"))
        kind, scale = self.same(tree, values)
        args = tuple(part for pair in zip(conditions, values[:-1], strict=True) for part in pair)
        return Node("case", (*args, values[-1]), kind, _shown(tree), scale=scale)

    def date_literal(self, tree: exp.Cast) -> Node:
        inner = tree.this
        if isinstance(inner, exp.Literal) and inner.is_string and tree.to.is_type("date"):
            try:
                return Node("literal", (), T.DATE, f"date '{inner.this}'", date.fromisoformat(inner.this))
            except ValueError:
                return self.refuse(
                    tree, "pack.date", f"没有这一天：{inner.this}", f"there is no such day: {inner.this}"
                )
        return self.refuse(
            tree,
            "pack.forbidden",
            "不能用 cast；日期写作 date '2026-01-19'",
            "cast is not allowed; write a day as date '2026-01-19'",
        )

    def call(self, tree: exp.Anonymous) -> Node:
        name = tree.name.lower()
        if name not in FUNCTIONS:
            hint = did_you_mean(name, FUNCTIONS)
            return self.refuse(tree, "pack.unknown_function", f"没有函数 {name}", f"there is no function {name}", hint)
        function = FUNCTIONS[name]
        args = tuple(self.node(arg) for arg in tree.expressions)
        text = _shown(tree)
        if wrong := function.wrong(args):
            return self.refuse(tree, "pack.arguments", *wrong)
        if name in LOOKUPS and max(_lookups(arg) for arg in args) >= MAX_LOOKUPS:
            return self.refuse(
                tree,
                "pack.too_deep",
                f"{name} 嵌套过深，请拆成几个指标",
                f"{name} is nested too deeply; split it into several items",
            )
        if function.names_set and (missing := self.scope.code_set(str(args[1].value))):
            return self.refuse(tree.expressions[1], "pack.unknown_set", *missing)
        kind, scale = function.result(args)
        return Node(f"call:{name}", args, kind, text, scale=scale)


def _lookups(node: Node) -> int:
    return (node.op.removeprefix("call:") in LOOKUPS) + max((_lookups(arg) for arg in node.args), default=0)


def _shown(tree: exp.Expr) -> str:
    return tree.sql("duckdb", normalize_functions="lower").replace("$", ":")[:300]


_METHODS: dict[type[exp.Expr], Callable[[_Reader, Any], Node]] = {
    exp.Paren: _Reader.paren,
    exp.Alias: _Reader.alias,
    exp.Literal: _Reader.literal,
    exp.Boolean: _Reader.constant,
    exp.Null: _Reader.constant,
    exp.Column: _Reader.name,
    exp.Dot: _Reader.name,
    exp.Placeholder: _Reader.parameter,
    exp.And: _Reader.logic,
    exp.Or: _Reader.logic,
    exp.Not: _Reader.negation,
    exp.EQ: _Reader.comparison,
    exp.NEQ: _Reader.comparison,
    exp.LT: _Reader.comparison,
    exp.LTE: _Reader.comparison,
    exp.GT: _Reader.comparison,
    exp.GTE: _Reader.comparison,
    exp.Add: _Reader.arithmetic,
    exp.Sub: _Reader.arithmetic,
    exp.Mul: _Reader.arithmetic,
    exp.Div: _Reader.arithmetic,
    exp.Neg: _Reader.minus,
    exp.In: _Reader.member,
    exp.Between: _Reader.between,
    exp.Like: _Reader.like,
    exp.Is: _Reader.is_null,
    exp.Case: _Reader.case,
    exp.Cast: _Reader.date_literal,
    exp.Anonymous: _Reader.call,
}
