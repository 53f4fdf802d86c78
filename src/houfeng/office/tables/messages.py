"""What people are told: in the desk's own inbox, and outside through channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from houfeng.office.tables.base import Base, Json, Moment


class Notice(Base):
    """One line in somebody's inbox."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "user_id", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(String(60))
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    read_at: Mapped[datetime | None] = mapped_column(Moment)


class Channel(Base):
    """A way out of the house. Secrets are named, never kept: `env:NAME` or `file:PATH`."""

    __tablename__ = "channel"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  # wecom, dingtalk, smtp, webhook
    address: Mapped[str] = mapped_column(Text)
    secrets: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    topics: Mapped[list[str]] = mapped_column(Json, default=list)  # what `outbox.announce` sends here
    active: Mapped[bool] = mapped_column(default=True)
    paused_until: Mapped[datetime | None] = mapped_column(Moment)
    changed_by: Mapped[str] = mapped_column(String(80), default="")


class OutboxMessage(Base):
    """One message on its way out: waiting, going (a worker has it), sent or failed. A digest is one `parcel`."""

    __tablename__ = "outbox_message"
    __table_args__ = (Index(None, "state", "channel", "not_before"), Index(None, "channel", "tried_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    created_at: Mapped[datetime] = mapped_column(Moment)
    not_before: Mapped[datetime] = mapped_column(Moment)
    tried_at: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0)
    parcel: Mapped[str] = mapped_column(String(40), default="")
    fault: Mapped[str] = mapped_column(Text, default="")
