"""Sessions and tokens: what opens the door, for how long, and who can close it."""

from __future__ import annotations

import pytest

from houfeng.errors import AccessError, InputError, NotFoundError
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts, sessions, tokens
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller, SignedIn
from office.conftest import Hands
from office.people_samples import person


def _open(office: Office, login: str) -> SignedIn:
    with office.begin() as session:
        return sessions.open_session(session, find(session, login), "password", Caller("10.0.0.1"))


def _works(office: Office, signed: SignedIn) -> bool:
    return sessions.resume(office, signed.token) is not None


def test_a_session_ends_when_nothing_is_clicked(office: Office, hands: Hands) -> None:
    person(office, "wang", Role.OFFICER)
    signed = _open(office, "wang")
    for _ in range(5):
        hands.forward(minutes=29)
        assert _works(office, signed)
    hands.forward(minutes=30)
    assert not _works(office, signed)


def test_a_session_ends_at_last_however_busy(office: Office, hands: Hands) -> None:
    person(office, "wang", Role.OFFICER)
    signed = _open(office, "wang")
    for _ in range(35):
        hands.forward(minutes=20)
        assert _works(office, signed)
    hands.forward(minutes=20)
    assert not _works(office, signed)


@pytest.mark.parametrize("token", ["", "x", "0" * 43])
def test_a_made_up_secret_opens_nothing(office: Office, token: str) -> None:
    assert sessions.resume(office, token) is None
    assert tokens.resume(office, token) is None
    assert tokens.resume(office, tokens.PREFIX + token) is None


def test_roles_and_scope_are_those_of_this_moment(office: Office) -> None:
    person(office, "wang", Role.OFFICER)
    signed = _open(office, "wang")
    with office.begin() as session:
        accounts.change_roles(session, "test", "wang", [Role.VIEWER], sessions_scope())
    viewer = sessions.resume(office, signed.token)
    assert viewer is not None
    assert viewer.roles == {Role.VIEWER}
    assert viewer.scope == sessions_scope()


def sessions_scope() -> accounts.Scope:
    return accounts.Scope(regions=frozenset({"410100"}))


def test_signing_out_disabling_and_forcing_end_a_session(office: Office) -> None:
    wang, boss = person(office, "wang", Role.OFFICER), person(office, "boss", Role.SECURITY_ADMIN)
    one, two, three = _open(office, "wang"), _open(office, "wang"), _open(office, "wang")
    with office.begin() as session:
        sessions.sign_out(session, one.viewer)
        assert [row.id for row in sessions.listing(session, wang.user_id)] == [
            three.viewer.session_id,
            two.viewer.session_id,
        ] or len(sessions.listing(session, wang.user_id)) == 2
        assert two.viewer.session_id is not None
        sessions.end(session, boss, two.viewer.session_id, "left the desk open")
    assert [_works(office, signed) for signed in (one, two, three)] == [False, False, True]
    with office.begin() as session:
        accounts.set_active(session, boss, "wang", False)
    assert not _works(office, three)
    with office.begin() as session:
        accounts.set_active(session, boss, "wang", True)
    assert not _works(office, three)


def test_nobody_ends_the_session_of_another(office: Office) -> None:
    person(office, "wang", Role.OFFICER)
    li, signed = person(office, "li", Role.OFFICER), _open(office, "wang")
    assert signed.viewer.session_id is not None
    with office.begin() as session, pytest.raises(NotFoundError):
        sessions.end(session, li, signed.viewer.session_id, "")
    with office.begin() as session, pytest.raises(AccessError):
        accounts.sign_out_everywhere(session, li, "wang")
    assert _works(office, signed)
    with office.begin() as session:
        assert accounts.sign_out_everywhere(session, signed.viewer, "wang") == 1


def test_an_account_may_be_held_to_one_session(office: Office) -> None:
    wang = person(office, "wang", Role.OFFICER)
    with office.begin() as session:
        accounts.change_profile(session, wang, name="王", email="", lang="zh", one_session=True)
    first, second = _open(office, "wang"), _open(office, "wang")
    assert not _works(office, first)
    assert _works(office, second)


def _token(office: Office, viewer: Viewer, *permissions: Permission, days: int = 30) -> str:
    with office.begin() as session:
        return tokens.issue(session, viewer, "nightly", permissions, days).secret


def test_a_token_is_allowed_no_more_than_its_own_and_its_persons_permissions(office: Office) -> None:
    wang = person(office, "wang", Role.OFFICER)
    secret = _token(office, wang, Permission.SUBMIT_DATA, Permission.SEE_DATA)
    viewer = tokens.resume(office, secret)
    assert viewer is not None
    assert viewer.permissions == {Permission.SUBMIT_DATA, Permission.SEE_DATA}
    with office.begin() as session:
        accounts.change_roles(session, "test", "wang", [Role.VIEWER], wang.scope)
    viewer = tokens.resume(office, secret)
    assert viewer is not None
    assert viewer.permissions == {Permission.SEE_DATA}


def test_a_token_cannot_be_wider_than_its_person_nor_make_another(office: Office) -> None:
    wang = person(office, "wang", Role.VIEWER)
    for wrong in ([Permission.MANAGE_USERS], [Permission.USE_ACCOUNT], []):
        with pytest.raises(AccessError):
            _token(office, wang, *wrong)
    secret = _token(office, wang, Permission.SEE_DATA)
    viewer = tokens.resume(office, secret)
    assert viewer is not None
    with pytest.raises(AccessError):
        _token(office, viewer, Permission.SEE_DATA)
    for days in (0, 181):
        with pytest.raises(InputError):
            _token(office, wang, Permission.SEE_DATA, days=days)


def test_a_token_ends_by_time_by_hand_and_with_its_person(office: Office, hands: Hands) -> None:
    wang, li = person(office, "wang", Role.VIEWER), person(office, "li", Role.VIEWER)
    short, long, gone = (_token(office, wang, Permission.SEE_DATA, days=days) for days in (1, 30, 30))
    hands.forward(days=1)
    assert tokens.resume(office, short) is None
    assert tokens.resume(office, long) is not None
    with office.begin() as session:
        newest = tokens.listing(session, wang.user_id)[0].id
        with pytest.raises(NotFoundError):
            tokens.revoke(session, li, newest)
        tokens.revoke(session, wang, newest)
    assert tokens.resume(office, gone) is None
    assert tokens.resume(office, long) is not None
    with office.begin() as session:
        accounts.set_active(session, "test", "wang", False)
        accounts.set_active(session, "test", "wang", True)
    assert tokens.resume(office, long) is None
