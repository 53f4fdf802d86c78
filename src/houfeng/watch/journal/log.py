"""The log: what came in, in one order, on the disk before anybody is told that it arrived.

    lock                  one watcher at a time (flock)
    000000000001.log …    files of frames, each named by its first entry (see `frames` and `segments`)

One call of `append` is one frame, one write and one `fdatasync`, and is in the log wholly or not at all. What a crash
tore at the end is cut off when the log is opened next, and said; nobody had been told that it arrived. Damage anywhere
else stops the log: nothing is lost without a word.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from houfeng.book.storage.faults import faults
from houfeng.book.storage.tables import sync_folder
from houfeng.clock import Clock
from houfeng.errors import ConflictError, EnvironmentFault, Level, Problem, Text, UsageError, Where
from houfeng.watch.journal import segments
from houfeng.watch.journal.bodies import decode, encode
from houfeng.watch.journal.entries import Body, Entry, first_offset, source_of
from houfeng.watch.journal.folders import damage, make_folder, truncate
from houfeng.watch.journal.frames import Frame, header_of, packed
from houfeng.watch.journal.marks import Marks
from houfeng.watch.journal.segments import Segment

SEGMENT = 64 << 20
"""Bytes of entries after which a new file is begun."""


class Log:
    """A log in a folder. One process writes it (`open`), others may look (`look`)."""

    def __init__(self, folder: Path, clock: Clock, segment_bytes: int) -> None:
        """Use `open` or `look`."""
        self.folder = folder
        self.clock = clock
        self.segment_bytes = segment_bytes
        self.last = 0
        """Number of the last entry that is on the disk; 0 where there is none."""
        self.problems: tuple[Problem, ...] = ()
        """What was found when it was opened: a torn end that was cut off."""
        self._marks = Marks()
        self._segments: list[Segment] = []
        self._lock = self._file = -1
        self._start = self._size = 0  # of the last file: where its own entries begin and end
        self._broken = False
        self._files = threading.Lock()  # for the list of files: one thread appends while another releases

    @classmethod
    def open(cls, folder: Path, clock: Clock, *, after: int = 0, segment_bytes: int = SEGMENT) -> Log:
        """The log in `folder`, to write. A new one is made if there is none; its first entry is `after` + 1.

        Give the number up to which the book has the stream as `after`, so that a log that was lost cannot begin anew
        with numbers the book has already.

        Raises:
            ConflictError: another process has it open to write.
            EnvironmentFault: it is damaged, ends before `after`, the disk is full, or it may not be written.
        """
        log = cls(folder, clock, segment_bytes)
        with faults(folder):
            make_folder(folder)
            log._lock = _locked(folder / "lock")
            try:
                for leftover in folder.glob("*.new"):
                    leftover.unlink()
                if not segments.find(folder):
                    segments.create(folder, after + 1, 0, log._marks.dump())
                log._load(cut=True)
                log._check_reaches(after)
                log._file = os.open(log._segments[-1].path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            except BaseException:
                log.close()
                raise
        return log

    @classmethod
    def look(cls, folder: Path, clock: Clock) -> Log:
        """The log in `folder` as it stands now, to read only, also while another process writes it.

        Raises:
            UsageError: there is none.
            EnvironmentFault: it is damaged or may not be read.
        """
        log = cls(folder, clock, SEGMENT)
        with faults(folder):
            if not folder.is_dir() or not segments.find(folder):
                raise UsageError(Text(f"{folder} 里没有监测日志", f"there is no log of a watch in {folder}"))
            log._load(cut=False)
        return log

    @property
    def first(self) -> int:
        """Number of the first entry that can still be read, or would be the first."""
        return self._segments[0].first

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(segment.path.stat().st_size for segment in self._segments)

    def append(self, bodies: Sequence[Body]) -> list[Entry]:
        """Add `bodies`: when this returns all are on the disk, if it raises none is in the log.

        What one arrival brings (several kinds, good rows and bad) belongs into one call, so that the offsets it gives
        to its source stand for all of it.

        Raises:
            ConflictError: rows at offsets that the log has already.
            EnvironmentFault: disk full, no permission.
        """
        if not bodies:
            return []
        self._check_usable()
        self._check_new(bodies)
        at = self.clock()
        told, tables = encode(bodies)
        data = packed(self.last + 1, len(bodies), {"at": at.isoformat(), "entries": told}, tables)
        with faults(self.folder):
            if self._size - self._start >= self.segment_bytes:
                self._roll()
            self._write(data)
        for entry in told:
            self._marks.take(entry)
        first = self.last + 1
        self.last += len(bodies)
        return [Entry(first + n, at, body) for n, body in enumerate(bodies)]

    def read(self, after: int = 0) -> Iterator[Entry]:
        """The entries after `after` that were on the disk when this was called. Their rows lie in the mapped files.

        Raises:
            UsageError: some of them have been released.
            EnvironmentFault: the log is damaged; all entries before the damage have been given.
        """
        upto, files = self.last, list(self._segments)
        if after + 1 < files[0].first:
            raise UsageError(
                Text(
                    f"日志只保留第 {files[0].first} 条以后的，不能从第 {after + 1} 条读起",
                    f"the log keeps entries from {files[0].first} on; it cannot be read from {after + 1}",
                )
            )
        return self._read(files, after, upto)

    def offsets(self) -> dict[str, int]:
        """The last offset of each source that is on the disk, over all that was ever in the log."""
        return dict(self._marks.offsets)

    def keys(self, source: str) -> dict[str, int]:
        """The idempotency keys remembered of `source`, oldest first, each with the last offset it was given."""
        return {key: offset for (whose, key), offset in self._marks.keys.items() if whose == source}

    def answered(self, source: str, key: str) -> int | None:
        """The last offset that the request `key` of `source` was given; nothing where it is not remembered."""
        return self._marks.keys.get((source, key))

    def release(self, upto: int) -> int:
        """Remove the files that hold no entry after `upto`, never the last. Gives how many.

        What is released must be in the book and in a snapshot of the state. Who reads such a file goes on unharmed.
        """
        gone = 0
        with faults(self.folder), self._files:
            while len(self._segments) > 1 and self._segments[1].first - 1 <= upto:
                self._segments[0].path.unlink(missing_ok=True)
                self._segments = self._segments[1:]
                gone += 1
            if gone:
                sync_folder(self.folder)
        return gone

    def close(self) -> None:
        """Let the log go, for another process to open."""
        for handle in (self._file, self._lock):
            if handle >= 0:
                os.close(handle)
        self._file = self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self, *, cut: bool) -> None:
        """Find out from the last file what the log holds; `cut` off a torn end."""
        self._segments = segments.find(self.folder)
        newest = self._segments[-1]
        data = memoryview(segments.mapped(newest.path))
        summary, self._start = segments.summary(newest, data)
        self._size = self._start
        self._marks.load(summary)
        self.last = newest.first - 1
        for frame in segments.entry_frames(newest, data, self._size, self.last, newest=True):
            for told in header_of(data, frame)["entries"]:
                self._marks.take(told)
            self.last, self._size = frame.last, frame.end
        if cut and self._size < len(data):
            self._cut(newest.path, len(data) - self._size)

    def _cut(self, path: Path, torn: int) -> None:
        truncate(path, self._size)
        self.problems = (
            Problem(
                "watch.log_cut",
                Text(
                    f"上次中断时最后 {torn} 字节没有写完，已截去；来源不曾得到确认，会重发",
                    f"the last {torn} bytes were torn by a crash and cut off; their source was never told they arrived",
                ),
                Where(str(path)),
                Level.WARNING,
            ),
        )

    def _check_reaches(self, after: int) -> None:
        if self.last < after:
            raise EnvironmentFault(
                Text(
                    f"监测日志 {self.folder} 只到第 {self.last} 条，账簿却已有到第 {after} 条；请恢复正确的日志",
                    f"the log {self.folder} ends at entry {self.last}, but the book has up to {after}: it must be an "
                    f"old copy; restore the right one",
                )
            )

    def _check_usable(self) -> None:
        if self._file < 0 or self._broken:
            raise EnvironmentFault(
                Text(
                    f"监测日志 {self.folder} 不能再写，请重新打开",
                    f"the log {self.folder} can no longer be written; open it again",
                )
            )

    def _check_new(self, bodies: Sequence[Body]) -> None:
        for body in bodies:
            first, source = first_offset(body), source_of(body)
            if first is not None and first <= (had := self._marks.offsets.get(source, first - 1)):
                raise ConflictError(
                    Text(
                        f"来源 {source} 到第 {had} 号已在日志里，不能再收第 {first} 号",
                        f"the log has {source} up to offset {had}; {first} cannot come again",
                    )
                )

    def _write(self, data: bytes) -> None:
        """Write and wait for the disk. If writing fails, what was written is taken back."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            self._broken = True
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
                os.fdatasync(self._file)
                self._broken = False
            raise
        self._broken = True  # if the disk does not confirm, nobody knows what is on it
        os.fdatasync(self._file)
        self._broken = False
        self._size += len(data)

    def _roll(self) -> None:
        fresh = segments.create(self.folder, self.last + 1, self._segments[-1].first, self._marks.dump())
        handle = os.open(fresh.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.close(self._file)
        self._file, self._start = handle, os.fstat(handle).st_size
        self._size = self._start
        with self._files:
            self._segments = [*self._segments, fresh]

    def _read(self, files: Sequence[Segment], after: int, upto: int) -> Iterator[Entry]:
        for n, segment in enumerate(files):
            newest = n + 1 == len(files)
            end = upto if newest else files[n + 1].first - 1
            if end <= after:
                continue
            data = segments.mapped(segment.path)
            view = memoryview(data)
            start = segments.summary(segment, view)[1]
            for frame in segments.entry_frames(segment, view, start, end, newest=newest):
                if frame.first > upto:
                    return
                if frame.last > after:
                    yield from (entry for entry in _entries(segment, data, frame) if entry.seq > after)


def _entries(segment: Segment, data: pa.Buffer, frame: Frame) -> Iterator[Entry]:
    header = header_of(memoryview(data), frame)
    at = datetime.fromisoformat(header["at"])
    try:
        for n, body in enumerate(decode(header["entries"], data.slice(frame.end - frame.body, frame.body))):
            yield Entry(frame.first + n, at, body)
    except (KeyError, pa.ArrowException) as error:
        raise damage(segment.path, frame.position, f"cannot be read: {error}") from error


def _locked(path: Path) -> int:
    """Hold the lock file until its handle is closed."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConflictError(
            Text(f"{path.parent} 已有一个监测进程在运行", f"another watch is running on {path.parent}")
        ) from None
    return handle
