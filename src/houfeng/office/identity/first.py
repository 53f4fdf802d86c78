"""The first start: one administrator with a password shown once. Nothing here has a default password."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select

from houfeng.office import journal
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.identity.local import LOCAL, one_time_password
from houfeng.office.tables import User, UserRole

LOGIN = "admin"


class FirstStart(NamedTuple):
    """What is shown once, and kept nowhere."""

    login: str
    password: str


def first_start(office: Office) -> FirstStart | None:
    """Make the first administrator of an office without people; None where there are some.

    It is a security administrator, who can make accounts, the other two administrators first of all, and nothing else.
    """
    with office.begin() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None
        now = office.clock()
        user = User(
            login=LOGIN,
            name="初始管理员",
            provider=LOCAL,
            subject=LOGIN,
            regions=None,
            institutions=None,
            created_at=now,
            created_by="system",
        )
        user.roles = [UserRole(role=Role.SECURITY_ADMIN, granted_by="system", granted_at=now)]
        user.password_hash, user.password_history = "", []
        session.add(user)
        session.flush()
        password = one_time_password(session, user)
        journal.write(session, "system", "office.first_start", f"user:{LOGIN}")
        return FirstStart(LOGIN, password)
