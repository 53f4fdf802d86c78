"""What the machine says no to, told once and clearly: a full disk, a missing right, a damaged file.

Delta, Arrow and DuckDB each have their own exceptions for the same few misfortunes. Every touch of the disk runs inside
`faults`, so that a person sees one sentence saying what failed, and that nothing half-written is visible.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError

from houfeng.errors import EnvironmentFault, HoufengError, Text

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DUCKDB = (duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException)
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn what fails on the disk at `path` into one clear `EnvironmentFault`."""
    try:
        yield
    except HoufengError:
        raise
    except FileNotFoundError as error:
        raise damaged(path, str(error)) from error
    except OSError as error:
        raise fault_of(error.errno, path, str(error)) from error
    except (DeltaError, CommitFailedError, pa.ArrowException, *DUCKDB) as error:
        raise fault_of(_errno_in(str(error)), path, str(error)) from error


def fault_of(number: int | None, path: Path, detail: str) -> EnvironmentFault:
    """The fault for an operating-system error number; without one that is known, damage."""
    if number in FULL:
        return EnvironmentFault(
            Text(
                f"磁盘已满，写不进 {path}；账簿没有改变，腾出空间后再报一次即可",
                f"the disk is full at {path}; the book is unchanged: free some space and submit again",
            )
        )
    if number in DENIED:
        return EnvironmentFault(
            Text(f"没有权限读写 {path}；账簿没有改变", f"no permission to read or write {path}; the book is unchanged")
        )
    return damaged(path, detail)


def damaged(path: Path, detail: str) -> EnvironmentFault:
    """The book at `path` cannot be read as a book."""
    short = " ".join(detail.split())[:300]
    return EnvironmentFault(
        Text(
            f"账簿的 {path} 读写不了：{short}。可先运行 houfeng book tidy",
            f"{path} of the book cannot be read or written: {short}. Try houfeng book tidy first",
        )
    )


def _errno_in(text: str) -> int | None:
    """The error number hidden in a message of the Rust or C++ libraries."""
    for number, words in (
        (errno.ENOSPC, ("No space left", "os error 28")),
        (errno.EACCES, ("Permission denied", "os error 13")),
        (errno.EROFS, ("Read-only file system", "os error 30")),
    ):
        if any(word in text for word in words):
            return number
    return None
