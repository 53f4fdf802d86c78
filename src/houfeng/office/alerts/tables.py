"""The tables of the index: an alert as its steps make it, each step with its serial number, each act of a person.

The journal of the watch stays the record; `alert` and `alert_step` can be dropped and filled from it again. What people
did is only here: `alert_act`, and the columns of `alert` that begin with what was done.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from houfeng.office.tables import Base, Json, Moment, Money


class Alert(Base):
    """One alert. `name`, `region`, `institution`, `enterprise`, `exposure` are facts of its key when it opened."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(None, "channel", "opened_at"),
        Index(None, "channel", "cleared_at", "tier_rank"),
        Index(None, "kind", "key"),
        Index(None, "enterprise"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pack: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(40))
    rule: Mapped[str] = mapped_column(String(160))
    rule_id: Mapped[str] = mapped_column(String(40))
    rule_group: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(300))
    name: Mapped[str] = mapped_column(String(300), default="")
    region: Mapped[str | None] = mapped_column(String(6))
    institution: Mapped[str | None] = mapped_column(String(60))
    enterprise: Mapped[str | None] = mapped_column(String(60))
    exposure: Mapped[Decimal | None] = mapped_column(Money)
    channel: Mapped[str] = mapped_column(String(12))
    tier: Mapped[str] = mapped_column(String(8))
    tier_rank: Mapped[int] = mapped_column()  # 1 blue … 4 red, to sort and compare by
    opened_at: Mapped[datetime] = mapped_column(Moment)
    moved_at: Mapped[datetime] = mapped_column(Moment)  # its newest step
    cleared_at: Mapped[datetime | None] = mapped_column(Moment)
    steps: Mapped[int] = mapped_column(default=0)
    first_seq: Mapped[int] = mapped_column(BigInteger, index=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    reason_zh: Mapped[str] = mapped_column(Text)
    reason_en: Mapped[str] = mapped_column(Text)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Moment)
    acknowledged_by: Mapped[str] = mapped_column(String(120), default="")
    silenced_until: Mapped[datetime | None] = mapped_column(Moment)
    silence_id: Mapped[str] = mapped_column(String(100), default="")
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    assigned_name: Mapped[str] = mapped_column(String(120), default="")


class AlertStep(Base):
    """One step of an alert, once. `seq` is the order in which the desk learned it: streams replay by it."""

    __tablename__ = "alert_step"
    __table_args__ = (UniqueConstraint("record_id", "step"),)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    record_id: Mapped[str] = mapped_column(String(80))  # as the journal names it: a release is a record of its own
    step: Mapped[int] = mapped_column()
    what: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(Moment)
    event: Mapped[str] = mapped_column(String(400))
    tier: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(160))
    kept: Mapped[dict[str, Any]] = mapped_column(Json)  # the record of the journal, whole
    learned_at: Mapped[datetime] = mapped_column(Moment)


class AlertAct(Base):
    """What a person did about an alert: acknowledge, silence, assign."""

    __tablename__ = "alert_act"

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    who: Mapped[str] = mapped_column(String(120))
    comment: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


class AlertTail(Base):
    """How far the journal in a folder has been read; the next reader goes on from here."""

    __tablename__ = "alert_tail"

    folder: Mapped[str] = mapped_column(String(500), primary_key=True)
    number: Mapped[int] = mapped_column()
    offset: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime] = mapped_column(Moment)
