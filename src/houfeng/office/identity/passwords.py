"""Passwords: argon2id, and a rule against weak ones that asks for length and surprise, not for decoration."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from houfeng.errors import InputError, Problem, Text
from houfeng.office.house import House

MOST = 256  # longer ones only make the server work
SURPRISES = 8  # characters that are left when everything guessable is taken away

_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106 for limited memory

_COMMON = (
    "password",
    "passw0rd",
    "houfeng",
    "welcome",
    "administrator",
    "admin",
    "letmein",
    "iloveyou",
    "woaini",
    "mima",
    "henan",
    "zhengzhou",
    "caiwu",
    "yinhang",
    "jinrong",
    "bank",
    "changeme",
    "p@ssword",
    "p@ssw0rd",
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedc")


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(_normal(password))


def matches(stored: str, password: str) -> bool:
    """Whether `password` is the one of `stored`. An empty `stored` costs the same time and never matches."""
    try:
        if not stored:
            _hasher.hash(_normal(password)[:MOST])
            return False
        return _hasher.verify(stored, _normal(password)[:MOST])
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether `stored` was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check(password: str, house: House, *, known: Sequence[str], earlier: Sequence[str]) -> None:
    """Refuse a weak password. `known` are words anybody would try (login, name); `earlier` the last hashes.

    Raises:
        InputError: with everything that is wrong with it.
    """
    found = [problem for problem in _problems(_normal(password), house, known) if problem]
    if not found and any(matches(stored, password) for stored in earlier):
        found = [_weak("identity.password_reused", "与最近用过的口令相同", "it was used before")]
    if found:
        raise InputError(Text("口令不符合要求", "the password is too weak"), found)


def _problems(password: str, house: House, known: Sequence[str]) -> list[Problem | None]:
    least = house.password_length
    left = len(_surprising(password.lower(), known))
    classes = sum(bool(re.search(part, password)) for part in ("[a-z]", "[A-Z]", r"\d", r"[^A-Za-z\d]"))
    return [
        _weak("identity.password_short", f"少于 {least} 个字符", f"it has fewer than {least} characters")
        if len(password) < least
        else None,
        _weak("identity.password_long", f"多于 {MOST} 个字符", f"it has more than {MOST} characters")
        if len(password) > MOST
        else None,
        _weak(
            "identity.password_guessable",
            "太容易猜到：去掉用户名、常见词、连续和重复字符后所剩无几",
            "it is easy to guess: little is left without your name, common words, rows and repeats",
        )
        if len(password) >= least and left < min(SURPRISES, least)
        else None,
        _weak(
            "identity.password_classes",
            f"须含大写、小写、数字、符号中的 {house.password_classes} 类",
            f"it needs {house.password_classes} of: capitals, small letters, digits, other signs",
        )
        if classes < house.password_classes
        else None,
    ]


def _surprising(password: str, known: Sequence[str]) -> str:
    """What is left when words, rows of the keyboard and repeats are taken away."""
    for word in sorted({*_COMMON, *(w.lower() for w in known if len(w) >= 3)}, key=len, reverse=True):
        password = password.replace(word, "")
    password = re.sub(r"(19|20)\d\d", "", password)  # years
    password = re.sub(r"(.+?)\1+", r"\1", password)  # aaa, abcabc
    return "".join(char for n, char in enumerate(password) if n == 0 or not _follows(password[n - 1], char))


def _follows(before: str, char: str) -> bool:
    """Whether `char` is next to `before` on the keyboard, in the alphabet or in counting."""
    pair = before + char
    return any(pair in row or pair in row[::-1] for row in _ROWS)


def _weak(code: str, zh: str, en: str) -> Problem:
    return Problem(
        code,
        Text(zh, en),
        suggestion=Text("用几个不相干的词连成一句最好记", "a few unrelated words in a row are easiest to keep in mind"),
    )


def _normal(password: str) -> str:
    """The same characters however a keyboard composed them."""
    return unicodedata.normalize("NFKC", password)
