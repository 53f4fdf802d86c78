"""Stands in for a watch beside the server's book."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from desk.work.work_samples import records
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.packs.loading.load import load_pack
from houfeng.watch.alerts import Alert
from houfeng.watch.journal.alerts import ROLL, AlertJournal
from houfeng.watch.replay import Replay
from houfeng.watch.service.packs import keep


class Watch:
    """Stands in for a watch: hands alerts of the replay to the journal, one by one."""

    def __init__(self, book: Path) -> None:
        snapshot = Book.open(book, wall_clock).snapshot()
        pack = keep(book / "watch", load_pack("warning-rules"))
        days = date(2025, 12, 1), date(2025, 12, 31)
        self.alerts: list[Alert] = list(Replay(snapshot, pack, *days, only=["P01", "P02", "L02", "F06"]).alerts())
        self.folder = book / "watch" / "alerts"

    def tell(self, number: int = 1) -> list[Alert]:
        """Write the next alerts, each with its opening only."""
        told, self.alerts = self.alerts[:number], self.alerts[number:]
        with AlertJournal.open(self.folder, roll_bytes=ROLL) as journal:
            for alert in told:
                journal.append(journal.upto + 1, [next(iter(records(alert)))])
        return told
