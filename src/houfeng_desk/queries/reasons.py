"""An explanation as the steps of the macro `why`: what decided, with values, parameter versions, clauses and rows.

The tree is cut as `houfeng pack explain` cuts it: of an “and” that failed the parts that failed, of an “or” that held
the parts that held; an item that was told once is not told again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from houfeng.errors import Text
from houfeng.packs.contribution import Contribution, composition
from houfeng.packs.explanation import ARITHMETIC, deciding, record_key, shown
from houfeng.packs.model import Form
from houfeng.packs.roads.evaluate import Trace

DEEPEST = 24
ROWS = 5
TERMS = 3
"""From so many terms on, a figure is told by its contributions rather than by its formula."""

Step = dict[str, Any]


@dataclass
class _Telling:
    lang: str
    told: set[tuple[str, int]] = field(default_factory=set)

    def step(self, trace: Trace, depth: int) -> Step:
        trace = _reached(trace)
        again = trace.item is not None and self._again(trace)
        parts = [] if again or depth >= DEEPEST else self._composed(trace) or self._parts(trace, depth)
        return {
            "text": self._text(trace),
            "holds": trace.value if isinstance(trace.value, bool) else None,
            "value": None if isinstance(trace.value, bool) else shown(trace.value),
            "note": self._note(trace, again),
            "parts": parts,
        }

    def _text(self, trace: Trace) -> str:
        label = trace.item.label.get(self.lang) if trace.item is not None else ""
        if not label:
            return trace.text if len(trace.text) <= 160 else trace.text[:159] + "…"
        return f"{label}（{trace.text}）" if self.lang == "zh" else f"{label} ({trace.text})"

    def _note(self, trace: Trace, again: bool) -> str:
        notes = [self._say("见上", "see above")] if again else []
        if trace.item is not None:
            notes.append(trace.item.reference)
        if trace.dated is not None:
            notes += [self._say(f"{trace.dated.start} 起", f"from {trace.dated.start}"), trace.dated.reference]
        if trace.note and (trace.item is None or trace.item.form is not Form.THEME):
            notes.append(trace.note)
        elif trace.note:
            notes.append(self._say(f"例外：{trace.note}", f"exception: {trace.note}"))
        if trace.op == "field" and trace.rows:
            kind, row = trace.rows[0]
            if row.get("_submission"):
                notes.append(f"← {kind} {row['_submission']} #{row.get('_row')}")
        return self._say("；", "; ").join(dict.fromkeys(note for note in notes if note))

    def _parts(self, trace: Trace, depth: int) -> list[Step]:
        parts = [self.step(part, depth + 1) for part in _members(trace) if part.op != "literal"]
        if trace.item is not None and trace.rows:
            parts += [self._row(kind, row) for kind, row in trace.rows[:ROWS]]
            if (more := len(trace.rows) - ROWS) > 0:
                parts.append({"text": self._say(f"另有 {more} 行", f"{more} more rows")})
        return parts

    def _composed(self, trace: Trace) -> list[Step]:
        """A figure made of many terms is told by what each contributes, the largest first."""
        found = composition(trace) if trace.item is not None else None
        if found is None or len(found.terms) < TERMS:
            return []
        steps = self._contributions(found.terms)
        if found.base:
            steps.append({"text": self._say("常数部分", "constant"), "value": f"{found.base:.4g}"})
        if found.remainder:
            text = self._say("不能归于单独一项（共同作用、舍入）", "of no single term (joint effect, rounding)")
            steps.append({"text": text, "value": f"{found.remainder:.4g}"})
        return steps

    def _contributions(self, terms: Sequence[Contribution]) -> list[Step]:
        steps = []
        for term in terms:
            if not term.drop:
                continue
            label = term.label.get(self.lang)
            weighed = "" if term.weight is None else f"{term.weight:.4g} × {term.value:.4g}"
            parts = self._contributions(term.parts)
            steps.append({"text": label or term.text, "value": f"{term.drop:.4g}", "note": weighed, "parts": parts})
        return steps

    def _row(self, kind: str, row: dict[str, Any]) -> Step:
        submission = row.get("_submission")
        note = f"← {submission} #{row.get('_row')}" if submission else ""
        return {"text": f"· {kind} {record_key(kind, row)}", "note": note}

    def _again(self, trace: Trace) -> bool:
        if not trace.parts and not trace.rows:
            return False
        place = (trace.text.rsplit(".", 1)[-1], id(trace.parts or trace.rows))
        if place in self.told:
            return True
        self.told.add(place)
        return False

    def _say(self, zh: str, en: str) -> str:
        return Text(zh, en).get(self.lang)


def _reached(trace: Trace) -> Trace:
    """An item reached by a path is shown by its own steps under the path's name."""
    if trace.op == "item" and len(trace.parts) == 1 and trace.parts[0].item is trace.item:
        inner = trace.parts[0]
        return Trace(inner.op, trace.text, inner.value, inner.parts, inner.item, inner.dated, inner.rows, inner.note)
    return trace


def _members(trace: Trace) -> list[Trace]:
    """The parts that decided, sums of sums told by their members at once."""
    if trace.op not in ARITHMETIC:
        return deciding(trace)
    members = [inner for part in trace.parts for inner in (_members(part) if part.op in ARITHMETIC else [part])]
    return list({member.text: member for member in members}.values())


def steps(traces: Sequence[Trace], lang: str) -> list[Step]:
    """The steps of an explanation in one language."""
    telling = _Telling(lang)
    return [telling.step(trace, 0) for trace in traces]
