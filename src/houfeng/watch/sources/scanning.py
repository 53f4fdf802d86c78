"""JSON lines read as bytes, by machine code: where each field's value stands, and the plain values themselves.

Only what is plain is taken: one flat object a line. Whatever else a line holds is left for the slow road, which knows
all of JSON; so this code never has to say what is wrong. Numbers go from digits to integers, never through a float.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Spans = NDArray[np.int32]
Marks = NDArray[np.int8]

ABSENT, STRING, NUMBER, TRUE, FALSE, NULL, ESCAPED = 0, 1, 2, 3, 4, 5, 6
PLAIN, ODD, UNMET, OTHER_KIND, BLANK = 0, 1, 2, 3, 4
IGNORED = -2


_jit = nb.njit(cache=True, nogil=True)


@_jit
def _blanks(buf: Bytes, at: int, end: int) -> int:
    while at < end and (buf[at] == 32 or buf[at] == 9 or buf[at] == 13):
        at += 1
    return at


@_jit
def _hex4(buf: Bytes, at: int, end: int) -> int:
    """The value of four hexadecimal digits, or -1."""
    if at + 4 > end:
        return -1
    value = 0
    for i in range(at, at + 4):
        c = int(buf[i])
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 65 <= c <= 70:
            value = value * 16 + c - 55
        elif 97 <= c <= 102:
            value = value * 16 + c - 87
        else:
            return -1
    return value


@_jit
def _escape(buf: Bytes, at: int, end: int) -> int:
    """The place after the escape that begins at `at`, or -1 where it is none or half of a pair."""
    if at + 1 >= end:
        return -1
    c = buf[at + 1]
    if c != 117:
        known = c == 34 or c == 92 or c == 47 or c == 98 or c == 102 or c == 110 or c == 114 or c == 116
        return at + 2 if known else -1
    code = _hex4(buf, at + 2, end)
    if code < 0 or 0xDC00 <= code <= 0xDFFF:
        return -1
    if code < 0xD800 or code > 0xDBFF:
        return at + 6
    if at + 7 < end and buf[at + 6] == 92 and buf[at + 7] == 117:
        low = _hex4(buf, at + 8, end)
        if 0xDC00 <= low <= 0xDFFF:
            return at + 12
    return -1


@_jit
def _string(buf: Bytes, at: int, end: int) -> tuple[int, bool]:
    """From behind a quote to its closing quote: that quote's place, or -1; and whether escapes stand between."""
    escaped = False
    while at < end:
        c = buf[at]
        if c == 34:
            return at, escaped
        if c < 32:
            return -1, escaped
        if c == 92:
            escaped = True
            at = _escape(buf, at, end)
            if at < 0:
                return -1, escaped
        else:
            at += 1
    return -1, escaped


@_jit
def _number(buf: Bytes, at: int, end: int) -> int:
    """The place after the JSON number that begins at `at`, or -1."""
    if buf[at] == 45:
        at += 1
    first = at
    while at < end and 48 <= buf[at] <= 57:
        at += 1
    if at == first or (buf[first] == 48 and at > first + 1):
        return -1
    if at < end and buf[at] == 46:
        first = at + 1
        at = first
        while at < end and 48 <= buf[at] <= 57:
            at += 1
        if at == first:
            return -1
    if at < end and (buf[at] == 69 or buf[at] == 101):
        at += 1
        if at < end and (buf[at] == 43 or buf[at] == 45):
            at += 1
        first = at
        while at < end and 48 <= buf[at] <= 57:
            at += 1
        if at == first:
            return -1
    return at


@_jit
def _word(buf: Bytes, at: int, end: int) -> tuple[int, int]:
    """`true`, `false` or `null`: the place after it, or -1; and which."""
    if at + 4 <= end and buf[at] == 116 and buf[at + 1] == 114 and buf[at + 2] == 117 and buf[at + 3] == 101:
        return at + 4, TRUE
    if at + 4 <= end and buf[at] == 110 and buf[at + 1] == 117 and buf[at + 2] == 108 and buf[at + 3] == 108:
        return at + 4, NULL
    false = at + 5 <= end and buf[at] == 102 and buf[at + 1] == 97 and buf[at + 2] == 108
    if false and buf[at + 3] == 115 and buf[at + 4] == 101:
        return at + 5, FALSE
    return -1, ABSENT


@_jit
def _value(buf: Bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """A scalar at `at`: the place after it (-1: none), where its text begins and ends, and what it is."""
    if at >= end:
        return -1, 0, 0, ABSENT
    c = buf[at]
    if c == 34:
        close, escaped = _string(buf, at + 1, end)
        return (close + 1 if close >= 0 else -1), at + 1, close, (ESCAPED if escaped else STRING)
    if c == 45 or 48 <= c <= 57:
        after = _number(buf, at, end)
        return after, at, after, NUMBER
    after, what = _word(buf, at, end)
    return after, at, after, what


@_jit
def _same(a: Bytes, a0: int, b: Bytes, b0: int, size: int) -> bool:
    i = 0
    while i < size and a[a0 + i] == b[b0 + i]:
        i += 1
    return i == size


@_jit
def _find(buf: Bytes, at: int, size: int, keys: Bytes, places: Ints, guess: int) -> int:
    """Which key of the table stands at `at`; `guess` is tried first. -1: none."""
    count = len(places) - 1
    if guess < count and places[guess + 1] - places[guess] == size and _same(buf, at, keys, places[guess], size):
        return guess
    for k in range(count):
        if places[k + 1] - places[k] == size and _same(buf, at, keys, places[k], size):
            return k
    return -1


@_jit
def scan(
    buf: Bytes,
    starts: Ints,
    ends: Ints,
    keys: Bytes,
    places: Ints,
    targets: Ints,
    spans: Spans,
    what: Marks,
    status: Marks,
) -> int:
    """Find the values of every line.

    `keys[places[k]:places[k+1]]` is a key as written, `targets[k]` its column or IGNORED. Fills `spans[column, line]`
    (begin, end), `what[column, line]` and `status[line]`. Returns where an unknown key begins (then its line is marked
    UNMET and the work stops there), or -1.
    """
    guesses = np.zeros(64, np.int64)
    for i in range(len(starts)):
        end = ends[i]
        at = _blanks(buf, starts[i], end)
        status[i] = ODD
        if at == end:
            status[i] = BLANK
            continue
        if buf[at] != 123:
            continue
        at = _blanks(buf, at + 1, end)
        position = 0
        while at < end and buf[at] == 34:
            key = at + 1
            close, _ = _string(buf, key, end)
            if close < 0:
                break
            at = _blanks(buf, close + 1, end)
            if at >= end or buf[at] != 58:
                break
            slot = position if position < 63 else 63
            k = _find(buf, key, close - key, keys, places, guesses[slot])
            if k < 0:
                status[i] = UNMET
                return key
            guesses[slot] = k
            after, first, last, kind = _value(buf, _blanks(buf, at + 1, end), end)
            if after < 0:
                break
            column = targets[k]
            if column != IGNORED:
                if what[column, i] != ABSENT:
                    break
                spans[column, i, 0], spans[column, i, 1], what[column, i] = first, last, kind
            at = _blanks(buf, after, end)
            if at >= end:
                break
            if buf[at] == 125:
                if _blanks(buf, at + 1, end) == end:
                    status[i] = PLAIN
                break
            if buf[at] != 44:
                break
            at = _blanks(buf, at + 1, end)
            position += 1
    return -1


@_jit
def kinds_of(buf: Bytes, starts: Ints, ends: Ints, spans: Spans) -> None:
    """Where each line names its kind, taking the first `"kind":"…"`; (0, 0) where it does not."""
    for i in range(len(starts)):
        at, end = starts[i], ends[i]
        spans[i, 0], spans[i, 1] = 0, 0
        while at + 9 < end:
            key = buf[at] == 34 and buf[at + 1] == 107 and buf[at + 2] == 105 and buf[at + 3] == 110
            if key and buf[at + 4] == 100 and buf[at + 5] == 34:
                value = _blanks(buf, at + 6, end)
                if value < end and buf[value] == 58:
                    value = _blanks(buf, value + 1, end)
                    if value < end and buf[value] == 34:
                        close, _ = _string(buf, value + 1, end)
                        if close > 0:
                            spans[i, 0], spans[i, 1] = value + 1, close
                    break
            at += 1


@_jit
def gather(buf: Bytes, spans: Spans, what: Marks, out: Bytes, places: Spans, valid: Bytes) -> int:
    """Copy the texts of a column one behind the other, escapes resolved; `true` becomes TRUE. Returns their size."""
    size = 0
    for i in range(len(what)):
        places[i] = size
        kind = what[i]
        valid[i] = 1 if kind != ABSENT and kind != NULL else 0
        if kind in (STRING, NUMBER):
            for at in range(spans[i, 0], spans[i, 1]):
                out[size] = buf[at]
                size += 1
        elif kind in (TRUE, FALSE):
            for at in range(spans[i, 0], spans[i, 1]):
                out[size] = buf[at] - 32
                size += 1
        elif kind == ESCAPED:
            size = _unescape(buf, spans[i, 0], spans[i, 1], out, size)
    places[len(what)] = size
    return size


@_jit
def _unescape(buf: Bytes, at: int, end: int, out: Bytes, size: int) -> int:
    while at < end:
        c = int(buf[at])
        if c != 92:
            out[size] = c
            size += 1
            at += 1
            continue
        c = int(buf[at + 1])
        if c != 117:
            if c == 98:
                c = 8
            elif c == 102:
                c = 12
            elif c == 110:
                c = 10
            elif c == 114:
                c = 13
            elif c == 116:
                c = 9
            out[size] = c
            size += 1
            at += 2
            continue
        code = _hex4(buf, at + 2, end)
        at += 6
        if 0xD800 <= code <= 0xDBFF:
            code = 0x10000 + ((code - 0xD800) << 10) + (_hex4(buf, at + 2, end) - 0xDC00)
            at += 6
        size = _utf8(code, out, size)
    return size


@_jit
def _utf8(code: int, out: Bytes, size: int) -> int:
    if code < 0x80:
        out[size] = code
        return size + 1
    if code < 0x800:
        out[size] = 0xC0 | (code >> 6)
        out[size + 1] = 0x80 | (code & 63)
        return size + 2
    if code < 0x10000:
        out[size] = 0xE0 | (code >> 12)
        out[size + 1] = 0x80 | ((code >> 6) & 63)
        out[size + 2] = 0x80 | (code & 63)
        return size + 3
    out[size] = 0xF0 | (code >> 18)
    out[size + 1] = 0x80 | ((code >> 12) & 63)
    out[size + 2] = 0x80 | ((code >> 6) & 63)
    out[size + 3] = 0x80 | (code & 63)
    return size + 4


def lines_of(block: bytes) -> tuple[Bytes, Ints, Ints]:
    """The bytes of a block, and where its lines begin and end (without their line feed)."""
    buf = np.frombuffer(block, np.uint8)
    feeds = np.flatnonzero(buf == 10)
    starts = np.concatenate((np.zeros(1, np.int64), feeds + 1))
    ends = np.concatenate((feeds, np.array([len(buf)], np.int64)))
    if len(buf) == 0 or buf[-1] == 10:
        starts, ends = starts[:-1], ends[:-1]
    return buf, starts, ends


def table_of(keys: dict[bytes, int]) -> tuple[Any, Any, Any]:
    """The keys of `scan` from a mapping of key as written → column."""
    blob = np.frombuffer(b"".join(keys), np.uint8)
    places = np.concatenate(([0], np.cumsum([len(k) for k in keys], dtype=np.int64))).astype(np.int64)
    return blob, places, np.array(list(keys.values()), np.int64)
