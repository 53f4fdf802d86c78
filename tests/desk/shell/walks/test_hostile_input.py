"""Every name that any route reads of a path, a query or a form, made hostile: SQL, HTML, NUL, bad UTF-8, paths, huge
numbers, odd digits, bad dates. No 5xx, no trace, no unescaped echo. By day each name gets a few of them in turn, with
HOUFENG_NIGHTLY=1 each gets all."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from desk.desk_samples import ClientOf, DeskClient, Hands, make_app
from desk.lived_samples import Lived, live
from desk.shell.walks.walking_samples import PLAUSIBLE, Asking, ask, askings, learn, marker
from houfeng_desk.app import DeskApp
from nightly import NIGHTLY

BY_DAY = 1
OFTEN = 3
"""On how many pages, and on how many routes of the API, by day: what every page reads (the day, the page of a list) is
read by the same code."""
SCRIPT, PICTURE = '"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>"
HOSTILE = (
    "' OR 1=1 --", "1; DROP TABLE user_account", "%' UNION SELECT password_hash FROM user_account --", SCRIPT, PICTURE,
    "javascript:alert(1)", "{{7*7}}", "a\x00b", "\x00", "../../../../etc/passwd", "..\\..\\boot.ini", "9" * 400,
    "99999999999999999999", "9223372036854775807", "-1", "1e309", "NaN", "-Infinity", "٣", "²", "0001-01-01",
    "9999-12-31", "2026-02-30", "2026-13", "0000-00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "2026-W01", "9999-12", "x" * 5_000, "\u202e\x00\ufffe", "\r\nSet-Cookie: a=b", "=cmd|' /C calc'!A0", "~" * 201,
    "," * 300, "a,b,c", "*", "[" * 400, "\ud7ff\U0001f9ff", ".", "%", "_", "NULL", "true",
)  # fmt: skip
ENDS = ("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")
RAW = ("%FF%FE", "%ED%A0%80", "%00", "%C0%AE%C0%AE%2F", "%E4%BD")
"""What no text says: bytes that are not UTF-8."""
WHO = ("officer", "approver", "analyst", "luoyang", "reporter", "security_admin", "audit_admin", "system_admin")


@pytest.fixture(scope="module")
def lived(small_book: Path, peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DeskApp, Lived]]:
    """A desk of this file's own."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(small_book, folder / "book")
    shutil.copy(peopled, folder / "office.db")
    app = make_app(folder / "book", folder / "office.db", Walking(), work_folder=folder / "work")
    found = live(app)
    app.state.work.patience = 60
    yield app, found
    app.state.work.figures.close()
    app.state.desk.close()
    app.state.desk.office.close()


class Walking(Hands):
    """A clock on which every look is a second later, so that no limit per minute is met."""

    def __call__(self) -> object:  # type: ignore[override]
        self.forward(seconds=1)
        return self.now


@pytest.fixture
def browsers(lived: tuple[DeskApp, Lived]) -> dict[str, DeskClient]:
    app, _ = lived
    return {login: DeskClient(app, raise_server_exceptions=False).enter(login).marked() for login in WHO}


def who_may(browsers: dict[str, DeskClient], asking: Asking) -> DeskClient:
    """Somebody whom the route lets in."""
    wanted = marker(asking.route) or ()
    for browser in browsers.values():
        assert browser.viewer is not None
        if any(browser.viewer.may(permission) for permission in wanted):
            return browser
    return browsers["officer"]


def faults_of(answer: object, what: str) -> list[str]:
    """What is wrong with an answer to hostile input."""
    status, text = answer.status_code, answer.content.decode("utf-8", "replace")  # type: ignore[attr-defined]
    found = []
    if status >= 500:
        found.append(f"{what}: {status}")
    if "Traceback (most recent" in text or 'File "/' in text:
        found.append(f"{what}: a trace is shown")
    is_page = "html" in answer.headers.get("content-type", "")  # type: ignore[attr-defined]
    if is_page and ("<script>alert(1)" in text or "<img src=x" in text or 'href="javascript:' in text):
        found.append(f"{what}: echoed as it came")
    if "a=b" in answer.headers.get("set-cookie", ""):  # type: ignore[attr-defined]
        found.append(f"{what}: a header was injected")
    return found


def test_bytes_that_are_no_text(
    lived: tuple[DeskApp, Lived], browsers: dict[str, DeskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, found = lived
    turns, faults = cycle(RAW), []
    for asking in askings(app):
        browser = who_may(browsers, asking)
        if asking.method != "GET":
            continue
        for value in RAW if NIGHTLY else islice(turns, 1):
            for name in ("q", "region", "sort", "as_of", "tab", "next", "cursor", "pack", "alert"):
                answer = ask(browser, asking, found.own, f"{name}={value}")
                faults += faults_of(answer, f"{asking} {name}={value}")
                if not NIGHTLY:
                    break
    assert faults == []


def test_every_part_of_every_path(lived: tuple[DeskApp, Lived], browsers: dict[str, DeskClient]) -> None:
    app, found = lived
    turns, faults = cycle((*HOSTILE, *RAW)), []
    for asking in askings(app):
        browser = who_may(browsers, asking)
        for name in asking.parameters:
            for value in (*HOSTILE, *RAW) if NIGHTLY else islice(turns, 2):
                raw = value if value in RAW else quote(value, safe="")
                path = asking.route.path.replace(":int", "").replace(":path", "")
                for other in asking.parameters:
                    path = path.replace(f"{{{other}}}", raw if other == name else quote(found.own.get(other, "1")))
                answer = browser.request(asking.method, path, data={} if asking.method != "GET" else None)
                faults += faults_of(answer, f"{asking} {name}={value[:40]!r}")
    assert faults == []


@pytest.mark.parametrize("path", ["/", "/alerts", "/enterprises", "/data", "/themes", "/cases/figures", "/screen"])
@pytest.mark.parametrize(
    "value", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)
def test_days_at_the_ends_of_the_calendar(browsers: dict[str, DeskClient], path: str, value: str) -> None:
    browser = browsers["officer"]
    for name in ("as_of", "known_at"):
        assert faults_of(browser.get(path, params={name: value}), f"{path} {name}={value}") == []


def test_what_nobody_needs_a_session_for(client: ClientOf) -> None:
    nobody = client(raise_server_exceptions=False)
    for value in HOSTILE:
        for path in ("/sign-in", "/sign-in/oidc/x", "/sign-in/oidc/x/back", "/nothing", "/health", "/static/0/x"):
            asked = urlencode({"next": value, "state": value, "code": value, "error": value, "lang": value})
            assert faults_of(nobody.get(f"{path}?{asked}"), f"{path} {value!r}") == []
        safe = quote(value, safe="")
        for path in (f"/lang/{safe}", f"/static/{safe}/x", f"/{safe}"):
            answer = nobody.get(path, params={"next": value})
            assert faults_of(answer, f"{path}") == []
            led = answer.headers.get("location", "/").removeprefix("http://testserver")
            assert not led.startswith(("http", "//", "javascript")), led
    token = nobody.token("/sign-in")
    for value in HOSTILE[:20]:
        answer = nobody.post("/sign-in", data={"csrf": token, "login": value, "password": value, "next": value})
        assert faults_of(answer, f"sign-in {value!r}") == []
        assert answer.status_code in (200, 401, 403, 422, 429), value


@pytest.mark.parametrize("name", ["houfeng", "houfeng-form", "houfeng-said", "houfeng-lang", "houfeng-type"])
def test_hostile_cookies(client: ClientOf, name: str) -> None:
    browser = client(raise_server_exceptions=False)
    for value in (*HOSTILE, "x.y", "bnVsbA==.", "W10=." + "0" * 64):
        safe = value.encode("utf-8", "replace").replace(b"\x00", b"%00").replace(b"\r\n", b" ")
        answer = browser.get("/sign-in", headers=[(b"cookie", name.encode() + b"=" + safe)])
        assert faults_of(answer, f"{name}={value!r}") == []


def test_every_name_of_every_query_and_form(
    lived: tuple[DeskApp, Lived], browsers: dict[str, DeskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last in this file: what is sent is also done, people are locked and sessions ended."""
    app, found = lived
    turns, faults, met = cycle(HOSTILE), [], Counter[tuple[str, str, bool]]()
    for asking in askings(app):
        if asking.route.path == "/account/password":
            continue  # three wrong passwords lock the account; below
        browser = who_may(browsers, asking)
        learn(browser, asking, found.own, monkeypatch)
        query = {name: PLAUSIBLE[name] for name in asking.query if name in PLAUSIBLE}
        form = {name: PLAUSIBLE.get(name, "1") for name in asking.form}
        program = asking.route.path.startswith("/api/")
        for part, names in (("query", asking.query), ("form", asking.form)):
            for name in sorted(names):
                met[part, name, program] += 1
                if not NIGHTLY and met[part, name, program] > OFTEN:
                    continue
                for value in HOSTILE if NIGHTLY else islice(turns, BY_DAY):
                    given = {"query": query, "form": form}
                    given[part] = given[part] | {name: value}
                    answer = ask(browser, asking, found.own, given["query"], given["form"])
                    faults += faults_of(answer, f"{asking} {part} {name}={value[:40]!r}")
    assert faults == []
