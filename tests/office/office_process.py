"""What tests run in a process of its own, to be many at once or to be killed: `start("write_many", url, …)`."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy.orm import Session

from houfeng.clock import wall_clock
from houfeng.errors import Text
from houfeng.office import approvals, jobs, journal
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng.office.identity.people import find, viewer_of
from houfeng.office.jobs import JobRun, Worker
from houfeng.office.tables import Approval, SettingValue

TITLE = Text("试", "try")


def start(name: str, *arguments: object) -> subprocess.Popen[bytes]:
    """Begin `name(*arguments)` in a process of its own."""
    return subprocess.Popen([sys.executable, str(Path(__file__)), name, *(str(argument) for argument in arguments)])


def write_many(url: str, name: str, count: int | str) -> None:
    """Write `count` entries, each in a transaction of its own."""
    office = Office.open(url, wall_clock)
    for n in range(int(count)):
        with office.begin() as session:
            journal.write(session, name, "a.b", f"c:{n}")
    office.close()


def mark(session: Session, name: str) -> None:
    """Leave a mark that can be left once: a second one of the same name breaks the transaction."""
    session.add(SettingValue(name=name, value=1, changed_by="test", changed_at=wall_clock()))
    session.flush()


def decide_for_ever(url: str, acknowledged: str) -> None:
    """Propose as `wang`, decide as `li`, ask for a job; tell of each decision once it was told as made."""
    approvals.register("try", lambda session, approval, who: mark(session, f"approval {approval.id}"))
    jobs.register("try", lambda run: None)
    office = Office.open(url, wall_clock)
    with office.read() as session:
        wang, li = (viewer_of(find(session, login), via="test") for login in ("wang", "li"))
    told = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for n in itertools.count():
        number = _one(office, wang, li, f"{os.getpid()}:{n}")
        os.write(told, f"{number}\n".encode())


def _one(office: Office, wang: Viewer, li: Viewer, about: str) -> int:
    with office.begin() as session:
        made: Approval = approvals.propose(session, wang, "try", about, TITLE, {}, "try")
    with office.begin() as session:
        jobs.enqueue(session, wang, "try", {}, TITLE, most_attempts=1000)
    with office.begin() as session:
        approvals.decide(session, li, made.id, True, "ok")
    return made.id


def work_for_ever(url: str, folder: str) -> None:
    """Do the jobs, each with an effect that may happen once."""

    def handler(run: JobRun) -> None:
        for n in range(3):
            run.progress(n, 3)
            with run.begin():
                pass
        with run.begin() as session:
            mark(session, f"job {run.job.id}")
            run.finish(session)

    jobs.register("try", handler)
    office = Office.open(url, wall_clock)
    Worker(office, Path(folder), name=f"w{os.getpid()}", beat=0.2, stale=3, poll=0.02).run()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
