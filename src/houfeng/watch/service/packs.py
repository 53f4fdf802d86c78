"""The versions of packs a watch has run by, kept beside its log: a restart needs the one in force as it was.

    BOOK/watch/packs/DIGEST/NAME/*.yaml    the pack, and beside it the packs it requires

A folder appears whole or not at all and is never changed; who edits a pack makes another version.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from houfeng.book.storage.faults import faults
from houfeng.book.storage.tables import sync_file, sync_folder
from houfeng.errors import InputError, Text
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import find_folder
from houfeng.packs.model import Pack

FOLDER = "packs"


def keep(place: Path, pack: Pack) -> Pack:
    """Keep a pack in the folder of a watch; gives the pack as kept. One that is kept already is not written again.

    Raises:
        InputError: it requires a pack by a path, or its files changed while they were copied.
        EnvironmentFault: disk full, no permission.
    """
    target = place / FOLDER / pack.digest
    if not target.exists():
        staging = target.with_name(f".{pack.digest}.{os.getpid()}")
        with faults(place):
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True)
            _copy(Path(pack.folder), staging / pack.name, staging)
            if load_pack(staging / pack.name).digest != pack.digest:
                shutil.rmtree(staging, ignore_errors=True)
                raise InputError(
                    Text(
                        f"{pack.folder} 在复制时被改动，请再试",
                        f"{pack.folder} was changed while it was copied; try again",
                    )
                )
            for path in staging.rglob("*"):
                (sync_folder if path.is_dir() else sync_file)(path)
            sync_folder(staging)
            if not target.exists():
                staging.rename(target)
            shutil.rmtree(staging, ignore_errors=True)
            sync_folder(target.parent)
    return kept(place, pack.digest)


def kept(place: Path, digest: str) -> Pack:
    """The kept pack of a digest.

    Raises:
        InputError: there is none, or its files were changed.
    """
    for pack in _in(place / FOLDER / digest):
        if pack.digest == digest:
            return pack
    text = Text(
        f"{place / FOLDER} 里没有政策包 {digest[:12]}，或其文件被改动；请放回原版本",
        f"{place / FOLDER} has no pack {digest[:12]}, or its files were changed; put that version back",
    )
    raise InputError(text)


def versions(place: Path) -> list[Pack]:
    """All kept packs, in order of name and version."""
    folder = place / FOLDER
    digests = sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []
    found = [pack for digest in digests for pack in _in(folder / digest) if pack.digest == digest]
    return sorted(found, key=lambda pack: (pack.name, pack.version))


def _in(folder: Path) -> list[Pack]:
    if not folder.is_dir():
        return []
    return [load_pack(each) for each in sorted(folder.iterdir()) if (each / "pack.yaml").is_file()]


def _copy(source: Path, target: Path, beside: Path) -> None:
    """Copy a pack's files, and those of the packs it requires next to it."""
    target.mkdir(exist_ok=True)
    for path in sorted(source.glob("*.yaml")):
        shutil.copyfile(path, target / path.name)
    for name in load_pack(source).requires:
        if "/" in name or name.startswith("."):
            raise InputError(
                Text(
                    f"{source} 以路径引用所需的包 {name}，不能留存；请放在同一文件夹并写名字",
                    f"{source} requires {name} by a path and cannot be kept; put it beside and name it",
                )
            )
        if not (beside / name).exists():
            _copy(find_folder(name, source), beside / name, beside)
