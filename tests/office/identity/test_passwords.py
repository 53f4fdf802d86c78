"""Which passwords are weak, and why."""

from __future__ import annotations

import pytest

from houfeng.errors import InputError
from houfeng.office.house import House
from houfeng.office.identity import passwords

KNOWN = ("wangfang", "王芳")


def _codes(password: str, house: House = House()) -> set[str]:  # noqa: B008
    try:
        passwords.check(password, house, known=KNOWN, earlier=[])
    except InputError as error:
        return {problem.code.removeprefix("identity.password_") for problem in error.problems}
    return set()


@pytest.mark.parametrize(
    "weak",
    [
        "123456789012",
        "aaaaaaaaaaaaaa",
        "qwertyuiop12345",
        "Password2026!",
        "P@ssw0rd2026!!",
        "wangfang123456",
        "Houfeng@2026@2026",
        "abcabcabcabcabc",
        "zhengzhou-admin",
        "王芳王芳王芳19880101",
    ],
)
def test_what_anybody_would_try_is_weak_however_it_is_decorated(weak: str) -> None:
    assert _codes(weak) == {"guessable"}


@pytest.mark.parametrize(
    "good",
    [
        "梨花三月雨 kettle 91",
        "correct horse battery",
        "juxtaposed-oat-lamp",
        "一行白鹭上青天两个黄鹂鸣翠柳",
        "x7!Kq2#mV9$w",
    ],
)
def test_a_long_and_surprising_one_needs_no_decoration(good: str) -> None:
    assert _codes(good) == set()


def test_length_is_bounded_on_both_sides() -> None:
    assert _codes("k9#mV2!x") == {"short"}
    assert "long" in _codes("梨花三月雨kettle" * 40)


def test_classes_may_be_asked_for_where_a_rule_of_the_house_wants_them() -> None:
    assert _codes("correct horse battery", House(password_classes=3)) == {"classes"}
    assert _codes("Correct horse battery 7", House(password_classes=3)) == set()


def test_an_earlier_one_does_not_come_again() -> None:
    stored = passwords.hashed("correct horse battery")
    with pytest.raises(InputError) as told:
        passwords.check("correct horse battery", House(), known=KNOWN, earlier=[stored])
    assert [problem.code for problem in told.value.problems] == ["identity.password_reused"]


def test_the_hash_is_argon2id_and_says_nothing_of_the_password() -> None:
    one, two = passwords.hashed("correct horse battery"), passwords.hashed("correct horse battery")
    assert one.startswith("$argon2id$")
    assert one != two
    assert passwords.matches(one, "correct horse battery")
    assert not passwords.matches(one, "correct horse batterz")
    assert not passwords.matches("", "")
    assert not passwords.matches("not a hash", "x")
    assert passwords.matches(passwords.hashed("ｐ１"), "p1")  # full-width letters of an input method
