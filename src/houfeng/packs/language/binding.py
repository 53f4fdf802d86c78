"""What names mean: the scope of an expression, and items bound once each, in whatever order they were written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from houfeng.book.model import Kind, Type, kinds
from houfeng.errors import Problem, Text, did_you_mean
from houfeng.packs.language.expression import Named, Node, Reference, read_expression
from houfeng.packs.language.functions import T
from houfeng.packs.language.text import Place
from houfeng.packs.model import CodeSet, Definition, Parameter

FIELD_TYPES: Mapping[Type, tuple[T, int]] = {
    Type.ID: (T.TEXT, 0),
    Type.CODE: (T.TEXT, 0),
    Type.TEXT: (T.TEXT, 0),
    Type.MONEY: (T.DECIMAL, 2),
    Type.RATE: (T.DECIMAL, 5),
    Type.NUMBER: (T.DECIMAL, 5),
    Type.INTEGER: (T.INTEGER, 0),
    Type.BOOLEAN: (T.BOOLEAN, 0),
    Type.DATE: (T.DATE, 0),
    Type.DATETIME: (T.DATETIME, 0),
}

Key = tuple[str, str]
MAX_HEIGHT = 200  # steps of an item with all it rests on: every road to its value is walked by recursion
MAX_BINDING = 30  # items waiting for one another while they are read


class Names:
    """All names of a pack and of those it requires. Items are bound when first asked for; a ring of items is a problem.

    `pending` holds, per (kind, name), the function that binds that item.
    """

    def __init__(self, parameters: Mapping[str, Parameter], sets: Mapping[str, CodeSet]) -> None:
        self.parameters, self.sets = parameters, sets
        self.bound: dict[Key, Definition] = {}
        self.pending: dict[Key, Callable[[], Definition | None]] = {}
        self.problems: list[Problem] = []
        self._binding: list[Key] = []
        self._failed: set[Key] = set()
        self._heights: dict[Key, int] = {}

    def item_names(self, kind: str) -> list[str]:
        """The names of all items over `kind`."""
        return [name for over, name in {**self.bound, **self.pending} if over == kind]

    def item(self, key: Key) -> Definition | Text | None:
        """The item, bound; nothing if there is none; a text if it leads back to itself or is itself wrong."""
        if key in self.bound:
            return self.bound[key]
        if key in self._binding:
            ring = " → ".join(name for _, name in [*self._binding[self._binding.index(key) :], key])
            return Text(f"定义成环：{ring}", f"the definition leads back to itself: {ring}")
        if key in self._failed:
            return Text(f"{key[1]} 本身有错", f"{key[1]} is itself wrong")
        if key not in self.pending:
            return None
        if len(self._binding) >= MAX_BINDING:
            return Text(f"{key[1]} 所依据的指标层层太多", f"{key[1]} stands under too many items")
        self._binding.append(key)
        try:
            definition = self.pending[key]()
        finally:
            self._binding.pop()
        if definition is not None and self._height(definition) > MAX_HEIGHT:
            what = Text(f"{key[1]} 层层依据太深", f"{key[1]} rests on too many items, one on the other")
            self.problems.append(Problem("pack.too_deep", what, definition.where))
            definition = None
        if definition is None:
            self._failed.add(key)
            return Text(f"{key[1]} 本身有错", f"{key[1]} is itself wrong")
        self.bound[key] = definition
        return definition

    def _height(self, item: Definition) -> int:
        key = (item.over, item.name)
        if key not in self._heights:
            nodes = [*item.nodes(), *(item.measure.all_nodes() if item.measure is not None else ())]
            self._heights[key] = 3 + max((self._node_height(node) for node in nodes), default=0)
        return self._heights[key]

    def _node_height(self, node: Node) -> int:
        below = [self._node_height(arg) for arg in node.args]
        if node.op == "item":
            below.append(self._height(self.bound[(node.value.kind, node.value.name)]))
        return 1 + max(below, default=0)

    def bind_all(self) -> None:
        """Bind every pending item, in the order they were written."""
        for key in list(self.pending):
            self.item(key)

    def read(self, text: str, place: Place, kind: str, *, items: bool = True, paths: bool = True) -> Node | None:
        """Read an expression over `kind`; problems are kept. `items` and `paths` say what it may refer to."""
        node, problems = read_expression(text, place, KindScope(self, kind, items, paths))
        self.problems += problems
        return node


class KindScope:
    """The scope of an expression over one record kind."""

    def __init__(self, names: Names, kind: str, items: bool = True, paths: bool = True) -> None:
        self.names, self.kind, self.items, self.paths = names, kind, items, paths

    def resolve(self, parts: Sequence[str]) -> tuple[Reference, Named] | Text:
        """The field or item a dotted name means; see `expression.Scope`."""
        kind, path = kinds()[self.kind], tuple(parts[:-1])
        if path and not self.paths:
            return Text(
                f"这里只能用 {self.kind} 自己的字段，不能用路径 {'.'.join(parts)}",
                f"only {self.kind}'s own fields can be used here, not the path {'.'.join(parts)}",
            )
        for relation in path:
            if relation not in kind.relations:
                return self._unknown(kind, relation, list(kind.relations), "关系", "relation")
            kind = kinds()[kind.relations[relation].kind]
        name = parts[-1]
        reference = Reference(path, kind.name, name)
        if name in kind.fields:
            known, scale = FIELD_TYPES[kind.fields[name].type]
            return reference, Named("field", known, scale)
        item = self.names.item((kind.name, name)) if self.items else None
        if isinstance(item, Text):
            return item
        if item is not None:
            return reference, Named("item", item.type, item.scale)
        candidates = [*kind.fields, *kind.relations, *(self.names.item_names(kind.name) if self.items else ())]
        return self._unknown(kind, name, candidates, "字段或指标", "field or item")

    def _unknown(self, kind: Kind, name: str, known: Sequence[str], zh: str, en: str) -> Text:
        near = did_you_mean(name, known)
        if not any(near) and en == "relation":
            near = Text(f"它有：{'、'.join(known)}", f"it has: {', '.join(known)}")
        return Text(f"{kind.name} 没有{zh} {name}。{near.zh}", f"{kind.name} has no {en} {name}. {near.en}".strip())

    def parameter(self, name: str) -> Named | Text:
        """The type of a parameter; see `expression.Scope`."""
        found = self.names.parameters.get(name)
        if found is None:
            near = did_you_mean(name, self.names.parameters)
            return Text(f"没有参数 {name}。{near.zh}", f"there is no parameter {name}. {near.en}")
        return Named("parameter", found.type, found.scale)

    def code_set(self, name: str) -> Text | None:
        """Nothing if there is such a code set; see `expression.Scope`."""
        if name in self.names.sets:
            return None
        near = did_you_mean(name, self.names.sets)
        return Text(f"没有代码集 {name}。{near.zh}", f"there is no code set {name}. {near.en}")
