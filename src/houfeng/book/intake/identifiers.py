"""Check digits of identifiers, one at a time and by the million.

GB 32100-2015 (unified social credit code), GB 11714 (organisation code), GB 11643 (citizen's number).
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_USCC_SHAPE = re.compile(rf"[1-9ANY][1-9A][0-9]{{6}}[{ALPHABET}]{{10}}")
_CITIZEN_SHAPE = re.compile(r"\d{6}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]")


def uscc_check(body: str) -> str:
    """The 18th character for the first 17 of a unified social credit code."""
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def organisation_check(body: str) -> str:
    """The 9th character for the first 8 of an organisation code."""
    total = sum(int(c, 36) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def is_uscc(text: str) -> bool:
    """Whether both check characters of a unified social credit code are right."""
    return (
        bool(_USCC_SHAPE.fullmatch(text))
        and uscc_check(text[:17]) == text[17]
        and organisation_check(text[8:16]) == text[16]
    )


def is_organisation_code(text: str) -> bool:
    """Whether an organisation code's check character is right; a hyphen before it is allowed."""
    body = text.replace("-", "", 1) if len(text) == 10 and text[8:9] == "-" else text
    return bool(re.fullmatch(r"[0-9A-Z]{8}[0-9X]", body)) and organisation_check(body[:8]) == body[8]


def is_citizen_id(text: str) -> bool:
    """Whether an 18-digit citizen's number has a possible birthday and the right check character."""
    if not _CITIZEN_SHAPE.fullmatch(text):
        return False
    total = sum(int(c) * w for c, w in zip(text, _CITIZEN_WEIGHTS, strict=False))
    return _CITIZEN_CHECKS[total % 11] == text[17]


def looks_like_uscc(text: str) -> bool:
    """Whether a text has the shape of a unified social credit code, whatever its check characters say."""
    return bool(_USCC_SHAPE.fullmatch(text))


def names_a_firm(text: str) -> bool:
    """Whether a text is the code of a firm and not the number of a citizen, which may have the same shape.

    Of digits alone only what checks as a credit code, and does not as a citizen's number, is a firm's: in doubt it is
    a person, whose number is not shown.
    """
    if text[:17].isdigit():
        return is_uscc(text) and not is_citizen_id(text)
    return looks_like_uscc(text)


_VALUES = np.full(256, 99, np.int64)
for _i, _c in enumerate(ALPHABET):
    _VALUES[ord(_c)] = _i
_BASE36 = np.full(256, 99, np.int64)
for _i, _c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
    _BASE36[ord(_c)] = _i
_ALPHABET_BYTES = np.frombuffer(ALPHABET.encode(), np.uint8)
_ORGANISATION_CHECKS = np.frombuffer(b"0X987654321", np.uint8)  # by total % 11: 0→11→"0", 1→10→"X", 2→9, …


def check_usccs(texts: Sequence[str]) -> NDArray[np.bool_]:
    """`is_uscc` of many texts at once."""
    right = np.fromiter((len(t) == 18 and t.isascii() for t in texts), np.bool_, len(texts))
    if not right.any():
        return right
    chosen = "".join(t for t, ok in zip(texts, right, strict=True) if ok)
    letters = np.frombuffer(chosen.encode(), np.uint8).reshape(-1, 18)
    values = _VALUES[letters]
    check = (31 - (values[:, :17] @ np.array(_USCC_WEIGHTS)) % 31) % 31
    good = (values < 31).all(axis=1) & (_ALPHABET_BYTES[check] == letters[:, 17])
    digits = letters[:, 2:8]
    good &= ((digits >= 48) & (digits <= 57)).all(axis=1)
    good &= np.isin(letters[:, 0], np.frombuffer(b"123456789ANY", np.uint8))
    good &= np.isin(letters[:, 1], np.frombuffer(b"123456789A", np.uint8))
    organisation = (_BASE36[letters[:, 8:16]] @ np.array(_ORGANISATION_WEIGHTS)) % 11
    good &= _ORGANISATION_CHECKS[organisation] == letters[:, 16]
    right[right] = good
    return right


_SECTIONS = (
    (1, "A"),
    (6, "B"),
    (13, "C"),
    (44, "D"),
    (47, "E"),
    (51, "F"),
    (53, "G"),
    (61, "H"),
    (63, "I"),
    (66, "J"),
    (70, "K"),
    (71, "L"),
    (73, "M"),
    (76, "N"),
    (80, "O"),
    (83, "P"),
    (84, "Q"),
    (86, "R"),
    (91, "S"),
    (97, "T"),
)
"""First division of each section of GB/T 4754-2017; the last section ends with division 97."""


def with_section(digits: str) -> str:
    """An industry class with its section letter: `3963` as `C3963`.

    The official loan table carries the digits only; packs match the whole class. What is not two to four digits of a
    known division comes back as it is.
    """
    if not (digits.isdigit() and 2 <= len(digits) <= 4 and 1 <= int(digits[:2]) <= 97):
        return digits
    place = bisect.bisect_right([first for first, _ in _SECTIONS], int(digits[:2])) - 1
    return _SECTIONS[place][1] + digits
