"""The last stored step of every alert there ever was, on the disk: memory holds those of the newest file alone.

An alert's id is 64 bits of a hash in hexadecimal, so the number it spells tells it as well as the text; other texts are
hashed to 64 bits. A file holds the numbers in order with their steps, twelve bytes each; to look one up, one block is
read. Memory has the first number of each block, and what came since the file was written.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from houfeng.book.storage.tables import sync_file, sync_folder

RECORD = np.dtype([("id", "<u8"), ("last", "<u4")])
Records = np.ndarray[Any, np.dtype[np.void]]

BLOCK = 341
"""Records read for one look: as many as four kilobytes hold."""
PART = 192 * BLOCK
"""Records that are merged, or checked, at once."""
RECENT = 65_536
"""So many may wait in memory while a journal without a summary is read."""

HEAD = "steps {:016d} {:016d} {:08x}\n"
"""The last entry told of, how many records follow, and the CRC of the records and of these two."""
FIRST = len(HEAD.format(0, 0, 0))

HEXADECIMAL = re.compile(r"[0-9a-f]{16}").fullmatch


class Steps:
    """The last step stored of each alert."""

    def __init__(self) -> None:
        """No alert is known."""
        self._recent: dict[int, int] = {}
        self._file = -1
        self._count = 0
        self._firsts = np.empty(0, np.uint64)

    @property
    def recent(self) -> int:
        """How many alerts are not in the file."""
        return len(self._recent)

    def last(self, alert: str) -> int:
        """The last stored step of `alert`; -1 where it has none."""
        number = _number(alert)
        if (found := self._recent.get(number)) is not None:
            return found
        block = int(self._firsts.searchsorted(np.uint64(number), "right")) - 1
        if block < 0:
            return -1
        records = self._records(block * BLOCK, BLOCK)
        place = int(records["id"].searchsorted(np.uint64(number)))
        held = place < len(records) and int(records["id"][place]) == number
        return int(records["last"][place]) if held else -1

    def put(self, alert: str, step: int) -> None:
        """`step` of `alert` is stored, and all before it; it is later than the last one."""
        self._recent[_number(alert)] = step

    def save(self, path: Path, upto: int) -> None:
        """Keep all of it in the file `path`, on the disk, instead of those before; entries up to `upto` brought it.

        Raises:
            OSError: the disk said no; then what was there before still counts.
        """
        count = check = 0
        fresh = path.with_name(f"{path.name}.new")  # what is there is read meanwhile
        with fresh.open("wb") as file:
            file.write(bytes(FIRST))
            for part in self._merged():
                data = part.tobytes()
                count, check = count + len(part), zlib.crc32(data, check)
                file.write(data)
            file.seek(0)
            file.write(HEAD.format(upto, count, _sealed(upto, count, check)).encode())
        sync_file(fresh)
        os.replace(fresh, path)
        self._open(path, count)
        self._recent = {}
        for older in path.parent.glob("known-*"):
            if older != path:
                older.unlink()
        sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path) -> tuple[Steps, int] | None:
        """What `save` kept, or nothing where it is not there or not sound: then the journal itself must be read."""
        if not path.exists():
            return None
        steps = cls()
        with path.open("rb") as file:
            words = file.read(FIRST).split()
        with suppress(ValueError, IndexError):
            upto, count, check = int(words[1]), int(words[2]), int(words[3], 16)
            whole = path.stat().st_size == FIRST + count * RECORD.itemsize
            if whole and _sealed(upto, count, steps._open(path, count)) == check:
                return steps, upto
        steps.close()
        return None

    def close(self) -> None:
        """Let the file go."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._count, self._firsts = -1, 0, np.empty(0, np.uint64)

    def _open(self, path: Path, count: int) -> int:
        """Look into this file from now on; gives the CRC of its records."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.close()
        self._file, self._count = handle, count
        firsts, check = [np.empty(0, np.uint64)], 0
        for part in self._parts():
            firsts.append(part["id"][::BLOCK].copy())
            check = zlib.crc32(part.tobytes(), check)
        self._firsts = np.concatenate(firsts)
        return check

    def _records(self, first: int, number: int) -> Records:
        number = min(number, self._count - first)
        data = os.pread(self._file, number * RECORD.itemsize, FIRST + first * RECORD.itemsize)
        return np.frombuffer(data, RECORD)

    def _parts(self) -> Iterator[Records]:
        for first in range(0, self._count, PART):
            yield self._records(first, PART)

    def _merged(self) -> Iterator[Records]:
        """The records of the file and the recent ones together, in order, part by part."""
        fresh = np.fromiter(self._recent.items(), RECORD, len(self._recent))
        fresh.sort(order="id")
        for part in self._parts():
            upto = int(fresh["id"].searchsorted(part["id"][-1], "right"))
            mine, fresh = fresh[:upto], fresh[upto:]
            at = part["id"].searchsorted(mine["id"])
            same = part["id"][at] == mine["id"]
            merged = part.copy()
            merged["last"][at[same]] = mine["last"][same]
            yield np.insert(merged, at[~same], mine[~same])
        if len(fresh):
            yield fresh


def _sealed(upto: int, count: int, check: int) -> int:
    return zlib.crc32(b"%d %d" % (upto, count), check)


def _number(alert: str) -> int:
    if HEXADECIMAL(alert):
        return int(alert, 16)
    return int.from_bytes(hashlib.blake2b(alert.encode(), digest_size=8).digest(), "big")
