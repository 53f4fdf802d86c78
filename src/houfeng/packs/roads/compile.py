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
from houfeng.packs.model import Definition, Form, Pack
from houfeng.packs.roads.measures import WindowBounds, measure_sql, top_share_sql
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
        columns = [f"b.{name(f)} AS {name(f)}" for f in sorted(need.fields)]
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
        for layer in self._layers(need):
            computed = ", ".join(f"{definition_sql(item, self.writer())} AS {name(item.name)}" for item in layer)
            sql = f"SELECT *, {computed} FROM ({sql})"
        return sql

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
        plain: dict[tuple[str, tuple[str, ...]], list[Definition]] = {}
        groups: list[_Group] = []
        for item in need.items.values():
            if item.measure is None:
                continue
            if item.measure.function == "top_share":
                groups.append(self._top_share(item))
            else:
                plain.setdefault((item.measure.source, item.measure.by), []).append(item)
        groups += [self._grouped(source, by, items) for (source, by), items in plain.items()]
        return groups

    def _source(self, items: Sequence[Definition], by: Sequence[str]) -> str:
        first = items[0].measure
        assert first is not None
        inner = Need(first.source, fields=set(by))
        kind = kinds()[first.source]
        if kind.time is Time.EVENT:
            inner.fields |= {kind.time_field, *kind.key}
        for item in items:
            assert item.measure is not None
            for node in (*item.measure.args, *((item.measure.where,) if item.measure.where else ())):
                self.want(inner, node)
        return self.subquery(inner)

    def _grouped(self, source: str, by: Sequence[str], items: Sequence[Definition]) -> _Group:
        keys = ", ".join(f"{name(f)} AS {name('_k' + str(i))}" for i, f in enumerate(by))
        aggregates, columns = [], []
        for item in items:
            assert item.measure is not None
            bounds = WindowBounds.of(item.measure, self.as_of)
            parts, expression = measure_sql(item.measure, item.name, bounds, self.writer())
            aggregates += parts
            columns.append((item.name, expression))
        group_by = ", ".join(str(i + 1) for i in range(len(by)))
        known = " AND ".join(f"{name(f)} IS NOT NULL" for f in by)
        sql = (
            f"SELECT {keys}, {', '.join(aggregates)} FROM ({self._source(items, by)}) WHERE {known} GROUP BY {group_by}"
        )
        return _Group(sql, columns)

    def _top_share(self, item: Definition) -> _Group:
        assert item.measure is not None
        sql, expression = top_share_sql(
            item.measure,
            self._source([item], item.measure.by),
            WindowBounds.of(item.measure, self.as_of),
            self.writer(),
        )
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
