"""The tables of claims: the claim, its loans, what holds a loan, quotas and their moves, the ledger, bans, audits."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from houfeng.office.tables import Base, Json, Moment, Money

ZERO = Decimal("0.00")


class Claim(Base):
    """What one bank asks of one tool for one period. `version` grows with every change."""

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        Index(None, "institution_id", "instrument"),
        Index(None, "state"),
        Index(None, "region"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    year: Mapped[int] = mapped_column()
    serial: Mapped[int] = mapped_column()
    instrument: Mapped[str] = mapped_column(String(80))
    label_zh: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    exclusive: Mapped[str] = mapped_column(String(80))  # of tools of one group a loan gets one
    comes_back: Mapped[bool] = mapped_column()  # lent, not given
    institution_id: Mapped[str] = mapped_column(String(60))
    institution_name: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(12))
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))  # drawn, workbook
    as_of: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime] = mapped_column(Moment)
    pack: Mapped[str] = mapped_column(String(80))
    pack_digest: Mapped[str] = mapped_column(String(64))
    not_kept: Mapped[int] = mapped_column(default=0)  # loans that are not eligible and were only counted
    asked: Mapped[Decimal] = mapped_column(Money, default=ZERO)
    granted: Mapped[Decimal] = mapped_column(Money, default=ZERO)
    outstanding: Mapped[Decimal] = mapped_column(Money, default=ZERO)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(10, 5))
    term_months: Mapped[int] = mapped_column(default=0)
    extensions_allowed: Mapped[int] = mapped_column(default=0)
    extensions: Mapped[int] = mapped_column(default=0)
    disbursed_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(Moment)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))  # what waits for a signature

    @property
    def number(self) -> str:
        """The number people call the claim by."""
        return f"申〔{self.year}〕{self.serial}号"


class ClaimSlot(Base):
    """One bank, tool and period, one claim: the key of this table says so on every database."""

    __tablename__ = "claim_slot"

    institution_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    instrument: Mapped[str] = mapped_column(String(80), primary_key=True)
    first: Mapped[date] = mapped_column(Date, primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), unique=True)


class ClaimLine(Base):
    """One loan (or one purchase on it) of a claim, with the reasons for and against it."""

    __tablename__ = "claim_line"
    __table_args__ = (
        UniqueConstraint("claim_id", "contract_no", "note_no", "item_no"),
        Index(None, "claim_id", "state"),
        Index(None, "borrower_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    contract_no: Mapped[str] = mapped_column(String(120))
    note_no: Mapped[str] = mapped_column(String(120))
    item_no: Mapped[str] = mapped_column(String(120))
    borrower_id: Mapped[str] = mapped_column(String(60))
    counted_from: Mapped[date] = mapped_column(Date)
    counted_to: Mapped[date] = mapped_column(Date)
    base: Mapped[Decimal] = mapped_column(Money)
    amount: Mapped[Decimal] = mapped_column(Money)
    central: Mapped[Decimal] = mapped_column(Money)
    drawn: Mapped[Decimal | None] = mapped_column(Money)  # what the book gives; none: nothing
    granted: Mapped[Decimal] = mapped_column(Money)
    outstanding: Mapped[Decimal] = mapped_column(Money)
    state: Mapped[str] = mapped_column(String(20))
    round: Mapped[int] = mapped_column()
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    history: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # what it said before it was corrected
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the loan within its bank."""
        return self.contract_no, self.note_no, self.item_no


class ClaimHold(Base):
    """A loan that a live line has. Its key lets a loan be funded once by a group of tools, on every database.

    `slot` is empty for money lent on the whole loan, and the first counted day for a subsidy, which the same tool
    may pay for other days of the same loan.
    """

    __tablename__ = "claim_hold"

    exclusive: Mapped[str] = mapped_column(String(80), primary_key=True)
    institution_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    contract_no: Mapped[str] = mapped_column(String(120), primary_key=True)
    note_no: Mapped[str] = mapped_column(String(120), primary_key=True)
    item_no: Mapped[str] = mapped_column(String(120), primary_key=True)
    slot: Mapped[str] = mapped_column(String(10), primary_key=True)
    instrument: Mapped[str] = mapped_column(String(80))
    counted_from: Mapped[date] = mapped_column(Date)
    counted_to: Mapped[date] = mapped_column(Date)
    line_id: Mapped[int] = mapped_column(ForeignKey("claim_line.id"), unique=True)


class ClaimStep(Base):
    """One move of a claim, in its order."""

    __tablename__ = "claim_step"
    __table_args__ = (UniqueConstraint("claim_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    number: Mapped[int] = mapped_column()
    move: Mapped[str] = mapped_column(String(20))
    start: Mapped[str] = mapped_column(String(20))
    to: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    why: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    journal_seq: Mapped[int] = mapped_column()


class Quota(Base):
    """A ceiling and what is taken of it: a shared pool, a tool inside it, or a bank's part of a tool.

    The checks of the table are the last guard: whatever a program does, no more is taken than was granted.
    """

    __tablename__ = "claim_quota"
    __table_args__ = (
        CheckConstraint("used >= 0", "used"),
        CheckConstraint("frozen >= 0", "frozen"),
        CheckConstraint("used + frozen <= ceiling", "ceiling"),
        Index(None, "parent_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)  # pool:x, tool:y, bank:y:institution
    kind: Mapped[str] = mapped_column(String(10))  # pool, tool, bank
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("claim_quota.id"))
    instrument: Mapped[str] = mapped_column(String(80), default="")
    institution_id: Mapped[str] = mapped_column(String(60), default="")
    region: Mapped[str] = mapped_column(String(12), default="")
    label_zh: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    ceiling: Mapped[Decimal | None] = mapped_column(Money)  # none: held to the ceilings above it only
    used: Mapped[Decimal] = mapped_column(Money, default=ZERO)
    frozen: Mapped[Decimal] = mapped_column(Money, default=ZERO)
    returned: Mapped[Decimal] = mapped_column(Money, default=ZERO)
    revolving: Mapped[bool] = mapped_column(default=True)  # what comes back can be used again

    @property
    def left(self) -> Decimal | None:
        """What may still be taken of this ceiling alone; none where it has none."""
        return None if self.ceiling is None else self.ceiling - self.used - self.frozen


class QuotaMove(Base):
    """One change of a quota: grant, freeze, unfreeze, use, return."""

    __tablename__ = "claim_quota_move"
    __table_args__ = (Index(None, "quota_id", "day"), Index(None, "claim_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    quota_id: Mapped[int] = mapped_column(ForeignKey("claim_quota.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    day: Mapped[date] = mapped_column(Date)
    act: Mapped[str] = mapped_column(String(10))
    amount: Mapped[Decimal] = mapped_column(Money)
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    journal_seq: Mapped[int] = mapped_column()


class LedgerEntry(Base):
    """One posting of the books: its lines add up to nothing."""

    __tablename__ = "claim_entry"
    __table_args__ = (Index(None, "instrument", "institution_id", "day"), Index(None, "claim_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    day: Mapped[date] = mapped_column(Date)
    instrument: Mapped[str] = mapped_column(String(80))
    institution_id: Mapped[str] = mapped_column(String(60))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    act: Mapped[str] = mapped_column(String(20))
    journal_seq: Mapped[int] = mapped_column()


class LedgerPosting(Base):
    """One line of an entry: debit above zero, credit below."""

    __tablename__ = "claim_posting"
    __table_args__ = (Index(None, "entry_id"), Index(None, "account"))

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("claim_entry.id"))
    account: Mapped[str] = mapped_column(String(30))
    amount: Mapped[Decimal] = mapped_column(Money)


class ClaimBan(Base):
    """A bank that may not claim: from one tool, or from all where `instrument` is empty."""

    __tablename__ = "claim_ban"
    __table_args__ = (Index(None, "institution_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(String(60))
    instrument: Mapped[str] = mapped_column(String(80))
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    why: Mapped[str] = mapped_column(Text)
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    made_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(Moment)
    lifted_why: Mapped[str] = mapped_column(Text, default="")


class ClaimAudit(Base):
    """A sample of funded loans: what it was drawn from, how, with which seed, and what it says of the whole."""

    __tablename__ = "claim_audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    instrument: Mapped[str] = mapped_column(String(80))
    institution_id: Mapped[str] = mapped_column(String(60))  # empty: all in the scope of who drew it
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
    method: Mapped[str] = mapped_column(String(20))
    size: Mapped[int] = mapped_column()
    seed: Mapped[int] = mapped_column()
    lines: Mapped[int] = mapped_column()
    amount: Mapped[Decimal] = mapped_column(Money)
    regions: Mapped[list[str] | None] = mapped_column(Json(none_as_null=True))
    institutions: Mapped[list[str] | None] = mapped_column(Json(none_as_null=True))
    projection: Mapped[dict[str, Any] | None] = mapped_column(Json(none_as_null=True))
    made_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class ClaimSample(Base):
    """One loan of a sample, why it was chosen, and what was found."""

    __tablename__ = "claim_sample"
    __table_args__ = (UniqueConstraint("audit_id", "line_id"), Index(None, "line_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = mapped_column(ForeignKey("claim_audit.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("claim_line.id"))
    stratum: Mapped[str] = mapped_column(String(40))
    chance: Mapped[str] = mapped_column(String(40))  # of being chosen, as it was computed
    why_zh: Mapped[str] = mapped_column(Text)
    why_en: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(10))  # todo, clean, error
    error: Mapped[Decimal] = mapped_column(Money)
    note: Mapped[str] = mapped_column(Text)
    found_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    found_at: Mapped[datetime | None] = mapped_column(Moment)
