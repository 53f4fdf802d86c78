"""What a policy gives, once it has been read: instruments over loans, entitlements of enterprises, products of banks.

Each has conditions, in order, that are three-valued: met, failed, or unknown because a fact is missing. All of them
met: eligible. One failed: not. Otherwise: not known yet, and the condition says who holds the fact. The loader builds
these values; eligibility, amounts, claims, delivery and matching only read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from houfeng.errors import Text, Where
from houfeng.packs.language.expression import Node

INSTRUMENT_KINDS = ("relending", "rediscount", "incentive", "psl", "risk_sharing", "subsidy")
STATES = ("open", "closed")
CADENCES = ("monthly", "quarterly", "on_application", "continuous", "per_deal")
CAP_ON = ("base", "amount")
YEAR = "year"
"""In `Cap.by`: the calendar year of the counted time, so that a cap begins anew with each year."""
MOST_CONDITIONS = 62
"""Conditions of one grant: each is one bit of a 64-bit mask."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a grant: `when` over its kind; `holder` holds a missing fact; `changes` would turn it to yes."""

    name: str
    when: Node
    label: Text
    reference: str
    holder: Text
    changes: Text
    where: Where


class Grant(Protocol):
    """What eligibility needs of an instrument, an entitlement or a product."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> Text: ...

    @property
    def over(self) -> str: ...

    @property
    def conditions(self) -> tuple[Condition, ...]: ...

    @property
    def where(self) -> Where: ...

    @property
    def pack(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Counted:
    """The time a subsidy counts: days from `first` to before `end`; `days` gives the day count as text (`act/365`)."""

    first: Node
    end: Node
    days: Node


@dataclass(frozen=True, slots=True)
class Cap:
    """A ceiling used up by all lines that agree in `by`: of their `base`, or of their `amount`.

    `by` are fields or items over the instrument's kind, `YEAR` among them. It is used in order of disbursement, then of
    listing. `limit` is money.
    """

    by: tuple[str, ...]
    on: str
    limit: Node


@dataclass(frozen=True, slots=True)
class Relending:
    """How the central bank lends under a tool. What the texts leave open is nothing.

    `quota`: of the tool alone; `pool`: the pool whose ceiling it shares (`Pack.pools`), while
    `pool_when` holds (nothing: always). `institutions` is a condition
    over `institution`: who may apply. `rate` is percent a year, `term_months` that of one drawing, `extensions` how
    often it may be extended. The expressions name no field except `institutions`.
    """

    quota: Node | None = None
    rate: Node | None = None
    term_months: Node | None = None
    extensions: Node | None = None
    cadence: str = ""
    pool: str = ""
    pool_when: Node | None = None
    institutions: Node | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """A tool of monetary policy or a fiscal subsidy, over single loans (or purchases, bills …).

    Of the instruments of one `exclusive` group a row gets one, the lowest `order` first, while `exclusive_when` holds
    (nothing: always). `base` is money; `points` percent a year of it (subsidies); `funded_share` percent of it
    (relending). `shares` are percent of the amount by payer; the last payer, who is not named, gets the rest.
    `counts`, `points`, `funded_share` and the caps name fields of the row; `order`, `exclusive_when`, `shares` and
    `prepayment` (a text: the rule of early repayment) name parameters only. See `houfeng.instruments.definitions`.
    """

    name: str
    label: Text
    kind: str
    state: str
    over: str
    conditions: tuple[Condition, ...]
    document: str
    reference: str
    note: str
    where: Where
    pack: str
    exclusive: str = ""
    exclusive_when: Node | None = None
    order: Node | None = None
    counts: Counted | None = None
    base: Node | None = None
    points: Node | None = None
    funded_share: Node | None = None
    caps: tuple[Cap, ...] = ()
    shares: Mapping[str, Node] = field(default_factory=dict)
    relending: Relending | None = None
    prepayment: Node | None = None
    documents: tuple[Text, ...] = ()
    partial: Text = Text("", "")

    def nodes(self) -> tuple[Node, ...]:
        """Every expression over the instrument's own kind except the conditions, in the order written."""
        counts = (self.counts.first, self.counts.end, self.counts.days) if self.counts is not None else ()
        found = (*counts, self.base, self.points, self.funded_share, *(cap.limit for cap in self.caps))
        return tuple(node for node in found if node is not None)


@dataclass(frozen=True, slots=True)
class Pool:
    """A ceiling that several instruments share; without a `quota` it is counted but not held to one."""

    name: str
    label: Text
    quota: Node | None
    reference: str
    note: str
    where: Where
    pack: str


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A policy as an enterprise sees it: what it gives, to whom, what to bring, whom to call.

    `begins` and `until` (exclusive) bound the days on which it can be asked for and name parameters only; `delivers`
    is the instrument by which the money comes, where there is one.
    """

    name: str
    label: Text
    over: str
    conditions: tuple[Condition, ...]
    benefit: Text
    document: str
    reference: str
    note: str
    where: Where
    pack: str
    bring: tuple[Text, ...] = ()
    call: Text = Text("", "")
    delivers: str = ""
    begins: Node | None = None
    until: Node | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a product costs and offers; expressions over `need`. `rate` is percent a year, `fee` money for the whole.

    `funded_by` is the tool on whose money the rate rests; `own_rate` is the rate where the bank has no quota of it.
    """

    rate: Node
    fee: Node | None = None
    min_amount: Node | None = None
    max_amount: Node | None = None
    months: Node | None = None
    funded_by: str = ""
    guarantees: tuple[str, ...] = ()
    own_rate: Node | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A loan product of one bank with machine-checked conditions over `need`."""

    name: str
    label: Text
    over: str
    bank: str
    conditions: tuple[Condition, ...]
    terms: Terms
    document: str
    reference: str
    note: str
    where: Where
    pack: str
    capacity: Node | None = None
    answer_days: Node | None = None


@dataclass(frozen=True, slots=True)
class GoldenLine:
    """One line expected of a claim: an amount (and what the centre pays of it), or the condition that refuses it."""

    contract_no: str
    note_no: str
    item_no: str = ""
    amount: Decimal | None = None
    central: Decimal | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class GoldenClaim:
    """A claim to draw, of one institution for a period whose ends both count, and the lines expected."""

    instrument: str
    institution: str
    first: date
    last: date
    expect: tuple[GoldenLine, ...]


@dataclass(frozen=True, slots=True)
class Golden:
    """A ledger worked by hand: facts given, claims drawn in order (what is claimed is taken for the next), amounts.

    `given` maps record kinds to lists of rows, as in a case. Run by `houfeng.instruments.golden`.
    """

    name: str
    as_of: date
    known_at: date
    given: Mapping[str, Any]
    claims: tuple[GoldenClaim, ...]
    clause: str
    readings: Mapping[str, str]
    where: Where
