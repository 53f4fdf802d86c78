"""What a pack is once it has been read: frozen values, bound and typed, with the place each was written.

The loader builds these; the compiler, the evaluator, the checks and the desk only read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from houfeng.errors import Text, Where
from houfeng.packs.grants import Condition, Entitlement, Golden, Instrument, Pool, Product
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T

TIERS = ("blue", "yellow", "orange", "red")
"""Warning tiers from low to high (突发事件应对法: 蓝、黄、橙、红)."""

MERGED = ("groups", "open_groups")
"""What the reason of a merging rule can name: how many groups have open alerts, and which."""


def places(value: Decimal) -> int:
    """The number of decimal places `value` is written with."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class Dated:
    """One value of a parameter: for days from `start` (to before `until`), known from `known_from`."""

    start: date
    known_from: date
    value: Any
    reference: str = ""
    note: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number, word or truth value of a policy, dated twice. `values` are sorted by (start, known_from)."""

    name: str
    label: Text
    unit: str
    type: T
    scale: int
    values: tuple[Dated, ...]
    where: Where

    def on(self, day: date, known: date) -> Dated | None:
        """The value for `day` as known on `known`, or nothing."""
        found: Dated | None = None
        for value in self.values:
            if value.start <= day and value.known_from <= known:
                found = value
        return found if found and (found.until is None or day < found.until) else None

    def turning_days(self) -> set[date]:
        """The days on which the value seen on the day itself can change."""
        return {d for v in self.values for d in (v.start, v.known_from, v.until) if d is not None}


@dataclass(frozen=True, slots=True)
class Member:
    """Codes of a set: listed, by prefix, or in a range of codes of one length; `starred` needs evidence."""

    codes: frozenset[str] = frozenset()
    prefix: str = ""
    first: str = ""
    last: str = ""
    group: str = ""
    starred: bool = False

    def has(self, code: str) -> bool:
        """Whether `code` is meant."""
        if self.prefix:
            return code.startswith(self.prefix)
        if self.first:
            return len(code) == len(self.first) and self.first <= code <= self.last
        return code in self.codes


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A set of codes of a classification; `complete` is false where the list is known to be partial."""

    name: str
    label: Text
    members: tuple[Member, ...]
    without: frozenset[str]
    evidence_length: int
    complete: bool
    reference: str
    note: str
    where: Where

    def member(self, code: str) -> Member | None:
        """The member that matches `code`: a full one before a starred one."""
        if code in self.without:
            return None
        found = [member for member in self.members if member.has(code)]
        return min(found, key=lambda member: member.starred, default=None)


class Form(StrEnum):
    """How an item is computed."""

    THEME = "theme"
    WINDOW = "window"
    SNAPSHOT = "snapshot"
    DERIVED = "derived"
    VALUE = "value"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A labelled exception to a general rule: where `when` is true, `value` stands (a theme: false)."""

    label: str
    text: Text
    when: Node
    value: Node | None
    beats: tuple[str, ...]
    reference: str
    where: Where


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a decision table."""

    when: Node
    then: Node
    reference: str
    where: Where


@dataclass(frozen=True, slots=True)
class Mark:
    """Events that begin or end another measure: of `source`, `by` leading to the key, for which `where` is true."""

    source: str
    by: tuple[str, ...]
    where: Node | None


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured over rows of another kind.

    `function` is count, sum, mean, min, max, last, distinct, top_share or days_since; `args` are over `source`.
    `compare` holds an operator and a literal where the measure ends in a comparison. Window, hop and offset are whole
    seconds; `window` 0 means a snapshot, days-since ever, or the calendar.

    `after`: only from the latest such event in the window on. `without`: days-since counts from the earliest row that
    no such event has followed. `since`: from the first second of the current 'month', 'quarter' or 'year' instead of a
    window. `through`: the kind of record that says whose rows are the key's; `by` then leads to the member.
    """

    function: str
    args: tuple[Node, ...]
    source: str
    by: tuple[str, ...]  # fields of the source that equal the key fields, in key order
    where: Node | None
    compare: tuple[str, Decimal] | None = None
    window: int = 0
    hop: int = 0
    offset: int = 0
    after: Mark | None = None
    without: Mark | None = None
    since: str = ""
    through: str = ""

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The events that begin or end it."""
        return tuple(mark for mark in (self.after, self.without) if mark is not None)

    def nodes(self) -> tuple[Node, ...]:
        """Every expression over `source`."""
        return (*self.args, *((self.where,) if self.where is not None else ()))

    def all_nodes(self) -> tuple[Node, ...]:
        """Every expression of the measure, those over the marks' kinds too."""
        return (*self.nodes(), *(mark.where for mark in self.marks if mark.where is not None))


@dataclass(frozen=True, slots=True)
class Definition:
    """An item of a pack: something computed for each row of the kind it is `over`.

    `node` is a theme's condition, a derived indicator's or a value's expression, or a table's `else`. `type` and
    `scale` describe the result.
    """

    name: str
    form: Form
    over: str
    type: T
    scale: int
    label: Text
    where: Where
    pack: str
    node: Node | None = None
    measure: Measure | None = None
    exemptions: tuple[Exemption, ...] = ()
    rows: tuple[Row, ...] = ()
    domain: Node | None = None
    unique: bool = True
    has_else: bool = False
    amount: Node | None = None
    reference: str = ""
    article: str = ""
    tag: str = ""
    basis: str = ""
    partial: Text = Text("", "")
    unit: str = ""

    def nodes(self) -> list[Node]:
        """Every expression of the item over its own kind, in the order they are written."""
        found = [self.node, self.amount]
        for exemption in self.exemptions:
            found += [exemption.when, exemption.value]
        for row in self.rows:
            found += [row.when, row.then]
        return [node for node in found if node is not None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A warning rule: a tier holds where its condition is true for the key (a row of the kind it is `over`).

    A rule with `merge` has no tiers of its own: it speaks where so many groups of other rules are open on one key.
    """

    name: str
    id: str
    label: Text
    over: str
    group: str
    kind: str
    tiers: Mapping[str, Node]
    clear_when: Node | None
    cooldown: int
    reason: Text
    reference: str
    where: Where
    pack: str
    merge: int = 0

    def nodes(self) -> tuple[Node, ...]:
        """Every condition of the rule."""
        return (*self.tiers.values(), *((self.clear_when,) if self.clear_when is not None else ()))


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a clause: the parameter values it sets."""

    label: Text
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """An ambiguous clause, the reading chosen, who chose it, and the rivals."""

    name: str
    clause: str
    document: str
    question: Text
    chosen: str
    chosen_by: str
    chosen_on: date | None
    readings: Mapping[str, Reading]
    where: Where


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule the pack would hold if something existed: what it waits for."""

    id: str
    label: Text
    needs: Text


@dataclass(frozen=True, slots=True)
class Case:
    """A test in the pack's own words: facts given, results expected."""

    name: str
    as_of: date
    known_at: date
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    parameters: Mapping[str, Any]
    readings: Mapping[str, str]
    where: Where


@dataclass(frozen=True, slots=True)
class SharedCondition:
    """A condition that grants over one kind can use by name."""

    over: str
    condition: Condition


@dataclass(frozen=True)
class Pack:
    """A whole pack, with the packs it requires already merged into all but `rules`, `waiting`, `cases` and `golden`.

    `items` maps (kind, name) to definitions; `own` tells which names are defined in the pack itself.
    """

    name: str
    version: str
    label: Text
    description: Text
    folder: str
    digest: str
    requires: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    sets: Mapping[str, CodeSet]
    items: Mapping[tuple[str, str], Definition]
    rules: Mapping[str, Rule]
    interpretations: Mapping[str, Interpretation]
    waiting: tuple[Waiting, ...]
    cases: tuple[Case, ...]
    measure: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, SharedCondition] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    entitlements: Mapping[str, Entitlement] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    golden: tuple[Golden, ...] = ()

    def over(self, kind: str) -> list[Definition]:
        """The items over `kind`, in the order they were written."""
        return [item for (over, _), item in self.items.items() if over == kind]

    def themes(self) -> list[Definition]:
        """The pack's own themes."""
        return [item for item in self.items.values() if item.form is Form.THEME and item.pack == self.name]

    def find(self, name: str) -> list[Definition]:
        """The items called `name`, over whichever kind."""
        return [item for (_, own), item in self.items.items() if own == name]

    def with_readings(self, readings: Mapping[str, str]) -> Pack:
        """The pack under other readings of its clauses; see `houfeng.packs.loading.readings`."""
        from houfeng.packs.loading.readings import apply_readings

        return apply_readings(self, readings)
