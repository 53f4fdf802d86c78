"""The thread that puts the log into the book, keeps the book's files few, and lets go of log nobody needs any more."""

from __future__ import annotations

import os
import sys
import threading

from houfeng.book.storage.tidy import tidy
from houfeng.book.store import Book
from houfeng.errors import HoufengError, Text
from houfeng.watch.journal.flush import flush
from houfeng.watch.service import state as states
from houfeng.watch.service.core import Core

COMPACT_EVERY = 30
"""Rounds after which small files are put together."""

NICE = 10
"""It gives way to the windows where both want a core: an alert is waited for, the book's next rows are not."""


class Flusher:
    """Flushes every `every` seconds while it runs. `upto` is the last entry of which the book has everything.

    It holds the book open for itself: the main loop reads its own meanwhile.
    """

    def __init__(self, core: Core, every: float) -> None:
        self.core, self.every = core, every
        self.book = Book.open(core.book.path, core.clock, kinds=core.book.kinds)
        self.upto = self.book.streamed_upto() if core.stores else core.seq
        self.error: HoufengError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flusher", daemon=True)
        self._turn = threading.Lock()
        self._rounds = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that runs."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def once(self) -> None:
        """Put what has been evaluated into the book, and let go of log that is in the book and in the oldest state.

        Where nothing goes into the book, the log is all there is of the events, and stays.

        Raises:
            HoufengError: the book or the log says no.
        """
        with self._turn:
            upto = self.core.seq
            if self.core.stores:
                with self.core.storing:
                    flush(self.core.log, self.book, upto)
                    self.core.log.release(min(self.book.streamed_upto(), states.oldest(self.core.folder)))
                self._rounds += 1
                if self._rounds % COMPACT_EVERY == 0 and self.book.compact():
                    tidy(self.book.path, self.core.clock())
            self.upto = upto

    def _run(self) -> None:
        if sys.platform == "linux":  # where a thread has a priority of its own; what it starts inherits it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._stopping.wait(self.every):
            try:
                self.once()
            except HoufengError as error:
                self.error = error
                return
            except BaseException as fault:  # a bug: the main loop must hear of it, and the trace stays visible
                name = type(fault).__name__
                self.error = HoufengError(Text(f"入账：程序缺陷（{name}）", f"putting into the book: a bug ({name})"))
                raise
