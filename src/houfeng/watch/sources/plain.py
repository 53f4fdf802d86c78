"""Plain spellings to values, by machine code: digits to integers, days and moments, identifiers that need no mending.

Each function says, cell by cell, whether it read it (`ok`); what it did not, `houfeng.book.intake.values` reads.
Both must agree on what is read here; a property test holds them to it.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from houfeng.book.intake.identifiers import ALPHABET
from houfeng.watch.sources.scanning import (
    ABSENT,
    FALSE,
    NULL,
    NUMBER,
    STRING,
    TRUE,
    Bytes,
    Ints,
    Marks,
    Spans,
)

_jit = nb.njit(cache=True, nogil=True)
_EAST_8 = 8 * 3600
_ZONED_FROM = 8035  # 1992-01-01 in days: from here on Asia/Shanghai is eight hours ahead, without summer time
FREE, COPIED, PARTY, USCC = 0, 1, 2, 3  # texts; identifiers without a check, of a party, of an enterprise


@_jit
def decimals(buf: Bytes, spans: Spans, what: Marks, whole: int, scale: int, values: Ints, ok: Bytes) -> None:
    """Numbers of at most `whole` digits before the point and `scale` after it, as integers of the last digit."""
    for i in range(len(what)):
        kind = what[i]
        ok[i] = 1
        if kind in (ABSENT, NULL):
            continue
        ok[i] = 0
        at, end = spans[i, 0], spans[i, 1]
        if (kind != STRING and kind != NUMBER) or at >= end:
            continue
        negative = buf[at] == 45
        if negative:
            at += 1
        value, digits, after, point = 0, 0, 0, False
        while at < end:
            c = int(buf[at])
            if 48 <= c <= 57:
                value = value * 10 + c - 48
                if point:
                    after += 1
                else:
                    digits += 1
                if digits + after > 18:
                    break
            elif c == 46 and not point:
                point = True
            else:
                break
            at += 1
        if at < end or digits == 0 or digits > whole or after > scale or (point and after == 0):
            continue
        if digits + scale > 18:
            continue
        for _ in range(scale - after):
            value *= 10
        values[i] = -value if negative else value
        ok[i] = 1


@_jit
def _two(buf: Bytes, at: int) -> int:
    a, b = int(buf[at]) - 48, int(buf[at + 1]) - 48
    return a * 10 + b if 0 <= a <= 9 and 0 <= b <= 9 else -1


@_jit
def _day(buf: Bytes, at: int) -> int:
    """Days since 1970-01-01 of `2026-01-31` at `at`, or -1_000_000 where it is no day."""
    century, years, month, day = _two(buf, at), _two(buf, at + 2), _two(buf, at + 5), _two(buf, at + 8)
    if buf[at + 4] != 45 or buf[at + 7] != 45 or century < 0 or years < 0 or day < 1 or month < 1 or month > 12:
        return -1_000_000
    year = century * 100 + years
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    last = 31
    if month == 2:
        last = 29 if leap else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        last = 30
    if day > last or year < 1800:
        return -1_000_000
    y = year - 1 if month <= 2 else year
    era_year = y % 400
    shifted = month - 3 if month > 2 else month + 9
    of_era = era_year * 365 + era_year // 4 - era_year // 100 + (153 * shifted + 2) // 5 + day - 1
    return (y // 400) * 146_097 + of_era - 719_468


@_jit
def days(buf: Bytes, spans: Spans, what: Marks, values: Ints, ok: Bytes) -> None:
    """Days written as `2026-01-31`."""
    for i in range(len(what)):
        kind = what[i]
        ok[i] = 1 if kind in (ABSENT, NULL) else 0
        if kind == STRING and spans[i, 1] - spans[i, 0] == 10:
            day = _day(buf, spans[i, 0])
            if day > -1_000_000:
                values[i], ok[i] = day, 1


@_jit
def _zone(buf: Bytes, at: int, end: int) -> int:
    """Seconds east of Greenwich of `Z` or `+08:00`, or -1_000_000."""
    if end - at == 1 and buf[at] == 90:
        return 0
    if end - at == 6 and buf[at + 3] == 58 and (buf[at] == 43 or buf[at] == 45):
        hours, minutes = _two(buf, at + 1), _two(buf, at + 4)
        if 0 <= hours < 24 and 0 <= minutes < 60:
            seconds = hours * 3600 + minutes * 60
            return -seconds if buf[at] == 45 else seconds
    return -1_000_000


@_jit
def moments(buf: Bytes, spans: Spans, what: Marks, values: Ints, ok: Bytes) -> None:
    """Moments written as `2026-01-31T09:30:00`, with or without `Z` or `+08:00`, or a bare day; in microseconds."""
    for i in range(len(what)):
        kind = what[i]
        ok[i] = 1 if kind in (ABSENT, NULL) else 0
        at, end = spans[i, 0], spans[i, 1]
        if kind != STRING or end - at < 10:
            continue
        day = _day(buf, at)
        if day == -1_000_000:
            continue
        seconds = 0
        if end - at > 10:
            if end - at < 19 or (buf[at + 10] != 84 and buf[at + 10] != 32) or buf[at + 13] != 58 or buf[at + 16] != 58:
                continue
            hour, minute, second = _two(buf, at + 11), _two(buf, at + 14), _two(buf, at + 17)
            if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
                continue
            seconds = hour * 3600 + minute * 60 + second
            if end - at > 19:
                zone = _zone(buf, at + 19, end)
                if zone == -1_000_000 or day <= _ZONED_FROM or day > 2_900_000:
                    continue
                seconds += _EAST_8 - zone
        values[i], ok[i] = (day * 86_400 + seconds) * 1_000_000, 1


@_jit
def booleans(what: Marks, values: Ints, ok: Bytes) -> None:
    """`true` and `false`."""
    for i in range(len(what)):
        kind = what[i]
        values[i] = 1 if kind == TRUE else 0
        ok[i] = 1 if kind in (TRUE, FALSE, ABSENT, NULL) else 0


_VALUE = np.full(256, 99, np.int64)
for _i, _c in enumerate(ALPHABET):
    _VALUE[ord(_c)] = _i
_BASE36 = np.full(256, 99, np.int64)
for _i, _c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
    _BASE36[ord(_c)] = _i
_LETTERS = np.frombuffer(ALPHABET.encode(), np.uint8).astype(np.int64)
_WEIGHTS = np.array((1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28), np.int64)
_INNER = np.array((3, 7, 9, 10, 5, 8, 4, 2), np.int64)
_INNER_CHECK = np.frombuffer(b"0X987654321", np.uint8).astype(np.int64)
_FIRST = np.frombuffer(b"123456789ANY", np.uint8).astype(np.int64)
_SECOND = np.frombuffer(b"123456789A", np.uint8).astype(np.int64)


@_jit
def _shaped(text: Bytes, at: int) -> bool:
    """Whether 18 characters have the shape of a unified social credit code."""
    first, second = False, False
    for c in _FIRST:
        first = first or text[at] == c
    for c in _SECOND:
        second = second or text[at + 1] == c
    if not (first and second):
        return False
    for i in range(at + 2, at + 8):
        if text[i] < 48 or text[i] > 57:
            return False
    strange = 0
    for i in range(at + 8, at + 18):
        strange += _VALUE[text[i]] == 99
    return strange == 0


@_jit
def _checked(text: Bytes, at: int) -> bool:
    """Whether both check characters of a code of that shape are right."""
    total = 0
    for i in range(17):
        total += _VALUE[text[at + i]] * _WEIGHTS[i]
    inner = 0
    for i in range(8):
        inner += _BASE36[text[at + 8 + i]] * _INNER[i]
    return bool(_LETTERS[(31 - total % 31) % 31] == text[at + 17] and _INNER_CHECK[inner % 11] == text[at + 16])


@_jit
def identifiers(text: Bytes, places: Spans, valid: Bytes, check: int, ok: Bytes) -> None:
    """Texts that come out of the intake as they went in: nothing to trim, to fold or to doubt.

    `check` is FREE for free text (only its ends matter), COPIED for identifiers without a check digit.
    """
    for i in range(len(valid)):
        at, end = places[i], places[i + 1]
        ok[i] = 1
        if valid[i] == 0:
            continue
        ok[i] = 0
        if end - at < 5:
            continue
        if check == FREE:
            first, last = text[at], text[end - 1]
            ok[i] = 1 if 36 <= first <= 126 and 33 <= last <= 126 else 0
            continue
        good = text[at] != 35 and not (48 <= text[at] <= 57 and (text[at + 1] == 46 or text[at + 1] | 32 == 101))
        for j in range(at, end):
            c = text[j]
            good = good and 33 <= c <= 126 and not (check != COPIED and 97 <= c <= 122)
        if good and check != COPIED:
            shaped = end - at == 18 and _shaped(text, at)
            good = (shaped and _checked(text, at)) or (check == PARTY and not shaped)
        ok[i] = 1 if good else 0
