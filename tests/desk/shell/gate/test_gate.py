"""Headers, hosts, sizes, cookies, proxies, limits; files under their hashes."""

from __future__ import annotations

import hashlib
import tomllib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

import houfeng_desk
from desk.desk_samples import ClientOf, DeskClient, Hands
from houfeng.errors import HoufengError
from houfeng_desk import assets
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import DeskSettings
from houfeng_desk.security.gate import hostname
from houfeng_desk.security.limits import Limits, TooManyError, Tries

STATIC = Path(houfeng_desk.__file__).parent / "static"


def settle(app: DeskApp, **changes: object) -> None:
    """Serve `app` under other settings."""
    app.state.desk.settings = DeskSettings(**{"hosts": frozenset({"testserver"}), **changes})  # type: ignore[arg-type]


def test_what_is_vendored_is_what_it_says() -> None:
    listed = tomllib.loads((STATIC / "vendor" / "VENDORED.toml").read_text("utf-8"))["file"]
    for entry in listed:
        body = (STATIC / "vendor" / entry["path"]).read_bytes()
        assert b64encode(hashlib.sha384(body).digest()).decode() == entry["sha384"], entry["name"]
        assert entry["version"] in entry["path"]
        for notice in entry["notices"]:
            assert (STATIC / "vendor" / notice).is_file(), notice
    told = {entry["path"] for entry in listed} | {notice for entry in listed for notice in entry["notices"]}
    assert {path.name for path in (STATIC / "vendor").iterdir()} == told | {"VENDORED.toml"}


def test_files_are_kept_for_ever_under_their_hash(client: ClientOf) -> None:
    browser = client()
    answer = browser.get(assets.address("css/tokens.css"), headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == (STATIC / "css" / "tokens.css").read_bytes()
    plain = browser.get(assets.address("css/tokens.css"), headers={"accept-encoding": ""})
    assert "content-encoding" not in plain.headers
    assert browser.get("/static/0123456789abcdef/css/tokens.css").status_code == 404
    assert browser.get("/static/0/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize("path", ["/sign-in", "/nothing", "/static/0/nothing", "/account", "/health", "/favicon.ico"])
def test_every_answer_carries_the_headers(client: ClientOf, path: str) -> None:
    headers = client().get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "cache-control" in headers


def test_a_fault_is_a_page_with_a_number_and_headers(app: DeskApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("secret of the house")

    browser = DeskClient(app, raise_server_exceptions=False).enter("officer")
    monkeypatch.setattr("houfeng.office.notices.inbox", broken)
    answer = browser.get("/inbox")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "编号" in answer.text
    assert "content-security-policy" in answer.headers


def test_foreign_hosts_are_refused(client: ClientOf, app: DeskApp) -> None:
    browser = client()
    for host in ("evil.example", "testserver.evil.example", "", "testserver@evil.example", "127.0.0.1"):
        assert browser.get("/sign-in", headers={"host": host}).status_code == 400, host
    assert browser.get("/sign-in", headers={"host": "TestServer:8000"}).status_code == 200
    assert hostname("[::1]:8000") == "::1"
    assert hostname("desk.example:8443") == "desk.example"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a half-read file is left to GC
def test_what_is_too_large_is_refused_while_it_comes(client: ClientOf, app: DeskApp) -> None:
    settle(app, form_bytes=10_000, upload_bytes=100_000)
    browser = client("officer")
    token = browser.token()
    assert browser.post("/inbox/read", data={"csrf": token, "x": "y" * 20_000}).status_code == 413
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1000
            yield b"x" * 1000

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/inbox/read", content=endless(), headers=form).status_code == 413
    file = {"file": ("a.csv", b"x" * 50_000)}
    assert browser.post("/inbox/read", data={"csrf": token}, files=file).status_code == 303
    file = {"file": ("a.csv", b"x" * 150_000)}
    answer = browser.post("/inbox/read", data={"csrf": token}, files=file)
    assert answer.status_code == 413
    assert "太大" in answer.text
    nobody = client()
    assert nobody.post("/sign-in", files={"file": ("a.csv", b"x" * 50_000)}).status_code == 403  # not even read


def test_many_fields_are_refused(client: ClientOf) -> None:
    browser = client("officer")
    many = "&".join(f"f{n}=1" for n in range(3000))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/inbox/read", content=many, headers=form).status_code in (400, 403, 413)


def test_cookies_are_secure_behind_tls(app: DeskApp, client: ClientOf) -> None:
    settle(app, secure=True)
    answer = client().get("/sign-in")
    assert "__Host-houfeng-form" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    settle(app, proxies=frozenset({"testclient"}))
    answer = client().get("/sign-in", headers={"x-forwarded-proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]
    settle(app)
    answer = client().get("/sign-in", headers={"x-forwarded-proto": "https"})
    assert "Secure" not in answer.headers["set-cookie"]


def test_the_address_behind_a_proxy(app: DeskApp, client: ClientOf) -> None:
    settle(app, proxies=frozenset({"testclient", "10.0.0.1"}))
    browser = client()
    token = browser.token("/sign-in")
    form = {"login": "x", "password": "y", "csrf": token}
    browser.post("/sign-in", data=form, headers={"x-forwarded-for": "6.6.6.6, 192.0.2.7, 10.0.0.1"})
    with app.state.desk.office.read() as session:
        from houfeng.office import journal

        newest = journal.head(session)
        assert newest is not None
        assert "192.0.2.7" in newest.detail


def test_limits_count_per_key_and_minute() -> None:
    hands = Hands()
    limits = Limits(hands)
    for _ in range(3):
        limits.take("a", 3)
    with pytest.raises(TooManyError) as refused:
        limits.take("a", 3)
    assert isinstance(refused.value, HoufengError)
    assert refused.value.status == 429
    limits.take("b", 3)
    hands.forward(minutes=1)
    limits.take("a", 3)


def test_limits_of_several_processes_are_one() -> None:
    hands, tries = Hands(), Tries.shared()
    one, other, apart = Limits(hands, tries), Limits(hands, tries), Limits(hands)
    one.take("a", 2)
    other.take("a", 2)
    for limits in (one, other):
        with pytest.raises(TooManyError):
            limits.take("a", 2)
    for number in range(500):
        other.take(f"made up {number}", 1)
    apart.take("a", 2)
    one.take("b", 2)
    hands.forward(minutes=1)
    one.take("a", 2)
