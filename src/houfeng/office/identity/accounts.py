"""Making and changing accounts: the security administrator's work, every step in the journal.

`who` is the viewer at the desk, or the name of who sits at the machine (`cli:root`). Nobody changes their own roles or
scope, and the last security administrator stays one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, ConflictError, Text
from houfeng.office import journal
from houfeng.office.access import EVERYTHING, Permission, Role, Scope, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity import tokens
from houfeng.office.identity.local import LOCAL, one_time_password
from houfeng.office.identity.people import active_with, check_account, find, roles_of, scope_of
from houfeng.office.identity.sessions import end_all
from houfeng.office.tables import User, UserRole


def create(
    session: Session,
    who: Viewer | str,
    login: str,
    name: str,
    roles: Iterable[Role],
    scope: Scope = EVERYTHING,
    *,
    email: str = "",
    lang: str = "zh",
    provider: str = LOCAL,
    subject: str = "",
) -> tuple[User, str]:
    """Make an account; gives it and, for a local one, the one-time password to hand over.

    Raises:
        InputError: the login, the roles or the scope cannot be.
        ConflictError: the login is taken.
    """
    _may(who)
    login, roles = login.strip().lower(), frozenset(roles)
    check_account(login, name, roles, scope)
    if session.scalars(select(User.id).where(User.login == login)).first() is not None:
        raise ConflictError(Text(f"用户名 {login} 已有人用", f"the login {login} is taken"))
    now = office_of(session).clock()
    user = User(
        login=login,
        name=name.strip(),
        lang=lang,
        email=email.strip()[:200],
        provider=provider,
        subject=subject or login,
        password_history=[],
        password_hash="",
        created_at=now,
        created_by=_name(who),
    )
    session.add(user)
    _put_roles(session, user, roles, who)
    _put_scope(user, scope)
    session.flush()
    password = one_time_password(session, user) if provider == LOCAL else ""
    detail = {"name": user.name, "provider": provider, "email": user.email} | _told(roles, scope)
    journal.write(session, who, "user.create", f"user:{login}", detail=detail)
    return user, password


def change_roles(
    session: Session, who: Viewer | str, login: str, roles: Iterable[Role], scope: Scope, why: str = ""
) -> User:
    """Give a person these roles and this scope instead of the earlier ones, from their next click on."""
    user, roles = _other(session, who, login), frozenset(roles)
    check_account(user.login, user.name, roles, scope)
    if Role.SECURITY_ADMIN not in roles:
        _not_the_last(session, user)
    before = _told(roles_of(user), scope_of(user))
    _put_roles(session, user, roles, who)
    _put_scope(user, scope)
    session.flush()
    detail = {"before": before, "after": _told(roles, scope)}
    journal.write(session, who, "user.change_roles", f"user:{user.login}", why=why, detail=detail)
    return user


def set_active(session: Session, who: Viewer | str, login: str, active: bool, why: str = "") -> User:
    """Disable an account (its sessions and tokens end at once) or let it in again."""
    user = _other(session, who, login)
    if not active:
        _not_the_last(session, user)
        end_all(session, user.id, "account disabled")
        tokens.revoke_all(session, user.id)
    user.active = active
    user.failures, user.locked_until = 0, None
    act = "user.enable" if active else "user.disable"
    journal.write(session, who, act, f"user:{user.login}", why=why)
    return user


def reset_password(session: Session, who: Viewer | str, login: str, why: str = "") -> str:
    """A new one-time password for who forgot theirs; sessions and tokens end, a lock is lifted."""
    user = _other(session, who, login)
    password = one_time_password(session, user)
    tokens.revoke_all(session, user.id)
    journal.write(session, who, "password.reset", f"user:{user.login}", why=why)
    return password


def unlock(session: Session, who: Viewer | str, login: str, why: str = "") -> User:
    """Lift the lock of too many failed sign-ins."""
    user = _other(session, who, login)
    user.failures, user.locked_until = 0, None
    journal.write(session, who, "user.unlock", f"user:{user.login}", why=why)
    return user


def sign_out_everywhere(session: Session, who: Viewer | str, login: str, why: str = "") -> int:
    """End all sessions of a person now; gives how many. Anybody may do it to themselves."""
    user = find(session, login)
    if not isinstance(who, Viewer) or who.user_id != user.id:
        _may(who)
    ended = end_all(session, user.id, f"ended by {_name(who)}")
    journal.write(session, who, "session.end_all", f"user:{user.login}", why=why, detail={"sessions": ended})
    return ended


def change_profile(session: Session, viewer: Viewer, *, name: str, email: str, lang: str, one_session: bool) -> User:
    """A person changes what is theirs to change."""
    user = find(session, viewer.login)
    check_account(user.login, name, roles_of(user), scope_of(user))
    before = {"name": user.name, "email": user.email, "lang": user.lang, "one_session": user.one_session}
    user.name, user.email, user.one_session = name.strip(), email.strip()[:200], one_session
    user.lang = "en" if lang == "en" else "zh"
    after = {"name": user.name, "email": user.email, "lang": user.lang, "one_session": one_session}
    if before != after:
        detail = {"before": before, "after": after}
        journal.write(session, viewer, "user.change_profile", f"user:{user.login}", detail=detail)
    return user


def _may(who: Viewer | str) -> None:
    if isinstance(who, Viewer):
        who.require(Permission.MANAGE_USERS)


def _other(session: Session, who: Viewer | str, login: str) -> User:
    """The account to change, which is not the changer's own."""
    _may(who)
    user = find(session, login)
    if isinstance(who, Viewer) and who.user_id == user.id:
        raise AccessError(Text("不能更改自己的账号权限", "nobody changes the rights of their own account"))
    return user


def _not_the_last(session: Session, user: User) -> None:
    if user.active and Role.SECURITY_ADMIN in roles_of(user) and active_with(session, Role.SECURITY_ADMIN) == 1:
        raise ConflictError(
            Text(
                "这是最后一个安全管理员，请先任命另一个",
                "this is the last security administrator; appoint another first",
            )
        )


def _put_roles(session: Session, user: User, roles: frozenset[Role], who: Viewer | str) -> None:
    now = office_of(session).clock()
    kept = [row for row in user.roles if Role(row.role) in roles]
    held = {Role(row.role) for row in kept}
    new = [UserRole(role=role, granted_by=_name(who), granted_at=now) for role in sorted(roles - held)]
    user.roles = [*kept, *new]


def _put_scope(user: User, scope: Scope) -> None:
    user.regions = None if scope.regions is None else sorted(scope.regions)
    user.institutions = None if scope.institutions is None else sorted(scope.institutions)
    user.enterprise = scope.enterprise


def _name(who: Viewer | str) -> str:
    return who.login if isinstance(who, Viewer) else who


def _told(roles: Iterable[Role], scope: Scope) -> dict[str, Any]:
    return {
        "roles": sorted(roles),
        "regions": None if scope.regions is None else sorted(scope.regions),
        "institutions": None if scope.institutions is None else sorted(scope.institutions),
        "enterprise": scope.enterprise,
    }
