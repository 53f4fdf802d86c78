"""JSON lines from standard input, or from any stream of bytes, in blocks that end with a line."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from houfeng.errors import Problem
from houfeng.watch.sources.parsing import LINE_LIMIT, Parser
from houfeng.watch.sources.queue import Closed, Put, Source, ended, incoming

BLOCK = 4 << 20
_WAIT = 0.2  # seconds between looks at whether to stop

Read = Callable[[int], bytes]
"""Gives at most so many bytes, as soon as there are some; none at the end."""


def line_blocks(read: Read, after: int = 0, size: int = BLOCK) -> Iterator[tuple[bytes, int, int]]:
    """Whole lines past line `after`: (bytes, number of the first line, of the last), lines counted from 1.

    Of a line that is longer than any event only the beginning is kept, enough to see that it is too long.
    """
    pending, number = b"", 0
    cut = False  # the beginning of a line too long is kept; its rest is thrown away
    while data := read(size):
        if cut:
            end = data.find(b"\n")
            if end < 0:
                continue
            data, cut = data[end:], False
        pending += data
        end = pending.rfind(b"\n") + 1
        whole, pending = pending[:end], pending[end:]
        if len(pending) > LINE_LIMIT:
            pending, cut = pending[: LINE_LIMIT + 1], True
        if whole:
            first, number = number + 1, number + whole.count(b"\n")
            if number > after:
                yield _past(whole, after - first + 1), max(first, after + 1), number
    if pending and number + 1 > after:
        yield pending, number + 1, number + 1


def _past(block: bytes, lines: int) -> bytes:
    at = 0
    for _ in range(lines):
        at = block.index(b"\n", at) + 1
    return block[at:]


class StdinSource(Source):
    """Standard input. With a `name` the sender repeats everything after a restart and what is known is passed over;
    without one it sends only what is new.
    """

    def __init__(self, stream: BinaryIO, *, name: str = "", kind: str = "") -> None:
        super().__init__(name or "stdin")
        self._stream, self._resumable = stream, bool(name)
        self._parser = Parser(kind)

    def problems(self) -> list[Problem]:
        """What was let in with a doubt, counted."""
        return self._parser.problems()

    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        known = offsets.get(self.name, 0)
        after, base = (known, 0) if self._resumable else (0, known)
        last = known
        for block, first, last_line in line_blocks(self._read, after):
            last = base + last_line
            put(*incoming(self.name, self._parser.lines(block, base + first), base + first, last))
        put(ended(self.name, last))

    def _read(self, size: int) -> bytes:
        """What has come, a pipe's small pieces together; nothing at the end.

        Raises Closed when told to stop: a line that has begun is no line yet.
        """
        try:
            number = self._stream.fileno()
        except io.UnsupportedOperation:  # bytes in memory are always ready
            return self._stream.read(size)
        parts: list[bytes] = []
        while not self.stopping.is_set():
            if select.select([number], [], [], 0 if parts else _WAIT)[0]:
                parts.append(os.read(number, size))
                if not parts[-1] or sum(map(len, parts)) >= size:
                    break
            elif parts:
                break
        if self.stopping.is_set():
            raise Closed
        return b"".join(parts)
