"""How often somebody may try: sign-in per address and per login, the API per token or address.

Counted in the memory of each process, in fixed slots of a minute: with several processes the limit is that many times
larger, and a restart forgets. What must not be forgotten, the lock of an account after wrong passwords, stands in the
database (`houfeng.office.identity`).
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from datetime import datetime

from starlette.requests import Request

from houfeng.clock import Clock
from houfeng.errors import HoufengError, Text

SIGN_IN_ADDRESS = 30
SIGN_IN_LOGIN = 10
API = 600
API_ADDRESS = 3000
KEPT = 100_000
"""Keys counted per minute; beyond it somebody is flooding with made-up names, and all further new ones are refused."""


class TooManyError(HoufengError):
    """Somebody asks too often."""

    code = "houfeng.too_many"
    status = 429


class Limits:
    """Counts tries per key and minute."""

    def __init__(self, clock: Clock) -> None:
        """`clock` tells which minute it is."""
        self._clock = clock
        self._lock = threading.Lock()
        self._slot: datetime | None = None
        self._counts: Counter[str] = Counter()

    def take(self, key: str, most: int) -> None:
        """Count one try of `key`.

        Raises:
            TooManyError: there were `most` in this minute already.
        """
        slot = self._clock().replace(second=0, microsecond=0)
        with self._lock:
            if slot != self._slot:
                self._slot, self._counts = slot, Counter()
            full = self._counts[key] >= most or (key not in self._counts and len(self._counts) >= KEPT)
            if not full:
                self._counts[key] += 1
        if full:
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
