"""An explanation as people read it: the steps that decided, each with its clause, parameter version and row.

Shown whole, the steps behind one figure run to hundreds of lines. What decides is little: of an `and` that failed, the
parts that failed; of an `or` that held, the parts that held; of a `case`, the branch taken. The rest can be asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from houfeng.book.model import kinds
from houfeng.packs.contribution import Contribution, composition
from houfeng.packs.grants import Condition
from houfeng.packs.model import Form
from houfeng.packs.roads.evaluate import Trace
from houfeng.packs.roads.world import Record

ROWS_SHOWN = 5
ARITHMETIC = frozenset({"+", "-", "*", "/", "neg", "call:round", "call:least", "call:greatest", "call:abs"})
WIDTH = 150


@dataclass
class Renderer:
    """Renders traces as indented lines in one language; `full` shows every step, not only those that decided."""

    lang: str
    full: bool = False
    seen: set[tuple[str, int]] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def lines(self, trace: Trace, depth: int = 0) -> Iterator[str]:
        """The lines of a step and of the steps it rests on."""
        if trace.op == "literal":
            return
        if trace.op == "item" and len(trace.parts) == 1 and trace.parts[0].item is trace.item:
            trace = dataclasses.replace(
                trace.parts[0], text=trace.text
            )  # reached by a path: its own steps, the path's name
        again = trace.item is not None and trace.item.measure is None and not self._first(trace)
        yield "  " * depth + self._head(trace) + (self._say("  （见上）", "  (see above)") if again else "")
        if again:
            return
        yield from self._composed(trace, depth + 1)
        for part in self._told(trace):
            yield from self.lines(part, depth + 1)
        if trace.item is not None and trace.rows:
            yield from self._rows(trace.rows, depth + 1)

    def _told(self, trace: Trace) -> Iterator[Trace]:
        """The parts to show: all, or those that decided, with sums of sums told by their members at once."""
        if self.full or trace.op not in ARITHMETIC:
            yield from trace.parts if self.full else deciding(trace)
            return
        members = [m for part in trace.parts for m in (self._told(part) if part.op in ARITHMETIC else [part])]
        yield from {member.text: member for member in members}.values()

    def _composed(self, trace: Trace, depth: int) -> Iterator[str]:
        """What each term contributes to a composite figure, the largest first; once, with the parts of its terms."""
        found = composition(trace) if trace.item is not None and trace.item.name not in self.opened else None
        if found is None or not (self.full or any(term.drop for term in found.terms)):
            return
        space = "  " * depth
        if found.additive:
            yield space + self._say(
                "贡献（加总；下层为该项为零时的降幅）：", "contributions (a sum; below, the drop without):"
            )
        else:
            yield space + self._say("贡献（该项为零时的降幅）：", "contributions (the drop where the term is zero):")
        yield from self._contributions(found.terms, depth + 1)
        if found.base:
            yield f"{space}  {found.base:.4g}  " + self._say("常数部分", "constant")
        if found.remainder:
            joint = self._say(
                "不能归于单独一项（共同作用、舍入）", "explained by no single term (joint effect, rounding)"
            )
            why = self._say("舍入", "rounding") if found.additive else joint
            yield f"{space}  {found.remainder:.4g}  {why}"

    def _contributions(self, terms: Sequence[Contribution], depth: int) -> Iterator[str]:
        for term in terms:
            self.opened.add(term.text)
            if not term.drop and not self.full:
                continue
            label = term.label.get(self.lang)
            what = term.text + (self._say(f"（{label}）", f" ({label})") if label else "")
            weighed = "" if term.weight is None else f"  [{term.weight:.4g} × {term.value:.4g}]"
            yield f"{'  ' * depth}{term.drop:.4g}  {what}{weighed}"
            yield from self._contributions(term.parts, depth + 1)

    def _first(self, trace: Trace) -> bool:
        place = (trace.text.rsplit(".", 1)[-1], id(trace.parts))
        if place in self.seen or not trace.parts:
            return not trace.parts
        self.seen.add(place)
        return True

    def _head(self, trace: Trace) -> str:
        item, details = trace.item, []
        text = trace.text if len(trace.text) <= WIDTH else trace.text[: WIDTH - 1] + "…"
        if item is not None:
            label = item.label.get(self.lang)
            text += self._say(f"（{label}）", f" ({label})") if label else ""
            details += [item.tag, item.reference, self._advice(item.name, trace.value)]
        if trace.dated is not None:
            since = self._say(f"{trace.dated.start} 起", f"from {trace.dated.start}")
            details += [since, trace.dated.reference]
        if (item is not None and item.form is not Form.THEME) or trace.item is None:
            details.append(trace.note)
        elif trace.note:
            details.append(self._say(f"例外：{trace.note}", f"exception: {trace.note}"))
        told = "; ".join(detail for detail in details if detail)
        line = f"{text} = {shown(trace.value)}" + (f"  [{told}]" if told else "")
        return line + (origin(*trace.rows[0]) if trace.op == "field" and trace.rows else "")

    def _advice(self, item: str, value: Any) -> str:
        """Of a condition of a grant that is not met: what would meet it, or who holds the missing fact."""
        condition = self.conditions.get(item)
        if condition is None or value is True:
            return ""
        if value is None:
            return self._say("缺的事实由谁掌握：", "who holds the missing fact: ") + condition.holder.get(self.lang)
        return self._say("怎样才算符合：", "what would meet it: ") + condition.changes.get(self.lang)

    def _rows(self, rows: Sequence[tuple[str, Record]], depth: int) -> Iterator[str]:
        for kind, row in rows[:ROWS_SHOWN]:
            yield "  " * depth + f"· {kind} {record_key(kind, row)}{origin(kind, row)}"
        if (more := len(rows) - ROWS_SHOWN) > 0:
            yield "  " * depth + self._say(f"· 另有 {more} 行", f"· {more} more rows")

    def _say(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en


def deciding(trace: Trace) -> list[Trace]:
    """The parts that decided a step's value."""
    parts = trace.parts
    if trace.op == "and" and trace.value is not True:
        return [p for p in parts if p.value is trace.value] or parts
    if trace.op == "or" and trace.value is not False:
        return [p for p in parts if p.value is trace.value] or parts
    if trace.op == "case":
        taken = next((n for n in range(0, len(parts) - 1, 2) if parts[n].value is True), None)
        return parts[taken : taken + 2] if taken is not None else [*parts[:-1:2], parts[-1]]
    if trace.op == "call:coalesce":
        known = next((n for n, p in enumerate(parts) if p.value is not None), len(parts) - 1)
        return parts[: known + 1]
    if trace.item is not None and trace.item.form is Form.THEME and trace.op == "item" and parts:
        exceptions = [p for p in parts[1:] if p.value is True]
        return [parts[0]] if parts[0].value is not True or not exceptions else [parts[0], *exceptions]
    return parts


def record_key(kind: str, record: Record) -> str:
    """The key of a record, its parts joined by `/`."""
    return "/".join(str(record.get(k) or "") for k in kinds()[kind].key)


def origin(kind: str, row: Record) -> str:
    """Where a row stands in the book: its submission and the row number there."""
    submission = row.get("_submission")
    return f"  ← {kind} {submission} #{row.get('_row')}" if submission else ""


def shown(value: Any) -> str:
    """A value for people: grouped digits, plain truth, a dash for unknown."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def plain(trace: Trace) -> dict[str, Any]:
    """A step and all it rests on as plain values, for JSON."""
    found: dict[str, Any] = {"op": trace.op, "text": trace.text, "value": trace.value}
    if trace.item is not None:
        found |= {"item": trace.item.name, "label": trace.item.label._asdict(), "reference": trace.item.reference}
    if trace.dated is not None:
        found |= {"from": trace.dated.start, "known_from": trace.dated.known_from, "reference": trace.dated.reference}
    if trace.note:
        found["note"] = trace.note
    if trace.rows:
        found["rows"] = [
            {"kind": kind, "key": record_key(kind, row), "submission": row.get("_submission"), "row": row.get("_row")}
            for kind, row in trace.rows
        ]
    if trace.parts:
        found["parts"] = [plain(part) for part in trace.parts]
        reached = len(trace.parts) == 1 and trace.parts[0].item is trace.item
        if trace.item is not None and not reached and (composed := composition(trace)) is not None:
            found |= composed.plain()
    return found
