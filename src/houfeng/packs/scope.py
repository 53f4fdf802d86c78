"""What a warning rule may rest on, so that it can be replayed and watched live: nothing that no instant can know."""

from __future__ import annotations

import re
from collections.abc import Iterable

from houfeng.book.model import Time, kinds
from houfeng.errors import Problem, Text
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Definition, Form, Pack, Rule


def scope_problems(pack: Pack, rules: Iterable[Rule]) -> list[Problem]:
    """What rules of a pack use that a warning cannot see, each item told once."""
    reader = _Reader(pack)
    for rule in rules:
        for node in rule.nodes():
            reader.look(node, rule)
        for name in () if rule.merge else reason_names(rule):
            if name not in kinds()[rule.over].fields:
                reader.look_at(pack.items[(rule.over, name)], rule)
    return reader.problems


def reason_names(rule: Rule) -> list[str]:
    """The items and fields that a rule's reason names, each once."""
    return list(dict.fromkeys(re.findall(r"\{([a-z]\w*)\}", rule.reason.zh + rule.reason.en)))


class _Reader:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.problems: list[Problem] = []
        self.seen: set[tuple[str, str]] = set()

    def look(self, node: Node, rule: Rule) -> None:
        for part in node.walk():
            if part.op in ("field", "item") and part.value.path:
                self._refuse(rule, part.text)
            elif part.op == "item":
                self.look_at(self.pack.items[(rule.over, part.value.name)], rule)

    def look_at(self, item: Definition, rule: Rule) -> None:
        if (item.over, item.name) in self.seen:
            return
        self.seen.add((item.over, item.name))
        for node in item.nodes():
            if node is not item.amount:
                self.look(node, rule)
        if item.measure is None:
            return
        if kinds()[rule.over].time is Time.EVENT:
            self._refuse(rule, item.name)
            return
        # a measure over a history cannot look at the day of evaluation: it would change with every day
        if any(part.op == "call:as_of" for node in item.measure.all_nodes() for part in node.walk()):
            self._refuse(rule, f"{item.name}: as_of()")
        for part in (part for node in item.measure.nodes() for part in node.walk() if item.form is Form.SNAPSHOT):
            if part.op == "item" or (part.op == "field" and part.value.path):
                self._refuse(rule, f"{item.name}: {part.text}")

    def _refuse(self, rule: Rule, what: str) -> None:
        text = Text(
            f"规则 {rule.id} 用到 {what}：预警只能用键自己的字段、指标，以及其他种类自己的字段",
            f"rule {rule.id} uses {what}: a warning has the key's fields and items, and other kinds' own fields",
        )
        hint = Text("把要用的值做成键自己的字段或指标", "make it a field or an indicator of the key itself")
        if kinds()[rule.over].time is Time.EVENT:
            text = Text(
                f"规则 {rule.id} 对单个事件，却用到 {what}：它只看得见事件自己的字段和由此推出的指标",
                f"rule {rule.id} is over single events and uses {what}: it sees the event's own fields",
            )
            hint = Text("改为对企业等对象的规则", "let the rule be over the enterprise or another key")
        self.problems.append(Problem("watch.scope", text, rule.where, suggestion=hint))
