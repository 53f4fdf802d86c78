"""A state on the disk: written whole or not at all, and never believed if a byte of it is wrong.

    state/000000001234/    named by the last log entry it contains
        state.json         of every file its length and CRC
        plain.json         plain values
        *.npy, *.arrow     arrays and tables
        standing.json      what is kept beside the states too, for when none is whole

A state only makes starting faster. One that is damaged, or of another pack or layout, is passed over, and said.
"""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather

from houfeng.book.storage.faults import faults
from houfeng.book.storage.tables import sync_file, sync_folder
from houfeng.errors import Text
from houfeng.watch.operations.inbox import write_whole

FORMAT = 2
KEPT = 2
BLOCK = 1 << 24
PLAIN = "plain.json"
STANDING = "standing.json"
"""Watermark, silences, stops and lives of rules as of the last state, should no state be whole."""


def stage(
    folder: Path,
    seq: int,
    plain: dict[str, Any],
    arrays: dict[str, Any],
    tables: dict[str, pa.Table],
    standing: dict[str, Any],
) -> None:
    """Write a state that contains all log entries up to `seq` beside those there are: it counts once it is `settle`d.

    Nothing here waits for the disk, and nothing needs another thread: a copy of the process may do it (`saving`), and
    the sooner it is done the less has to be copied.

    Raises:
        EnvironmentFault: disk full, no permission; the states there stay as they were.
    """
    staging = _staging(folder, seq)
    with faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.new"):  # of a save that was cut short
            shutil.rmtree(left, ignore_errors=True)
        staging.mkdir()
        for name, array in arrays.items():
            np.save(staging / f"{name}.npy", array, allow_pickle=False)
        for name, table in tables.items():
            with pa.OSFile(str(staging / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
                out.write_table(table)
        (staging / STANDING).write_text(json.dumps({"seq": seq, **standing}, ensure_ascii=False), "utf-8")
        (staging / PLAIN).write_text(json.dumps(plain, default=str), "utf-8")


def settle(folder: Path, seq: int, identity: str) -> None:
    """Make a state that was staged count, whatever happens to the machine; older ones but the last go.

    Raises:
        EnvironmentFault: the disk said no; the states there stay as they were.
    """
    target, staging = folder / f"{seq:012}", _staging(folder, seq)
    with faults(folder):
        files = {path.name: [path.stat().st_size, _crc(path)] for path in sorted(staging.iterdir())}
        body = json.dumps({"format": FORMAT, "seq": seq, "identity": identity, "files": files})
        (staging / "state.json").write_text(f"{zlib.crc32(body.encode()):08x}\n{body}", "utf-8")
        for path in staging.iterdir():
            sync_file(path)
        sync_folder(staging)
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
        sync_folder(folder)
        write_whole(folder / STANDING, (target / STANDING).read_text("utf-8"))
        for old in _states(folder)[:-KEPT]:
            shutil.rmtree(folder / old, ignore_errors=True)


def keep(path: Path, plain: dict[str, Any]) -> None:
    """Write a small file that must be there when states are not.

    Raises:
        EnvironmentFault: the disk said no.
    """
    with faults(path):
        write_whole(path, json.dumps(plain, ensure_ascii=False))


def load(folder: Path, identity: str | None, upto: int) -> tuple[dict[str, Any] | None, list[Text]]:
    """The newest state that is whole, of this identity and not beyond entry `upto`; and what was wrong with others.

    Without an identity one of any watch will do: watermark, ids and emission do not hang on the pack.
    """
    said: list[Text] = []
    for name in reversed([name for name in _states(folder) if int(name) <= upto]):
        found = _read(folder / name)
        if found is None:
            said.append(Text(f"状态 {name} 已损坏，不用它", f"state {name} is damaged; it is passed over"))
        elif identity is not None and found["identity"] != identity:
            said.append(
                Text(f"状态 {name} 属于另一版政策包，不用它", f"state {name} is of another pack; it is passed over")
            )
        else:
            return found, said
    return None, said


def oldest(folder: Path) -> int:
    """The last log entry in the oldest state kept; 0 without any. The log is needed from there on."""
    names = _states(folder)
    return int(names[0]) if names else 0


def _staging(folder: Path, seq: int) -> Path:
    return folder / f"{seq:012}.new"


def _states(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name.isdigit())


def _read(place: Path) -> dict[str, Any] | None:
    try:
        crc, _, body = (place / "state.json").read_text("utf-8").partition("\n")
        if int(crc, 16) != zlib.crc32(body.encode()):
            return None
        found: dict[str, Any] = json.loads(body)
        if found["format"] != FORMAT or found["seq"] != int(place.name):
            return None
        for name, (size, sum_) in found["files"].items():
            path = place / name
            if path.stat().st_size != size or _crc(path) != sum_:
                return None
        found["plain"] = json.loads((place / PLAIN).read_text("utf-8"))
        found["arrays"] = {
            name.removesuffix(".npy"): np.load(place / name, mmap_mode="r", allow_pickle=False)
            for name in found["files"]
            if name.endswith(".npy")
        }
        found["tables"] = {
            name.removesuffix(".arrow"): feather.read_table(str(place / name))
            for name in found["files"]
            if name.endswith(".arrow")
        }
    except (OSError, ValueError, KeyError, UnicodeDecodeError):  # every way a file can be broken means: not this one
        return None
    return found


def _crc(path: Path) -> int:
    found = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            found = zlib.crc32(block, found)
    return found
