"""How one append stands in a file: a frame that is whole and sound, or does not count at all.

    4 bytes   magic
    4 bytes   length of the header
    8 bytes   length of the body
    8 bytes   number of the first entry
    4 bytes   number of entries
    4 bytes   CRC-32 of all of the frame but these four bytes
    header    JSON, filled up with spaces to a multiple of 64 together with the above
    body      the entries' tables as Arrow IPC streams, each filled up to a multiple of 64

One frame is one call of `append`, so a call is in the log wholly or not at all.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

MAGIC = b"HFL\x01"
FIXED = struct.Struct("<4sIQQI")
CHECK = struct.Struct("<I")
START = FIXED.size + CHECK.size
ALIGN = 64
"""Arrow wants its buffers at such addresses, to use them where they lie in the file."""


class Frame(NamedTuple):
    """Where a frame stands in its file and which entries it holds. Whether it is sound, only `sound` can tell."""

    position: int
    header: int
    body: int
    first: int
    number: int

    @property
    def end(self) -> int:
        """The position after it."""
        return self.position + START + self.header + self.body

    @property
    def last(self) -> int:
        """The number of its last entry."""
        return self.first + self.number - 1


def packed(first: int, number: int, header: dict[str, Any], body: Sequence[pa.Buffer | bytes]) -> bytes:
    """The bytes of a frame; each part of `body` is filled up to a multiple of 64."""
    told = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    told += b" " * (-(START + len(told)) % ALIGN)
    parts: list[bytes | memoryview] = [told]
    for part in body:
        parts += [memoryview(part), bytes(-len(part) % ALIGN)]
    fixed = FIXED.pack(MAGIC, len(told), sum(map(len, parts)) - len(told), first, number)
    check = zlib.crc32(fixed)
    for part in parts:
        check = zlib.crc32(part, check)
    return b"".join([fixed, CHECK.pack(check), *parts])


def frame_at(data: memoryview, position: int) -> Frame | None:
    """The frame that begins at `position`, if one does and all of it is there."""
    if position + START > len(data):
        return None
    magic, header, body, first, number = FIXED.unpack_from(data, position)
    frame = Frame(position, header, body, first, number)
    return frame if magic == MAGIC and frame.end <= len(data) else None


def sound(data: memoryview, frame: Frame) -> bool:
    """Whether the frame's bytes are what was written."""
    fixed = data[frame.position : frame.position + FIXED.size]
    (told,) = CHECK.unpack_from(data, frame.position + FIXED.size)
    return bool(zlib.crc32(data[frame.position + START : frame.end], zlib.crc32(fixed)) == told)


def header_of(data: memoryview, frame: Frame) -> dict[str, Any]:
    """The header of a sound frame."""
    start = frame.position + START
    found: dict[str, Any] = json.loads(bytes(data[start : start + frame.header]))
    return found


def whole_frames(data: memoryview, position: int) -> Iterator[Frame]:
    """The sound frames from `position` on, up to the first that is not."""
    while (frame := frame_at(data, position)) is not None and sound(data, frame):
        yield frame
        position = frame.end


def sound_after(data: memoryview, position: int) -> Frame | None:
    """The first sound frame that begins after `position`: then what stands at `position` is no torn end."""
    while (position := _next(data, position + 1)) >= 0:
        frame = frame_at(data, position) if position % ALIGN == 0 else None
        if frame is not None and sound(data, frame):
            return frame
    return None


def _next(data: memoryview, position: int) -> int:
    """Where the next sign of a frame stands; -1 where there is none."""
    step = 1 << 20
    while position < len(data):
        found = bytes(data[position : position + step]).find(MAGIC)
        if found >= 0:
            return position + found
        position += step - len(MAGIC) + 1
    return -1
