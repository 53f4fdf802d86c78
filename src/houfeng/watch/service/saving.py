"""Saving the state beside the loop: a copy of the process writes it, while the watch goes on.

The machine copies a process without copying its memory: what is changed afterwards, in either, is copied page by page
then. So the cut through the state is made in hundredths of a second, whatever its size. Of the copy's threads only this
one lives, so it may wait for nobody: it computes, writes files and ends, and never comes back into the program. It
keeps no handle of the watch (locks, sockets, pipes), and dies with it. Should it hang all the same, it is ended, and
the loop saves the state itself; a state only makes starting faster.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import threading
import time
from collections.abc import Callable

from houfeng.errors import HoufengError

LIMIT = 300.0
"""Seconds a copy may take; a state of gigabytes on a slow disk takes tens."""
LOOK = 0.02
DIE_WITH_PARENT = 1
"""Linux's PR_SET_PDEATHSIG."""


class Saver:
    """At most one state is on its way. `failed`: the last one did not come to be."""

    def __init__(self) -> None:
        self.failed = False
        self._copy = 0
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._control = getattr(ctypes.CDLL(None), "prctl", None)

    @property
    def busy(self) -> bool:
        """Whether a state is on its way."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, stage: Callable[[], None], settle: Callable[[], None]) -> None:
        """Call `stage` in a copy of the process as it is now, and when that has done it, `settle` here, in a thread."""
        self.stop()
        self._stopping.clear()
        parent = os.getpid()
        try:
            self._copy = os.fork()
        except OSError:  # no room for another process
            self.failed = True
            return
        if not self._copy:
            self._as_copy(parent, stage)
        self._thread = threading.Thread(target=self._see_to, args=(self._copy, settle), name="saver", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the state that is on its way counts, or has failed."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """Give up the state that is on its way, and forget that one failed."""
        self._stopping.set()
        self.wait()
        self._thread, self.failed = None, False

    def _as_copy(self, parent: int, stage: Callable[[], None]) -> None:
        done = False
        try:
            gc.disable()  # nothing of the watch may be taken down here
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, signal.SIG_IGN)
            if self._control is not None:
                self._control(DIE_WITH_PARENT, signal.SIGKILL)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for handle in range(3):
                os.dup2(nowhere, handle)
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            if os.getppid() == parent:
                stage()
                done = True
        finally:
            os._exit(0 if done else 1)

    def _see_to(self, copy: int, settle: Callable[[], None]) -> None:
        self.failed = not self._ended_well(copy)
        if not self.failed:
            try:
                settle()
            except HoufengError:  # the loop will meet it too, and say it
                self.failed = True

    def _ended_well(self, copy: int) -> bool:
        until = time.monotonic() + LIMIT
        while True:
            ended, status = os.waitpid(copy, os.WNOHANG)
            if ended:
                return status == 0
            if self._stopping.wait(LOOK) or time.monotonic() > until:
                os.kill(copy, signal.SIGKILL)
                os.waitpid(copy, 0)
                return False
