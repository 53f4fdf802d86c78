"""Evaluate one record and keep every step: the value of each part, the parameter version, the rows measured.

This is the second, independent road to every answer. The compiler goes through SQL over all rows; this goes through
Python over one. Property tests hold them to the same answers, so that an explanation is of the figure itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from typing import Any

from houfeng.book.model import kinds
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import FUNCTIONS, SKIP_UNKNOWN, SPACES, T, to_date, unify
from houfeng.packs.membership import membership_of
from houfeng.packs.model import CodeSet, Dated, Definition, Form, Mark, Measure, Pack
from houfeng.packs.roads.measures import WindowBounds, seconds
from houfeng.packs.roads.operators import LAZY, STRICT, UNKNOWING, fits, to_double, widened
from houfeng.packs.roads.sql import ordered_exemptions
from houfeng.packs.roads.world import Record, World

EXACT = Context(prec=76)


@dataclass(slots=True)
class Trace:
    """One step of an evaluation: what was asked, what came out, and from what."""

    op: str
    text: str
    value: Any
    parts: list[Trace] = field(default_factory=list)
    item: Definition | None = None
    dated: Dated | None = None
    rows: list[tuple[str, Record]] = field(default_factory=list)
    note: str = ""


def evaluate(pack: Pack, world: World, item: Definition, row: Record) -> Trace:
    """The value of `item` for `row`, with every step."""
    with localcontext(EXACT):
        return Evaluator(pack, world).item(item, row)


class Evaluator:
    """Evaluates items over the rows of a world; each item of a row is computed once."""

    def __init__(self, pack: Pack, world: World) -> None:
        self.pack, self.world = pack, world
        self._done: dict[tuple[str, str, int], Trace] = {}

    def item(self, item: Definition, row: Record) -> Trace:
        """An item's value for a row of its kind."""
        key = (item.over, item.name, id(row))
        if key not in self._done:
            self._done[key] = self._compute(item, row)
        return self._done[key]

    def _compute(self, item: Definition, row: Record) -> Trace:
        trace = Trace("item", item.name, None, item=item)
        if item.measure is not None:
            return self._measured(trace, item.measure, row)
        if item.form is Form.THEME:
            assert item.node is not None
            general = self.node(item.node, row, item.over)
            exceptions = [self.node(e.when, row, item.over) for e in item.exemptions]
            trace.parts = [general, *exceptions]
            trace.value = general.value is True and not any(e.value is True for e in exceptions)
            trace.note = ", ".join(e.label for e, t in zip(item.exemptions, exceptions, strict=True) if t.value is True)
            return trace
        trace = self._table(trace, item, row) if item.form is Form.TABLE else self._value(trace, item, row)
        trace.value = widened(trace.value, item.type, item.scale)
        return trace

    def _table(self, trace: Trace, item: Definition, row: Record) -> Trace:
        for number, line in enumerate(item.rows, 1):
            when = self.node(line.when, row, item.over)
            if when.value is True:
                then = self.node(line.then, row, item.over)
                trace.parts, trace.value, trace.note = [when, then], then.value, f"row {number}"
                return trace
        if item.node is not None:
            otherwise = self.node(item.node, row, item.over)
            trace.parts, trace.value, trace.note = [otherwise], otherwise.value, "else"
        return trace

    def _value(self, trace: Trace, item: Definition, row: Record) -> Trace:
        for exemption in ordered_exemptions(item):
            when = self.node(exemption.when, row, item.over)
            trace.parts.append(when)
            if when.value is True:
                value = self.node(exemption.value, row, item.over)
                trace.parts.append(value)
                trace.value, trace.note = value.value, exemption.label
                return trace
        assert item.node is not None
        general = self.node(item.node, row, item.over)
        trace.parts.append(general)
        trace.value = general.value
        return trace

    # -- expressions ----------------------------------------------------------------------------------------------

    def node(self, node: Node, row: Record, kind: str) -> Trace:
        """The value of an expression for a row of `kind`."""
        if node.op in ("field", "item"):
            return self._reached(node, row, kind)
        if node.op == "literal":
            return Trace("literal", node.text, node.value)
        if node.op == "parameter":
            return self._parameter(node, self.world.as_of)
        args = [self.node(arg, row, kind) for arg in node.args]
        if node.op == "call:at":
            day = args[1].value
            trace = (
                self._parameter(node.args[0], to_date(day)) if day is not None else Trace("parameter", node.text, None)
            )
            trace.text, trace.parts = node.text, [args[1]]
            return trace
        values = [a.value for a in args]
        fits(values, max((arg.scale for arg in node.args), default=0), node.text)
        value = self._operate(node, values)
        fits([value], node.scale, node.text)
        return Trace(node.op, node.text, value, args)

    def _reached(self, node: Node, row: Record, kind: str) -> Trace:
        current: Record | None = row
        for relation in node.value.path:
            current = self.world.related(kind, current, relation) if current is not None else None
            kind = kinds()[kind].relations[relation].kind
        if current is None:
            return Trace(node.op, node.text, None, note="no row")
        if node.op == "field":
            return Trace("field", node.text, current.get(node.value.name), rows=[(kind, current)])
        inner = self.item(self.pack.items[(node.value.kind, node.value.name)], current)
        return Trace("item", node.text, inner.value, [inner], item=inner.item)

    def _parameter(self, node: Node, day: date) -> Trace:
        found = self.pack.parameters[node.value].on(day, self.world.known)
        return Trace("parameter", node.text, found.value if found else None, dated=found)

    def _operate(self, node: Node, values: list[Any]) -> Any:
        if node.op.startswith("call:"):
            return self._call(node, node.op.removeprefix("call:"), values)
        if node.op == "case":
            values = [
                v if i % 2 == 0 and i < len(values) - 1 else widened(v, node.type, node.args[i].scale)
                for i, v in enumerate(values)
            ]
        if node.op in LAZY:
            return LAZY[node.op](values)
        common = T.RATIO if node.op == "/" else unify([arg.type for arg in node.args]) or T.NULL
        values = [widened(v, common, arg.scale) for v, arg in zip(values, node.args, strict=True)]
        if node.op in UNKNOWING:
            return UNKNOWING[node.op](values)
        if any(v is None for v in values):
            return None
        return STRICT[node.op](values)

    def _call(self, node: Node, function: str, values: list[Any]) -> Any:
        if function == "as_of":
            return self.world.as_of
        if function in ("in_set", "set_group"):
            return self._set(self.pack.sets[values[1]], function, values)
        if function not in SKIP_UNKNOWN and any(v is None for v in values):
            return values[0] if function == "nullif" else None
        if function in ("coalesce", "least", "greatest", "nullif"):
            common = unify([arg.type for arg in node.args]) or T.NULL
            wide = [widened(v, common, arg.scale) for v, arg in zip(values, node.args, strict=True)]
            found = FUNCTIONS[function].python(*wide)
            return values[0] if function == "nullif" and found is not None else found
        return FUNCTIONS[function].python(*values)

    def _set(self, code_set: CodeSet, function: str, values: list[Any]) -> Any:
        if values[0] is None:
            return None
        member = code_set.member(values[0])
        if function == "set_group":
            return (member.group or None) if member else None
        if member is None:
            return False
        if not member.starred:
            return True
        return len(values) > 2 and len((values[2] or "").strip(SPACES)) >= code_set.evidence_length

    # -- measures -------------------------------------------------------------------------------------------------

    def _measured(self, trace: Trace, measure: Measure, row: Record) -> Trace:
        assert trace.item is not None
        key = tuple(row.get(k) for k in kinds()[trace.item.over].key)
        bounds = WindowBounds.of(measure, self.world.as_of)
        if bounds.until is not None and self.world.instant is not None:
            bounds = WindowBounds.at(measure, self.world.instant)
        bounded = self._marked(trace, measure, key, bounds)
        if bounded is None:
            return trace
        kept = self._kept(measure, trace.item, key, bounded)
        columns = [[self.node(arg, r, measure.source).value for r in kept] for arg in measure.args]
        trace.rows += [(measure.source, r) for r in kept]
        value = self._aggregate(measure, kept, columns, bounded)
        fits([value], measure.args[0].scale if measure.args else 0, trace.text)
        if measure.compare is not None:
            operator, limit = measure.compare
            value = (
                None
                if value is None
                else STRICT[operator]([_comparable(value), limit if not isinstance(value, float) else float(limit)])
            )
        trace.value = value
        return trace

    def _marked(
        self, trace: Trace, measure: Measure, key: tuple[Any, ...], bounds: WindowBounds
    ) -> WindowBounds | None:
        """The bounds as the events before or against the measured ones narrow them; nothing: the value is unknown."""
        assert trace.item is not None
        for mark in measure.marks:
            found = self._kept(mark, trace.item, key, bounds)
            latest = max((_instant(mark, r) for r in found), default=None)
            if mark is measure.without:
                return bounds if latest is None else bounds._replace(after=latest)
            if latest is None:
                return None
            trace.rows = [(mark.source, r) for r in found if _instant(mark, r) == latest]
            return bounds._replace(after=latest - 1)
        return bounds

    def _kept(self, rows: Measure | Mark, item: Definition, key: tuple[Any, ...], bounds: WindowBounds) -> list[Record]:
        """The rows of a key in the bounds for which `where` is true."""
        members = membership_of(item)
        found = (
            self.world.find(rows.source, rows.by, key)
            if members is None
            else self.world.members_rows(members, rows.source, rows.by, key[0])
        )
        return [
            row
            for row in found
            if _in_window(rows, bounds, row)
            and (rows.where is None or self.node(rows.where, row, rows.source).value is True)
        ]

    def _aggregate(
        self, measure: Measure, rows: Sequence[Record], columns: list[list[Any]], bounds: WindowBounds
    ) -> Any:
        known = [v for v in columns[0] if v is not None] if columns else []
        match measure.function:
            case "count":
                return len(rows)
            case "sum":
                return sum(known)
            case "distinct":
                return len(set(known))
            case "min" | "max":
                return (min if measure.function == "min" else max)(known, default=None)
            case "mean":
                return to_double(sum(known), measure.args[0].scale) / len(known) if known else None
            case "last":
                dated = [
                    (_instant(measure, r), _event_id(measure, r), v)
                    for r, v in zip(rows, columns[0], strict=True)
                    if v is not None
                ]
                return max(dated, key=lambda d: d[:2])[2] if dated else None
            case "top_share":
                return _top_share(columns, measure.args[1].scale)
            case _:  # days_since
                assert bounds.until is not None
                chosen = max if measure.without is None else min
                since = chosen((_instant(measure, r) for r in rows), default=None)
                return None if since is None else (bounds.until - since) // 86400


def _in_window(rows: Measure | Mark, bounds: WindowBounds, row: Record) -> bool:
    if bounds.until is None:
        return True
    instant = _instant(rows, row)
    return instant <= bounds.until and (bounds.after is None or instant > bounds.after)


def _instant(rows: Measure | Mark, row: Record) -> int:
    moment = row[kinds()[rows.source].time_field]
    return seconds(moment if isinstance(moment, datetime) else datetime.combine(moment, datetime.min.time()))


def _event_id(measure: Measure, row: Record) -> str:
    return "|".join(str(row.get(k) if row.get(k) is not None else "") for k in kinds()[measure.source].key)


def _top_share(columns: list[list[Any]], scale: int) -> float | None:
    shares: dict[Any, Any] = {}
    for who, amount in zip(*columns, strict=True):
        if who is not None and amount is not None:
            shares[who] = shares.get(who, 0) + amount
    total = sum(shares.values())
    return to_double(max(shares.values()), scale) / to_double(total, scale) if shares and total > 0 else None


def _comparable(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) else value
