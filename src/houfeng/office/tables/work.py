"""Work that takes longer than a request, and when it comes again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from houfeng.office.tables.base import Base, Json, Moment
from houfeng.office.tables.people import User


class Job(Base):
    """One piece of work. A worker that holds it beats its heart; a stale one loses it."""

    __tablename__ = "job"
    __table_args__ = (Index(None, "state", "not_before"), Index(None, "kind"), Index(None, "requested_by"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # None: a schedule
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedule.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    not_before: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0)
    most_attempts: Mapped[int] = mapped_column(default=3)
    worker: Mapped[str] = mapped_column(String(120), default="")
    heartbeat_at: Mapped[datetime | None] = mapped_column(Moment)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    step_zh: Mapped[str] = mapped_column(Text, default="")
    step_en: Mapped[str] = mapped_column(Text, default="")
    log: Mapped[str] = mapped_column(Text, default="")  # the last lines
    folder: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    error_zh: Mapped[str] = mapped_column(Text, default="")
    error_en: Mapped[str] = mapped_column(Text, default="")

    requester: Mapped[User | None] = relationship(lazy="joined")


class Schedule(Base):
    """A job that comes again: `rule` is `every 15m`, `daily 07:30`, `weekly 1 07:30` or `monthly 1 07:30`."""

    __tablename__ = "schedule"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(String(60))
    active: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime] = mapped_column(Moment, index=True)
    last_at: Mapped[datetime | None] = mapped_column(Moment)
    changed_by: Mapped[str] = mapped_column(String(80))
