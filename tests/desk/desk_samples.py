"""What tests of the desk share: a small book, an office with one person per role, and a client that signs in."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from houfeng.book.store import Book
from houfeng.clock import Clock
from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import find, viewer_of
from houfeng.office.identity.sessions import Caller, open_session
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate
from houfeng_desk.app import DeskApp, create_app
from houfeng_desk.desk import Desk, DeskSettings
from houfeng_desk.security.forgery import _mark

with warnings.catch_warnings():  # Starlette would rather have the successor of httpx
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

MORNING = datetime(2026, 2, 10, 9)
"""When tests of the desk happen: after the last submission of the small book."""

PASSWORD = "梨花三月雨 kettle 91"
BANK = "91410100MB0000000W"
FIRM = "enterprise of nobody"
PEOPLE: dict[str, tuple[tuple[Role, ...], Scope]] = {
    **{role.value: ((role,), EVERYTHING) for role in Role if role not in (Role.REPORTER, Role.ENTERPRISE)},
    "reporter": ((Role.REPORTER,), Scope(institutions=frozenset({BANK}))),
    "enterprise": ((Role.ENTERPRISE,), Scope(enterprise=FIRM)),
    "luoyang": ((Role.OFFICER,), Scope(regions=frozenset({"410300"}))),
    "second": ((Role.OFFICER, Role.APPROVER), EVERYTHING),
}
"""One person per role; `luoyang` is an officer of one city, `second` signs what others propose."""


class Hands:
    """A clock that moves when a test says so."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def make_book(folder: Path) -> Path:
    """A book of a thousand firms over two months, received until the end of January 2026."""
    simulate(folder / "province", enterprises=1000, seed=20260130, months=2, end=datetime(2025, 12, 31).date())
    moments = Hands()
    load_province(Book.create(folder / "book", moments, synthetic=True), folder / "province")
    shutil.rmtree(folder / "province")
    return folder / "book"


def make_office(path: Path, clock: Clock, password: bool = False) -> None:
    """An office with the people above. With `password` they have PASSWORD, which takes time to hash."""
    office = Office.create(f"sqlite:///{path}", clock)
    with office.begin() as session:
        for login, (roles, scope) in PEOPLE.items():
            user, _ = accounts.create(session, "test", login, login.title(), roles, scope)
            if password:
                from houfeng.office.identity.local import set_password

                set_password(session, user, PASSWORD)
            user.must_change = False
    office.close()


class DeskClient(TestClient):
    """A browser without JavaScript: knows its cookies, sends forms with their token, follows nothing by itself."""

    def __init__(self, app: DeskApp, **options: Any) -> None:
        super().__init__(app, base_url="http://testserver", follow_redirects=False, **options)
        self.desk: Desk = app.state.desk
        self.viewer: Viewer | None = None
        self.secret = ""

    def enter(self, login: str) -> DeskClient:
        """Sign in without the form."""
        with self.desk.office.begin() as session:
            signed = open_session(session, find(session, login), "password", Caller("testclient", "test"))
        self.cookies.set("houfeng", signed.token, domain="testserver.local", path="/")
        self.viewer, self.secret = signed.viewer, signed.token
        return self

    def marked(self) -> DeskClient:
        """Send the token of the forms with everything, as a page's script does, without asking a page for it."""
        self.headers["x-csrf-token"] = _mark(self.secret)
        return self

    def token(self, url: str = "/account") -> str:
        """The token that the forms of a page carry."""
        found = re.search(r'name="csrf" value="(\w+)"', self.get(url).text)
        assert found, f"no form on {url}"
        return found[1]

    def submit(self, url: str, data: dict[str, Any] | None = None, *, of: str = "/account", **options: Any) -> Any:
        """Send a form, with the token that the page `of` carries."""
        return self.post(url, data={**(data or {}), "csrf": self.token(of)}, **options)


ClientOf = Callable[..., DeskClient]


def viewer(desk: Desk, login: str) -> Viewer:
    """Somebody of PEOPLE, without a session."""
    with desk.office.read() as session:
        return viewer_of(find(session, login), via="password")


def make_app(book: Path, office: Path, clock: Clock, **settings: Any) -> DeskApp:
    """The desk over a book and an office."""
    opened = Office.open(f"sqlite:///{office}", clock)
    return create_app(Desk.open(opened, book, clock, DeskSettings(hosts=frozenset({"testserver"}), **settings)))
