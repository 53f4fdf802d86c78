"""Sessions: opened at sign-in, looked up at every request, ended by their person, an administrator or time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, joinedload

from houfeng.errors import NotFoundError, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import Office, changed, office_of
from houfeng.office.house import House, house
from houfeng.office.identity.people import viewer_of
from houfeng.office.tables import SettingValue, User, UserSession

SEEN_EVERY = timedelta(minutes=1)  # a click is written down at most this often


_IDLE = select(SettingValue.value).where(SettingValue.name == "session_idle_minutes").scalar_subquery()
_BEHIND = (
    select(UserSession, _IDLE)
    .where(UserSession.token_hash == bindparam("hash"))
    .options(joinedload(UserSession.user).joinedload(User.roles))
)
"""All that every request must know of who asks, in one question."""


class SignedIn(NamedTuple):
    """What the browser gets: the secret, once, and who it is for."""

    token: str
    viewer: Viewer
    expires_at: datetime


class Caller(NamedTuple):
    """Where a request comes from, as far as it can be known."""

    address: str = ""
    agent: str = ""


def secret_hash(secret: str) -> str:
    """What is kept of a secret. It has 256 bits of chance, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def open_session(session: Session, user: User, via: str, caller: Caller) -> SignedIn:
    """Start a session for a person whose identity is proved."""
    office = office_of(session)
    now = office.clock()
    if user.one_session:
        _end(session, UserSession.user_id == user.id, "signed in elsewhere")
    token = office.secret()
    row = UserSession(
        user_id=user.id,
        token_hash=secret_hash(token),
        via=via,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=house(session).session_hours),
        address=caller.address[:60],
        agent=caller.agent[:300],
    )
    session.add(row)
    user.seen_at = now
    session.flush()
    viewer = viewer_of(user, via=via, session_id=row.id)
    journal.write(session, viewer, "session.open", f"user:{user.login}", detail={"address": caller.address, "via": via})
    return SignedIn(token, viewer, row.expires_at)


def resume(office: Office, token: str) -> Viewer | None:
    """Who the secret of a session belongs to, with the roles and scope of this moment; None where it opens nothing."""
    if not token:
        return None
    with office.read() as session:
        found = session.execute(_BEHIND, {"hash": secret_hash(token)}).unique().first()
        now = office.clock()
        if found is None:
            return None
        row, idle = found
        if not row.user.active or not _alive(row, now, House().session_idle_minutes if idle is None else int(idle)):
            return None
        viewer, session_id, seen_at = viewer_of(row.user, via=row.via, session_id=row.id), row.id, row.seen_at
    if now - seen_at >= SEEN_EVERY:
        with office.begin() as session:
            still = (UserSession.id == session_id, UserSession.ended_at.is_(None))
            changed(session, update(UserSession).where(*still).values(seen_at=now))
    return viewer


def sign_out(session: Session, viewer: Viewer) -> None:
    """End the session the viewer is in."""
    if viewer.session_id is not None and _end(session, UserSession.id == viewer.session_id, "signed out"):
        journal.write(session, viewer, "session.close", f"user:{viewer.login}")


def listing(session: Session, user_id: int) -> Sequence[UserSession]:
    """The open sessions of a person, the latest used first."""
    now, idle = office_of(session).clock(), house(session).session_idle_minutes
    rows = session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .order_by(UserSession.seen_at.desc())
    )
    return [row for row in rows if _alive(row, now, idle)]


def end(session: Session, viewer: Viewer, session_id: int, why: str) -> None:
    """End one session: a person their own, the security administrator anybody's.

    Raises:
        NotFoundError: there is none that they may end.
    """
    row = session.get(UserSession, session_id)
    if row is None or not (row.user_id == viewer.user_id or viewer.may(Permission.MANAGE_USERS)):
        raise NotFoundError(Text(f"没有会话 {session_id}", f"there is no session {session_id}"))
    if _end(session, UserSession.id == session_id, f"ended by {viewer.login}"):
        detail = {"session": session_id, "opened": row.created_at}
        journal.write(session, viewer, "session.end", f"user:{row.user.login}", why=why, detail=detail)


def end_all(session: Session, user_id: int, why: str, *, but: int | None = None) -> int:
    """End all sessions of a person (`but` one); gives how many. The caller journals what made it so."""
    which = UserSession.user_id == user_id
    return _end(session, which if but is None else which & (UserSession.id != but), why)


def _end(session: Session, which: object, why: str) -> int:
    ending = update(UserSession).where(which, UserSession.ended_at.is_(None))  # type: ignore[arg-type]
    return changed(session, ending.values(ended_at=office_of(session).clock(), ended_why=why[:120]))


def _alive(row: UserSession, now: datetime, idle_minutes: int) -> bool:
    return row.ended_at is None and now < row.expires_at and now - row.seen_at < timedelta(minutes=idle_minutes)
