"""Signing in with a password of the house: lock-out, age, change and reset."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import Office, office_of
from houfeng.office.house import House, house
from houfeng.office.identity import passwords
from houfeng.office.identity.sessions import Caller, SignedIn, end_all, open_session
from houfeng.office.tables import User

LOCAL = "local"


def sign_in(office: Office, login: str, password: str, caller: Caller = Caller()) -> SignedIn:  # noqa: B008
    """Open a session for who gives login and password.

    One message for an unknown login, a wrong password, a locked and a disabled account, so that nobody learns who is
    here. A refusal is journaled and counted in a transaction of its own.

    Raises:
        AccessError: not let in.
    """
    login = login.strip().lower()
    with office.read() as session:
        user = session.scalars(select(User).where(User.login == login, User.provider == LOCAL)).first()
        rules = house(session)
        open_ = user is not None and user.active and not (user.locked_until and user.locked_until > office.clock())
        stored = user.password_hash if user is not None and open_ else ""
    right = passwords.matches(stored, password)  # slow on purpose, so outside of any transaction
    with office.begin() as session:
        user = session.get(User, user.id, with_for_update=True) if user is not None else None
        if user is None or not right or not user.active or user.password_hash != stored:
            _refuse(session, user, rules, caller, counted=open_)
            signed = None
        else:
            user.failures, user.locked_until = 0, None
            _renew(session, user, password, rules)
            signed = open_session(session, user, "password", caller)
    if signed is None:
        raise _not_let_in(rules)
    return signed


def change_password(session: Session, viewer: Viewer, old: str, new: str) -> None:
    """A person changes their own password; their other sessions end.

    Raises:
        AccessError: the old password is wrong, or the account has none here.
        InputError: the new one is weak.
    """
    user = session.get(User, viewer.user_id)
    if user is None or user.provider != LOCAL or viewer.via != "password":
        raise AccessError(Text("此账号的口令不在本系统管理", "this account has no password here"))
    if not passwords.matches(user.password_hash, old):
        raise AccessError(Text("原口令不正确", "the old password is wrong"))
    set_password(session, user, new)
    user.must_change = False
    end_all(session, user.id, "password changed", but=viewer.session_id)
    journal.write(session, viewer, "password.change", f"user:{user.login}")


def set_password(session: Session, user: User, password: str) -> None:
    """Give a person a password that passes the rule, and remember the earlier ones."""
    rules = house(session)
    known = [user.login, *user.name.split(), user.email.split("@")[0]]
    earlier = [h for h in [user.password_hash, *user.password_history] if h]
    passwords.check(password, rules, known=known, earlier=earlier[: max(rules.password_history, 1)])
    user.password_history = earlier[: rules.password_history]
    user.password_hash = passwords.hashed(password)
    user.password_set_at = office_of(session).clock()


def one_time_password(session: Session, user: User) -> str:
    """A password shown once that must be changed at the next sign-in; earlier sessions end."""
    if user.provider != LOCAL:
        raise UsageError(Text("此账号的口令不在本系统管理", "this account has no password here"))
    password = office_of(session).secret()[:20]
    if user.password_hash:
        user.password_history = [user.password_hash, *user.password_history][:20]
    user.password_hash = passwords.hashed(password)
    user.password_set_at = office_of(session).clock()
    user.must_change, user.failures, user.locked_until = True, 0, None
    end_all(session, user.id, "password reset")
    return password


def _refuse(session: Session, user: User | None, rules: House, caller: Caller, *, counted: bool) -> None:
    """Count and journal a failed sign-in. What was typed for an unknown login may be a password: it is not kept."""
    locked = False
    if user is not None and counted and user.active:
        user.failures += 1
        if user.failures >= rules.sign_in_failures:
            user.failures = 0
            user.locked_until = office_of(session).clock() + timedelta(minutes=rules.lock_minutes)
            locked = True
    about = f"user:{user.login}" if user is not None else "user:?"
    detail = {"address": caller.address, "locked": locked}
    journal.write(session, "anonymous", "session.refuse", about, detail=detail)


def _renew(session: Session, user: User, password: str, rules: House) -> None:
    """Ask for a new password where this one is too old, and hash it anew where hashing became stronger."""
    now = office_of(session).clock()
    if rules.password_days and now - (user.password_set_at or now) >= timedelta(days=rules.password_days):
        user.must_change = True
    if passwords.outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)


def _not_let_in(rules: House) -> AccessError:
    return AccessError(
        Text(
            "登录失败：用户名或口令不正确，或账号已停用、锁定。"
            f"连续失败 {rules.sign_in_failures} 次锁定 {rules.lock_minutes} 分钟。",
            "not signed in: the name or the password is wrong, or the account is disabled or locked; "
            f"{rules.sign_in_failures} failures lock it for {rules.lock_minutes} minutes",
        )
    )
