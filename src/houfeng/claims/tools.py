"""What this room must know of an instrument, a bank and a drawn loan; the rest stays where it is computed.

`Tool` is an instrument of a pack as it stands on one day. `Drawn` and `DrawnLine` are what `houfeng.instruments.claims`
draws, by shape: this room keeps what was drawn and never computes an amount itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from houfeng.errors import Text

COMES_BACK = frozenset({"relending", "rediscount", "psl"})
"""Kinds of instruments whose money is lent and repaid; the others' is given."""


@dataclass(frozen=True, slots=True)
class Tool:
    """An instrument on one day. `pool` is the shared ceiling it stands under, `exclusive` its group."""

    name: str
    label: Text
    kind: str
    pack: str
    digest: str
    open: bool = True
    exclusive: str = ""
    pool: str = ""
    pool_label: Text = Text("", "")
    quota: Decimal | None = None  # the nation's for this tool alone, where a text names one
    rate: Decimal | None = None
    term_months: int = 12
    extensions: int = 0
    cadence: str = ""
    documents: tuple[Text, ...] = ()

    @property
    def comes_back(self) -> bool:
        """Whether the money is lent, not given."""
        return self.kind in COMES_BACK

    @property
    def group(self) -> str:
        """Of the tools of one group a loan gets one. One group for money, one for subsidies, unless the pack says."""
        return self.exclusive or ("funding" if self.comes_back else self.kind)


@dataclass(frozen=True, slots=True)
class Bank:
    """Who claims."""

    id: str
    name: str
    region: str


class Why(Protocol):
    """One condition behind a loan: how it came out and what would change it."""

    @property
    def condition(self) -> str: ...
    @property
    def state(self) -> Any: ...
    @property
    def label(self) -> Text: ...
    @property
    def reference(self) -> str: ...
    @property
    def holder(self) -> Text: ...
    @property
    def changes(self) -> Text: ...


class Asked(Protocol):
    """A loan as a bank asks for it: a row of its workbook, or a line as it was corrected."""

    @property
    def contract_no(self) -> str: ...
    @property
    def note_no(self) -> str: ...
    @property
    def item_no(self) -> str: ...
    @property
    def borrower_id(self) -> str: ...
    @property
    def counted_from(self) -> date: ...
    @property
    def counted_to(self) -> date: ...
    @property
    def base(self) -> Decimal: ...
    @property
    def amount(self) -> Decimal: ...


class DrawnLine(Asked, Protocol):
    """One loan as it was drawn: with the central share, and why."""

    @property
    def central(self) -> Decimal: ...
    @property
    def reasons(self) -> Sequence[Why]: ...


class Drawn(Protocol):
    """A claim as the book gives it."""

    @property
    def instrument(self) -> str: ...
    @property
    def institution_id(self) -> str: ...
    @property
    def period(self) -> tuple[date, date]: ...
    @property
    def as_of(self) -> date: ...
    @property
    def known_at(self) -> datetime: ...
    @property
    def pack_digest(self) -> str: ...
    @property
    def lines(self) -> Sequence[DrawnLine]: ...
    @property
    def refused(self) -> Sequence[DrawnLine]: ...


def reason(why: Why) -> dict[str, Any]:
    """A condition's outcome as it is kept with a line."""
    return {
        "code": why.condition,
        "state": str(why.state),
        "zh": why.label.zh,
        "en": why.label.en,
        "reference": why.reference,
        "holder_zh": why.holder.zh,
        "holder_en": why.holder.en,
        "changes_zh": why.changes.zh,
        "changes_en": why.changes.en,
    }


def remark(code: str, text: Text, by: str = "check") -> dict[str, Any]:
    """A reason of the house's own: a deviation, an officer's refusal, a quota that is used up."""
    return {"code": code, "state": "failed", "zh": text.zh, "en": text.en, "by": by}
