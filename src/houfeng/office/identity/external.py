"""People whose identity somebody else proves: an OIDC server, or a gateway before the desk."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, Text
from houfeng.office import journal, notices
from houfeng.office.access import Role
from houfeng.office.database import Office, office_of
from houfeng.office.identity.people import LOGIN
from houfeng.office.identity.sessions import Caller, SignedIn, open_session
from houfeng.office.tables import User


class Proved(NamedTuple):
    """Who somebody is, as `provider` says. `subject` never changes there; the rest may."""

    provider: str
    subject: str
    login: str
    name: str = ""
    email: str = ""


class Provider(Protocol):
    """What every way of signing in has: a name for accounts, and one for people."""

    @property
    def name(self) -> str:
        """As accounts keep it."""

    @property
    def label(self) -> Text:
        """As the sign-in page shows it."""


def enter(office: Office, proved: Proved, caller: Caller, *, via: str, admit: bool) -> SignedIn:
    """Open a session for somebody whose identity is proved.

    `admit` makes an account without any role for who has none, and tells the security administrators; otherwise only
    who has an account comes in.

    Raises:
        AccessError: no account, or a disabled one.
    """
    with office.begin() as session:
        user = session.scalars(
            select(User).where(User.provider == proved.provider, User.subject == proved.subject)
        ).first()
        if user is None and admit:
            user = _admitted(session, proved)
        if user is not None and user.active:
            return open_session(session, user, via, caller)
        about = f"user:{user.login}" if user is not None else "user:?"
        detail = {"address": caller.address, "provider": proved.provider, "subject": proved.subject}
        journal.write(session, "anonymous", "session.refuse", about, detail=detail)
    raise AccessError(
        Text("您在本系统没有可用的账号，请联系安全管理员", "you have no account here; ask the security administrator")
    )


def _admitted(session: Session, proved: Proved) -> User | None:
    """A new account without roles; none where the login cannot be had, for it might be another person's."""
    login = proved.login.strip().lower()
    taken = session.scalars(select(User.id).where(User.login == login)).first() is not None
    if taken or not LOGIN.fullmatch(login) or len(proved.subject) > 200:
        return None
    user = User(
        login=login,
        name=proved.name.strip()[:120] or login,
        email=proved.email[:200],
        provider=proved.provider,
        subject=proved.subject,
        password_hash="",
        password_history=[],
        created_at=office_of(session).clock(),
        created_by=proved.provider,
    )
    session.add(user)
    session.flush()
    detail = {"provider": proved.provider, "subject": proved.subject}
    journal.write(session, proved.provider, "user.admit", f"user:{login}", detail=detail)
    title = Text(f"新用户 {user.name}（{login}）待授权", f"new user {user.name} ({login}) has no role yet")
    notices.tell(session, Role.SECURITY_ADMIN, title, "/users", "user")
    return user
