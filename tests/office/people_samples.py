"""People for tests: a viewer made in one line."""

from __future__ import annotations

from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import viewer_of

GOOD = "梨花三月雨 kettle 91"


def person(office: Office, login: str, *roles: Role, scope: Scope = EVERYTHING) -> Viewer:
    """An account with these roles, whose one-time password was changed."""
    with office.begin() as session:
        user, _ = accounts.create(session, "test", login, login.title(), roles, scope)
        user.must_change = False
        session.flush()
        return viewer_of(user, via="password")
