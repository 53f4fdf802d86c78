"""The list of submissions: the only thing that makes rows visible, and the only thing that orders them.

A row is part of the book because its submission has a line in the manifest; the lines of one call to `submit` are
appended in one commit. When a submission was in force is never stored: it follows from the lines by the rules of
`chronicle`, so that nothing is ever updated in place, and a view as known at some moment is the same rules applied to
the lines known by then.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.storage.faults import faults
from houfeng.book.storage.tables import SUBMISSION, Table
from houfeng.clock import ZONE
from houfeng.errors import EnvironmentFault, Text, UsageError

SCHEMA = pa.schema(
    [
        pa.field(SUBMISSION, pa.string()),
        pa.field("kind", pa.string()),
        pa.field("reporter", pa.string()),
        pa.field("period", pa.date32()),
        pa.field("version", pa.int64()),
        pa.field("sent_at", pa.timestamp("us")),
        pa.field("received_at", pa.timestamp("us")),
        pa.field("loaded", pa.bool_()),
        pa.field("content_hash", pa.string()),
        pa.field("file", pa.string()),
        pa.field("sheet", pa.string()),
        pa.field("rows", pa.int64()),
        pa.field("quarantined", pa.int64()),
        pa.field("ignored", pa.int64()),
        pa.field("own", pa.bool_()),
        pa.field("event", pa.bool_()),
    ]
)

STREAM = "stream:"
"""How the content hash of a submission begins that came by a stream, and the name of its file."""

LATE = "late "
"""How its sheet begins if its rows came after their instants were closed."""

TICK = timedelta(microseconds=1)
SETBACK = timedelta(seconds=5)
"""How far the machine's clock may stand behind the last stamp before we refuse to believe it."""

MANY = 64
"""Manifest files above which they are put together into one."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One part of a file that entered the book, and the stretch of time in which the book held it to be the truth.

    It is in force for whoever asks as known at T with `received_at` ≤ T < `known_to`; `known_to` is nothing while it is
    in force, and equals `received_at` where it never came into force because a later one was there before it.
    `loaded` says that `received_at` was stated (history loaded later), not taken from the clock; `own` that every row
    is about the reporter itself; `ignored` counts the rows left out because the book had the very same event.
    """

    submission_id: str
    kind: str
    reporter: str
    period: date | None
    version: int | None
    sent_at: datetime | None
    received_at: datetime
    loaded: bool
    content_hash: str
    file: str
    sheet: str
    rows: int
    quarantined: int
    ignored: int
    own: bool
    event: bool
    known_to: datetime | None = None

    @property
    def known_from(self) -> datetime:
        """The moment from which it is in force: when it was received."""
        return self.received_at

    @property
    def ever_in_force(self) -> bool:
        """Whether it was the truth at any moment at all."""
        return self.known_to is None or self.known_to > self.received_at

    @property
    def in_force(self) -> bool:
        """Whether it is in force at the moment of the snapshot it came from."""
        return self.known_to is None

    @property
    def streamed(self) -> tuple[int, int] | None:
        """The stretch of the watch's log it was part of (first and last entry), if it came by a stream."""
        if not self.content_hash.startswith(STREAM):
            return None
        first, last = self.content_hash.removeprefix(STREAM).split("-")
        return int(first), int(last)

    @property
    def late(self) -> bool:
        """Whether it holds the events of a stream that came too late for the windows."""
        return self.streamed is not None and self.sheet.startswith(LATE)

    @property
    def batch(self) -> str:
        """The call of `submit` it came with, which is also the name of its file."""
        return self.submission_id.rsplit("-", 1)[0]

    @property
    def key(self) -> tuple[str, str, date | None]:
        """What a later submission must match to replace it."""
        return (self.kind, self.reporter, self.period)

    @property
    def stated(self) -> tuple[int, datetime | None]:
        """The place in the order that the file itself states."""
        return (self.version or 0, self.sent_at)

    @property
    def states_order(self) -> bool:
        """Whether the file states a place in the order."""
        return self.version is not None or self.sent_at is not None

    @property
    def order(self) -> tuple[int, datetime, datetime]:
        """Where it stands among the submissions of its key: the greatest known one is in force."""
        return (self.version or 0, self.sent_at or self.received_at, self.received_at)


def chronicle(entries: Iterable[Submission]) -> tuple[Submission, ...]:
    """`entries` (any order), each with the end of its time in force, by arrival.

    Events are in force for ever. Of the others, a newcomer that is greater in `order` than all before it of its key
    ends the time of the one in force; any other never comes into force.
    """
    arrived = sorted(entries, key=lambda entry: (entry.received_at, entry.submission_id))
    current: dict[tuple[str, str, date | None], int] = {}
    told: list[Submission] = []
    for entry in arrived:
        held = None if entry.event else current.get(entry.key)
        if held is not None and told[held].order > entry.order:
            told.append(replace(entry, known_to=entry.received_at))
            continue
        if held is not None:
            told[held] = replace(told[held], known_to=entry.received_at)
        if not entry.event:
            current[entry.key] = len(told)
        told.append(entry)
    return tuple(told)


def local(moment: datetime) -> datetime:
    """`moment` in the book's own time, which has no zone."""
    return moment.astimezone(ZONE).replace(tzinfo=None) if moment.tzinfo else moment


def stamp_after(entries: Sequence[Submission], now: datetime, stated: datetime | None = None) -> datetime:
    """The moment from which the book knows what comes now: later than every moment before.

    Raises:
        UsageError: the `stated` moment does not fit the order of what the book knows.
        EnvironmentFault: the clock was set back.
    """
    last = entries[-1].received_at if entries else None
    if stated is None:
        if last is not None and last - now > SETBACK:
            raise EnvironmentFault(
                Text(
                    f"机器时钟（{now}）比账簿最近一次收到的时刻（{last}）还早，请先校准时钟",
                    f"the clock ({now}) stands before the book's last entry ({last}); set it right",
                )
            )
        return now if last is None else max(now, last + TICK)
    stated = local(stated)
    if stated > now:
        raise UsageError(Text(f"收到时刻 {stated} 还没有到", f"received_at {stated} lies in the future"))
    if last is not None and stated <= last:
        raise UsageError(
            Text(
                f"收到时刻 {stated} 不晚于账簿已有的 {last}；历史要按得知的先后装入",
                f"received_at {stated} is not after {last}: load history in the order it became known",
            )
        )
    if any(not entry.loaded for entry in entries):
        raise UsageError(
            Text("账簿已开始按时钟收件，不能再装入历史", "the book is live: history can no longer be loaded")
        )
    return stated


class Manifest:
    """The table of submissions of one book, read no more often than it changes."""

    def __init__(self, path: Path) -> None:
        self.table = Table(path)
        self._read: tuple[int, tuple[Submission, ...]] = (-1, ())
        self._by_file: dict[str, list[Submission]] = {}

    def create(self) -> None:
        """Make the empty table."""
        self.table.append((), SCHEMA)

    def entries(self) -> tuple[Submission, ...]:
        """Every submission in the book, by arrival, without ends.

        Raises:
            EnvironmentFault: the manifest is damaged or missing; no part of it is then believed.
        """
        with faults(self.table.path):
            delta = self.table.open()
            version = int(delta.version())
            if self._read[0] != version:
                before = self._by_file
                self._by_file = {
                    file.path: before.get(file.path) or _entries(pq.ParquetFile(file.path).read())
                    for file in self.table.files()
                }
                read = (entry for entries in self._by_file.values() for entry in entries)
                self._read = (version, tuple(sorted(read, key=lambda e: (e.received_at, e.submission_id))))
        return self._read[1]

    def known(self, moment: datetime) -> tuple[Submission, ...]:
        """The submissions received by `moment`."""
        entries = self.entries()
        return entries[: bisect.bisect_right(entries, moment, key=lambda entry: entry.received_at)]

    def append(self, name: str, entries: Sequence[Submission]) -> None:
        """Make `entries` part of the book, in one durable commit. The caller holds the lock."""
        action = self.table.write(name, [_table(entries)])
        self.table.append([action], SCHEMA)

    def tidy(self) -> None:
        """Put many small manifest files together. The caller holds the lock; readers of the old ones go on unharmed.

        It only saves time: where it fails, say because the disk is full, the next call tries again.
        """
        with suppress(EnvironmentFault), faults(self.table.path):
            if len(files := self.table.files()) > MANY:
                whole = _table(self.entries())
                action = self.table.write(f"whole-{self.table.version():020}.parquet", [whole])
                self.table.replace(files, action)


_ATTRIBUTE = {SUBMISSION: "submission_id"}


def _table(entries: Sequence[Submission]) -> pa.Table:
    columns = {name: [getattr(entry, _ATTRIBUTE.get(name, name)) for entry in entries] for name in SCHEMA.names}
    return pa.table(columns, schema=SCHEMA)


def _entries(table: pa.Table) -> list[Submission]:
    rows = table.select(SCHEMA.names).rename_columns([_ATTRIBUTE.get(name, name) for name in SCHEMA.names])
    return [Submission(**row) for row in rows.to_pylist()]
