"""Subsidies a firm is entitled to, as supports of a loan it does not have yet.

An entitlement names the instrument that pays. Its points, its days and the ceiling of its base are expressions over a
loan; they are evaluated for the loan the need would become, lent today. What cannot be evaluated without facts of a
real loan gives no support: nothing is promised that may not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Protocol

from houfeng.clock import month_end
from houfeng.instruments.eligibility import Answer
from houfeng.matching.recommend.asking import Need
from houfeng.matching.recommend.cost import Support
from houfeng.matching.recommend.offers import Standing
from houfeng.packs.grants import Entitlement, Instrument
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Pack
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.world import World

DAYS_A_MONTH = 30.4375


class Stand(Protocol):
    """How a firm stands to one policy: yes, no, or not known yet."""

    @property
    def entitlement(self) -> Entitlement:
        """The policy."""

    @property
    def answer(self) -> Answer:
        """What it says of the firm."""


def standings(pack: Pack, verdicts: Sequence[Stand], need: Need, day: date, known: date) -> list[Standing]:
    """The standings of the subsidies among what the firm is entitled to, or may be."""
    found = []
    for verdict in verdicts:
        instrument = pack.instruments.get(verdict.entitlement.delivers)
        if instrument is None or instrument.kind != "subsidy" or instrument.over != "loan":
            continue
        support = _support(pack, instrument, need, day, known)
        if support is not None:
            label, reference = verdict.entitlement.label, verdict.entitlement.document
            found.append(Standing(support, label, verdict.answer, reference))
    return found


def _support(pack: Pack, instrument: Instrument, need: Need, day: date, known: date) -> Support | None:
    loan = {
        "borrower_id": need.enterprise_id,
        "principal": need.amount,
        "disbursed_on": day,
        "matures_on": later(day, need.months),
        "currency": "CNY",
    }
    evaluator = Evaluator(pack, World(day, known, rows={"loan": [loan]}))

    def value(node: Node | None) -> Any:
        with localcontext(EXACT):
            return None if node is None else evaluator.node(node, loan, "loan").value

    if instrument.counts is None or (points := value(instrument.points)) is None:
        return None
    first, end = value(instrument.counts.first), value(instrument.counts.end)
    if first is None or end is None or end <= first:
        return None
    months = min(need.months, round((end - first).days / DAYS_A_MONTH))
    limits = {on: [value(cap.limit) for cap in instrument.caps if cap.on == on] for on in ("base", "amount")}
    if any(limit is None for found in limits.values() for limit in found):
        return None
    base, amount = (min(map(Decimal, limits[on]), default=None) for on in ("base", "amount"))
    return Support(instrument.name, Decimal(points), months, base, amount)


def later(day: date, months: int) -> date:
    """The same day so many months later, or that month's last."""
    at = day.year * 12 + day.month - 1 + months
    first = date(at // 12, at % 12 + 1, 1)
    return first.replace(day=min(day.day, month_end(first).day))
