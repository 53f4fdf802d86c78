"""A watch over scripted arrivals, with orders of other versions of its pack between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import seconds
from houfeng.watch.journal.alerts import ROLL, AlertJournal
from houfeng.watch.journal.entries import REJECTED, Command
from houfeng.watch.operations.inbox import Inbox
from houfeng.watch.service import packs
from houfeng.watch.service.core import Core, Limits
from houfeng.watch.service.recovery import open_core
from houfeng.watch.service.watcher import Pace, Watcher
from houfeng.watch.sources.queue import Incoming, Put, Source
from watch.streamed_samples import NOW, batch, flow

FIRST, LAST = date(2025, 1, 1), date(2025, 1, 20)
END = seconds(datetime(2025, 1, 21))
LIMITS = Limits(threads=1, max_keys=1 << 10, state_memory=1 << 22)
HEAVY = '  heavy: {label: r, over: enterprise, group: c, when: out_2d > 150, tier: orange, reason: "{out_2d}"}'
BIG = '  big: {label: r, over: account_flow, when: amount >= 90, tier: blue, reason: "{amount}"}'


def day(number: int, hour: int = 12) -> datetime:
    return datetime(2025, 1, number, hour)


EARLY = [flow(1, "A", day(2), 90), flow(2, "B", day(2, 13), 200), flow(3, "B", day(2, 14), 20, "in")]
LATER = [flow(4, "A", day(3, 10), 80), flow(5, "B", day(6), 600), flow(6, "A", day(7), 5)]
Step = list[dict[str, Any]] | Callable[[], None]


@dataclass
class Scripted(Source):
    """Blocks of events, and things to do between them, in the source's own thread."""

    steps: Sequence[Step] = ()

    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        for step in self.steps:
            if callable(step):
                step()
            elif rows := [row for row in step if int(row["flow_no"]) > offsets.get(self.name, 0)]:
                table = batch(rows).drop_columns(["_late"])
                last = int(rows[-1]["flow_no"])
                put(Incoming(self.name, "account_flow", table, REJECTED.empty_table(), int(rows[0]["flow_no"]), last))


def order(version: Pack, number: int = 1) -> Command:
    what = {"do": "load", "pack": version.name, "version": version.version, "digest": version.digest}
    return Command(f"load-{number}", "王敏", "试行", what)


def opened(book: Book, given: Pack) -> Core:
    return open_core(book, given, fixed_clock(NOW), FIRST, limits=LIMITS)


def run(book: Book, given: Pack, steps: Sequence[Step], close_at: int = 0) -> Core:
    """A watch over scripted arrivals, to its end."""
    core = opened(book, given)
    watcher = Watcher(core, [Scripted("bank", steps)], Pace(flush=0.05, live=False), close_at=close_at)
    watcher.run()
    return core


def asks(book: Book, version: Pack, number: int = 1) -> Callable[[], None]:
    """Order a version and wait for the answer, as a person would, while the source waits in its thread."""

    def ask() -> None:
        inbox, command = Inbox(book.path / "watch" / "inbox"), order(version, number)
        packs.keep(book.path / "watch", version)
        inbox.put(command)
        until = time.monotonic() + 300  # the kernel may be compiled first
        while inbox.answer(command.id) is None:
            assert time.monotonic() < until
            time.sleep(0.02)

    return ask


def journal(book: Book) -> list[dict[str, Any]]:
    return list(AlertJournal(book.path / "watch" / "alerts", ROLL).read())
