"""Tokens for programs: shown once, kept as a hash, never allowed more than their person, never for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, InputError, NotFoundError, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import Office, changed, office_of
from houfeng.office.house import house
from houfeng.office.identity.people import viewer_of
from houfeng.office.identity.sessions import SEEN_EVERY, secret_hash
from houfeng.office.tables import ApiToken

PREFIX = "hf_"  # so that a scanner finds one that slipped into a file


class Issued(NamedTuple):
    """A new token; `secret` is shown once."""

    token: ApiToken
    secret: str


def issue(session: Session, viewer: Viewer, name: str, permissions: Iterable[Permission], days: int) -> Issued:
    """Make a token for a program of the viewer's.

    Raises:
        AccessError: it would be allowed what the viewer is not, or the account itself.
        InputError: no name, or it would last too long.
    """
    office, chosen = office_of(session), frozenset(permissions)
    if viewer.via in ("token", "link") or viewer.must_change:
        raise AccessError(Text("请先登录再创建令牌", "sign in to make a token"))
    if not chosen or not chosen <= viewer.permissions - {Permission.USE_ACCOUNT}:
        raise AccessError(Text("令牌的权限须在您自己的权限之内", "a token is allowed a part of what you are"))
    most = house(session).token_days
    if not name.strip() or not 1 <= days <= most:
        raise InputError(Text(f"请写明名称，有效期 1 到 {most} 天", f"give a name, and 1 to {most} days"))
    now, secret = office.clock(), PREFIX + office.secret()
    token = ApiToken(
        user_id=viewer.user_id,
        name=name.strip()[:120],
        token_hash=secret_hash(secret),
        permissions=sorted(chosen),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    detail = {"name": token.name, "permissions": token.permissions, "expires_at": token.expires_at}
    journal.write(session, viewer, "token.issue", f"token:{token.id}", detail=detail)
    return Issued(token, secret)


def resume(office: Office, secret: str) -> Viewer | None:
    """Who a token stands for, with no more than its own permissions; None where it opens nothing."""
    if not secret.startswith(PREFIX):
        return None
    with office.read() as session:
        token = session.scalars(select(ApiToken).where(ApiToken.token_hash == secret_hash(secret))).first()
        now = office.clock()
        if token is None or token.revoked_at is not None or token.expires_at <= now or not token.user.active:
            return None
        known = {permission.value for permission in Permission}
        only = frozenset(Permission(name) for name in token.permissions if name in known)
        viewer = viewer_of(token.user, via="token", only=only)
        token_id, used_at = token.id, token.used_at
    if used_at is None or now - used_at >= SEEN_EVERY:
        with office.begin() as session:
            changed(session, update(ApiToken).where(ApiToken.id == token_id).values(used_at=now))
    return viewer


def listing(session: Session, user_id: int | None = None) -> Sequence[ApiToken]:
    """Tokens that can still be used, of one person or of all, newest first."""
    now = office_of(session).clock()
    usable = select(ApiToken).where(ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
    if user_id is not None:
        usable = usable.where(ApiToken.user_id == user_id)
    return session.scalars(usable.order_by(ApiToken.id.desc())).all()


def revoke(session: Session, who: Viewer | str, token_id: int, why: str = "") -> None:
    """End a token: a person their own, the security administrator anybody's.

    Raises:
        NotFoundError: there is none that they may end.
    """
    token = session.get(ApiToken, token_id)
    mine = not isinstance(who, Viewer) or who.may(Permission.MANAGE_USERS)
    if token is None or not (mine or (isinstance(who, Viewer) and token.user_id == who.user_id)):
        raise NotFoundError(Text(f"没有令牌 {token_id}", f"there is no token {token_id}"))
    if token.revoked_at is None:
        token.revoked_at = office_of(session).clock()
        journal.write(session, who, "token.revoke", f"token:{token_id}", why=why, detail={"name": token.name})


def revoke_all(session: Session, user_id: int) -> int:
    """End all tokens of a person; gives how many. The caller journals what made it so."""
    usable = (ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return changed(session, update(ApiToken).where(*usable).values(revoked_at=office_of(session).clock()))
