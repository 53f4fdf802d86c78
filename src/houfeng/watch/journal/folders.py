"""Touching folders and files so that the disk has it, and saying what is damaged."""

from __future__ import annotations

import os
from pathlib import Path

from houfeng.book.storage.tables import sync_folder
from houfeng.errors import EnvironmentFault, Text


def make_folder(folder: Path) -> None:
    """Make the folder, and wait until its name is on the disk."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def truncate(path: Path, size: int) -> None:
    """Cut the file off after `size` bytes, and wait for the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(handle, size)
        os.fsync(handle)
    finally:
        os.close(handle)


def damage(path: Path, position: int, detail: str) -> EnvironmentFault:
    """Something is damaged where no crash can have done it: somebody must look, nothing is skipped."""
    return EnvironmentFault(
        Text(
            f"监测记录 {path} 在第 {position} 字节处损坏：{detail}。请从备份恢复此文件；不会跳过任何一条",
            f"{path} of the watch is damaged at byte {position}: {detail}. "
            f"Restore the file from a backup; nothing is skipped",
        )
    )
