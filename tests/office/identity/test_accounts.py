"""Roles, scopes and the three administrators."""

from __future__ import annotations

import itertools

import pytest

from houfeng.errors import AccessError, ConflictError, HoufengError, InputError, UsageError
from houfeng.office import house
from houfeng.office.access import (
    ADMINISTRATORS,
    EVERYTHING,
    PERMISSION_NAMES,
    PERMISSIONS,
    ROLE_NAMES,
    Permission,
    Role,
    Scope,
    Viewer,
)
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import find, roles_of
from office.people_samples import person


def test_every_role_and_permission_is_named_and_given() -> None:
    assert set(PERMISSIONS) == set(ROLE_NAMES) == set(Role)
    assert set(PERMISSION_NAMES) == set(Permission)
    assert frozenset().union(*PERMISSIONS.values()) == set(Permission)


def test_an_administrator_sees_nothing_of_the_market_and_only_audit_reads_the_journal() -> None:
    for role in ADMINISTRATORS:
        assert not PERMISSIONS[role] & {Permission.SEE_MARKET, Permission.SEE_CASES, Permission.EXPORT}
    readers = {role for role in Role if Permission.SEE_JOURNAL in PERMISSIONS[role]}
    assert readers == {Role.AUDIT_ADMIN}
    changing = {Permission.MANAGE_SYSTEM, Permission.MANAGE_USERS, Permission.WORK_CASES, Permission.APPROVE}
    assert not PERMISSIONS[Role.AUDIT_ADMIN] & changing


def test_require_tells_in_words_what_is_missing() -> None:
    viewer = Viewer(1, "li", "Li", frozenset({Role.REPORTER}), Scope(institutions=frozenset({"B1"})))
    viewer.require(Permission.SUBMIT_DATA)
    with pytest.raises(AccessError, match="see the market"):
        viewer.require(Permission.SEE_MARKET)


@pytest.mark.parametrize("pair", list(itertools.combinations(sorted(ADMINISTRATORS), 2)))
def test_no_person_holds_two_of_the_three(office: Office, pair: tuple[Role, Role]) -> None:
    boss = person(office, "boss", Role.SECURITY_ADMIN)
    with office.begin() as session, pytest.raises(InputError) as told:
        accounts.create(session, boss, "both", "Both", pair)
    assert [problem.code for problem in told.value.problems] == ["identity.separate_administrators"]
    person(office, "one", pair[0])
    with office.begin() as session, pytest.raises(InputError):
        accounts.change_roles(session, boss, "one", pair, EVERYTHING)


@pytest.mark.parametrize(
    ("login", "roles", "scope", "fault"),
    [
        ("Ä", [Role.VIEWER], EVERYTHING, InputError),
        ("a b", [Role.VIEWER], EVERYTHING, InputError),
        ("bank", [Role.REPORTER], EVERYTHING, InputError),
        ("bank", [Role.REPORTER], Scope(institutions=frozenset()), InputError),
        ("firm", [Role.ENTERPRISE], EVERYTHING, InputError),
        ("firm", [Role.ENTERPRISE, Role.VIEWER], Scope(enterprise="E1"), InputError),
        ("firm", [Role.VIEWER], Scope(enterprise="E1"), InputError),
        ("city", [Role.VIEWER], Scope(regions=frozenset({""})), UsageError),
        ("city", [Role.VIEWER], Scope(regions=frozenset({"郑州"})), UsageError),
        ("boss", [Role.VIEWER], EVERYTHING, ConflictError),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    office: Office, login: str, roles: list[Role], scope: Scope, fault: type[HoufengError]
) -> None:
    boss = person(office, "boss", Role.SECURITY_ADMIN)
    with office.begin() as session, pytest.raises(fault):
        accounts.create(session, boss, login, "A", roles, scope)


def test_only_the_security_administrator_changes_accounts(office: Office) -> None:
    person(office, "wang", Role.VIEWER)
    for role in set(Role) - {Role.SECURITY_ADMIN, Role.REPORTER, Role.ENTERPRISE}:
        other = person(office, f"the.{role}", role)
        with office.begin() as session:
            for act in (
                lambda s=session, o=other: accounts.create(s, o, "x1", "X", [Role.VIEWER]),
                lambda s=session, o=other: accounts.change_roles(s, o, "wang", [Role.APPROVER], EVERYTHING),
                lambda s=session, o=other: accounts.set_active(s, o, "wang", False),
                lambda s=session, o=other: accounts.reset_password(s, o, "wang"),
                lambda s=session, o=other: accounts.unlock(s, o, "wang"),
            ):
                with pytest.raises(AccessError):
                    act()


def test_nobody_changes_their_own_rights(office: Office) -> None:
    boss = person(office, "boss", Role.SECURITY_ADMIN)
    person(office, "second", Role.SECURITY_ADMIN)
    with office.begin() as session, pytest.raises(AccessError, match="own account"):
        accounts.change_roles(session, boss, "boss", [Role.SECURITY_ADMIN, Role.OFFICER], EVERYTHING)
    with office.begin() as session, pytest.raises(AccessError):
        accounts.set_active(session, boss, "boss", False)


def test_the_last_security_administrator_stays(office: Office) -> None:
    person(office, "boss", Role.SECURITY_ADMIN)
    with office.begin() as session, pytest.raises(ConflictError):
        accounts.set_active(session, "cli:root", "boss", False)
    with office.begin() as session, pytest.raises(ConflictError):
        accounts.change_roles(session, "cli:root", "boss", [Role.VIEWER], EVERYTHING)
    person(office, "second", Role.SECURITY_ADMIN)
    with office.begin() as session:
        accounts.set_active(session, "cli:root", "boss", False)
        assert roles_of(find(session, "boss")) == {Role.SECURITY_ADMIN}


def test_settings_have_bounds_and_an_administrator(office: Office) -> None:
    admin, officer = person(office, "sys", Role.SYSTEM_ADMIN), person(office, "wang", Role.OFFICER)
    with office.begin() as session:
        with pytest.raises(AccessError):
            house.change(session, officer, "lock_minutes", 20, "")
        for name, value in (("lock_minutes", 0), ("lock_minuts", 5), ("session_hours", 169)):
            with pytest.raises(UsageError):
                house.change(session, admin, name, value, "")
        assert house.change(session, admin, "lock_minutes", 20, "x").lock_minutes == 20
    with office.read() as session:
        assert house.house(session) == house.House(lock_minutes=20)
