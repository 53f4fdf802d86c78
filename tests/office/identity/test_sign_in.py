"""Signing in with a password of the house."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from houfeng.errors import AccessError, InputError
from houfeng.office import house, journal
from houfeng.office.access import Permission, Role
from houfeng.office.database import Office
from houfeng.office.identity import accounts, first, local, sessions
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller
from houfeng.office.tables import JournalEntry, User, UserSession
from office.conftest import Hands
from office.people_samples import GOOD, person

AT = Caller("10.1.2.3", "a browser")


def _ready(office: Office, login: str = "wang") -> None:
    person(office, login, Role.OFFICER)
    with office.begin() as session:
        local.set_password(session, find(session, login), GOOD)


def _acts(office: Office) -> list[str]:
    with office.read() as session:
        return list(session.scalars(select(JournalEntry.act).order_by(JournalEntry.seq)))


def test_the_first_start_makes_one_administrator_who_must_change_the_password(office: Office) -> None:
    shown = first.first_start(office)
    assert shown is not None
    assert first.first_start(office) is None
    signed = local.sign_in(office, shown.login, shown.password)
    viewer = sessions.resume(office, signed.token)
    assert viewer is not None
    assert viewer.permissions == {Permission.USE_ACCOUNT}
    with office.begin() as session, pytest.raises(AccessError):
        accounts.create(session, viewer, "li", "Li", [Role.AUDIT_ADMIN])
    with office.begin() as session:
        local.change_password(session, viewer, shown.password, GOOD)
    changed = sessions.resume(office, signed.token)
    assert changed is not None
    assert changed.permissions == {Permission.USE_ACCOUNT, Permission.MANAGE_USERS}
    with office.begin() as session:
        for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
            accounts.create(session, changed, f"the.{role}", role, [role])


def test_no_secret_stands_anywhere_in_the_database(office: Office) -> None:
    shown = first.first_start(office)
    assert shown is not None
    signed = local.sign_in(office, shown.login, shown.password, AT)
    with office.read() as session:
        user, row = session.scalars(select(User)).one(), session.scalars(select(UserSession)).one()
        kept = [*vars(user).values(), *vars(row).values()]
        kept += [e.detail + e.why + e.about for e in journal.entries(session)]
    assert not [value for value in kept if shown.password in str(value) or signed.token in str(value)]


def test_too_many_failures_lock_for_a_while_also_the_right_password(office: Office, hands: Hands) -> None:
    _ready(office)
    for _ in range(5):
        with pytest.raises(AccessError, match="locked"):
            local.sign_in(office, "wang", "wrong", AT)
    with pytest.raises(AccessError):
        local.sign_in(office, "wang", GOOD, AT)
    hands.forward(minutes=14, seconds=59)
    with pytest.raises(AccessError):
        local.sign_in(office, "wang", GOOD, AT)
    hands.forward(seconds=1)
    assert local.sign_in(office, " WANG ", GOOD, AT).viewer.login == "wang"
    assert _acts(office).count("session.refuse") == 7
    with office.read() as session:
        detail = [json.loads(e.detail) for e in journal.entries(session) if e.act == "session.refuse"]
    assert [d["locked"] for d in detail] == [False] * 4 + [True, False, False]


def test_a_success_forgets_earlier_failures(office: Office) -> None:
    _ready(office)
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(AccessError):
                local.sign_in(office, "wang", "wrong")
        local.sign_in(office, "wang", GOOD)


def test_one_message_for_all_that_are_not_let_in(office: Office) -> None:
    _ready(office)
    _ready(office, "gone")
    with office.begin() as session:
        accounts.set_active(session, "test", "gone", False)
    told = set()
    for login, password in (("nobody", GOOD), ("wang", "wrong"), ("gone", GOOD), ("", "")):
        with pytest.raises(AccessError) as error:
            local.sign_in(office, login, password)
        told.add(error.value.message)
    assert len(told) == 1


def test_what_was_typed_as_an_unknown_login_is_not_kept(office: Office) -> None:
    with pytest.raises(AccessError):
        local.sign_in(office, GOOD, "", AT)
    with office.read() as session:
        assert [(e.about, GOOD in e.detail) for e in journal.entries(session)] == [("user:?", False)]


def test_an_old_password_must_be_changed_before_anything_else(office: Office, hands: Hands) -> None:
    _ready(office)
    hands.forward(days=180)
    signed = local.sign_in(office, "wang", GOOD)
    viewer = sessions.resume(office, signed.token)
    assert viewer is not None
    assert viewer.must_change
    assert not viewer.may(Permission.SEE_MARKET)
    with office.begin() as session, pytest.raises(InputError):
        local.change_password(session, viewer, GOOD, GOOD)
    with office.begin() as session, pytest.raises(AccessError):
        local.change_password(session, viewer, "wrong", "another surprising one")
    with office.begin() as session:
        local.change_password(session, viewer, GOOD, "another surprising one")
    after = sessions.resume(office, signed.token)
    assert after is not None
    assert after.may(Permission.SEE_MARKET)


def test_changing_the_password_ends_the_other_sessions(office: Office) -> None:
    _ready(office)
    old, here = local.sign_in(office, "wang", GOOD), local.sign_in(office, "wang", GOOD)
    with office.begin() as session:
        local.change_password(session, here.viewer, GOOD, "another surprising one")
    assert sessions.resume(office, old.token) is None
    assert sessions.resume(office, here.token) is not None


def test_a_reset_gives_a_password_to_be_used_once(office: Office) -> None:
    _ready(office)
    signed = local.sign_in(office, "wang", GOOD)
    boss = person(office, "boss", Role.SECURITY_ADMIN)
    with office.begin() as session:
        password = accounts.reset_password(session, boss, "wang", "forgotten")
    assert sessions.resume(office, signed.token) is None
    with pytest.raises(AccessError):
        local.sign_in(office, "wang", GOOD)
    assert local.sign_in(office, "wang", password).viewer.must_change


def test_the_rules_of_the_house_are_settings(office: Office) -> None:
    _ready(office)
    admin = person(office, "sys", Role.SYSTEM_ADMIN)
    with office.begin() as session:
        house.change(session, admin, "sign_in_failures", 3, "等保")
        house.change(session, admin, "lock_minutes", 60, "等保")
    for _ in range(3):
        with pytest.raises(AccessError, match="3 failures lock it for 60"):
            local.sign_in(office, "wang", "wrong")
    with office.read() as session:
        assert find(session, "wang").locked_until is not None
    assert _acts(office).count("setting.change") == 2
