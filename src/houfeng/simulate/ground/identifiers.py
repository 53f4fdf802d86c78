"""Credit codes in bulk: every synthetic party gets a code whose check digits hold, so that checks can bite.

The layout is GB 32100-2015: two characters of kind, six of region, an organisation code with its own check digit
(GB 11714), one check character. Bodies begin with letters that tell our kinds of parties apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODES = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_VALUE = np.array([_ORG_ALPHABET.index(char) for char in ALPHABET], dtype=np.int64)
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int64)
_SPREAD = 334_214_467  # coprime to 31: neighbours get unlike codes, and no two share one
_ROOM = 31**6

FIRM, BANK, GUARANTOR, STATE = "MA", "MB", "MC", "ME"


def credit_codes(kinds: Ints, regions: Ints, body: str, serials: Ints) -> Any:
    """Unified social credit codes as an Arrow string array.

    `kinds` are the two leading digits (91 firm, 92 individual business, 93 cooperative, 12 public body), `regions` six
    digits, `body` the two letters that begin the organisation code, `serials` below 31**6 and unique within `body`.
    """
    count = len(serials)
    values = np.empty((count, 18), dtype=np.int64)
    values[:, 0:2] = _digits(kinds, 2)
    values[:, 2:8] = _digits(regions, 6)
    values[:, 8] = ALPHABET.index(body[0])
    values[:, 9] = ALPHABET.index(body[1])
    rest = (serials * _SPREAD) % _ROOM
    for place in range(15, 9, -1):
        rest, values[:, place] = np.divmod(rest, 31)
    organisation = (11 - (_ORG_VALUE[values[:, 8:16]] * _ORG_WEIGHTS).sum(axis=1) % 11) % 11
    values[:, 16] = np.where(organisation == 10, ALPHABET.index("X"), organisation)
    values[:, 17] = (31 - (values[:, :17] * _WEIGHTS).sum(axis=1) % 31) % 31
    return fixed_strings(_CODES[values])


def numbered(prefix: str, serials: Ints, width: int) -> Any:
    """`prefix` and each serial padded to `width` digits, as an Arrow string array."""
    head = np.frombuffer(prefix.encode(), dtype=np.uint8)
    chars = np.empty((len(serials), len(head) + width), dtype=np.uint8)
    chars[:, : len(head)] = head
    chars[:, len(head) :] = _digits(serials, width) + ord("0")
    return fixed_strings(chars)


def fixed_strings(chars: npt.NDArray[np.uint8]) -> Any:
    """An Arrow string array from a matrix of bytes, one row per string."""
    count, width = chars.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32) if count else np.zeros(1, dtype=np.int32)
    data = np.ascontiguousarray(chars)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data.tobytes()))


def _digits(numbers: Ints, width: int) -> Ints:
    places = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (np.asarray(numbers, dtype=np.int64)[:, None] // places) % 10
