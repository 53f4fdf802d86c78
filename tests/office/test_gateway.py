"""The header of a gateway, and the file that says who is trusted."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from houfeng.errors import AccessError, HoufengError
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.gateway import Gateway
from houfeng.office.identity.providers import read_providers
from houfeng.office.identity.sessions import Caller

PEERS = (ipaddress.ip_network("10.0.0.5/32"), ipaddress.ip_network("fd00::/64"))
SAID = ("x-houfeng-user", "Wang")
OPEN = Gateway(PEERS)
GUARDED = Gateway(PEERS, secret="geheim")


@pytest.mark.parametrize("peer", ["10.0.0.5", "::ffff:10.0.0.5", "fd00::17"])
def test_the_gateway_is_believed(peer: str) -> None:
    proved = OPEN.proved(peer, [SAID, ("X-Houfeng-Name", "%E7%8E%8B%E8%8A%B3")])
    assert proved is not None
    assert (proved.subject, proved.login, proved.name) == ("Wang", "wang", "王芳")


@pytest.mark.parametrize("peer", ["10.0.0.6", "127.0.0.1", "", "unix", "fd01::17", "10.0.0.5, 10.0.0.6"])
def test_nobody_else_is(peer: str) -> None:
    with pytest.raises(AccessError):
        OPEN.proved(peer, [SAID])
    assert OPEN.proved(peer, []) is None


def test_the_secret_must_be_right_and_every_header_once() -> None:
    right = ("X-Houfeng-Gateway", "geheim")
    assert GUARDED.proved("10.0.0.5", [SAID, right]) is not None
    for headers in ([SAID], [SAID, ("X-Houfeng-Gateway", "x")], [SAID, right, right], [SAID, SAID, right]):
        with pytest.raises(AccessError):
            GUARDED.proved("10.0.0.5", headers)


def test_who_the_gateway_names_comes_in_with_an_account_only(office: Office) -> None:
    with pytest.raises(AccessError):
        OPEN.sign_in(office, "10.0.0.5", [SAID], Caller())
    with office.begin() as session:
        accounts.create(session, "test", "wang", "王芳", [Role.VIEWER], provider="gateway", subject="Wang")
    signed = OPEN.sign_in(office, "10.0.0.5", [SAID], Caller("10.8.8.8"))
    assert signed is not None
    assert (signed.viewer.login, signed.viewer.via) == ("wang", "gateway")
    assert OPEN.sign_in(office, "10.0.0.5", [("X-Houfeng-User", "")], Caller()) is None


def test_the_settings_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_providers(None).password
    monkeypatch.setenv("GATE", "geheim")
    secret = tmp_path / "secret"
    secret.write_text("very secret\n", "utf-8")
    path = tmp_path / "sign_in.yaml"
    path.write_text(
        f"""
password: false
oidc:
  - name: portal
    label: {{zh: 门户, en: Portal}}
    issuer: https://sso.test
    client_id: h
    client_secret: "file:{secret}"
gateway: {{peers: [10.0.0.5/32], secret: "env:GATE", admit: true}}
""",
        "utf-8",
    )
    found = read_providers(path)
    assert not found.password
    assert (found.oidc[0].client_secret, found.oidc[0].label.en) == ("very secret", "Portal")
    assert found.gateway is not None
    assert (found.gateway.secret, found.gateway.admit, len(found.gateway.peers)) == ("geheim", True, 1)


@pytest.mark.parametrize(
    "text",
    [
        "- a list",
        "passwords: true",
        "password: false",
        "gateway: {peers: [0.0.0.0/0]}",
        "gateway: {peers: []}",
        "gateway: {peers: [10.0.0.5/8]}",
        "gateway: {peers: [10.0.0.5/32], secret: geheim}",
        "oidc: [{name: a, issuer: b, client_id: c, client_secret: 'env:NOT_THERE'}]",
        "oidc: [{name: a, issuer: b, client_id: c, client_secret: geheim}]",
        "oidc: [{name: a, isuer: b}]",
        "a: [",
    ],
)
def test_a_wrong_settings_file_is_told_without_its_secrets(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sign_in.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(HoufengError) as told:
        read_providers(path)
    assert "geheim" not in told.value.render("zh")


def test_a_missing_settings_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(HoufengError, match=r"none\.yaml"):
        read_providers(tmp_path / "none.yaml")
