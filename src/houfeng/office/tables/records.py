"""What must stay as it was said: the journal, decisions of two persons, and settings changed on the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from houfeng.office.tables.base import Base, Json, Moment
from houfeng.office.tables.people import User


class JournalEntry(Base):
    """One thing somebody did. Triggers of the database refuse to change or remove it; `hash` chains it to the rest."""

    __tablename__ = "journal_entry"
    __table_args__ = (Index(None, "about"), Index(None, "act"), Index(None, "who"), Index(None, "at"))

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Moment)
    user_id: Mapped[int | None] = mapped_column()  # no foreign key: the chain stands alone
    who: Mapped[str] = mapped_column(String(120))
    via: Mapped[str] = mapped_column(String(30), default="")
    act: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")  # canonical JSON, kept as the bytes that were hashed
    algorithm: Mapped[str] = mapped_column(String(20))
    previous: Mapped[str] = mapped_column(String(128))
    hash: Mapped[str] = mapped_column(String(128))


class Approval(Base):
    """Something proposed by one person that another must decide, once."""

    __tablename__ = "approval"
    __table_args__ = (Index(None, "state", "kind"), Index(None, "about"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(Text)
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    why: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    proposer_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime | None] = mapped_column(Moment)
    decider_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    decision: Mapped[str] = mapped_column(Text, default="")

    proposer: Mapped[User] = relationship(foreign_keys=[proposer_id], lazy="joined")
    decider: Mapped[User | None] = relationship(foreign_keys=[decider_id], lazy="joined")


class SettingValue(Base):
    """A setting changed on the desk: it stands over the one of the environment."""

    __tablename__ = "setting_value"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime] = mapped_column(Moment)
