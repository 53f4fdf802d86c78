"""Serving the desk by one process, or by several that share one address.

A process makes one page at a time as far as Python goes, so several make use of more cores. They share the book, the
office's database, in which sessions, journal, jobs and the index of alerts stand, and the counts of tries; each follows
the alerts for the streams it holds open. Whichever is idle takes the next connection.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING

import click

from houfeng.errors import EnvironmentFault, Text

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from houfeng_desk.desk import DeskSettings
    from houfeng_desk.security.limits import Tries

SWITCH = 0.0005
"""Seconds a thread may hold Python's lock while others wait. A page lets go of it at every question to the book, and
would wait Python's own 5 ms for each thread that computes each time it wants it back."""

SELDOM = (20_000, 10, 10)
"""Python looks for cycles when so many more objects live than died. The desk's own routes and packs are half a million
objects that never end: to walk them takes a tenth of a second in which no page is made, so they are left out."""

LOOK = 0.5
"""Seconds between two looks at whether all processes are there."""
EARLY = 10.0
"""A process that ends within so many seconds of its start will not do better when it is started again."""


@dataclass(frozen=True)
class Serving:
    """What a process needs in order to serve: plain values, so that they can be handed to another."""

    book: Path
    office: str
    algorithm: str
    sign_in: Path | None
    settings: DeskSettings


def serve_alone(what: Serving, listening: socket, tries: Tries | None = None) -> None:
    """Serve in this process until it is told to end; `tries` are those of other processes too."""
    import uvicorn

    from houfeng.book.store import Book
    from houfeng.clock import wall_clock
    from houfeng.office.database import Office
    from houfeng.office.identity.providers import read_providers
    from houfeng_desk.app import create_app
    from houfeng_desk.desk import Desk
    from houfeng_desk.queries.penetration.warming import warm_beside

    records = Office.open(what.office, wall_clock, what.algorithm)
    book, providers = Book.open(what.book, wall_clock), read_providers(what.sign_in)
    desk = Desk(records, book, wall_clock, settings=what.settings, providers=providers)
    config = uvicorn.Config(create_app(desk, tries), log_level="warning", proxy_headers=False, server_header=False)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    warm_beside()
    sys.setswitchinterval(SWITCH)
    uvicorn.Server(config).run(sockets=[listening])
    records.close()


def serve_together(what: Serving, listening: socket, count: int) -> None:
    """Serve by `count` processes until this one is told to end; one that dies is started again.

    Raises:
        EnvironmentFault: a process ended as soon as it was started.
    """
    from houfeng_desk.security.limits import Tries

    told, tries = threading.Event(), Tries.shared()

    def end(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    running: dict[SpawnProcess, float] = {}
    try:
        while not told.is_set():
            for process in [one for one in running if not one.is_alive()]:
                if time.monotonic() - running.pop(process) < EARLY:
                    raise EnvironmentFault(
                        Text(
                            f"一个服务进程启动后随即结束（退出码 {process.exitcode}），原因见上",
                            f"a process of the desk ended as soon as it began (code {process.exitcode}); see above",
                        )
                    )
                click.echo(
                    f"服务进程 {process.pid} 已结束，重新启动 / process {process.pid} ended, started again", err=True
                )
            while len(running) < count:
                running[_begun(what, listening, tries)] = time.monotonic()
            told.wait(LOOK)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join()


def _begun(what: Serving, listening: socket, tries: Tries) -> SpawnProcess:
    """A process of its own, not a fork: threads and databases do not survive one."""
    process = multiprocessing.get_context("spawn").Process(target=_serve_beside, args=(what, listening, tries))
    process.start()
    return process


def _serve_beside(what: Serving, listening: socket, tries: Tries) -> None:
    """Serve; end with the process that started this one, however that ended."""
    threading.Thread(target=_follow, name="houfeng-parent", daemon=True).start()
    serve_alone(what, listening, tries)


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
