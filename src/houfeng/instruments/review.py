"""A claim as handed in against the claim as the book gives it: line by line, what is due, and why not more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from houfeng.errors import Text
from houfeng.instruments.claims import ClaimLine, Draft, ItemKey
from houfeng.instruments.eligibility import Reason, State
from houfeng.instruments.workbook import SubmittedLine

ZERO = Decimal("0.00")
UNHEARD = Reason(
    "unknown_note", State.FAILED, Text("账簿里没有这笔借据", "the book has no such note"), "",
    Text("放款银行", "the lending bank"), Text("先报送借据，再申领", "report the note first, then claim it"),
)  # fmt: skip


class Verdict(StrEnum):
    """What becomes of a line."""

    DUE = "due"  # as claimed, or less than could be claimed: granted as claimed
    CUT = "cut"  # more was claimed than is due: granted what is due
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One line judged: `claimed` by the bank, `due` by the book, `granted` the smaller; reasons where it is less."""

    line: SubmittedLine
    verdict: Verdict
    claimed: Decimal
    due: Decimal
    granted: Decimal
    reasons: tuple[Reason, ...]


def review(draft: Draft, lines: Iterable[SubmittedLine]) -> list[Reviewed]:
    """Judge each line handed in against `draft`, drawn for the same instrument, institution and period.

    Draw it with the lines' keys as `asked`, so that each refused line has its reasons.
    """
    due = {line.key: line for line in draft.lines}
    refused = {line.key: line for line in draft.refused}
    return [_judge(line, due, refused) for line in lines]


def _judge(line: SubmittedLine, due: Mapping[ItemKey, ClaimLine], refused: Mapping[ItemKey, ClaimLine]) -> Reviewed:
    found = due.get(line.key)
    if found is None:
        why = refused[line.key].reasons if line.key in refused else (UNHEARD,)
        return Reviewed(line, Verdict.REFUSED, line.amount, ZERO, ZERO, why)
    granted = min(line.amount, found.amount)
    if granted == line.amount:
        return Reviewed(line, Verdict.DUE, line.amount, found.amount, granted, ())
    verdict = Verdict.CUT if granted else Verdict.REFUSED
    capped = tuple(why for why in found.reasons if why.condition == "cap")
    return Reviewed(line, verdict, line.amount, found.amount, granted, capped or (_more(line, found),))


def _more(line: SubmittedLine, found: ClaimLine) -> Reason:
    days = (found.counted_to - found.counted_from).days
    return Reason(
        "amount", State.FAILED,
        Text(
            f"申领 {line.amount}，应为 {found.amount}（计算本金 {found.base}，{days} 天）",
            f"{line.amount} claimed, {found.amount} due (principal counted {found.base}, {days} days)",
        ),
        "", Text("放款银行", "the lending bank"), Text("按应计金额更正", "correct it to what is due"),
    )  # fmt: skip
