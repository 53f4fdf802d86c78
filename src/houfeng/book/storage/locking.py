"""One writer at a time, and a moment of quiet for readers who ask about right now.

The order of submissions is the order of their stamps, so a stamp is given and made visible under one lock that all
processes share: `flock` on a file in the book. It is let go by the operating system when a process dies, so no lock is
ever left behind. The lock holds on one machine and on network file systems that pass `flock` on (NFS version 4 does).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from houfeng.book.storage.faults import faults
from houfeng.errors import ConflictError, Text

PATIENCE = 300.0
"""Seconds to wait for another process before giving up."""

STEP = 0.005


@contextmanager
def locked(path: Path, *, shared: bool = False, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file `path`: alone, or together with other readers (`shared`).

    Raises:
        ConflictError: another process still holds it after `patience` seconds.
        EnvironmentFault: the file cannot be opened.
    """
    with faults(path):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _wait(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, patience)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, mode: int, patience: float) -> None:
    give_up = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise ConflictError(
                    Text(
                        f"另一个进程占用账簿已超过 {patience:.0f} 秒，请稍后再试",
                        f"another process has held the book for over {patience:.0f} seconds; try again later",
                    )
                ) from None
            time.sleep(STEP)
