"""A warm process that forks desk servers and workers, to be killed at any moment. Run as a script.

Each line of its input is `server PORT` or `worker NUMBER`; the child's pid is said first. Everything is as in life but
for three things: passwords are hashed cheaply, a worker is given up after two seconds of silence rather than sixty, and
a file is large from 4 KB on, so that workers have uploads to do.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import uvicorn
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.office import approvals
from houfeng.office.access import Viewer
from houfeng.office.database import Office, office_of
from houfeng.office.identity import passwords
from houfeng.office.jobs import Worker
from houfeng.office.tables import Approval, SettingValue
from houfeng_desk.app import create_app
from houfeng_desk.desk import Desk, DeskSettings
from houfeng_desk.pages.data import receiving
from houfeng_desk.security import limits

STALE = 2.0
SIGN = "test.sign"
"""A kind of proposal whose approval leaves a mark in the same transaction."""


def register_signs() -> None:
    """Say what an approval does."""

    def mark(session: Session, approval: Approval, who: Viewer | str) -> None:
        now = office_of(session).clock()
        session.add(SettingValue(name=approval.about, value=approval.id, changed_by="test", changed_at=now))

    approvals.register(SIGN, mark)


def opened(url: str, book: Path) -> Desk:
    """The desk of a child."""
    return Desk(Office.open(url, wall_clock), Book.open(book, wall_clock), wall_clock, settings=DeskSettings(threads=1))


def serve(url: str, book: Path, port: int) -> None:
    """Serve until killed."""
    app = create_app(opened(url, book))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", proxy_headers=False, loop="asyncio")


def work(url: str, book: Path, name: str) -> None:
    """Do jobs until killed."""
    desk = opened(url, book)
    create_app(desk)
    folder = desk.work_folder / "jobs"
    Worker(desk.office, folder, name=name, book=book, beat=0.3, stale=STALE, poll=0.1).run()


def main(url: str, book: Path) -> None:
    """Fork what is asked for; the dead are buried by the system."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    receiving.SMALL = 4096
    limits.SIGN_IN_ADDRESS = limits.SIGN_IN_LOGIN = limits.API_ADDRESS = 10**9
    register_signs()
    for line in sys.stdin:
        role, argument = line.split()
        child = os.fork()
        if child == 0:
            if role == "server":
                serve(url, book, int(argument))
            work(url, book, f"worker {argument}")
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
