"""The worker: takes jobs one at a time, and does the chores of the house between them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from houfeng.errors import ConflictError, EnvironmentFault, HoufengError, Text
from houfeng.office import approvals
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng.office.identity.people import viewer_of
from houfeng.office.jobs import queue, schedule
from houfeng.office.jobs.run import Cancelled, JobRun, Lost, Stopped, beating
from houfeng.office.tables import Job, User

LOG = logging.getLogger(__name__)

Chore = Callable[[Office], object]


class Worker:
    """Runs jobs of the office until told to stop. Any number may run, on one machine or several."""

    def __init__(
        self,
        office: Office,
        folder: Path,
        *,
        name: str = "worker",
        book: Path | None = None,
        kinds: Collection[str] | None = None,
        beat: float = 5.0,
        stale: float = 60.0,
        poll: float = 1.0,
        chores: Collection[Chore] = (),
    ) -> None:
        """Results go to `folder`/<job>. Who is silent for `stale` seconds loses its job."""
        self.office = office
        self.folder = folder
        self.name = name
        self.book = book
        self._kinds = kinds
        self._beat = beat
        self._stale = timedelta(seconds=stale)
        self._poll = poll
        self._chores = tuple(chores)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take no further job; the one that runs returns to the queue when it next tells of its progress."""
        self._stopping.set()

    def run(self, *, until_idle: bool = False) -> None:
        """Work until `stop`, or until nothing waits."""
        chores_at = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= chores_at:
                    self.chores()
                    chores_at = time.monotonic() + self._poll
                idle = not self.run_once()
            except (ConflictError, DBAPIError) as fault:
                LOG.warning("the office does not answer: %s", fault)
                idle = True
            if idle and until_idle:
                return
            if idle:
                self._stopping.wait(self._poll)

    def chores(self) -> None:
        """What comes round: dead workers, schedules, proposals past their end, and what was handed in."""
        queue.revive(self.office, self._stale)
        schedule.tick(self.office)
        with self.office.begin() as session:
            approvals.expire(session)
        for chore in self._chores:
            chore(self.office)

    def run_once(self) -> bool:
        """Do the next job; False where there is none."""
        wanted = queue.kinds() if self._kinds is None else self._kinds
        job = queue.claim(self.office, self.name, wanted)
        if job is None:
            return False
        run = JobRun(
            self.office, job, job.payload, self._requester(job), self.book, self.folder / str(job.id), self._stopping
        )
        run.resume(job.log)
        try:
            with beating(run, self._beat):
                result = queue.handler_of(job.kind)(run)
        except Lost:
            LOG.warning("job %s was taken over by another worker", job.id)
        except Cancelled:
            self._end(run, queue.State.CANCELLED)
        except Stopped:
            self._give_back(run)
        except (ConflictError, EnvironmentFault, DBAPIError) as fault:
            self._again(run, fault)
        except HoufengError as error:
            self._fail(run, error.message, error.render("zh"))
        except Exception:  # the job is ended and told; the worker must live on for the others
            LOG.exception("job %s (%s) broke", job.id, job.kind)
            self._fail(
                run,
                Text("程序出错，详情见工作进程的日志", "a fault in the program; see the worker's log"),
                "a fault in the program",
            )
        else:
            if not run.finished:
                self._end(run, queue.State.DONE, dict(result or {}))
        return True

    def _requester(self, job: Job) -> Viewer | None:
        """Who asked, with the roles and the scope they have now."""
        if job.requested_by is None:
            return None
        with self.office.read() as session:
            user = session.get(User, job.requested_by)
            assert user is not None
            return viewer_of(user, via="job")

    def _end(self, run: JobRun, state: queue.State, result: dict[str, object] | None = None) -> None:
        with self.office.begin() as session:
            values = run.changes() | {"state": state, "finished_at": self.office.clock(), "result": result or {}}
            queue.write_held(session, run.job, **values)

    def _give_back(self, run: JobRun) -> None:
        """The worker goes: this attempt does not count."""
        run.log(f"{self.name}: the worker was told to stop; the job waits for another")
        with self.office.begin() as session:
            values = run.changes() | {"state": queue.State.WAITING, "attempts": run.job.attempts - 1}
            queue.write_held(session, run.job, **values)

    def _again(self, run: JobRun, fault: HoufengError | DBAPIError) -> None:
        """What may pass by itself is tried again later: after 10 s, 40 s, 90 s …"""
        if run.job.attempts >= run.job.most_attempts:
            told = fault.message if isinstance(fault, HoufengError) else Text("数据库出错", "a fault of the database")
            self._fail(run, told, str(fault))
            return
        run.log(str(fault))
        later = self.office.clock() + timedelta(seconds=10 * run.job.attempts**2)
        with self.office.begin() as session:
            queue.write_held(session, run.job, **run.changes(), state=queue.State.WAITING, not_before=later)

    def _fail(self, run: JobRun, error: Text, line: str) -> None:
        run.log(line)
        with self.office.begin() as session:
            if queue.write_held(session, run.job, **run.changes()):
                job = session.get(Job, run.job.id)
                assert job is not None
                queue.end_failed(session, job, error)
