"""The expressions of a pack in plain words: labels for names, codes by what they mean, parameters with their value.

An officer reads what a rule says; a lawyer compares it with the clause; the SQL stands beside it for who wants it.
Pieces keep what they name, so that a page can link an item or a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.book.model import code_lists, kinds
from houfeng.packs.language.expression import Node, Reference
from houfeng.packs.model import Definition, Mark, Measure, Pack
from houfeng_desk.queries.pack_terms import CALENDAR, CALLS, COMPARES, FUNCTIONS, SIGNS, Piece, amount, joined


@dataclass
class Words:
    """Says the expressions of one pack in one language, with parameters as on a day."""

    pack: Pack
    lang: str
    day: date

    def say(self, node: Node | None) -> list[Piece]:
        """A whole expression."""
        return joined(self._say(node)) if node is not None else []

    def measure(self, item: Definition) -> list[Piece]:
        """What an indicator measures: over which rows, in which window."""
        measure = item.measure
        if measure is None:
            return []
        return joined(self._measure(measure))

    def _measure(self, measure: Measure) -> Iterator[Piece]:
        yield Piece("text", self._span(measure))
        yield Piece("text", self._in("“", "“") + kinds()[measure.source].label.get(self.lang) + "”")
        if measure.where is not None:
            yield Piece("text", self._in("中（", " where ("))
            yield from self._say(measure.where)
            yield Piece("text", ")" if self.lang == "en" else "）")
        marks = (
            (measure.after, "，自最近一次", ", since the latest"),
            (measure.without, "，其后没有", ", not followed by"),
        )
        for mark, zh, en in marks:
            if mark is not None:
                yield from self._mark(mark, zh, en)
        told = FUNCTIONS.get(measure.function, (measure.function, measure.function))
        yield Piece("text", self._in(f"的{told[0]}", f": {told[1]}"))
        if measure.args:
            yield Piece("text", self._in("（", " of ("))
            yield from self._list(measure.args)
            yield Piece("text", self._in("）", ")"))
        if measure.compare is not None:
            sign, limit = measure.compare
            yield Piece("text", f" {self._in(*COMPARES[sign])} {limit:,f}")

    def _mark(self, mark: Mark, zh: str, en: str) -> Iterator[Piece]:
        yield Piece("text", f"{self._in(zh, en)} {kinds()[mark.source].label.get(self.lang)}")
        if mark.where is not None:
            yield Piece("text", self._in("（", " ("))
            yield from self._say(mark.where)
            yield Piece("text", self._in("）", ")"))

    def _span(self, measure: Measure) -> str:
        if measure.since:
            return self._in(*CALENDAR[measure.since]) + self._in("", " ")
        if not measure.window:
            return ""
        days, rest = divmod(measure.window, 86_400)
        span = (
            self._in(f"近 {days} 天", f"in the last {days} days")
            if not rest
            else self._in(f"近 {measure.window // 60} 分钟", f"in the last {measure.window // 60} minutes")
        )
        if measure.offset:
            span += self._in(
                f"（{measure.offset // 86_400} 天前起算）", f" (ending {measure.offset // 86_400} days before)"
            )
        return span + self._in("", " ")

    def _say(self, node: Node) -> Iterator[Piece]:
        op = node.op
        if op == "literal":
            yield Piece("text", self.value(node.value))
        elif op in ("field", "item"):
            yield self._name(node.value, op)
        elif op == "parameter":
            yield self._parameter(node.value)
        elif op in ("and", "or"):
            yield from self._logic(node)
        elif op in COMPARES:
            yield from self._compare(node)
        elif op in SIGNS:
            yield from self._inside(node.args[0], op)
            yield Piece("text", SIGNS[op])
            yield from self._inside(node.args[1], op)
            if op.startswith("date"):
                yield Piece("text", self._in(" 天", " days"))
        elif op.startswith("call:"):
            yield from self._call(op.removeprefix("call:"), node.args)
        else:
            yield from self._other(node)

    def _other(self, node: Node) -> Iterator[Piece]:
        args = node.args
        match node.op:
            case "not":
                yield Piece("text", self._in("并非（", "not ("))
                yield from self._say(args[0])
                yield Piece("text", self._in("）", ")"))
            case "in":
                yield from self._say(args[0])
                yield Piece("text", self._in(" 是 ", " is one of "))
                for number, one in enumerate(args[1:]):
                    yield Piece("text", (self._in("、", ", ") if number else "") + self._coded(args[0], one))
                yield Piece("text", self._in(" 之一", "") if len(args) > 2 else "")
            case "between":
                yield from self._say(args[0])
                yield Piece("text", self._in(" 在 ", " is from "))
                yield from self._say(args[1])
                yield Piece("text", self._in(" 至 ", " to "))
                yield from self._say(args[2])
            case "is_null":
                yield from self._say(args[0])
                yield Piece("text", self._in(" 未知", " is unknown"))
            case "like":
                yield from self._say(args[0])
                yield Piece("text", self._in(" 形如 ", " looks like "))
                yield from self._say(args[1])
            case "neg":
                yield Piece("text", "−")
                yield from self._inside(args[0], "*")
            case "days":
                yield from self._say(args[0])
                yield Piece("text", self._in(" 距 ", " less "))
                yield from self._say(args[1])
                yield Piece("text", self._in(" 的天数", ", in days"))
            case "case":
                yield from self._case(args)
            case _:
                yield Piece("text", node.text)

    def _case(self, args: Sequence[Node]) -> Iterator[Piece]:
        for number in range(0, len(args) - 1, 2):
            yield Piece("text", self._in("若 " if not number else "；若 ", "if " if not number else "; if "))
            yield from self._say(args[number])
            yield Piece("text", self._in("，则 ", " then "))
            yield from self._say(args[number + 1])
        yield Piece("text", self._in("；否则 ", "; else "))
        yield from self._say(args[-1])

    def _call(self, called: str, args: Sequence[Node]) -> Iterator[Piece]:
        if called == "as_of":
            yield Piece("text", self._in("口径日", "the day asked about"))
        elif called == "coalesce":
            yield from self._say(args[0])
            rest = args[1:]
            if not (len(rest) == 1 and rest[0].op == "literal" and rest[0].value in (False, 0, "")):
                yield Piece("text", self._in("（未知时按 ", " (where unknown: "))
                yield from self._list(rest)
                yield Piece("text", self._in("）", ")"))
        elif called in ("starts_with", "contains"):
            yield from self._say(args[0])
            words = {"starts_with": (" 的开头是 ", " begins with "), "contains": (" 含 ", " contains ")}
            yield Piece("text", self._in(*words[called]))
            yield from self._say(args[1])
        elif called == "left":
            yield from self._say(args[0])
            yield Piece("text", self._in(f" 的前 {args[1].text} 位", f", its first {args[1].text} signs,"))
        elif called == "round":
            yield from self._say(args[0])
            yield Piece("text", self._in(f"（保留 {args[1].text} 位小数）", f" (to {args[1].text} places)"))
        elif called == "in_set":
            yield from self._say(args[0])
            yield Piece("text", self._in(" 属于代码集 ", " is in the set "))
            found = self.pack.sets.get(str(args[1].value))
            yield Piece("set", found.label.get(self.lang) if found else str(args[1].value), str(args[1].value))
        elif called == "at":
            yield from self._say(args[0])
            yield Piece("text", self._in("（按 ", " (as on "))
            yield from self._say(args[1])
            yield Piece("text", self._in(" 当日）", ")"))
        else:
            told = CALLS.get(called, (called, called))
            yield Piece("text", self._in(f"{told[0]}（", f"{told[1]} ("))
            yield from self._list(args)
            yield Piece("text", self._in("）", ")"))

    def _logic(self, node: Node) -> Iterator[Piece]:
        word = self._in("，且 ", " and ") if node.op == "and" else self._in("，或 ", " or ")
        for number, one in enumerate(node.args):
            if number:
                yield Piece("text", word)
            yield from self._inside(one, node.op)

    def _inside(self, node: Node, outer: str) -> Iterator[Piece]:
        """A part, in brackets where it would be read otherwise."""
        loose = node.op in ("and", "or", "case") or (outer in ("*", "/", "-") and node.op in ("+", "-"))
        if not loose or (node.op == outer and outer in ("and", "or")):
            yield from self._say(node)
            return
        yield Piece("text", self._in("（", "("))
        yield from self._say(node)
        yield Piece("text", self._in("）", ")"))

    def _compare(self, node: Node) -> Iterator[Piece]:
        left, right = node.args
        yield from self._inside(left, "")
        yield Piece("text", f" {self._in(*COMPARES[node.op])} ")
        if right.op == "literal":
            yield Piece("text", self._coded(left, right))
        else:
            yield from self._inside(right, "")

    def _coded(self, left: Node, literal: Node) -> str:
        """A value, by what its code means where what it is compared with has a list of codes."""
        if literal.op != "literal":
            return literal.text
        if isinstance(literal.value, str):
            for called in self._code_lists(left):
                label = code_lists()[called].members.get(literal.value)
                if label is not None:
                    return self._in(f"{label.zh}（{literal.value}）", f"{label.en} ({literal.value})")
        return self.value(literal.value)

    def _code_lists(self, node: Node, depth: int = 3) -> Iterator[str]:
        """The lists of codes whose values an expression gives: a field's own, or those an item was made from."""
        if node.op == "field":
            declared = kinds()[node.value.kind].fields.get(node.value.name)
            if declared is not None and declared.code_list in code_lists():
                yield declared.code_list
        elif node.op == "item" and depth:
            item = self.pack.items.get((node.value.kind, node.value.name))
            inner = [part for one in (item.nodes() if item is not None else []) for part in one.walk()]
            for part in inner:
                if part.op in ("field", "item"):
                    yield from self._code_lists(part, depth - 1)

    def _list(self, nodes: Sequence[Node]) -> Iterator[Piece]:
        for number, one in enumerate(nodes):
            if number:
                yield Piece("text", self._in("、", ", "))
            yield from self._say(one)

    def _name(self, reference: Reference, form: str) -> Piece:
        label = self.label(reference.kind, reference.name)
        through = self._in("的", "'s ").join((reference.path and [self._relations(reference)]) or [])
        text = f"{through}{self._in('的', ': ')}{label}" if through else label
        return Piece(form, text, reference.name, reference.kind)

    def _relations(self, reference: Reference) -> str:
        """The way to another record in words: 借据的借款人."""
        parts = []
        for kind in kinds().values():
            at, found = kind, []
            for step in reference.path:
                relation = at.relations.get(step)
                if relation is None:
                    break
                found.append(relation.label.get(self.lang) or kinds()[relation.kind].label.get(self.lang))
                at = kinds()[relation.kind]
            else:
                if at.name == reference.kind:
                    parts = found
                    break
        return self._in("的", "'s ").join(parts or list(reference.path))

    def label(self, kind: str, called: str) -> str:
        """What a field or an item is called."""
        item = self.pack.items.get((kind, called))
        if item is not None:
            return item.label.get(self.lang) or called
        declared = kinds()[kind].fields.get(called)
        return declared.label.get(self.lang) if declared is not None else called

    def _parameter(self, called: str) -> Piece:
        parameter = self.pack.parameters[called]
        now = parameter.on(self.day, self.day)
        value = amount(now.value, parameter.unit, self.lang) if now is not None else self._in("未定", "not set")
        shown = self._in(f"（{value}）", f" ({value})")
        return Piece("parameter", (parameter.label.get(self.lang) or called) + shown, called)

    def value(self, value: Any) -> str:
        """A constant as people write it."""
        if value is None:
            return self._in("未知", "unknown")
        if isinstance(value, bool):
            return self._in("是", "yes") if value else self._in("否", "no")
        if isinstance(value, str):
            return f"“{value}”"
        return f"{value:,}" if isinstance(value, int) else f"{value:,f}" if isinstance(value, Decimal) else str(value)

    def _in(self, zh: str, en: str) -> str:
        return en if self.lang == "en" else zh
