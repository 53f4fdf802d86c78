"""Clearing away what a crash or a power cut left behind: rows of nobody, files of nobody, a torn last commit.

Nothing here touches a row that anybody can see, or could at any past moment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from houfeng.book.storage.faults import faults
from houfeng.book.storage.locking import locked
from houfeng.book.storage.manifest import Manifest
from houfeng.book.storage.tables import DataFile, Table
from houfeng.clock import ZONE

PATIENCE = timedelta(hours=1)
"""How old something unreferenced must be, so that nothing a running writer or reader still needs is taken away."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was cleared away: rows of submissions that never came to be, files nobody refers to, torn commits."""

    orphan_rows: int
    files: int
    bytes: int
    torn_commits: int


def tidy(book: Path, now: datetime) -> Tidied:
    """Clear the book in the folder `book`, alone: writers wait meanwhile, readers do not notice.

    Raises:
        EnvironmentFault: no permission, or damage that is not a leftover.
    """
    with locked(book / "lock"), faults(book):
        folders = [book / "manifest", book / "quarantine", *sorted(book.glob("rows/*"))]
        tables = [Table(folder) for folder in folders if folder.is_dir()]
        torn = sum(_set_aside_torn(table.path / "_delta_log") for table in tables)
        batches = {entry.batch for entry in Manifest(book / "manifest").entries()}
        rows = sum(_drop_orphans(table, batches, now) for table in tables if table.path.name != "manifest")
        sizes = [size for table in tables for size in _sweep(table, now)]
    return Tidied(rows, len(sizes), sum(sizes), torn)


def _set_aside_torn(log: Path) -> int:
    """Put aside a newest commit that does not read: its writer never told anybody that it was done.

    A commit is forced to the disk before the receipt is given, so only a power cut in between can tear it.
    """
    commits = sorted(log.glob("[0-9]*.json"))
    if not commits or len(commits) == 1 or _reads(commits[-1]):
        return 0
    os.replace(commits[-1], commits[-1].with_suffix(".torn"))
    return 1


def _reads(commit: Path) -> bool:
    lines = commit.read_text("utf-8", errors="replace").splitlines()
    try:
        return bool([json.loads(line) for line in lines])
    except ValueError:
        return False


def _drop_orphans(table: Table, batches: set[str], now: datetime) -> int:
    """Take files whose call never came to be out of the table's log. Gives the number of their rows."""
    orphans = [file for file in table.files() if _batch(file) not in batches and _is_old(Path(file.path), now)]
    if not orphans:
        return 0
    table.replace(orphans)
    return sum(file.rows for file in orphans)


def _batch(file: DataFile) -> str:
    return file.first.rsplit("-", 1)[0]


def _sweep(table: Table, now: datetime) -> Iterator[int]:
    """Remove files the table's log does not name any more, or never did. Gives their sizes."""
    active = {file.path for file in table.files()}
    for path in _old(table.path.glob("*.parquet"), now):
        if str(path) not in active:
            size = path.stat().st_size
            path.unlink()
            yield size


def _old(paths: Iterable[Path], now: datetime) -> list[Path]:
    return [path for path in paths if _is_old(path, now)]


def _is_old(path: Path, now: datetime) -> bool:
    written = datetime.fromtimestamp(path.stat().st_mtime, ZONE).replace(tzinfo=None)
    return now - written > PATIENCE
