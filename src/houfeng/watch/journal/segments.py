"""The files of the log, one after the other, each beginning with a summary of all before it.

So a log opens by its last file alone, however long it is, and files no longer needed can go without a loss.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from houfeng.book.storage.faults import faults
from houfeng.book.storage.tables import sync_file, sync_folder
from houfeng.watch.journal.folders import damage
from houfeng.watch.journal.frames import Frame, frame_at, header_of, packed, sound, sound_after, whole_frames


class Segment(NamedTuple):
    """A file of the log, named by the number of its first entry; `previous` is that of the file before it (or 0)."""

    path: Path
    first: int
    previous: int


def segment_path(folder: Path, first: int) -> Path:
    """Where the file stands that begins with the entry `first`."""
    return folder / f"{first:012}.log"


def create(folder: Path, first: int, previous: int, summary: Mapping[str, Any]) -> Segment:
    """Make the file that begins with the entry `first`: it is there wholly, with its summary, or not at all."""
    path = segment_path(folder, first)
    body = json.dumps(summary, ensure_ascii=False, separators=(",", ":")).encode()
    header = {"format": 1, "previous": previous, "summary": len(body)}
    fresh = path.with_suffix(".new")
    fresh.write_bytes(packed(first, 0, header, [body]))
    sync_file(fresh)
    os.replace(fresh, path)
    sync_folder(folder)
    return Segment(path, first, previous)


def find(folder: Path) -> list[Segment]:
    """The files of the log in `folder`, in order.

    Raises:
        EnvironmentFault: one is missing between others, or does not begin as such a file must.
    """
    found: list[Segment] = []
    for path in sorted(path for path in folder.iterdir() if re.fullmatch(r"\d{12,}\.log", path.name)):
        data = mapped(path)
        frame = frame_at(memoryview(data), 0)
        if frame is None or frame.number or frame.first != int(path.stem):
            raise damage(path, 0, "it does not begin as a file of the log")
        try:
            previous = int(header_of(memoryview(data), frame)["previous"])
        except (ValueError, KeyError, TypeError) as error:
            raise damage(path, 0, str(error)) from error
        if found and previous != found[-1].first:
            raise damage(path, 0, f"the file before it, {segment_path(folder, previous).name}, is missing")
        found.append(Segment(path, frame.first, previous))
    return found


def mapped(path: Path) -> pa.Buffer:
    """The bytes of a file as they lie on the disk, without reading them."""
    with faults(path), pa.memory_map(str(path)) as file:
        return file.read_buffer()


def summary(segment: Segment, data: memoryview) -> tuple[dict[str, Any], int]:
    """What the file says of all before it, and where its own entries begin.

    Raises:
        EnvironmentFault: this part is damaged.
    """
    frame = frame_at(data, 0)
    if frame is None or not sound(data, frame):
        raise damage(segment.path, 0, "the checksum is wrong")
    length = header_of(data, frame)["summary"]
    start = frame.end - frame.body
    return json.loads(bytes(data[start : start + length])), frame.end


def entry_frames(segment: Segment, data: memoryview, start: int, upto: int, *, newest: bool) -> Iterator[Frame]:
    """The frames of entries from the position `start` on, in order without gaps, at least those up to entry `upto`.

    An older file ends with just that entry. In the `newest` it is no fault if the end after it is torn: the frames stop
    there.

    Raises:
        EnvironmentFault: something is damaged or missing.
    """
    position, awaited = start, segment.first
    for frame in whole_frames(data, start):
        if frame.first != awaited:
            raise damage(segment.path, position, f"entry {frame.first} stands where {awaited} should")
        yield frame
        position, awaited = frame.end, frame.last + 1
    if awaited <= upto or not (newest or position == len(data)):
        raise damage(segment.path, position, f"entries from {awaited} on are damaged")
    if position < len(data) and (later := sound_after(data, position)) is not None:
        raise damage(segment.path, position, f"entries from {awaited} to {later.first - 1} are damaged")
