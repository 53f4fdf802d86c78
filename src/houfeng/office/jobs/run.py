"""One run of a job: what its handler sees, and the heart that beats while it works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, Text
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng.office.jobs.queue import State, clipped, write_held
from houfeng.office.tables import Job

LOG = logging.getLogger(__name__)


class Cancelled(BaseException):
    """Somebody cancelled the job. Not an Exception, so that no handler swallows it by mistake."""


class Stopped(BaseException):
    """The worker must go; the job returns to the queue."""


class Lost(BaseException):
    """The job was given to another worker while this one was silent."""


@dataclass
class JobRun:
    """What a handler works with. `viewer` is who asked, with the rights they have now (`None`: the house itself)."""

    office: Office
    job: Job
    payload: Mapping[str, Any]
    viewer: Viewer | None
    book: Path | None  # the folder of the book
    _folder: Path
    _stopping: threading.Event
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changes: dict[str, Any] = field(default_factory=dict)
    _log: str = ""
    _cancelled: bool = False
    _lost: bool = False
    finished: bool = False

    @property
    def attempt(self) -> int:
        """1 for the first; a later one finds in `folder` what the earlier left."""
        return self.job.attempts

    @property
    def folder(self) -> Path:
        """The folder of the results, made when first asked for."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def progress(self, done: int, total: int, step: Text = Text("", "")) -> None:
        """Say how far it is. Raises, from inside, where the job was cancelled or the worker must go."""
        with self._lock:
            self._changes |= {"done": done, "total": total, "step_zh": step.zh, "step_en": step.en}
        self.check()

    def resume(self, log: str) -> None:
        """Go on after what earlier attempts have logged, and say where results will stand."""
        self._log = log
        self._changes["folder"] = str(self._folder)

    def log(self, text: str) -> None:
        """Add a line to the job's log."""
        with self._lock:
            self._log = clipped(f"{self._log}{self.office.clock():%Y-%m-%d %H:%M:%S} {text}\n")
            self._changes["log"] = self._log

    def check(self) -> None:
        """Raise where the work must end now."""
        if self._lost:
            raise Lost
        if self._cancelled:
            raise Cancelled
        if self._stopping.is_set():
            raise Stopped

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A session that may write, only as long as this run holds the job: what it does is done once.

        Raises:
            Lost: the job was given to another worker. Nobody can take it while the session is open.
        """
        with self.office.begin() as session:
            if not write_held(session, self.job, heartbeat_at=self.office.clock()):
                raise Lost
            yield session

    def finish(self, session: Session, result: Mapping[str, Any] | None = None) -> None:
        """End the job in the same transaction as its last effect, so that a crash cannot come between."""
        values = {"state": State.DONE, "finished_at": self.office.clock(), "result": dict(result or {})}
        if not write_held(session, self.job, **(self.changes() | values)):
            raise Lost
        self.finished = True

    def changes(self) -> dict[str, Any]:
        """What was said since the last beat."""
        with self._lock:
            said, self._changes = self._changes, {}
            return said

    def beat(self) -> None:
        """Write the heartbeat and what was said; learn of a cancellation or a loss."""
        said = self.changes()
        try:
            with self.office.begin(alone=False) as session:
                held = write_held(session, self.job, heartbeat_at=self.office.clock(), **said)
                asked = session.get(Job, self.job.id)
        except (ConflictError, DBAPIError):
            with self._lock:
                self._changes = said | self._changes
            raise
        self._lost = not held
        self._cancelled = asked is not None and asked.cancel_asked


@contextmanager
def beating(run: JobRun, every: float) -> Iterator[None]:
    """Let the heart beat in a thread while the block runs."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(every):
            try:
                run.beat()
            except (ConflictError, DBAPIError) as fault:
                LOG.warning("job %s: no heartbeat written: %s", run.job.id, fault)  # the next one may get through

    thread = threading.Thread(target=beat, name=f"heart of job {run.job.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
