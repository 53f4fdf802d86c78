"""Signing in, signing out, the one-time password, the language."""

from __future__ import annotations

from desk.desk_samples import ClientOf, Hands
from houfeng.office.identity import accounts
from houfeng_desk.desk import Desk


def give_password(desk: Desk, login: str) -> str:
    with desk.office.begin() as session:
        return accounts.reset_password(session, "test", login)


def test_nobody_is_sent_to_the_form_and_back_to_where_they_wanted(client: ClientOf) -> None:
    nobody = client()
    answer = nobody.get("/account?tab=sessions")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Ftab%3Dsessions")
    form = nobody.get(answer.headers["location"])
    assert form.status_code == 200
    assert 'value="/account?tab=sessions"' in form.text


def test_first_start_from_one_time_password_to_work(client: ClientOf, desk: Desk) -> None:
    password = give_password(desk, "officer")
    browser = client()
    answer = browser.submit("/sign-in", {"login": "officer", "password": password}, of="/sign-in")
    assert answer.headers["location"] == "/first-start"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]
    assert browser.get("/account").headers["location"] == "/first-start"
    new = {"old": password, "new": "山高月小 lantern 7", "again": "山高月小 lantern 7"}
    assert browser.submit("/first-start", {**new, "again": "other"}, of="/first-start").status_code == 403
    assert browser.submit("/first-start", {**new, "new": "x", "again": "x"}, of="/first-start").status_code == 422
    assert browser.submit("/first-start", new, of="/first-start").status_code == 303
    page = browser.get("/account")
    assert page.status_code == 200
    assert "口令已修改" in page.text
    assert "口令已修改" not in browser.get("/account").text


def test_a_wrong_password_says_no_more_than_that(client: ClientOf) -> None:
    browser = client()
    for login in ("officer", "no-such-person"):
        answer = browser.submit("/sign-in", {"login": login, "password": "wrong"}, of="/sign-in")
        assert answer.status_code == 403
        assert "登录失败" in answer.text
        assert "wrong" not in answer.text


def test_too_many_tries_are_refused_for_a_minute(client: ClientOf, hands: Hands) -> None:
    browser = client()
    token = browser.token("/sign-in")
    tries = [browser.post("/sign-in", data={"login": "nobody", "password": "x", "csrf": token}) for _ in range(11)]
    assert [answer.status_code for answer in tries] == [403] * 10 + [429]
    hands.forward(minutes=1)
    assert browser.post("/sign-in", data={"login": "nobody", "password": "x", "csrf": token}).status_code == 403


def test_signing_out_ends_the_session(client: ClientOf) -> None:
    browser = client("officer")
    kept = browser.cookies["houfeng"]
    assert browser.submit("/sign-out").headers["location"] == "/sign-in"
    again = client()
    again.cookies.set("houfeng", kept, domain="testserver.local", path="/")
    assert again.get("/account").status_code == 303


def test_nobody_is_sent_to_another_site(client: ClientOf, desk: Desk) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb"):
        answer = client().get("/lang/en", params={"next": target})
        assert answer.headers["location"] == "/", target


def test_language_by_cookie_then_person_then_browser(client: ClientOf) -> None:
    browser = client()
    assert '<html lang="zh-CN"' in browser.get("/sign-in").text
    assert '<html lang="en"' in browser.get("/sign-in", headers={"accept-language": "fr, en-GB;q=0.8, zh;q=0.3"}).text
    assert browser.get("/lang/en?next=/sign-in").headers["location"] == "/sign-in"
    page = browser.get("/sign-in", headers={"accept-language": "zh-CN"})
    assert '<html lang="en"' in page.text
    assert "Sign in" in page.text
    assert browser.get("/lang/fr").status_code == 404
