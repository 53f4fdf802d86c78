"""What the rules of a pack need, sorted by how it is had: windows over events, features of the day, derived layers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from houfeng.book.model import kinds
from houfeng.errors import InputError, Problem, Text
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Definition, Form, Pack, Rule


@dataclass
class Plan:
    """The needs of the rules over one kind. Items are in an order in which each rests only on earlier ones."""

    kind: str
    rules: list[Rule]
    windows: list[Definition] = field(default_factory=list)
    snapshots: list[Definition] = field(default_factory=list)
    layers: list[list[Definition]] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """The key field of the kind."""
        return kinds()[self.kind].key[0]

    @property
    def sources(self) -> list[tuple[str, str]]:
        """The event kinds measured, each with the field that holds the key, in the order first needed."""
        return list(dict.fromkeys((m.source, m.by[0]) for w in self.windows if (m := w.measure) is not None))

    def shown(self) -> list[str]:
        """The items and fields that an alert shows: all that the rules and their reasons name."""
        names = [d.name for d in (*self.windows, *self.snapshots)] + [d.name for layer in self.layers for d in layer]
        return [*names, *sorted(self.fields)]


def plan_rules(pack: Pack, kind: str, rules: Iterable[Rule]) -> Plan:
    """The plan for `rules`, all over `kind`.

    Raises:
        InputError: a rule rests on something that cannot be replayed; all such are told.
    """
    plan = Plan(kind, list(rules))
    planner = _Planner(pack, plan)
    for rule in plan.rules:
        for node in (*rule.tiers.values(), *((rule.clear_when,) if rule.clear_when is not None else ())):
            planner.want(node, rule)
        planner.want_names(rule)
    if planner.problems:
        raise InputError(
            Text(f"{pack.name} 有规则不能重放", f"some rules of {pack.name} cannot be replayed"), planner.problems
        )
    return plan


class _Planner:
    def __init__(self, pack: Pack, plan: Plan) -> None:
        self.pack, self.plan = pack, plan
        self.problems: list[Problem] = []
        self.depth: dict[str, int] = {}

    def want(self, node: Node, rule: Rule) -> int:
        """Note all that `node` refers to; gives the layer after which it can be computed."""
        depth = 0
        for part in node.walk():
            if part.op not in ("field", "item"):
                continue
            if part.value.path:
                self._refuse(rule, part.text)
            elif part.op == "field":
                self.plan.fields.add(part.value.name)
            else:
                depth = max(depth, self.want_item(self.pack.items[(self.plan.kind, part.value.name)], rule))
        return depth

    def want_names(self, rule: Rule) -> None:
        """Note what the reason's text names."""
        for name in re.findall(r"\{([a-z]\w*)\}", rule.reason.zh + rule.reason.en):
            if name in kinds()[self.plan.kind].fields:
                self.plan.fields.add(name)
            else:
                self.want_item(self.pack.items[(self.plan.kind, name)], rule)

    def want_item(self, item: Definition, rule: Rule) -> int:
        """Note an item; gives the layer it stands in (0: measured, before all layers)."""
        if item.name in self.depth:
            return self.depth[item.name]
        self.depth[item.name] = 0
        if item.measure is not None:
            self._check_day(item, rule)
            if item.form is Form.WINDOW:
                self.plan.windows.append(item)
            else:
                self._check_snapshot(item, rule)
                self.plan.snapshots.append(item)
            return 0
        depth = 1 + max((self.want(node, rule) for node in item.nodes() if node is not item.amount), default=0)
        self.depth[item.name] = depth
        while len(self.plan.layers) < depth:
            self.plan.layers.append([])
        self.plan.layers[depth - 1].append(item)
        return depth

    def _check_day(self, item: Definition, rule: Rule) -> None:
        """A measure over a history cannot look at the day of evaluation: it would change with every day."""
        assert item.measure is not None
        nodes = (*item.measure.args, *((item.measure.where,) if item.measure.where is not None else ()))
        if any(part.op == "call:as_of" for node in nodes for part in node.walk()):
            self._refuse(rule, f"{item.name}: as_of()")

    def _check_snapshot(self, item: Definition, rule: Rule) -> None:
        assert item.measure is not None
        nodes = (*item.measure.args, *((item.measure.where,) if item.measure.where is not None else ()))
        for part in (part for node in nodes for part in node.walk()):
            if part.op == "item" or (part.op == "field" and part.value.path):
                self._refuse(rule, f"{item.name}: {part.text}")

    def _refuse(self, rule: Rule, what: str) -> None:
        text = Text(
            f"规则 {rule.id} 用到 {what}：预警只能用键自己的字段、指标，以及其他种类自己的字段",
            f"rule {rule.id} uses {what}: a warning has the key's fields and items, and other kinds' own fields",
        )
        self.problems.append(Problem("watch.scope", text, rule.where))
