"""Signing in by a gateway's header and at an OIDC server, as far as the desk has part in it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from desk.desk_samples import ClientOf, viewer
from houfeng.errors import AccessError, Text
from houfeng.office.identity.gateway import Gateway
from houfeng.office.identity.oidc import Back, Going, Oidc
from houfeng.office.identity.people import find
from houfeng.office.identity.providers import Providers
from houfeng.office.identity.sessions import Caller, open_session
from houfeng_desk.desk import Desk


def given_gateway(desk: Desk, peer: str) -> None:
    """Let somebody known to the gateway in through `peer`."""
    with desk.office.begin() as session:
        user = find(session, "officer")
        user.provider, user.subject = "gateway", "key-0417"
    desk.providers = Providers(password=False, gateway=Gateway((ipaddress.ip_network(peer),), secret="word"))


def test_the_gateway_vouches(client: ClientOf, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    given_gateway(desk, "192.0.2.5/32")
    monkeypatch.setattr("houfeng_desk.pages.house.sign_in.peer_of", lambda request: "192.0.2.5")
    browser = client()
    headers = {"x-houfeng-user": "key-0417", "x-houfeng-gateway": "word"}
    answer = browser.get("/sign-in?next=/inbox", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert browser.get("/inbox").status_code == 200
    assert client().get("/sign-in", headers={**headers, "x-houfeng-gateway": "guess"}).status_code == 403
    assert client().get("/sign-in").status_code == 200


def test_anybody_else_with_the_header_is_refused(client: ClientOf, desk: Desk) -> None:
    given_gateway(desk, "192.0.2.5/32")
    headers = {"x-houfeng-user": "key-0417", "x-houfeng-gateway": "word", "x-forwarded-for": "192.0.2.5"}
    assert client().get("/sign-in", headers=headers).status_code == 403


def test_passwords_can_be_switched_off(client: ClientOf, desk: Desk) -> None:
    desk.providers = Providers(password=False, gateway=Gateway((ipaddress.ip_network("192.0.2.5/32"),)))
    browser = client()
    assert 'name="password"' not in browser.get("/sign-in").text
    assert browser.post("/sign-in", data={"login": "officer", "password": "x"}).status_code == 403


class Elsewhere(Oidc):
    """A server that answers without a network."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("portal", Text("统一登录", "Portal"), "https://sso.test", "houfeng", "secret")
        self.desk = desk

    def leave(self, office: Any, redirect_uri: str, target: str) -> Going:
        self.asked = (redirect_uri, target)
        return Going("https://sso.test/authorize?x=1", "the-state")

    def come_back(self, office: Any, query: Any, cookie: str, caller: Caller) -> Back:
        if query.get("state") != cookie:
            raise AccessError(Text("不是从这里开始的", "not begun here"))
        with office.begin() as session:
            return Back(open_session(session, find(session, "officer"), "oidc", caller), self.asked[1])


def test_there_and_back_again(client: ClientOf, desk: Desk) -> None:
    desk.providers = Providers(oidc=(Elsewhere(desk),))
    browser = client()
    assert "统一登录" in browser.get("/sign-in").text
    away = browser.get("/sign-in/oidc/portal?next=/inbox")
    assert away.headers["location"] == "https://sso.test/authorize?x=1"
    assert desk.providers.oidc[0].asked == ("http://testserver/sign-in/oidc/portal/back", "/inbox")  # type: ignore[attr-defined]
    back = browser.get("/sign-in/oidc/portal/back?state=the-state&code=1")
    assert (back.status_code, back.headers["location"]) == (303, "/inbox")
    assert browser.get("/inbox").status_code == 200
    assert viewer(desk, "officer").login == "officer"
    assert client().get("/sign-in/oidc/portal/back?state=the-state&code=1").status_code == 403
    assert client().get("/sign-in/oidc/other").status_code == 404
