"""The journal of alerts: every step of every alert once, on the disk before anybody is told of it.

    alerts-000001.jsonl …   groups: a line `#SEQ LINES BYTES CRC`, then so many lines of JSON, one step of an alert each
    known-000001.steps      the last step of each alert in the files up to that number, so that opening is quick

A group is what one entry of the log brought, written at once, and counts wholly or not at all. An alert's steps come in
order, so its last step tells which are stored. Memory holds those of the newest file, not of all there ever were.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from houfeng.book.storage.faults import faults
from houfeng.book.storage.tables import sync_folder
from houfeng.errors import EnvironmentFault, Level, Problem, Text, Where
from houfeng.watch.journal.folders import damage, make_folder, truncate
from houfeng.watch.journal.steps import RECENT, Steps

ROLL = 32 << 20
"""Bytes after which a new file is begun."""

MARK = 4096
"""Entries without alerts after which the journal notes how far it is; a restart looks at no more than these again."""

LINE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode
"""A step as a line of a file."""

HEAD = re.compile(rb"#(\d+) (\d+) (\d+) ([0-9a-f]{8})\n")


class Group(NamedTuple):
    """What stands in a file for one entry of the log: its number, where its lines begin and where they end."""

    seq: int
    start: int
    end: int


class Place(NamedTuple):
    """Where somebody who reads along has come to: a file, and the bytes of it that are read."""

    number: int = 1
    offset: int = 0


def read_along(folder: Path, place: Place) -> Iterator[tuple[Place, list[dict[str, Any]]]]:
    """What came after `place`: the steps of each group, with the place behind it. The watch may write meanwhile.

    A place that no longer fits the files (somebody put another journal there) begins again with the first file: whoever
    reads along must not mind a step twice. A group that the watch is still writing is left for the next time.

    Raises:
        EnvironmentFault: the journal is damaged; all groups before the damage have been given.
    """
    with faults(folder):
        numbers = _numbers(folder)
    if place.number not in numbers or (folder / _name(place.number)).stat().st_size < place.offset:
        place = Place()
    for number in (n for n in numbers if n >= place.number):
        path, start = folder / _name(number), place.offset if number == place.number else 0
        with faults(path), path.open("rb") as file:
            file.seek(start)
            data = file.read()
        for group in _groups(path, data, newest=number == numbers[-1]):
            lines = data[group.start : group.end].splitlines()
            yield Place(number, start + group.end), [json.loads(line) for line in lines]


class AlertJournal:
    """A journal of alerts in a folder. Only the watch that holds the log may write it."""

    def __init__(self, folder: Path, roll_bytes: int) -> None:
        """Use `open`."""
        self.folder = folder
        self.roll_bytes = roll_bytes
        self.upto = 0
        """All steps that the log's entries up to this one brought are on the disk."""
        self.problems: tuple[Problem, ...] = ()
        """What was found when it was opened: a torn end that was cut off."""
        self._steps = Steps()
        self._number = 0
        self._marked = 0
        self._file = -1
        self._size = 0

    @classmethod
    def open(cls, folder: Path, *, roll_bytes: int = ROLL) -> AlertJournal:
        """The journal in `folder`, made if there is none. A torn end is cut off.

        Raises:
            EnvironmentFault: it is damaged where no crash can have done it, or may not be read and written.
        """
        journal = cls(folder, roll_bytes)
        with faults(folder):
            make_folder(folder)
            numbers = _numbers(folder)
            journal._learn(numbers)
            if not numbers:
                journal._begin(1)
            else:
                journal._number = numbers[-1]
                journal._file = os.open(journal._path(numbers[-1]), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        return journal

    def append(self, seq: int, records: Sequence[Mapping[str, Any]]) -> int:
        """Add what the log's entry `seq` brought: when this returns it is on the disk. Gives how many were new.

        Each record has at least `alert_id` (text) and `step` (from 0, in order for each alert); steps that are stored
        already are passed over. Dates and decimals are written as text. One call brings all of `seq`.

        Raises:
            EnvironmentFault: disk full, no permission; then nothing of it is stored.
        """
        fresh: dict[str, int] = {}
        lines = []
        for record in records:
            alert, step = str(record["alert_id"]), int(record["step"])
            if step > (fresh[alert] if alert in fresh else self._steps.last(alert)):
                fresh[alert] = step
                lines.append(LINE(dict(record)).encode() + b"\n")
        if lines or seq - self._marked >= MARK:
            self._write(seq, lines)
        for alert, step in fresh.items():
            self._steps.put(alert, step)
        self.upto = max(self.upto, seq)
        return len(lines)

    def read(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """All stored steps, in order, or those that entries of the log after `after` brought.

        Raises:
            EnvironmentFault: the journal is damaged; all steps before the damage have been given.
        """
        numbers = _numbers(self.folder)
        for number in numbers:
            path = self._path(number)
            with faults(path):
                data = path.read_bytes()
            for group in _groups(path, data, newest=number == numbers[-1]):
                if group.seq > after:
                    yield from (json.loads(line) for line in data[group.start : group.end].splitlines())

    def last_step(self, alert: str) -> int:
        """The last stored step of an alert; -1 where it has none."""
        return self._steps.last(alert)

    def note(self) -> None:
        """Put on the disk how far the journal is: before a state is saved that must not be ahead of it."""
        if self.upto > self._marked:
            self._write(self.upto, [])

    def close(self) -> None:
        """Note how far the journal is and let it go."""
        if self._file >= 0:
            if self.upto > self._marked:
                self._write(self.upto, [])
            os.close(self._file)
            self._file = -1
        self._steps.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _path(self, number: int) -> Path:
        return self.folder / _name(number)

    def _learn(self, numbers: Sequence[int]) -> None:
        """Find out which steps are stored: from the newest summary that is sound, and the files after it."""
        summed = 0  # the newest file is read in any case, to find its end
        for number in reversed(numbers):
            known = Steps.load(self.folder / f"known-{number:06}.steps")
            if known is not None:
                self._steps, self.upto = known
                summed = number
                break
        for number in numbers:
            path, newest = self._path(number), number == numbers[-1]
            if number <= summed and not newest:
                continue
            data = path.read_bytes()
            end = 0
            for group in _groups(path, data, newest=newest):
                for line in data[group.start : group.end].splitlines():
                    record = json.loads(line)
                    alert, step = str(record["alert_id"]), int(record["step"])
                    if step > self._steps.last(alert):
                        self._steps.put(alert, step)
                self.upto, end = max(self.upto, group.seq), group.end
            if not newest and self._steps.recent >= RECENT:
                self._steps.save(self.folder / f"known-{number:06}.steps", self.upto)
            self._size = end
            if end < len(data):
                self._cut(path, len(data) - end)
        self._marked = self.upto

    def _cut(self, path: Path, torn: int) -> None:
        truncate(path, self._size)
        text = Text(
            f"上次中断时最后 {torn} 字节没有写完，已截去；所缺的由日志重算",
            f"the last {torn} bytes were torn by a crash and cut off; they are computed again from the log",
        )
        self.problems = (Problem("watch.alerts_cut", text, Where(str(path)), Level.WARNING),)

    def _begin(self, number: int) -> None:
        handle = os.open(self._path(number), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        sync_folder(self.folder)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._number, self._size = handle, number, 0

    def _write(self, seq: int, lines: Sequence[bytes]) -> None:
        """Write a group and wait for the disk; if that fails, take it back."""
        if self._file < 0:
            text = f"the journal of alerts {self.folder} can no longer be written; open it again"
            raise EnvironmentFault(Text(f"预警记录 {self.folder} 不能再写，请重新打开", text))
        with faults(self.folder):
            if self._size >= self.roll_bytes:
                self._steps.save(self.folder / f"known-{self._number:06}.steps", self.upto)
                self._begin(self._number + 1)
            body = b"".join(lines)
            data = b"#%d %d %d %08x\n" % (seq, len(lines), len(body), _check(seq, body)) + body
            handle, self._file = self._file, -1  # not to be written again if the disk does not confirm
            try:
                _write_all(handle, data)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, self._size)
                    os.fdatasync(handle)
                    self._file, handle = handle, -1
                if handle >= 0:
                    os.close(handle)
                raise
            os.fdatasync(handle)
            self._file = handle
        self._size += len(data)
        self._marked = max(self._marked, seq)


def _name(number: int) -> str:
    return f"alerts-{number:06}.jsonl"


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _check(seq: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(b"%d" % seq))


def _numbers(folder: Path) -> list[int]:
    """The numbers of the files, in order.

    Raises:
        EnvironmentFault: one between them is missing.
    """
    found = sorted(int(path.stem.removeprefix("alerts-")) for path in folder.glob("alerts-*.jsonl"))
    for place, number in enumerate(found, 1):
        if number != place:
            raise damage(folder, 0, f"alerts-{place:06}.jsonl is missing")
    return found


def _groups(path: Path, data: bytes, *, newest: bool) -> Iterator[Group]:
    """The groups of a file, in order, without a torn end where it is the newest file.

    Raises:
        EnvironmentFault: something before the end is damaged.
    """
    position = 0
    while (group := _group(data, position)) is not None:
        yield group
        position = group.end
    if position == len(data):
        return
    if not newest or any(_group(data, m.start()) for m in HEAD.finditer(data, position + 1)):
        raise damage(path, position, "the checksum is wrong")


def _group(data: bytes, position: int) -> Group | None:
    """The group that begins at `position`, if a whole and sound one does."""
    head = HEAD.match(data, position)
    if head is None:
        return None
    seq, _, length, told = int(head[1]), int(head[2]), int(head[3]), int(head[4], 16)
    group = Group(seq, head.end(), head.end() + length)
    return group if group.end <= len(data) and _check(seq, data[group.start : group.end]) == told else None
