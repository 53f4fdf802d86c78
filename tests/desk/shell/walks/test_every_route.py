"""Every route with every person: nobody, each role, a forged form. What is not marked does not start."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from desk.desk_samples import PEOPLE, ClientOf, DeskClient, viewer
from desk.shell.walks.walking_samples import STREAMS, marker, walked
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from nightly import NIGHTLY

EXAMPLES = {"login": "officer", "lang": "en", "mark": "0", "path": "css/tokens.css", "name": "alerts", "seq": "1"}
"""What stands for a parameter of a path; a number fits the others."""
LET_IN = 2
"""How many of those who may are let in by day, in turn; whoever may not is refused everywhere, always."""


@pytest.fixture
def app(read_app: DeskApp) -> DeskApp:
    """Nothing here changes the desk: one serves all tests."""
    return read_app


def routes(app: DeskApp) -> Iterator[tuple[APIRoute, str, str]]:
    """Each route with each of its methods and an example of its path."""
    for route in walked(app.routes):
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: EXAMPLES.get(found[1], "1"), route.path)
        for method in sorted(route.methods - {"HEAD"}):
            yield route, method, path


def test_every_route_says_who_may(app: DeskApp) -> None:
    found = list(routes(app))
    assert len(found) > 40
    unmarked = sorted({f"{method} {route.path}" for route, method, _ in found if marker(route) is None})
    assert unmarked == []


def ask(browser: DeskClient, method: str, path: str) -> int:
    """The status of a request, without a form for an unsafe one."""
    return int(browser.request(method, path).status_code)


def test_nobody_gets_in_anywhere(app: DeskApp, client: ClientOf) -> None:
    nobody = client()
    for route, method, path in routes(app):
        if marker(route) == () or STREAMS.search(path):
            continue
        answer = nobody.request(method, path)
        if method == "GET" and not path.startswith("/api/"):
            assert answer.status_code == 303, f"{method} {path}"
            assert answer.headers["location"].startswith("/sign-in"), f"{method} {path}"
        elif path.startswith("/api/"):
            assert answer.status_code in (401, 403), f"{method} {path}"
        else:
            assert answer.status_code == 403, f"{method} {path}"


@pytest.mark.parametrize("login", PEOPLE)
def test_each_role_gets_where_it_may_and_nowhere_else(app: DeskApp, client: ClientOf, desk: Desk, login: str) -> None:
    browser, people = client(login), {one: viewer(desk, one) for one in PEOPLE}
    for number, (route, method, path) in enumerate(routes(app)):
        wanted = marker(route)
        if method != "GET" or not wanted or STREAMS.search(path):
            continue
        may = [one for one, who in people.items() if any(who.may(permission) for permission in wanted)]
        if not NIGHTLY and login in may and (may.index(login) - number) % len(may) >= LET_IN:
            continue
        status = ask(browser, method, path)
        if login in may:
            assert status < 500, f"{login} {path}: {status}"
            assert status != 401, f"{login} {path}"
        else:
            home = path == "/"  # leads to one's own first page
            assert status == (303 if home else 403), f"{login} {path}: {status}"


@pytest.mark.parametrize("login", ["viewer", "officer", "approver", "reporter", "security_admin", "enterprise"])
def test_acts_are_refused_to_who_may_not(app: DeskApp, client: ClientOf, desk: Desk, login: str) -> None:
    browser, who = client(login), viewer(desk, login)
    token = browser.token()
    for route, method, path in routes(app):
        wanted = marker(route)
        if method == "GET" or not wanted or any(who.may(permission) for permission in wanted):
            continue
        status = browser.request(method, path, data={"csrf": token}).status_code
        assert status == 403, f"{login} {method} {path}: {status}"


def test_a_forged_form_is_refused_everywhere(app: DeskApp, client: ClientOf) -> None:
    everybody = {login: client(login) for login in PEOPLE}
    other = client("viewer").token()
    logins = ("officer", "security_admin", "system_admin")
    for number, (_, method, path) in enumerate(routes(app)):
        if method == "GET" or path.startswith("/api/"):
            continue
        for login in logins if NIGHTLY else (logins[number % 3],):
            for forged in ({}, {"csrf": "x"}, {"csrf": other}):
                answer = everybody[login].request(method, path, data=forged)
                assert answer.status_code == 403, f"{login} {method} {path} {forged}"


def test_a_form_from_another_site_is_refused(client: ClientOf) -> None:
    browser = client("officer")
    token = browser.token()
    ours = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
    assert browser.post("/inbox/read", data={"csrf": token}, headers=ours).status_code == 303
    for theirs in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert browser.post("/inbox/read", data={"csrf": token}, headers=theirs).status_code == 403
