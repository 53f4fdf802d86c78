"""The indicators of one key over a stretch of time, at every instant the watch looked at it: what a chart shows.

Computed by the statements of the replay, so that a point of the chart is the value the watch judged by. Thresholds are
read off a rule's conditions where an indicator is compared with a parameter or a number as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from houfeng.book.connection import connect
from houfeng.book.model import Time, kinds
from houfeng.book.snapshot import Snapshot
from houfeng.engine.faults import telling
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.membership import Membership
from houfeng.packs.model import Definition, Pack, Rule
from houfeng.packs.roads.sql import name
from houfeng.packs.scope import reason_names
from houfeng.watch.alerts import moment
from houfeng.watch.plan import Plan, Stream, plan_rules
from houfeng.watch.reference.shards import Shards

TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
POINTS = 1_000_000
NUMERIC = (T.INTEGER, T.DECIMAL, T.RATIO)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where an indicator is compared: `compare` is the operator as the condition has it, `value` that of the day."""

    tier: str
    compare: str
    value: Decimal
    parameter: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Series:
    """One indicator: its values by instant, the thresholds of the rule's tiers, its window in days (0: none)."""

    item: Definition
    points: tuple[tuple[datetime, Any], ...]
    thresholds: tuple[Threshold, ...]
    window_days: float


def indicator_series(
    snapshot: Snapshot,
    pack: Pack,
    rule: Rule,
    key: str,
    first: date,
    last: date,
    *,
    most: int = 3,
    memory: str = "1GB",
    threads: int | None = None,
) -> list[Series]:
    """The main indicators of `rule` for `key` from `first` to `last`; none for a rule over events or a merging one."""
    if rule.merge or kinds()[rule.over].time is Time.EVENT:
        return []
    items = main_items(pack, rule)[:most]
    with telling(), connect(memory=memory, threads=threads) as connection:
        plan = _plan(pack, rule)
        shards = Shards(connection, snapshot.without_late(), pack, plan, first, last)
        if not items or not shards.prepare(POINTS, [key]):
            return []
        shards.load(0, 1)
        columns = ", ".join(name(item.name) for item in items)
        rows = connection.execute(f"SELECT _t, {columns} FROM _state ORDER BY _t").fetchall()
    found = []
    for number, item in enumerate(items, 1):
        points = tuple((moment(row[0]), row[number]) for row in rows)
        found.append(Series(item, points, tuple(thresholds(pack, rule, item, last)), window_days(pack, item)))
    return found


@dataclass
class _AsWatched(Plan):
    """The needs of one rule, at every instant at which the watch looks at its key because of any rule."""

    others: list[Stream] = field(default_factory=list)
    through: list[Membership] = field(default_factory=list)

    @property
    def streams(self) -> list[Stream]:
        """The rule's own streams, then those that only bring instants."""
        return list(dict.fromkeys([*super().streams, *self.others]))

    @property
    def memberships(self) -> list[Membership]:
        """Those by which events of others move the key as well."""
        return list(dict.fromkeys([*super().memberships, *self.through]))


def _plan(pack: Pack, rule: Rule) -> Plan:
    own = plan_rules(pack, rule.over, [rule])
    every = plan_rules(pack, rule.over, [one for one in pack.rules.values() if one.over == rule.over])
    return _AsWatched(
        own.kind, own.rules, own.windows, own.snapshots, own.layers, own.fields, every.streams, every.memberships
    )


def main_items(pack: Pack, rule: Rule) -> list[Definition]:
    """The numeric items a rule turns on: first those it holds against a parameter, then those its reason names."""
    ranked: dict[str, int] = {}
    for tier in rule.tiers.values():
        for _, node, other in comparisons(tier):
            rank = 0 if other.op == "parameter" else 1 if other.value else 3
            ranked[node.value.name] = min(rank, ranked.get(node.value.name, rank))
    for one in reason_names(rule):
        ranked[one] = min(2, ranked.get(one, 2))
    names = sorted(ranked, key=lambda one: ranked[one])  # stable: within a rank as the rule has them
    found = [pack.items[(rule.over, one)] for one in names if (rule.over, one) in pack.items]
    return [item for item in found if item.type in NUMERIC]


def comparisons(condition: Node) -> list[tuple[str, Node, Node]]:
    """The comparisons of an item with a parameter or a literal in a condition: operator, item, other side."""
    found = []
    for node in condition.walk():
        if node.op not in TURNED or len(node.args) != 2:
            continue
        left, right = node.args
        if _is_item(left) and _is_constant(right):
            found.append((node.op, left, right))
        elif _is_item(right) and _is_constant(left):
            found.append((TURNED[node.op], right, left))
    return found


def thresholds(pack: Pack, rule: Rule, item: Definition, day: date) -> Sequence[Threshold]:
    """Where the tiers of `rule` compare `item`, with the values of `day`."""
    found: dict[tuple[str, str, Decimal], Threshold] = {}
    for tier, condition in rule.tiers.items():
        for operator, node, other in comparisons(condition):
            if node.value.name != item.name:
                continue
            dated = pack.parameters[other.value].on(day, day) if other.op == "parameter" else None
            value = dated.value if dated is not None else other.value if other.op == "literal" else None
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                exact = Decimal(str(value))
                parameter = str(other.value) if other.op == "parameter" else ""
                reference = dated.reference if dated is not None else ""
                found[(tier, operator, exact)] = Threshold(tier, operator, exact, parameter, reference)
    return list(found.values())


def window_days(pack: Pack, item: Definition) -> float:
    """The longest window an item or what it rests on looks back, in days."""
    longest, queue, seen = 0, [item], {item.name}
    while queue:
        one = queue.pop()
        if one.measure is not None:
            longest = max(longest, one.measure.window + one.measure.offset)
            continue
        for node in one.nodes():
            for part in node.walk():
                if part.op == "item" and not part.value.path and part.value.name not in seen:
                    seen.add(part.value.name)
                    queue.append(pack.items[(item.over, part.value.name)])
    return longest / 86_400


def _is_item(node: Node) -> bool:
    return node.op == "item" and not node.value.path


def _is_constant(node: Node) -> bool:
    return node.op in ("parameter", "literal")
