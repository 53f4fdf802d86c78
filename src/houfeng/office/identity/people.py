"""People as the rest of the house sees them: the viewer somebody is, and the rules roles and scopes must keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, InputError, NotFoundError, Problem, Text
from houfeng.office.access import ADMINISTRATORS, ROLE_NAMES, Permission, Role, Scope, Viewer
from houfeng.office.scope import stem
from houfeng.office.tables import User, UserRole

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,79}")


def viewer_of(
    user: User, *, via: str, session_id: int | None = None, only: frozenset[Permission] | None = None
) -> Viewer:
    """The viewer a person is, with the roles and the scope they have now; a disabled one has none.

    A token goes on while its person's password waits to be changed; a reset of the password ends it.
    """
    return Viewer(
        user_id=user.id,
        login=user.login,
        name=user.name,
        roles=roles_of(user) if user.active else frozenset(),
        scope=scope_of(user),
        lang=user.lang,
        via=via,
        session_id=session_id,
        only=only,
        must_change=user.must_change and only is None,
    )


def roles_of(user: User) -> frozenset[Role]:
    """The roles a person holds."""
    return frozenset(Role(row.role) for row in user.roles)


def scope_of(user: User) -> Scope:
    """The rows a person may see."""
    return Scope(
        regions=None if user.regions is None else frozenset(user.regions),
        institutions=None if user.institutions is None else frozenset(user.institutions),
        enterprise=user.enterprise,
    )


def find(session: Session, login: str) -> User:
    """The person with that login.

    Raises:
        NotFoundError: there is none.
    """
    user = session.scalars(select(User).where(User.login == login.strip().lower())).first()
    if user is None:
        raise NotFoundError(Text(f"没有用户 {login}", f"there is no user {login}"))
    return user


def everybody(session: Session) -> Sequence[User]:
    """All people, by login."""
    return session.scalars(select(User).order_by(User.login)).all()


def names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """What people are called, for lists that keep only their numbers."""
    rows = session.execute(select(User.id, User.name).where(User.id.in_(set(ids))))
    return {row.id: row.name for row in rows}


def active_with(session: Session, role: Role) -> int:
    """How many people who can sign in hold `role`."""
    held = select(User.id).join(UserRole).where(UserRole.role == role, User.active)
    return len(session.scalars(held).all())


def check_account(login: str, name: str, roles: Iterable[Role], scope: Scope) -> None:
    """Refuse what no account may be, all faults at once.

    Raises:
        InputError: with everything that is wrong.
    """
    found = [*_login_faults(login, name), *_role_faults(frozenset(roles), scope)]
    if found:
        raise InputError(Text("账号不符合规则", "this account breaks the rules"), found)
    for region in scope.regions or ():
        stem(region)


def _login_faults(login: str, name: str) -> list[Problem]:
    found = []
    if not LOGIN.fullmatch(login):
        told = Text(
            "用户名用小写字母、数字和 . _ - @，2 到 80 个", "a login has 2 to 80 small letters, digits, . _ - @"
        )
        found.append(Problem("identity.login", told, value=login))
    if not 0 < len(name.strip()) <= 120:
        found.append(Problem("identity.name", Text("姓名 1 到 120 个字", "a name has 1 to 120 characters")))
    return found


def _role_faults(roles: frozenset[Role], scope: Scope) -> list[Problem]:
    found = []
    administrators = sorted(roles & ADMINISTRATORS)
    if len(administrators) > 1:
        listed = Text(
            "、".join(ROLE_NAMES[role].zh for role in administrators),
            ", ".join(ROLE_NAMES[role].en for role in administrators),
        )
        told = Text(
            f"三类管理员须由不同的人担任，不能同时是{listed.zh}",
            f"the three administrators must be three persons; this one would be {listed.en}",
        )
        found.append(Problem("identity.separate_administrators", told))
    if Role.REPORTER in roles and not scope.institutions:
        told = Text("报送员须指定所属机构", "a reporter needs an institution")
        found.append(Problem("identity.reporter_scope", told))
    if (Role.ENTERPRISE in roles) != (scope.enterprise is not None) or (Role.ENTERPRISE in roles and len(roles) > 1):
        told = Text(
            "企业用户须指定一家企业，且不能兼任其他角色",
            "an enterprise user needs one enterprise, and has no other role",
        )
        found.append(Problem("identity.enterprise_scope", told))
    return found


def own_firm(viewer: Viewer) -> str:
    """The enterprise the viewer speaks for.

    Raises:
        AccessError: they speak for none.
    """
    viewer.require(Permission.SEE_OWN_FIRM)
    if viewer.scope.enterprise is None:
        raise AccessError(Text("须由企业本身办理", "only the enterprise itself may do this"))
    return viewer.scope.enterprise


def people_of_firm(session: Session, enterprise_id: str) -> list[int]:
    """The active people of an enterprise."""
    return list(session.scalars(select(User.id).where(User.active, User.enterprise == enterprise_id)))


def people_of_bank(session: Session, institution_id: str) -> list[int]:
    """The active people of a bank."""
    found = session.execute(select(User.id, User.institutions).where(User.active, User.institutions.is_not(None)))
    return [row.id for row in found if institution_id in (row.institutions or ())]
