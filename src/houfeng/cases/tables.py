"""The tables of cases. Nothing is ever deleted: cases, plan versions, votes and documents stay as they were made."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from houfeng.office.tables import Base, Json, Moment, Money


class CaseFile(Base):
    """A case. `version` grows with every change, so that nobody acts on what they have not seen."""

    __tablename__ = "case_file"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        Index(None, "state", "due_on"),
        Index(None, "enterprise_id"),
        Index(None, "owner_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    year: Mapped[int] = mapped_column()
    serial: Mapped[int] = mapped_column()
    type: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    enterprise_id: Mapped[str] = mapped_column(String(60))
    enterprise_name: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(6), default="")
    tier: Mapped[str] = mapped_column(String(8), default="")
    exposure: Mapped[Decimal | None] = mapped_column(Money)  # all its loans when the case began
    state: Mapped[str] = mapped_column(String(20))
    state_since: Mapped[datetime] = mapped_column(Moment)
    due_on: Mapped[date | None] = mapped_column(Date)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    source: Mapped[str] = mapped_column(String(20))  # alert, hand
    clue: Mapped[str] = mapped_column(Text, default="")
    finding: Mapped[str] = mapped_column(Text, default="")
    informant: Mapped[str] = mapped_column(
        String(200), default=""
    )  # confidential: who gave the clue, and how to reach them
    outcome: Mapped[str] = mapped_column(String(20), default="")
    outcome_note: Mapped[str] = mapped_column(Text, default="")
    recovered: Mapped[Decimal | None] = mapped_column(Money)
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"))
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))  # what waits for a signature
    created_at: Mapped[datetime] = mapped_column(Moment)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def number(self) -> str:
        """The number people call the case by."""
        return f"案〔{self.year}〕{self.serial}号"


class CaseSlot(Base):
    """One enterprise, one plan: the key of this table lets a live case of a type stand once, on every database."""

    __tablename__ = "case_slot"

    enterprise_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    type: Mapped[str] = mapped_column(String(40), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), unique=True)


class CaseStep(Base):
    """One move of a case, in its order."""

    __tablename__ = "case_step"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[int] = mapped_column()
    move: Mapped[str] = mapped_column(String(20))
    start: Mapped[str] = mapped_column(String(20))
    to: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    why: Mapped[str] = mapped_column(Text)
    journal_seq: Mapped[int] = mapped_column()


class CaseAlert(Base):
    """An alert a case rests on. An alert belongs to one case."""

    __tablename__ = "case_alert"

    alert_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    rule: Mapped[str] = mapped_column(String(160))
    rule_id: Mapped[str] = mapped_column(String(40), default="")
    tier: Mapped[str] = mapped_column(String(8))
    reason_zh: Mapped[str] = mapped_column(Text, default="")
    reason_en: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime] = mapped_column(Moment)
    attached_at: Mapped[datetime] = mapped_column(Moment)
    attached_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class CaseMember(Base):
    """Who sits on the task force (专班) or the creditor committee (债委会)."""

    __tablename__ = "case_member"
    __table_args__ = (Index(None, "case_id"), Index(None, "institution_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    part: Mapped[str] = mapped_column(String(20))  # lead, task_force, creditor
    name: Mapped[str] = mapped_column(String(80))
    organisation: Mapped[str] = mapped_column(String(200), default="")
    institution_id: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")  # confidential
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)


class CasePlan(Base):
    """One version of a plan with the creditor table it rests on. Once submitted it does not change."""

    __tablename__ = "case_plan"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[int] = mapped_column()
    template: Mapped[str] = mapped_column(String(40))
    summary: Mapped[str] = mapped_column(Text, default="")
    measures: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    creditors: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(20))  # draft, submitted, returned, approved, replaced
    digest: Mapped[str] = mapped_column(String(64))
    authors: Mapped[list[int]] = mapped_column(Json)
    written_at: Mapped[datetime] = mapped_column(Moment)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)


class CaseVote(Base):
    """What a creditor said to a plan version, by its digest: a vote does not pass to a changed plan."""

    __tablename__ = "case_vote"
    __table_args__ = (UniqueConstraint("plan_id", "institution_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("case_plan.id"))
    institution_id: Mapped[str] = mapped_column(String(60))
    vote: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    recorded_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(Moment)


class CaseMeasure(Base):
    """A measure of the approved plan on its way: to do, done with proof, or dropped with a reason."""

    __tablename__ = "case_measure"
    __table_args__ = (UniqueConstraint("plan_id", "key"), Index(None, "case_id"), Index(None, "state", "due_on"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("case_plan.id"))
    key: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(40))
    due_on: Mapped[date] = mapped_column(Date)
    amount: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(10, 5))
    institution_id: Mapped[str] = mapped_column(String(60), default="")
    unit: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))  # todo, done, dropped
    done_on: Mapped[date | None] = mapped_column(Date)
    done_amount: Mapped[Decimal | None] = mapped_column(Money)
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("case_document.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class CaseCommitment(Base):
    """What a measure of the approved plan promises and the book can check, with the baseline it is measured from."""

    __tablename__ = "case_commitment"
    __table_args__ = (Index(None, "case_id"), Index(None, "active"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    measure_id: Mapped[int] = mapped_column(ForeignKey("case_measure.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  # keep, repay, rate, extend
    institution_id: Mapped[str] = mapped_column(String(60))
    since: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    amount: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(10, 5))
    baseline: Mapped[Decimal] = mapped_column(Money)
    active: Mapped[bool] = mapped_column(default=True)


class CaseCheck(Base):
    """A commitment held against the book of one period, as known at a moment."""

    __tablename__ = "case_check"
    __table_args__ = (UniqueConstraint("commitment_id", "period", "known_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    commitment_id: Mapped[int] = mapped_column(ForeignKey("case_commitment.id"))
    period: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime] = mapped_column(Moment)
    held: Mapped[bool] = mapped_column()
    found_zh: Mapped[str] = mapped_column(Text)
    found_en: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[str]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(Moment)


class CaseFinding(Base):
    """A broken commitment, shaped like an alert: tier, reason, when; settled by a person with a reason."""

    __tablename__ = "case_finding"
    __table_args__ = (Index(None, "case_id"), UniqueConstraint("commitment_id", "period"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    commitment_id: Mapped[int] = mapped_column(ForeignKey("case_commitment.id"))
    period: Mapped[date] = mapped_column(Date)
    tier: Mapped[str] = mapped_column(String(8))
    opened_at: Mapped[datetime] = mapped_column(Moment)
    reason_zh: Mapped[str] = mapped_column(Text)
    reason_en: Mapped[str] = mapped_column(Text)
    settled_at: Mapped[datetime | None] = mapped_column(Moment)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    settled_why: Mapped[str] = mapped_column(Text, default="")


class CaseDocument(Base):
    """A document of a case. Its bytes lie under the office's folder by their SHA-256."""

    __tablename__ = "case_document"
    __table_args__ = (Index(None, "case_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column()
    media_type: Mapped[str] = mapped_column(String(100))
    confidential: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    attached_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(Moment)


class CaseReminder(Base):
    """A reminder that was sent, so that it is sent once."""

    __tablename__ = "case_reminder"

    about: Mapped[str] = mapped_column(String(60), primary_key=True)  # case:17, measure:5
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)  # soon, late
    due_on: Mapped[date] = mapped_column(Date, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)


class Briefing(Base):
    """A briefing that was made: for which days, by whom, and its files by name and SHA-256."""

    __tablename__ = "briefing"
    __table_args__ = (Index(None, "first_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cadence: Mapped[str] = mapped_column(String(10))  # day, week, month
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    lang: Mapped[str] = mapped_column(String(8))
    as_of: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime] = mapped_column(Moment)
    scope: Mapped[dict[str, Any]] = mapped_column(Json)
    files: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # name, sha256, size
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    made_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
