"""People: who they are, which roles and scope they have, their open sessions and their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from houfeng.office.tables.base import Base, Json, Moment


class User(Base):
    """A person, or one system that signs in. Never deleted: the journal names them for ever."""

    __tablename__ = "user_account"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(120))
    lang: Mapped[str] = mapped_column(String(8), default="zh")
    email: Mapped[str] = mapped_column(String(200), default="")
    active: Mapped[bool] = mapped_column(default=True)
    provider: Mapped[str] = mapped_column(String(120), default="local")  # local, gateway, or an OIDC issuer's name
    subject: Mapped[str] = mapped_column(String(200))  # who they are there; the login for local accounts
    password_hash: Mapped[str] = mapped_column(String(300), default="")
    password_set_at: Mapped[datetime | None] = mapped_column(Moment)
    password_history: Mapped[list[str]] = mapped_column(Json, default=list)
    must_change: Mapped[bool] = mapped_column(default=False)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Moment)
    regions: Mapped[list[str] | None] = mapped_column(Json(none_as_null=True))  # None: all
    institutions: Mapped[list[str] | None] = mapped_column(Json(none_as_null=True))  # None: all
    enterprise: Mapped[str | None] = mapped_column(String(60))
    one_session: Mapped[bool] = mapped_column(default=False)  # signing in ends the earlier sessions
    created_at: Mapped[datetime] = mapped_column(Moment)
    created_by: Mapped[str] = mapped_column(String(80), default="")
    seen_at: Mapped[datetime | None] = mapped_column(Moment)

    roles: Mapped[list[UserRole]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="selectin", order_by="UserRole.role"
    )


class UserRole(Base):
    """One role of one person."""

    __tablename__ = "user_role"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(30), primary_key=True)
    granted_by: Mapped[str] = mapped_column(String(80))
    granted_at: Mapped[datetime] = mapped_column(Moment)

    user: Mapped[User] = relationship(back_populates="roles")


class UserSession(Base):
    """A signed-in session. Only the hash of its secret is kept, so that a stolen copy of the table opens nothing."""

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    via: Mapped[str] = mapped_column(String(30))
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_why: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")

    user: Mapped[User] = relationship(lazy="joined")


class ApiToken(Base):
    """A token for programs: permissions of its own, never more than its person has."""

    __tablename__ = "api_token"
    __table_args__ = (Index(None, "user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    permissions: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)

    user: Mapped[User] = relationship(lazy="joined")


class SignInFlow(Base):
    """A sign-in by OIDC that went out and has not come back yet."""

    __tablename__ = "sign_in_flow"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(120))
    nonce: Mapped[str] = mapped_column(String(80))
    verifier: Mapped[str] = mapped_column(String(128))
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    target: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
