"""Compile a whole pack into few, wide statements: one per record kind, each row with its items and a reason bitmask.

A statement is built from the inside out. Each kind that an expression reaches is one subquery that offers the fields
and items asked of it under their dotted names; measures over other kinds are grouped subqueries, one per source and
key; items that rest on other items are computed in layers, so that nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Protocol

from houfeng.book.model import Time, kinds
from houfeng.packs.language.expression import Node
from houfeng.packs.membership import Membership, membership_of
from houfeng.packs.model import Definition, Form, Measure, Pack
from houfeng.packs.roads.measures import WindowBounds, key_columns, measure_sql, top_share_sql
from houfeng.packs.roads.sequences import after_sql, membered_sql, narrowed_sql, without_sql
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name, true


class Views(Protocol):
    """Where rows come from: a snapshot of a book, or a case's few rows."""

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind` in force for `as_of`."""


@dataclass
class Need:
    """What is asked of one kind: fields, items, and what is reached through its relations."""

    kind: str
    fields: set[str] = field(default_factory=set)
    items: dict[str, Definition] = field(default_factory=dict)  # in the order they must be computed
    relations: dict[str, Need] = field(default_factory=dict)

    def columns(self) -> list[str]:
        """The dotted names this need offers."""
        own = [*sorted(self.fields), *self.items]
        return own + [f"{r}.{c}" for r, need in sorted(self.relations.items()) for c in need.columns()]


class Bit(NamedTuple):
    """One bit of the reason mask: the general condition of an item, or one of its exceptions."""

    item: str
    exception: str  # empty for the general condition


@dataclass(frozen=True)
class Statement:
    """A compiled statement over one kind and what its columns mean."""

    sql: str
    kind: str
    keys: tuple[str, ...]
    items: tuple[str, ...]
    bits: tuple[Bit, ...]
    bit_columns: tuple[str, ...]


@dataclass
class Compiler:
    """Compiles items of a pack for one day, as known on another.

    `exact` asks for period rows of just that day at the outermost kind (statistics); features always take each
    reporter's latest.
    """

    pack: Pack
    views: Views
    as_of: date
    known: date
    extra: Mapping[str, Iterable[str]] = field(default_factory=dict)

    def statement(
        self,
        kind: str,
        items: Sequence[str],
        *,
        fields: Iterable[str] = (),
        where: str = "",
        exact: bool = False,
        bits: bool = True,
    ) -> Statement:
        """One wide statement over `kind`: its key, `fields` (dotted paths allowed), each item, and the reason bits."""
        need = Need(kind)
        keys = (*kinds()[kind].key, *(("period",) if kinds()[kind].time is Time.PERIOD else ()))
        for path in (*keys, *fields):
            self._want_path(need, path)
        for item in items:
            self.want_item(need, self.pack.items[(kind, item)])
        reasons = [Bit(i, label) for i in items for label in self._bit_labels(kind, i)] if bits else []
        for bit in reasons:
            for node in self._bit_nodes(kind, bit):
                self.want(need, node)
        source = self.subquery(need, exact=exact)
        masks, mask_columns = self._masks(kind, reasons)
        wanted = [*keys, *(f for f in fields if f not in keys), *items]
        columns = [name(c) for c in wanted] + [name("_submission"), name("_row")] + masks
        sql = f"SELECT {', '.join(columns)} FROM ({source})" + (f" WHERE {where}" if where else "")
        return Statement(sql, kind, keys, tuple(items), tuple(reasons), tuple(mask_columns))

    def writer(self) -> SqlWriter:
        """A writer of expressions over the dotted columns of a subquery."""
        return SqlWriter(self.pack, self.as_of, self.known, column_of)

    # -- what is needed -------------------------------------------------------------------------------------------

    def want(self, need: Need, node: Node) -> None:
        """Add to `need` all that `node` refers to."""
        for part in node.walk():
            if part.op == "field":
                self._want_path(need, ".".join((*part.value.path, part.value.name)))
            elif part.op == "item":
                target = self._through(need, part.value.path)
                self.want_item(target, self.pack.items[(target.kind, part.value.name)])

    def _want_path(self, need: Need, path: str) -> None:
        *relations, last = path.split(".")
        target = self._through(need, relations)
        if last in kinds()[target.kind].fields:
            target.fields.add(last)
        else:
            self.want_item(target, self.pack.items[(target.kind, last)])

    def _through(self, need: Need, relations: Iterable[str]) -> Need:
        for relation in relations:
            declared = kinds()[need.kind].relations[relation]
            need.fields |= set(declared.on)
            if relation not in need.relations:
                need.relations[relation] = Need(declared.kind, fields=set(declared.on.values()))
            need = need.relations[relation]
        return need

    def want_item(self, need: Need, item: Definition) -> None:
        """Add to `need` an item and all that it refers to."""
        if item.name in need.items:
            return
        for node in item.nodes():
            if node is not item.amount:
                self.want(need, node)
        if item.measure is not None:
            need.fields |= set(kinds()[need.kind].key)
        need.items[item.name] = item

    # -- subqueries -----------------------------------------------------------------------------------------------

    def subquery(self, need: Need, *, exact: bool = False) -> str:
        """SQL offering the columns of `need`, plus _submission and _row of its own rows."""
        view = self.views.select(need.kind, as_of=self.as_of, exact=exact, columns=sorted(need.fields))
        layers = self._layers(need)
        early = self._early(layers) if need.relations else set()
        for layer in layers:
            view = self._with_layer(view, [item for item in layer if item.name in early])
        columns = [f"b.{name(f)} AS {name(f)}" for f in (*sorted(need.fields), *sorted(early))]
        columns += [f"b.{name('_submission')}", f"b.{name('_row')}"]
        joins = []
        for number, (relation, inner) in enumerate(sorted(need.relations.items())):
            declared = kinds()[need.kind].relations[relation]
            on = " AND ".join(f"b.{name(own)} = r{number}.{name(there)}" for own, there in declared.on.items())
            joins.append(f"LEFT JOIN ({self.subquery(inner)}) r{number} ON {on}")
            columns += [f"r{number}.{name(c)} AS {name(relation, c)}" for c in inner.columns()]
        for number, group in enumerate(self._measure_groups(need)):
            on = " AND ".join(
                f"b.{name(k)} = m{number}.{name('_k' + str(i))}" for i, k in enumerate(kinds()[need.kind].key)
            )
            joins.append(f"LEFT JOIN ({group.sql}) m{number} ON {on}")
            columns += [f"{expression.format(a=f'm{number}')} AS {name(item)}" for item, expression in group.columns]
        sql = f"SELECT {', '.join(columns)} FROM ({view}) b {' '.join(joins)}"
        for layer in layers:
            sql = self._with_layer(sql, [item for item in layer if item.name not in early])
        return sql

    def _with_layer(self, sql: str, layer: Sequence[Definition]) -> str:
        computed = ", ".join(f"{definition_sql(item, self.writer())} AS {name(item.name)}" for item in layer)
        return f"SELECT *, {computed} FROM ({sql})" if computed else sql

    def _early(self, layers: Sequence[Sequence[Definition]]) -> set[str]:
        """The items that rest on the rows' own fields alone. Computed before anything is joined, an expression over a
        text of few different values is worked out once for each value, and fewer texts go through the joins.
        """
        early: set[str] = set()
        for item in (item for layer in layers for item in layer):
            named = [part for node in item.nodes() for part in node.walk() if part.op in ("field", "item")]
            if all(not part.value.path and (part.op == "field" or part.value.name in early) for part in named):
                early.add(item.name)
        return early

    def _layers(self, need: Need) -> list[list[Definition]]:
        depth: dict[str, int] = {}
        layers: list[list[Definition]] = []
        for item in need.items.values():
            if item.measure is not None:
                continue
            inner = [n.value.name for node in item.nodes() for n in node.walk() if n.op == "item" and not n.value.path]
            depth[item.name] = 1 + max((depth.get(i, 0) for i in inner), default=0)
            while len(layers) < depth[item.name]:
                layers.append([])
            layers[depth[item.name] - 1].append(item)
        return layers

    def _measure_groups(self, need: Need) -> list[_Group]:
        plain: dict[tuple[str, tuple[str, ...], str], list[Definition]] = {}
        groups: list[_Group] = []
        for item in need.items.values():
            measure = item.measure
            if measure is None:
                continue
            if measure.marks:
                groups.append(self._marked(item, measure))
            elif measure.function == "top_share":
                groups.append(self._top_share(item, measure, self._source([item])))
            else:
                plain.setdefault((measure.source, measure.by, measure.through), []).append(item)
        groups += [self._grouped(by, items) for (_, by, _), items in plain.items()]
        return groups

    def _source(self, items: Sequence[Definition]) -> str:
        """The rows that `items` measure, all of one source and one way to the key, the key in `_k0`, `_k1` …"""
        first = items[0].measure
        assert first is not None
        nodes = [node for item in items if item.measure is not None for node in item.measure.nodes()]
        return self._rows(first.source, first.by, nodes, membership_of(items[0]))

    def _rows(self, source: str, by: Sequence[str], nodes: Iterable[Node], members: Membership | None) -> str:
        inner = Need(source, fields=set(by))
        kind = kinds()[source]
        if kind.time is Time.EVENT:
            inner.fields |= {kind.time_field, *kind.key}
        for node in nodes:
            self.want(inner, node)
        keys = ", ".join(f"{name(f)} AS {key}" for f, key in zip(by, key_columns(by), strict=True))
        rows = f"SELECT *, {keys} FROM ({self.subquery(inner)})"
        if members is None:
            return rows
        columns = [members.group, members.member, "valid_from"]
        return membered_sql(members, kind, rows, self.views.select(members.kind, as_of=self.as_of, columns=columns))

    def _grouped(self, by: Sequence[str], items: Sequence[Definition]) -> _Group:
        keys = ", ".join(key_columns(by))
        aggregates, columns = [], []
        for item in items:
            assert item.measure is not None
            bounds = WindowBounds.of(item.measure, self.as_of)
            parts, expression = measure_sql(item.measure, item.name, bounds, self.writer())
            aggregates += parts
            columns.append((item.name, expression))
        known = " AND ".join(f"{key} IS NOT NULL" for key in key_columns(by))
        sql = f"SELECT {keys}, {', '.join(aggregates)} FROM ({self._source(items)}) WHERE {known} GROUP BY {keys}"
        return _Group(sql, columns)

    def _top_share(self, item: Definition, measure: Measure, source: str) -> _Group:
        sql, expression = top_share_sql(measure, source, WindowBounds.of(measure, self.as_of), self.writer())
        return _Group(sql, [(item.name, expression)])

    def _marked(self, item: Definition, measure: Measure) -> _Group:
        """A measure that other events begin or end."""
        (mark,) = measure.marks
        nodes = [mark.where] if mark.where is not None else []
        marks = self._rows(mark.source, mark.by, nodes, membership_of(item))
        rows, bounds = self._source([item]), WindowBounds.of(measure, self.as_of)
        if measure.after is not None and measure.function == "top_share":
            return self._top_share(item, measure, narrowed_sql(measure, rows, marks, bounds, self.writer()))
        write = after_sql if measure.after is not None else without_sql
        sql, expression = write(measure, item.name, rows, marks, bounds, self.writer())
        return _Group(sql, [(item.name, expression)])

    # -- reason bits ----------------------------------------------------------------------------------------------

    def _bit_labels(self, kind: str, item: str) -> list[str]:
        definition = self.pack.items[(kind, item)]
        return ["", *(e.label for e in definition.exemptions)] if definition.form is Form.THEME else []

    def _bit_nodes(self, kind: str, bit: Bit) -> list[Node]:
        definition = self.pack.items[(kind, bit.item)]
        if not bit.exception:
            return [definition.node] if definition.node else []
        return [e.when for e in definition.exemptions if e.label == bit.exception]

    def _masks(self, kind: str, bits: Sequence[Bit]) -> tuple[list[str], list[str]]:
        columns, names = [], []
        for start in range(0, len(bits), 63):
            terms = []
            for place, bit in enumerate(bits[start : start + 63]):
                (node,) = self._bit_nodes(kind, bit)
                alone = not bit.exception and not self.pack.items[(kind, bit.item)].exemptions
                condition = name(bit.item) if alone else true(self.writer().write(node))
                terms.append(f"CASE WHEN {condition} THEN {1 << place} ELSE 0 END")
            names.append(f"reasons_{start // 63}")
            columns.append(f"CAST({' + '.join(terms)} AS BIGINT) AS {name(names[-1])}")
        return columns, names


class _Group(NamedTuple):
    sql: str
    columns: list[tuple[str, str]]  # item, expression with {a} for the alias of the joined subquery


def column_of(node: Node) -> str:
    """The dotted column a field or item node stands in."""
    return name(*node.value.path, node.value.name)
