"""A firm's indicators at month ends, beside the thresholds of the rules that watch them.

Values come from the compiler of packs over the firm's rows, as of each month's end, with the rules' parameters as they
were known on that day: what the watch compares. The rows are those known at the moment of the view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from houfeng.clock import month_end
from houfeng.errors import Text
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Pack, Rule
from houfeng.packs.roads.compile import Compiler
from houfeng.packs.roads.evaluate import Evaluator
from houfeng.packs.roads.sql import literal
from houfeng.packs.roads.world import World
from houfeng.watch.evidence import names_behind
from houfeng_desk.queries.enterprise.firm import Firm, Row
from houfeng_desk.reader import Reader

KIND = "enterprise"
MONEY_SCALE = 2
MONTHS = 13

ABOVE = {">", ">="}
SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}
TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


@dataclass(frozen=True)
class Threshold:
    """Where a rule begins to speak: it holds where the indicator is `sign` the value of each month."""

    rule_id: str
    rule: Text
    tier: str
    sign: str
    text: str
    values: tuple[Decimal | None, ...]
    reference: str
    since: date | None

    @property
    def shown_sign(self) -> str:
        """The comparison as people write it."""
        return SIGNS[self.sign]

    def crossed(self, value: Any, place: int) -> bool:
        """Whether a month's value is past the threshold; other conditions of the rule may still hold it back."""
        limit = self.values[place]
        if value is None or limit is None:
            return False
        exact = Decimal(str(value))
        over = exact > limit if self.sign in ABOVE else exact < limit
        return over or (len(self.sign) == 2 and exact == limit)


@dataclass(frozen=True)
class Series:
    """One indicator over the months, with the thresholds of the rules that watch it."""

    name: str
    label: Text
    unit: str
    values: tuple[Any, ...]
    thresholds: tuple[Threshold, ...]

    @property
    def money(self) -> bool:
        """Whether the values are yuan."""
        return self.unit == "CNY"

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw: never known, or always nought."""
        return all(value is None or value == 0 for value in self.values)

    @property
    def now(self) -> str:
        """The highest tier whose threshold the last value is past; empty where none."""
        last = len(self.values) - 1
        tiers = [t.tier for t in self.thresholds if last >= 0 and t.crossed(self.values[last], last)]
        return max(tiers, key=("blue", "yellow", "orange", "red").index, default="")


@dataclass(frozen=True)
class Indicators:
    """The indicators of one group of rules."""

    group: str
    months: tuple[date, ...]
    watched: tuple[Series, ...]
    others: tuple[Series, ...]


def groups_of(pack: Pack) -> list[str]:
    """The groups of the rules over enterprises, in the order of the pack; rules without a group come last."""
    return sorted(dict.fromkeys(rule.group for rule in _rules(pack)), key=lambda group: not group)


def indicators(reader: Reader, firm: Firm, pack: Pack, group: str) -> Indicators:
    """The indicators behind the rules of `group` at the last month ends up to the day looked at."""
    what = ("indicators", pack.digest, group, reader.as_of)
    return firm.once(what, lambda: _indicators(reader, firm, pack, group))


def _indicators(reader: Reader, firm: Firm, pack: Pack, group: str) -> Indicators:
    rules = [rule for rule in _rules(pack) if rule.group == group]
    months = month_ends(reader, MONTHS)
    limits = [found for rule in rules for found in _limits(pack, rule, months)]
    behind = {name for rule in rules for name in names_behind(pack, rule)} | {name for name, _ in limits}
    items = [item for item in pack.over(KIND) if item.name in behind]
    table = values(firm, pack, [item.name for item in items], months)
    series = [_series(item, table, [t for name, t in limits if name == item.name]) for item in items]
    watched = [one for one in series if one.thresholds]
    watched.sort(key=lambda one: (not one.now, one.empty))  # what is past a threshold first, what says nothing last
    return Indicators(group, months, tuple(watched), tuple(one for one in series if not one.thresholds))


def behind_alert(reader: Reader, firm: Firm, pack: Pack, rule_name: str) -> tuple[tuple[date, ...], Series] | None:
    """The indicator a rule compares with its threshold, over the months; nothing where it compares none so."""
    rule = pack.rules.get(rule_name)
    if rule is None or rule.over != KIND:
        return None
    what = ("behind", pack.digest, rule_name, reader.as_of)
    return firm.once(what, lambda: _behind_alert(reader, firm, pack, rule))


def _behind_alert(reader: Reader, firm: Firm, pack: Pack, rule: Rule) -> tuple[tuple[date, ...], Series] | None:
    months = month_ends(reader, MONTHS)
    limits = list(_limits(pack, rule, months))
    if not limits:
        return None
    items = [item for item in pack.over(KIND) if item.name in {name for name, _ in limits}]
    table = values(firm, pack, [item.name for item in items], months)
    found = [_series(item, table, [t for name, t in limits if name == item.name]) for item in items]
    return months, min(found, key=lambda one: (not one.now, one.empty))


def month_ends(reader: Reader, number: int) -> tuple[date, ...]:
    """The last month ends up to the day looked at, and that day itself where it is none; none before the book."""
    day, found = reader.as_of, list[date]()
    if month_end(day) != day:
        found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    first = min((e.period for e in reader.snapshot.history("loan_balance") if e.period), default=day)
    while len(found) < number and day >= first:
        found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return tuple(reversed(found or [reader.as_of]))


def values(firm: Firm, pack: Pack, items: Sequence[str], months: Iterable[date]) -> list[Row]:
    """The firm's values of `items` at each month's end; an empty row where the register had no such firm."""
    found = []
    for day in months:
        where = f"enterprise_id = {literal(firm.id)}"
        statement = Compiler(pack, firm, day, day).statement(KIND, items, where=where, bits=False)
        rows = firm.rows(statement.sql) if items else []
        found.append(rows[0] if rows else {})
    return found


def _series(item: Definition, table: Sequence[Row], thresholds: Sequence[Threshold]) -> Series:
    yuan = item.type is T.DECIMAL and item.scale == MONEY_SCALE  # sums of money keep its two places
    unit = item.unit or ("CNY" if yuan else "")
    return Series(item.name, item.label, unit, tuple(row.get(item.name) for row in table), tuple(thresholds))


def _rules(pack: Pack) -> list[Rule]:
    return [rule for rule in pack.rules.values() if rule.over == KIND and not rule.merge]


def _limits(pack: Pack, rule: Rule, months: Sequence[date]) -> Iterable[tuple[str, Threshold]]:
    """What the conditions of a rule compare with a figure that is the same for all firms; each tier the first."""
    for tier, condition in rule.tiers.items():
        for node in condition.walk():
            found = _compared(node)
            if found is None:
                continue
            item, sign, limit = found
            evaluators = [Evaluator(pack, World(day, day)) for day in months]
            steps = [one.node(limit, {}, KIND) for one in evaluators]
            parameter = next((p for p in limit.walk() if p.op == "parameter"), None)
            dated = pack.parameters[parameter.value].on(months[-1], months[-1]) if parameter else None
            numbers = tuple(_number(step.value) for step in steps)
            if parameter is None or all(number is None for number in numbers):
                continue  # `> 0` only says that there is something
            threshold = Threshold(
                rule.id,
                rule.label,
                tier,
                sign,
                limit.text,
                numbers,
                dated.reference if dated else rule.reference,
                dated.start if dated else None,
            )
            yield item, threshold


def _compared(node: Node) -> tuple[str, str, Node] | None:
    """`item > constant` (or turned round) as (item, sign, constant)."""
    if node.op not in TURNED or len(node.args) != 2:
        return None
    left, right = node.args
    if (name := _own_item(left)) and _constant(right):
        return name, node.op, right
    if (name := _own_item(right)) and _constant(left):
        return name, TURNED[node.op], left
    return None


def _own_item(node: Node) -> str:
    while node.op == "call:coalesce":
        node = node.args[0]
    return str(node.value.name) if node.op == "item" and not node.value.path else ""


def _constant(node: Node) -> bool:
    return all(part.op not in ("field", "item") and not part.op.startswith("call:as_of") for part in node.walk())


def _number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else None
