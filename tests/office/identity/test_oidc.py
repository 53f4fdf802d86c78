"""Signing in at somebody else's server, against one that really signs, and really lies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from houfeng.clock import ZONE
from houfeng.errors import AccessError, EnvironmentFault, Text
from houfeng.office import notices
from houfeng.office.access import EVERYTHING, Permission, Role
from houfeng.office.database import Office
from houfeng.office.identity import accounts, sessions
from houfeng.office.identity.oidc import Back, Oidc
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller
from houfeng.office.tables import JournalEntry, SignInFlow
from office.conftest import Hands
from office.identity.oidc_server import CLIENT, SECRET, OidcServer, serving
from office.people_samples import person

HOME = "http://desk.test/sign-in/portal"


@pytest.fixture
def server(hands: Hands) -> Iterator[OidcServer]:
    with serving(lambda: hands.now.replace(tzinfo=ZONE).timestamp()) as made:
        yield made


@pytest.fixture
def oidc(server: OidcServer, office: Office) -> Oidc:
    with office.begin() as session:
        accounts.create(session, "test", "wang", "Wang", [Role.OFFICER], provider="portal", subject="u-17")
    return Oidc("portal", Text("门户", "Portal"), server.issuer, CLIENT, SECRET)


def _round(office: Office, oidc: Oidc, server: OidcServer) -> Back:
    going = oidc.leave(office, HOME, "/alerts")
    return oidc.come_back(office, server.visit(going.url), going.state, Caller("10.0.0.9"))


def test_who_is_known_there_and_here_comes_in(office: Office, oidc: Oidc, server: OidcServer) -> None:
    back = _round(office, oidc, server)
    assert back.target == "/alerts"
    viewer = sessions.resume(office, back.signed.token)
    assert viewer is not None
    assert (viewer.login, viewer.via) == ("wang", "oidc")
    assert viewer.may(Permission.WORK_CASES)
    with office.read() as session:
        assert session.scalar(select(func.count()).select_from(SignInFlow)) == 0


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "http://elsewhere"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "another"},
        {"exp": 0},
        {"iat": 99999999999},
        {"at_hash": "AAAA"},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_a_token_that_is_not_for_us_now_is_refused(office: Office, oidc: Oidc, server: OidcServer, lie: dict) -> None:
    server.lie = lie
    with pytest.raises(AccessError, match="sign-on failed"):
        _round(office, oidc, server)


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "exp", "iat", "nonce"])
def test_a_token_that_says_too_little_is_refused(office: Office, oidc: Oidc, server: OidcServer, name: str) -> None:
    server.forget = {name}
    with pytest.raises(AccessError):
        _round(office, oidc, server)


@pytest.mark.parametrize("way", ["sign_with_the_public_key_as_secret", "sign_not_at_all", "sign_with_another_key"])
def test_a_token_that_the_server_did_not_sign_is_refused(
    office: Office, oidc: Oidc, server: OidcServer, way: str
) -> None:
    server.sign = getattr(server, way)
    with pytest.raises(AccessError, match="id_token"):
        _round(office, oidc, server)


def test_new_keys_of_the_server_are_fetched(office: Office, oidc: Oidc, server: OidcServer) -> None:
    _round(office, oidc, server)
    server.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    server.shown = [server.key]
    _round(office, oidc, server)


def test_a_state_serves_once_in_one_browser_for_ten_minutes(
    office: Office, oidc: Oidc, server: OidcServer, hands: Hands
) -> None:
    going = oidc.leave(office, HOME, "/")
    with pytest.raises(AccessError):
        oidc.come_back(office, server.visit(going.url), "of another browser", Caller())
    oidc.come_back(office, server.visit(going.url), going.state, Caller())
    with pytest.raises(AccessError):
        oidc.come_back(office, server.visit(going.url), going.state, Caller())
    late = oidc.leave(office, HOME, "/")
    hands.forward(minutes=10)
    with pytest.raises(AccessError):
        oidc.come_back(office, server.visit(late.url), late.state, Caller())


def test_a_code_of_another_sign_in_does_not_serve(office: Office, oidc: Oidc, server: OidcServer) -> None:
    mine, other = oidc.leave(office, HOME, "/"), oidc.leave(office, HOME, "/")
    stolen = server.visit(other.url) | {"state": mine.state}
    with pytest.raises(AccessError, match="invalid_grant"):
        oidc.come_back(office, stolen, mine.state, Caller())


def test_what_the_server_refused_is_told(office: Office, oidc: Oidc) -> None:
    going = oidc.leave(office, HOME, "/")
    with pytest.raises(AccessError, match="access_denied"):
        oidc.come_back(office, {"error": "access_denied", "state": going.state}, going.state, Caller())


def test_an_answer_of_another_server_is_refused(office: Office, oidc: Oidc, server: OidcServer) -> None:
    going = oidc.leave(office, HOME, "/")
    with pytest.raises(AccessError):
        oidc.come_back(office, server.visit(going.url) | {"iss": "http://elsewhere"}, going.state, Caller())


def test_a_server_that_is_away_or_mad_is_a_fault_of_the_environment(
    office: Office, oidc: Oidc, server: OidcServer
) -> None:
    server.broken = True
    with pytest.raises(EnvironmentFault):
        oidc.leave(office, HOME, "/")
    away = Oidc("away", Text("", ""), "http://127.0.0.1:9", CLIENT, SECRET)
    with pytest.raises(EnvironmentFault):
        away.leave(office, HOME, "/")


def test_a_disabled_account_stays_out_and_the_journal_knows(office: Office, oidc: Oidc, server: OidcServer) -> None:
    with office.begin() as session:
        accounts.set_active(session, "test", "wang", False)
    with pytest.raises(AccessError, match="no account"):
        _round(office, oidc, server)
    with office.read() as session:
        last = session.scalars(select(JournalEntry).order_by(JournalEntry.seq.desc())).first()
        assert last is not None
        assert (last.act, last.about) == ("session.refuse", "user:wang")


def test_a_stranger_gets_an_account_without_roles_only_where_the_house_says_so(
    office: Office, oidc: Oidc, server: OidcServer
) -> None:
    boss = person(office, "boss", Role.SECURITY_ADMIN)
    server.lie = {"sub": "u-18", "preferred_username": "Li.Na"}
    with pytest.raises(AccessError):
        _round(office, oidc, server)
    oidc.admit = True
    assert _round(office, oidc, server).signed.viewer.permissions == {Permission.USE_ACCOUNT}
    with office.begin() as session:
        assert notices.unread(session, boss) == 1
        accounts.change_roles(session, boss, "li.na", [Role.VIEWER], EVERYTHING)
    assert _round(office, oidc, server).signed.viewer.roles == {Role.VIEWER}


def test_nobody_takes_a_local_account_by_a_name_there(office: Office, oidc: Oidc, server: OidcServer) -> None:
    person(office, "boss", Role.SECURITY_ADMIN)
    oidc.admit = True
    server.lie = {"sub": "u-66", "preferred_username": "boss"}
    with pytest.raises(AccessError):
        _round(office, oidc, server)
    with office.read() as session:
        assert find(session, "boss").provider == "local"
