"""The tables of pack versions: what was drafted, what became of it, which version is in force from when.

A version carries its files in the row, so that what was signed and the signature stand or fall together.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from houfeng.office.tables import Base, Json, Moment


class PackVersion(Base):
    """One version of a pack. `files` are its YAML texts and those of the packs it requires, by `PACK/FILE`."""

    __tablename__ = "pack_version"
    __table_args__ = (Index(None, "name", "version"), Index(None, "digest"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    label_zh: Mapped[str] = mapped_column(String(300))
    label_en: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    origin: Mapped[str] = mapped_column(String(20))  # shipped, uploaded, edited
    base_digest: Mapped[str] = mapped_column(String(64), default="")  # the version it was drafted from
    files: Mapped[dict[str, str]] = mapped_column(Json)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # warnings and notes of the check
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    author: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Moment)
    why: Mapped[str] = mapped_column(Text, default="")

    steps: Mapped[list[PackStep]] = relationship(order_by="PackStep.id", back_populates="pack_version")


class PackStep(Base):
    """One thing that was done with a version: drafted, tested, simulated, submitted, approved, refused, withdrawn."""

    __tablename__ = "pack_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("pack_version.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    who: Mapped[str] = mapped_column(String(120))
    why: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    pack_version: Mapped[PackVersion] = relationship(back_populates="steps")


class PackActivation(Base):
    """That a version is in force from a day on, decided at a moment by two persons. Never changed or removed.

    The version in force on a day, as known at a moment, is the one of the latest `from_day` up to that day (of several,
    the one decided last) among those decided by that moment; where there is none, the shipped pack.
    """

    __tablename__ = "pack_activation"
    __table_args__ = (Index(None, "name", "from_day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    version_id: Mapped[int] = mapped_column(ForeignKey("pack_version.id"))
    version: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    from_day: Mapped[date] = mapped_column(Date)
    decided_at: Mapped[datetime] = mapped_column(Moment)
    proposed_by: Mapped[str] = mapped_column(String(120))
    approved_by: Mapped[str] = mapped_column(String(120))
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), unique=True)
    back: Mapped[bool] = mapped_column(default=False)  # a return to an earlier version
    why: Mapped[str] = mapped_column(Text)


class PackHandover(Base):
    """That the watch was told to go on with a version; one for each activation of the pack it runs by."""

    __tablename__ = "pack_handover"

    id: Mapped[int] = mapped_column(primary_key=True)
    activation_id: Mapped[int] = mapped_column(ForeignKey("pack_activation.id"), unique=True)
    at: Mapped[datetime] = mapped_column(Moment)
    order_id: Mapped[str] = mapped_column(String(100))  # the id of the order in the inbox of the watch; empty: none
    said_zh: Mapped[str] = mapped_column(Text, default="")
    said_en: Mapped[str] = mapped_column(Text, default="")
