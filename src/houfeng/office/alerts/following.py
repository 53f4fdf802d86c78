"""Reading along in the background: a thread that keeps the index at most a second behind the watch."""

from __future__ import annotations

import logging
import threading

from houfeng.errors import HoufengError
from houfeng.office.alerts.index import Index

EVERY = 0.5
"""Seconds between two looks at the journal; a look that finds nothing costs a listing of a folder."""
AGAIN = 10.0
"""Seconds before another try after a fault."""

log = logging.getLogger(__name__)


class Follower:
    """Runs an index in a thread until it is stopped. Several may run, in one process or many."""

    def __init__(self, index: Index, every: float = EVERY) -> None:
        """Nothing runs before `start`."""
        self.index = index
        self.every = every
        self.fault: HoufengError | None = None
        """What kept the index from being filled at the last try."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="houfeng-alerts", daemon=True)

    def start(self) -> None:
        """Begin to read along."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for what is being taken."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self.index.catch_up()
                self.fault = None
            except HoufengError as fault:  # disk full, a damaged journal, a busy office: told, and tried again
                if self.fault is None:
                    log.error("the index of alerts stands still: %s", fault)
                self.fault = fault
            if self._stop.wait(AGAIN if self.fault else self.every):
                return
