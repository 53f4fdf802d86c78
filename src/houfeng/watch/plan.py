"""What the rules of a pack need, sorted by how it is had: windows over events, features of the day, derived layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from houfeng.book.model import kinds
from houfeng.errors import InputError, Text
from houfeng.packs.language.expression import Node
from houfeng.packs.membership import Membership, membership_of
from houfeng.packs.model import Definition, Form, Mark, Measure, Pack, Rule
from houfeng.packs.scope import reason_names, scope_problems


class Stream(NamedTuple):
    """The events of one kind as a key sees them: `by` holds the key, or with `through` a member of it."""

    source: str
    by: str
    through: str = ""


def streams_of(item: Definition) -> list[Stream]:
    """The streams a windowed item looks at: that of the measure first, then those of its marks."""
    measure = item.measure
    assert measure is not None
    rows: list[Measure | Mark] = [measure, *measure.marks]
    return [Stream(each.source, each.by[0], measure.through) for each in rows]


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
    def streams(self) -> list[Stream]:
        """The events measured, or that begin or end a measure, in the order first needed."""
        return list(dict.fromkeys(stream for item in self.windows for stream in streams_of(item)))

    @property
    def memberships(self) -> list[Membership]:
        """Whose events and rows count as whose, each once."""
        found = (membership_of(item) for item in (*self.windows, *self.snapshots))
        return list(dict.fromkeys(one for one in found if one is not None))

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
    if problems := scope_problems(pack, plan.rules):
        raise InputError(Text(f"{pack.name} 有规则不能重放", f"some rules of {pack.name} cannot be replayed"), problems)
    planner = _Planner(pack, plan)
    for rule in plan.rules:
        for node in rule.nodes():
            planner.want(node)
        if not rule.merge:
            planner.want_names(rule)
    return plan


def looked_at(pack: Pack, plan: Plan) -> tuple[bool, set[str]]:
    """Whether the conditions look at the day itself, and the parameters they name, outside measures."""
    queue = [node for rule in plan.rules for node in rule.nodes()]
    daily, found, seen = False, set[str](), set[str]()
    while queue:
        for part in queue.pop().walk():
            daily = daily or part.op == "call:as_of"
            if part.op == "parameter":
                found.add(part.value)
            elif part.op == "call:at":
                found.add(part.args[0].value)
            elif part.op == "item" and part.value.name not in seen:
                seen.add(part.value.name)
                queue += pack.items[(plan.kind, part.value.name)].nodes()
    return daily, found


class _Planner:
    def __init__(self, pack: Pack, plan: Plan) -> None:
        self.pack, self.plan = pack, plan
        self.depth: dict[str, int] = {}

    def want(self, node: Node) -> int:
        """Note all that `node` refers to; gives the layer after which it can be computed."""
        depth = 0
        for part in node.walk():
            if part.op not in ("field", "item"):
                continue
            if part.op == "field":
                self.plan.fields.add(part.value.name)
            else:
                depth = max(depth, self.want_item(self.pack.items[(self.plan.kind, part.value.name)]))
        return depth

    def want_names(self, rule: Rule) -> None:
        """Note what the reason's text names."""
        for name in reason_names(rule):
            if name in kinds()[self.plan.kind].fields:
                self.plan.fields.add(name)
            else:
                self.want_item(self.pack.items[(self.plan.kind, name)])

    def want_item(self, item: Definition) -> int:
        """Note an item; gives the layer it stands in (0: measured, before all layers)."""
        if item.name in self.depth:
            return self.depth[item.name]
        self.depth[item.name] = 0
        if item.measure is not None:
            (self.plan.windows if item.form is Form.WINDOW else self.plan.snapshots).append(item)
            return 0
        depth = 1 + max((self.want(node) for node in item.nodes() if node is not item.amount), default=0)
        self.depth[item.name] = depth
        while len(self.plan.layers) < depth:
            self.plan.layers.append([])
        self.plan.layers[depth - 1].append(item)
        return depth
