"""What is asked and what stands for it: a need, a product's terms for one need, and both together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer, Reason


@dataclass(frozen=True, slots=True)
class Need:
    """What a firm asks for. `segment` is the kind of firm and guarantee that answers are counted by."""

    need_no: str
    enterprise_id: str
    amount: Decimal
    months: int
    use: str = ""
    guarantee: str = ""
    deadline: date | None = None
    region: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A product's terms for one need, and what its conditions say. What is nothing is not stated.

    `rate` rests on money of the tool `funded_by`, which lends `funded_share` percent of the principal; `own_rate` is
    the rate without it. See `houfeng.matching.recommend.funding`.
    """

    product: str
    label: Text
    bank: str
    answer: Answer
    reasons: tuple[Reason, ...]
    rate: Decimal | None
    fee: Decimal = Decimal(0)
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    months: int | None = None
    guarantees: tuple[str, ...] = ()
    funded_by: str = ""
    answer_days: int | None = None
    funded_label: Text = Text("", "")
    funded_share: Decimal = Decimal(100)
    own_rate: Decimal | None = None
    part_of: str = ""

    @property
    def base(self) -> str:
        """The product it is, where one product stands twice in a market."""
        return self.part_of or self.product


class Asked(NamedTuple):
    """A need with what decides on floors and classes, and what every product says of it."""

    need: Need
    size: str
    posted: date | None
    quotes: tuple[Quote, ...]
