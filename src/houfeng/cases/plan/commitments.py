"""Commitments against what happened: each held against the book whenever a new period of it is in.

A bank that has not reported yet is not judged. A broken commitment becomes a finding of the case, shaped like an alert,
and a notice to the owner; a later correction of the book that heals it settles the finding and says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases.files import mine, reason, seen
from houfeng.cases.plan.creditors import BookAt
from houfeng.cases.tables import CaseCheck, CaseCommitment, CaseFile, CaseFinding
from houfeng.errors import NotFoundError, Text
from houfeng.office import journal, notices
from houfeng.office.access import Viewer
from houfeng.office.database import Office, office_of

COMMITMENTS: Mapping[str, Text] = {
    "keep": Text("保持余额不低于", "keeps outstanding at least"),
    "repay": Text("到期前收回", "is repaid by the day"),
    "rate": Text("利率不高于", "charges at most"),
    "extend": Text("展期不少于", "extends at least"),
}
TIERS: Mapping[str, str] = {"keep": "orange", "repay": "orange", "rate": "yellow", "extend": "yellow"}
_HEALED = "重报后符合承诺 / kept after a correction of the book"


class Note(NamedTuple):
    """One loan note of the enterprise as the book has it."""

    institution_id: str
    amount: Decimal
    rate: Decimal | None
    ends: date | None
    submission: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the book says of a commitment: of which period, whether it holds, in words, from which submissions."""

    period: date
    held: bool
    said: Text
    sources: tuple[str, ...]


class Reported(NamedTuple):
    """The book's loans to one enterprise, and the last period each institution has reported."""

    notes: Sequence[Note]
    periods: Mapping[str, date]


_NOTES = """
    SELECT b.institution_id, coalesce(b.balance_cny, b.balance) AS amount, b.rate,
           coalesce(l.extended_to, l.matures_on) AS ends, b._submission AS submission
    FROM loan_balance b LEFT JOIN loan l USING (institution_id, contract_no, note_no)
    WHERE b.borrower_id = ? AND coalesce(b.balance_cny, b.balance) > 0
"""
_PERIODS = "SELECT institution_id, max(period) AS period FROM loan_balance GROUP BY institution_id"


def reported(book: BookAt, enterprise_id: str, periods: Mapping[str, date]) -> Reported:
    """What the book has of the loans to an enterprise."""
    rows = book.rows(_NOTES, [enterprise_id])
    return Reported([Note(**{**row, "amount": Decimal(row["amount"])}) for row in rows], periods)


def periods_of(book: BookAt) -> dict[str, date]:
    """The last period each institution has reported by the book's day."""
    return {row["institution_id"]: row["period"] for row in book.rows(_PERIODS)}


def read(commitment: CaseCommitment, found: Reported) -> Reading | None:
    """What `found` says of a commitment; nothing while it is not due or its institution has not reported."""
    if commitment.institution_id:
        period = found.periods.get(commitment.institution_id)
        notes = [note for note in found.notes if note.institution_id == commitment.institution_id]
    else:
        lenders = {note.institution_id for note in found.notes}
        period = min((found.periods[name] for name in lenders if name in found.periods), default=None)
        notes = list(found.notes)
    if period is None or not _due(commitment, period):
        return None
    held, said = _judge(commitment, notes)
    return Reading(period, held, said, tuple(sorted({note.submission for note in notes})))


def _due(commitment: CaseCommitment, period: date) -> bool:
    if commitment.kind == "keep":
        return commitment.since <= period <= commitment.due_on
    return period >= commitment.due_on


def _judge(commitment: CaseCommitment, notes: Sequence[Note]) -> tuple[bool, Text]:
    balance = sum((note.amount for note in notes), Decimal(0))
    amount = commitment.amount or Decimal(0)
    if commitment.kind == "keep":
        said = Text(
            f"余额 {_wan(balance)}，承诺不低于 {_wan(amount)}", f"{_million(balance)} of at least {_million(amount)}"
        )
        return balance >= amount, said
    if commitment.kind == "repay":
        paid = commitment.baseline - balance
        said = Text(f"已收回 {_wan(paid)}，承诺 {_wan(amount)}", f"{_million(paid)} repaid of {_million(amount)}")
        return paid >= amount, said
    if commitment.kind == "rate":
        highest = max((note.rate for note in notes if note.rate is not None), default=None)
        most = commitment.rate or Decimal(0)
        if highest is None:
            return True, Text("没有计息余额", "no balance bears interest")
        said = Text(f"最高利率 {highest.normalize():f}%，承诺不高于 {most.normalize():f}%",
                    f"highest rate {highest.normalize():f}% of at most {most.normalize():f}%")  # fmt: skip
        return highest <= most, said
    longer = sum((note.amount for note in notes if note.ends is not None and note.ends > commitment.due_on), Decimal(0))
    said = Text(f"已展期 {_wan(longer)}，承诺 {_wan(amount)}", f"{_million(longer)} extended of {_million(amount)}")
    return longer >= amount, said


def _wan(value: Decimal) -> str:
    return f"{value / 10_000:,.2f} 万元"


def _million(value: Decimal) -> str:
    return f"CNY {value / 1_000_000:,.2f} million"


class Done(NamedTuple):
    """What a round of checks came to."""

    checked: int
    broken: int
    healed: int


def check_all(office: Office, book: BookAt) -> Done:
    """Hold every commitment that runs against the book; what is as it was is not written again."""
    with office.read() as session:
        running = session.execute(
            select(CaseCommitment, CaseFile.enterprise_id)
            .join(CaseFile, CaseFile.id == CaseCommitment.case_id)
            .where(CaseCommitment.active)
        ).all()
        by_firm: dict[str, list[CaseCommitment]] = defaultdict(list)
        for commitment, enterprise_id in running:
            by_firm[enterprise_id].append(commitment)
        session.expunge_all()
    periods = periods_of(book) if by_firm else {}
    readings: list[tuple[int, Reading]] = []
    for enterprise_id, commitments in by_firm.items():
        found = reported(book, enterprise_id, periods)
        readings += [(each.id, reading) for each in commitments if (reading := read(each, found)) is not None]
    with office.begin() as session:
        return write(session, readings, book)


def write(session: Session, readings: Iterable[tuple[int, Reading]], book: BookAt) -> Done:
    """Keep readings that say something new; open a finding for a broken commitment, settle one that healed."""
    checked = broken = healed = 0
    for commitment_id, reading in readings:
        commitment = session.get(CaseCommitment, commitment_id)
        if commitment is None or not commitment.active:
            continue
        last = session.scalars(
            select(CaseCheck)
            .where(CaseCheck.commitment_id == commitment_id, CaseCheck.period == reading.period)
            .order_by(CaseCheck.known_at.desc())
            .limit(1)
        ).first()
        if last is not None and last.held == reading.held and last.found_zh == reading.said.zh:
            continue
        checked += 1
        session.add(
            CaseCheck(
                commitment_id=commitment_id, period=reading.period, known_at=book.known_at, held=reading.held,
                found_zh=reading.said.zh, found_en=reading.said.en, sources=list(reading.sources),
                at=office_of(session).clock(),
            )
        )  # fmt: skip
        finding = session.scalars(
            select(CaseFinding).where(CaseFinding.commitment_id == commitment_id, CaseFinding.period == reading.period)
        ).one_or_none()
        if not reading.held and finding is None:
            _open(session, commitment, reading)
            broken += 1
        elif reading.held and finding is not None and finding.settled_at is None:
            finding.settled_at, finding.settled_why = office_of(session).clock(), _HEALED
            _tell(session, finding, "case.commitment_healed")
            healed += 1
        if reading.held and commitment.kind in ("repay", "extend"):
            commitment.active = False  # what was promised by a day has been done
    return Done(checked, broken, healed)


def _open(session: Session, commitment: CaseCommitment, reading: Reading) -> None:
    name = COMMITMENTS[commitment.kind]
    finding = CaseFinding(
        case_id=commitment.case_id, commitment_id=commitment.id, period=reading.period,
        tier=TIERS[commitment.kind], opened_at=office_of(session).clock(),
        reason_zh=f"承诺未兑现（{name.zh}）：截至 {reading.period} {reading.said.zh}",
        reason_en=f"commitment broken ({name.en}): by {reading.period} {reading.said.en}",
    )  # fmt: skip
    session.add(finding)
    session.flush()
    _tell(session, finding, "case.commitment_broken")


def _tell(session: Session, finding: CaseFinding, act: str) -> None:
    case = session.get(CaseFile, finding.case_id)
    assert case is not None
    case.version += 1
    told = {"finding": finding.id, "period": finding.period, "tier": finding.tier, "reason": finding.reason_zh}
    journal.write(session, "system", act, f"case:{case.id}", detail=told)
    if case.owner_id is not None:
        title = Text(f"{case.number}：{finding.reason_zh}"[:300], f"{case.number}: {finding.reason_en}"[:300])
        notices.tell(session, [case.owner_id], title, f"/cases/{case.id}", act, told)


def findings(
    session: Session, case_ids: Sequence[int] | None = None, *, only_open: bool = True
) -> Sequence[CaseFinding]:
    """Broken commitments, newest first: of these cases, or of all."""
    wanted = select(CaseFinding).order_by(CaseFinding.opened_at.desc(), CaseFinding.id.desc())
    if case_ids is not None:
        wanted = wanted.where(CaseFinding.case_id.in_(case_ids))
    if only_open:
        wanted = wanted.where(CaseFinding.settled_at.is_(None))
    return session.scalars(wanted).all()


def settle(session: Session, viewer: Viewer, case_id: int, version: int, finding_id: int, why: str) -> CaseFinding:
    """A person says how a broken commitment was dealt with."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    finding = session.get(CaseFinding, finding_id)
    if finding is None or finding.case_id != case.id or finding.settled_at is not None:
        raise NotFoundError(Text("没有这条违约", "there is no such broken commitment"))
    finding.settled_at, finding.settled_by = office_of(session).clock(), viewer.user_id
    finding.settled_why = reason(why)
    told: dict[str, Any] = {"finding": finding.id, "reason": finding.reason_zh}
    journal.write(session, viewer, "case.settle", f"case:{case.id}", why=why, detail=told)
    return finding
