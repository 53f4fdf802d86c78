"""The last stored step of every alert there ever was, in twelve bytes each.

An alert's id is 64 bits of a hash in hexadecimal, so the number it spells tells it as well as the text; other texts are
hashed to 64 bits. A sorted array holds most of them, a small dictionary those that came since it was last sorted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path

import numpy as np

from houfeng.book.storage.tables import sync_file, sync_folder

RECENT = 65_536

HEXADECIMAL = re.compile(r"[0-9a-f]{16}").fullmatch


class Steps:
    """The last step stored of each alert."""

    def __init__(self) -> None:
        """No alert is known."""
        self._ids = np.empty(0, np.uint64)
        self._last = np.empty(0, np.uint32)
        self._recent: dict[int, int] = {}

    def last(self, alert: str) -> int:
        """The last stored step of `alert`; -1 where it has none."""
        number = _number(alert)
        if (found := self._recent.get(number)) is not None:
            return found
        place = int(self._ids.searchsorted(np.uint64(number)))
        return int(self._last[place]) if place < len(self._ids) and int(self._ids[place]) == number else -1

    def put(self, alert: str, step: int) -> None:
        """`step` of `alert` is stored, and all before it; it is later than the last one."""
        self._recent[_number(alert)] = step
        if len(self._recent) >= RECENT:
            self._sort()

    def save(self, path: Path, upto: int) -> None:
        """Keep all of it in the file `path`, on the disk, instead of those before; entries up to `upto` brought it."""
        self._sort()
        told = {
            "upto": upto,
            "ids": base64.b64encode(self._ids.astype("<u8").tobytes()).decode(),
            "last": base64.b64encode(self._last.astype("<u4").tobytes()).decode(),
        }
        body = json.dumps(told, sort_keys=True)
        path.write_text(f"{zlib.crc32(body.encode()):08x}\n{body}\n", "utf-8")
        sync_file(path)
        for older in path.parent.glob("known-*.json"):
            if older != path:
                older.unlink()
        sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path) -> tuple[Steps, int] | None:
        """What `save` kept, or nothing where it is not there or not sound: then the journal itself must be read."""
        if not path.exists():
            return None
        check, _, body = path.read_text("utf-8", errors="replace").rstrip("\n").partition("\n")
        if check != f"{zlib.crc32(body.encode()):08x}":
            return None
        told = json.loads(body)
        steps = cls()
        steps._ids = np.frombuffer(base64.b64decode(told["ids"]), "<u8").astype(np.uint64)
        steps._last = np.frombuffer(base64.b64decode(told["last"]), "<u4").astype(np.uint32)
        return steps, int(told["upto"])

    def _sort(self) -> None:
        fresh = np.fromiter(self._recent, np.uint64, len(self._recent))
        last = np.fromiter(self._recent.values(), np.uint32, len(self._recent))
        old = ~np.isin(self._ids, fresh)
        ids, steps = np.concatenate([self._ids[old], fresh]), np.concatenate([self._last[old], last])
        order = np.argsort(ids)
        self._ids, self._last = ids[order], steps[order]
        self._recent = {}


def _number(alert: str) -> int:
    if HEXADECIMAL(alert):
        return int(alert, 16)
    return int.from_bytes(hashlib.blake2b(alert.encode(), digest_size=8).digest(), "big")
