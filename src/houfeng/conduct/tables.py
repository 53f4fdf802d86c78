"""The tables of conduct: disputes about what the book says, entries on the lists of credit, bundles of evidence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from houfeng.office.tables import Base, Json, Moment


class Dispute(Base):
    """An enterprise says that a line of its portrait is wrong. The line is named by its record, not by its place.

    `key` and `field` name the line whoever reports it anew; `submission_id` and `row_no` say where it stood when it
    was disputed. `institution_id` is empty where no bank reported it and the office answers for the reporter.
    """

    __tablename__ = "conduct_dispute"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        Index(None, "enterprise_id"),
        Index(None, "institution_id", "state"),
        Index(None, "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    year: Mapped[int] = mapped_column()
    serial: Mapped[int] = mapped_column()
    enterprise_id: Mapped[str] = mapped_column(String(60))
    enterprise_name: Mapped[str] = mapped_column(String(300))
    region: Mapped[str] = mapped_column(String(6), default="")
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(400))
    field: Mapped[str] = mapped_column(String(60))
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    value_zh: Mapped[str] = mapped_column(Text)
    value_en: Mapped[str] = mapped_column(Text)
    submission_id: Mapped[str] = mapped_column(String(80))
    row_no: Mapped[int] = mapped_column()
    reporter: Mapped[str] = mapped_column(String(120))
    institution_id: Mapped[str] = mapped_column(String(60), default="")
    asked: Mapped[str] = mapped_column(Text)  # what it should say
    why: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    statement: Mapped[str] = mapped_column(Text, default="")  # of the enterprise, shown beside a line that stays
    correction: Mapped[str] = mapped_column(String(80), default="")  # the submission that put it right
    due_on: Mapped[date | None] = mapped_column(Date)
    escalated_on: Mapped[date | None] = mapped_column(Date)
    filed_at: Mapped[datetime] = mapped_column(Moment)
    filed_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    answered_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def number(self) -> str:
        """The number people call the dispute by."""
        return f"异〔{self.year}〕{self.serial}号"

    @property
    def ref(self) -> str:
        """What names the line."""
        return "|".join((self.kind, self.key, self.field))


class Listing(Base):
    """An enterprise on a list of credit, from the proposal to its leaving. Nothing is ever deleted."""

    __tablename__ = "conduct_listing"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        Index(None, "enterprise_id"),
        Index(None, "list_kind", "state"),
        Index(None, "state", "until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    year: Mapped[int] = mapped_column()
    serial: Mapped[int] = mapped_column()
    list_kind: Mapped[str] = mapped_column(String(20))  # incentive, punishment
    ground: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(20))  # slight, ordinary, serious; empty for incentives
    enterprise_id: Mapped[str] = mapped_column(String(60))
    enterprise_name: Mapped[str] = mapped_column(String(300))
    region: Mapped[str] = mapped_column(String(6), default="")
    authority: Mapped[str] = mapped_column(String(200))
    document_no: Mapped[str] = mapped_column(String(200))
    document_on: Mapped[date | None] = mapped_column(Date)
    why: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(20))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    objection_until: Mapped[date] = mapped_column(Date)
    objection: Mapped[str] = mapped_column(Text, default="")
    objected_at: Mapped[datetime | None] = mapped_column(Moment)
    objection_answer: Mapped[str] = mapped_column(Text, default="")
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))  # what waits for a signature
    listed_on: Mapped[date | None] = mapped_column(Date)
    least_until: Mapped[date | None] = mapped_column(Date)  # no repair before
    until: Mapped[date | None] = mapped_column(Date)  # the first day that no longer counts
    repair: Mapped[dict[str, Any]] = mapped_column(Json)  # what was asked and given for the repair
    left_on: Mapped[date | None] = mapped_column(Date)
    left_how: Mapped[str] = mapped_column(String(20), default="")  # expired, repaired, removed
    left_why: Mapped[str] = mapped_column(Text, default="")

    @property
    def number(self) -> str:
        """The number people call the entry by."""
        return f"信〔{self.year}〕{self.serial}号"


class ConductStep(Base):
    """One move of a dispute or of an entry on a list, in its order."""

    __tablename__ = "conduct_step"
    __table_args__ = (Index(None, "dispute_id"), Index(None, "listing_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    dispute_id: Mapped[int | None] = mapped_column(ForeignKey("conduct_dispute.id"))
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("conduct_listing.id"))
    move: Mapped[str] = mapped_column(String(20))
    start: Mapped[str] = mapped_column(String(20))
    to: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    who: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text)
    journal_seq: Mapped[int] = mapped_column()


class Bundle(Base):
    """A bundle of evidence that was handed out: what it was made from, and the hash of its bytes."""

    __tablename__ = "conduct_bundle"
    __table_args__ = (Index(None, "enterprise_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(String(60))
    enterprise_name: Mapped[str] = mapped_column(String(300))
    region: Mapped[str] = mapped_column(String(6), default="")
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    why: Mapped[str] = mapped_column(Text)
    as_of: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime] = mapped_column(Moment)
    facts: Mapped[int] = mapped_column()
    alerts: Mapped[int] = mapped_column()
    size: Mapped[int] = mapped_column()
    sha256: Mapped[str] = mapped_column(String(64))
    head_seq: Mapped[int] = mapped_column()  # the end of the journal that the bundle tells
    head_hash: Mapped[str] = mapped_column(String(128))
