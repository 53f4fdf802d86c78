"""How often somebody may try: sign-in per address and per login, the API per token or address.

Counted in fixed slots of a minute, in memory that the processes of one desk share; a restart forgets. What must not be
forgotten, the lock of an account after wrong passwords, stands in the database (`houfeng.office.identity`).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from array import array
from collections.abc import MutableSequence
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawArray

from starlette.requests import Request

from houfeng.clock import Clock
from houfeng.errors import HoufengError, Text

SIGN_IN_ADDRESS = 30
SIGN_IN_LOGIN = 10
API = 600
API_ADDRESS = 3000
ROWS, WIDTH = 4, 65_536
"""Each key has a cell in each row, and its count is the least of them: somebody who floods the desk with made-up names
fills all cells, and new ones are refused; of a thousand honest keys in a minute one in ten million meets another's."""
SLOT = 32
"""Bits of a cell that count; those above say of which minute."""


class TooManyError(HoufengError):
    """Somebody asks too often."""

    code = "houfeng.too_many"
    status = 429


@dataclass(frozen=True)
class Tries:
    """The cells, and what keys are hashed with, so that nobody can choose whose cell to fill."""

    cells: MutableSequence[int] = field(default_factory=lambda: array("Q", bytes(8 * ROWS * WIDTH)))
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @classmethod
    def shared(cls) -> Tries:
        """Cells that processes share which are started with them.

        Without a lock between them, which one that is killed would leave held: two that count at the same moment may
        count one.
        """
        return cls(RawArray("Q", ROWS * WIDTH))

    def places(self, key: str) -> list[int]:
        """The cells of `key`."""
        digest = hashlib.blake2b(key.encode(), key=self.salt, digest_size=4 * ROWS).digest()
        return [row * WIDTH + int.from_bytes(digest[4 * row : 4 * row + 4]) % WIDTH for row in range(ROWS)]


class Limits:
    """Counts tries per key and minute."""

    def __init__(self, clock: Clock, tries: Tries | None = None) -> None:
        """`clock` tells which minute it is; `tries` are those of other processes too."""
        self._clock = clock
        self._tries = tries or Tries()
        self._lock = threading.Lock()

    def take(self, key: str, most: int) -> None:
        """Count one try of `key`.

        Raises:
            TooManyError: there were `most` in this minute already.
        """
        now = self._clock()
        begun = ((now.toordinal() * 24 + now.hour) * 60 + now.minute) << SLOT
        cells, places = self._tries.cells, self._tries.places(key)
        with self._lock:
            counts = [max(0, cells[place] - begun) for place in places]
            least = min(counts)
            if least < most:
                for place, count in zip(places, counts, strict=True):
                    if count == least:
                        cells[place] = begun + least + 1
        if least >= most:
            raise TooManyError(Text("尝试过于频繁，请一分钟后再试。", "too many tries; please wait a minute"))


async def limit_api(request: Request) -> None:
    """A dependency of the whole desk: the API answers each token and each address so many times a minute.

    Raises:
        TooManyError: it asked more often.
    """
    if not request.url.path.startswith("/api/"):
        return
    address = request.client.host if request.client else ""
    limits: Limits = request.app.state.limits
    limits.take(f"api from {address}", API_ADDRESS)
    if said := request.headers.get("authorization", ""):
        limits.take(f"api by {hashlib.sha256(said.encode()).hexdigest()}", API)
