"""What a bank asks for held against what the book gives, loan by loan: every deviation is a reason.

More than the book gives, other days, another borrower, or a loan the book does not know: refused. Less than the book
gives: the bank's choice, taken with a remark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from houfeng.claims.tools import Asked, Drawn, DrawnLine, reason, remark
from houfeng.errors import Text

Key = tuple[str, str, str]
FEN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Correction:
    """A loan with values put right; fits where `Asked` is wanted."""

    contract_no: str
    note_no: str
    item_no: str
    borrower_id: str
    counted_from: date
    counted_to: date
    base: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Given:
    """What the book gives a bank, by loan."""

    lines: Mapping[Key, DrawnLine]
    refused: Mapping[Key, DrawnLine] = field(default_factory=dict)

    @classmethod
    def of(cls, drawn: Drawn) -> Given:
        """A drawing, to be asked by loan."""
        return cls({key_of(line): line for line in drawn.lines}, {key_of(line): line for line in drawn.refused})


def key_of(line: Asked | DrawnLine) -> Key:
    """What names a loan within its bank."""
    return line.contract_no, line.note_no, line.item_no


@dataclass(frozen=True)
class Checked:
    """A loan that was asked for, with what the check says: `good` may go on; reasons say why not, or what differs."""

    asked: Asked
    drawn: DrawnLine | None
    good: bool
    reasons: list[dict[str, Any]]

    @property
    def central(self) -> Decimal:
        """The central share of what is asked, in the proportion of what the book gives."""
        if self.drawn is None or not self.drawn.amount:
            return Decimal("0.00")
        return (self.drawn.central * self.asked.amount / self.drawn.amount).quantize(FEN, ROUND_HALF_UP)


def check_all(asked: Sequence[Asked], given: Given) -> list[Checked]:
    """Each loan held against the book; of a loan asked for twice the second is refused."""
    seen: Counter[Key] = Counter()
    found = []
    for one in asked:
        key = key_of(one)
        seen[key] += 1
        found.append(check(one, given) if seen[key] == 1 else _twice(one))
    return found


def _twice(one: Asked) -> Checked:
    told = remark("twice", Text("同一笔贷款在文件中出现两次", "the same loan stands in the file twice"))
    return Checked(one, None, False, [told])


def check(one: Asked, given: Given) -> Checked:
    """One loan held against the book."""
    key = key_of(one)
    drawn = given.lines.get(key)
    if drawn is None:
        return _not_given(one, given.refused.get(key))
    wrong = [*_wrong(one, drawn)]
    notes = [] if wrong or one.amount >= drawn.amount else [_less(one, drawn)]
    return Checked(one, drawn, not wrong, [*map(reason, drawn.reasons), *wrong, *notes])


def _not_given(one: Asked, refused: DrawnLine | None) -> Checked:
    if refused is None:
        told = Text(
            "账簿中没有这笔贷款，或不在本机构、本期", "the book has no such loan of this institution and period"
        )
        return Checked(one, None, False, [remark("not_in_book", told)])
    failed = [reason(why) for why in refused.reasons]
    told = Text("按账簿不符合条件", "not eligible by the book")
    return Checked(one, None, False, [*failed, remark("not_eligible", told)])


def _wrong(one: Asked, drawn: DrawnLine) -> Sequence[dict[str, Any]]:
    """Every way in which more or other is asked than the book gives."""
    found = []
    if one.borrower_id != drawn.borrower_id:
        found.append(
            remark(
                "borrower",
                Text(
                    f"借款人 {one.borrower_id} 与账簿 {drawn.borrower_id} 不一致",
                    f"borrower {one.borrower_id} is not the book's {drawn.borrower_id}",
                ),
            )
        )
    if one.counted_from < drawn.counted_from or one.counted_to > drawn.counted_to:
        asked, held = f"{one.counted_from}—{one.counted_to}", f"{drawn.counted_from}—{drawn.counted_to}"
        found.append(remark("days", Text(f"计算期间 {asked} 超出账簿的 {held}", f"days {asked} go beyond {held}")))
    for code, zh, en, asks, gives in (
        ("base", "贷款金额", "principal", one.base, drawn.base),
        ("amount", "申报金额", "amount", one.amount, drawn.amount),
    ):
        if asks > gives:
            told = Text(f"{zh} {asks:,.2f} 元高于账簿的 {gives:,.2f} 元", f"{en} {asks:,.2f} is above {gives:,.2f}")
            found.append(remark(code, told))
    if one.amount <= 0:
        found.append(remark("nothing", Text("申报金额须大于零", "the amount must be above zero")))
    return found


def _less(one: Asked, drawn: DrawnLine) -> dict[str, Any]:
    told = Text(
        f"申报 {one.amount:,.2f} 元，账簿可申报 {drawn.amount:,.2f} 元",
        f"{one.amount:,.2f} asked of {drawn.amount:,.2f} the book gives",
    )
    return {**remark("less", told), "state": "note"}
