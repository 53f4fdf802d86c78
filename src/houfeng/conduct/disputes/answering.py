"""What becomes of a dispute: the reporter's answer, the correction, the review, and the round of the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.conduct.disputes.filing import seen
from houfeng.conduct.disputes.life import Outcome, State
from houfeng.conduct.steps import reason, step
from houfeng.conduct.tables import Dispute
from houfeng.conduct.terms import Terms, terms_on
from houfeng.errors import ConflictError, Text, UsageError
from houfeng.office import notices
from houfeng.office.access import Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import people_of_bank, people_of_firm


def answer(
    session: Session, viewer: Viewer, dispute_id: int, version: int, admit: bool, text: str, terms: Terms | None = None
) -> Dispute:
    """The reporter admits that the line is wrong, or stands by it with reasons."""
    dispute = seen(session, viewer, dispute_id, version, "admit" if admit else "refuse")
    now = office_of(session).clock()
    terms = terms or terms_on(now.date())
    dispute.answer, dispute.answered_at = reason(text, "请写明核查情况", "say what was found"), now
    days = terms.number("dispute_correct_days" if admit else "dispute_review_days")
    dispute.due_on = now.date() + timedelta(days=days)
    move, to = ("admit", State.ADMITTED) if admit else ("refuse", State.REFUSED)
    step(session, viewer, dispute, move, to, dispute.answer)
    told = Text("认可，将更正", "admitted") if admit else Text("维持原记录，可申请复核", "the record stands")
    _tell_firm(session, dispute, told)
    return dispute


def correct(session: Session, viewer: Viewer, dispute_id: int, version: int, submission: str, says: Text) -> Dispute:
    """Close an admitted dispute: `submission` is what put it right, `says` what the book says of the line now.

    Raises:
        ConflictError: the book still says what was disputed.
    """
    dispute = seen(session, viewer, dispute_id, version, "correct")
    if says == Text(dispute.value_zh, dispute.value_en):
        raise ConflictError(
            Text(
                f"账簿仍是“{says.zh}”，请先更正报送，再登记",
                f"the book still says “{says.en}”; report it anew first",
            )
        )
    dispute.correction = submission
    detail = {"submission": submission, "before": dispute.value_zh, "after": says.zh}
    _close(session, viewer, dispute, "correct", Outcome.CORRECTED, f"{dispute.value_zh} → {says.zh}", detail)
    return dispute


def appeal(session: Session, viewer: Viewer, dispute_id: int, version: int, why: str) -> Dispute:
    """The firm takes a refusal to the office.

    Raises:
        ConflictError: the time for it has passed.
    """
    dispute = seen(session, viewer, dispute_id, version, "appeal")
    today = office_of(session).clock().date()
    if dispute.due_on is not None and dispute.due_on < today:
        raise ConflictError(Text(f"复核申请期限已于 {dispute.due_on} 届满", f"it was to be asked by {dispute.due_on}"))
    _to_review(session, viewer, dispute, "appeal", reason(why))
    return dispute


def accept(session: Session, viewer: Viewer, dispute_id: int, version: int) -> Dispute:
    """The firm takes the refusal as it is."""
    dispute = seen(session, viewer, dispute_id, version, "accept")
    _close(session, viewer, dispute, "accept", Outcome.KEPT, "")
    return dispute


def withdraw(session: Session, viewer: Viewer, dispute_id: int, version: int, why: str) -> Dispute:
    """The firm takes its dispute back."""
    dispute = seen(session, viewer, dispute_id, version, "withdraw")
    _close(session, viewer, dispute, "withdraw", Outcome.WITHDRAWN, reason(why))
    return dispute


def take(session: Session, viewer: Viewer, dispute_id: int, version: int, why: str) -> Dispute:
    """The office takes a dispute over whose answer is late.

    Raises:
        ConflictError: the reporter still has time.
    """
    dispute = seen(session, viewer, dispute_id, version, "take")
    if dispute.due_on is not None and dispute.due_on >= office_of(session).clock().date():
        raise ConflictError(Text(f"答复期限 {dispute.due_on} 未到", f"the reporter has time until {dispute.due_on}"))
    _to_review(session, viewer, dispute, "take", reason(why))
    return dispute


def decide(
    session: Session, viewer: Viewer, dispute_id: int, version: int, outcome: str, why: str, statement: str = "",
    terms: Terms | None = None,
) -> Dispute:  # fmt: skip
    """The office decides a review: the record stands (with the firm's statement, or without), or must be corrected.

    Raises:
        UsageError: no such decision, or no statement where one is to stand beside the line.
    """
    dispute = seen(session, viewer, dispute_id, version, "decide")
    why = reason(why)
    if outcome == Outcome.CORRECTED:
        today = office_of(session).clock().date()
        terms = terms or terms_on(today)
        dispute.due_on = today + timedelta(days=terms.number("dispute_correct_days"))
        step(session, viewer, dispute, "decide", State.ADMITTED, why, {"decision": "must be corrected"})
        _tell_firm(session, dispute, Text("复核认定应予更正", "the review finds it must be corrected"))
        title = Text(f"{dispute.number}：复核认定应予更正", f"{dispute.number}: to be corrected")
        _tell_reporter(session, dispute, title)
    elif outcome in (Outcome.KEPT, Outcome.ANNOTATED):
        if outcome == Outcome.ANNOTATED:
            dispute.statement = reason(statement, "请填写企业声明", "the firm's statement is missing")
        _close(session, viewer, dispute, "decide", Outcome(outcome), why, {"statement": dispute.statement})
    else:
        raise UsageError(Text("请选择复核决定", "choose a decision"))
    return dispute


class Round(NamedTuple):
    """What one round did."""

    escalated: int
    closed: int


def go_round(session: Session, today: date | None = None) -> Round:
    """Tell officers of answers and corrections that are late, once; close what was refused and not taken further."""
    today = today or office_of(session).clock().date()
    late = select(Dispute).where(Dispute.due_on < today, Dispute.state != State.CLOSED).order_by(Dispute.id)
    escalated = closed = 0
    for dispute in session.scalars(late).all():
        if dispute.state == State.REFUSED:
            dispute.version += 1
            _close(session, "system", dispute, "expire", Outcome.KEPT, "逾期未申请复核")
            closed += 1
        elif dispute.escalated_on is None and dispute.state in (State.FILED, State.ADMITTED):
            dispute.escalated_on = today
            title = Text(f"{dispute.number} 已超期，应于 {dispute.due_on} 前办理", f"{dispute.number} is late")
            notices.tell(session, Role.OFFICER, title, f"/disputes/{dispute.id}", "dispute.late")
            step(session, "system", dispute, "escalate", dispute.state, "", {"due_on": dispute.due_on})
            escalated += 1
    return Round(escalated, closed)


def _to_review(session: Session, viewer: Viewer, dispute: Dispute, move: str, why: str) -> None:
    dispute.due_on = None
    step(session, viewer, dispute, move, State.REVIEW, why)
    title = Text(f"{dispute.number} 申请复核", f"{dispute.number} goes to review")
    notices.tell(session, Role.OFFICER, title, f"/disputes/{dispute.id}", "dispute.review")


def _close(
    session: Session, who: Viewer | str, dispute: Dispute, move: str, outcome: Outcome, note: str,
    detail: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    dispute.outcome, dispute.due_on = outcome, None
    dispute.closed_at = office_of(session).clock()
    step(session, who, dispute, move, State.CLOSED, note, {"outcome": outcome, **(detail or {})})
    if move not in ("withdraw", "accept"):
        _tell_firm(session, dispute, Text("已办结", "closed"))


def _tell_firm(session: Session, dispute: Dispute, told: Text) -> None:
    title = Text(f"{dispute.number}：{told.zh}", f"{dispute.number}: {told.en}")
    people = people_of_firm(session, dispute.enterprise_id)
    notices.tell(session, people, title, f"/mine/disputes/{dispute.id}", "dispute.answer")


def _tell_reporter(session: Session, dispute: Dispute, title: Text) -> None:
    to = people_of_bank(session, dispute.institution_id) if dispute.institution_id else Role.OFFICER
    notices.tell(session, to, title, f"/disputes/{dispute.id}", "dispute.correct")
