"""A warm process that forks a desk's server or worker, and waiting for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from desk.kills import desk_process

PATIENCE = 240


@contextmanager
def forking(url: str, book: Path) -> Iterator[Callable[[str], int]]:
    """A warm process; gives what forks a child of it."""
    tests = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, desk_process.__file__, url, str(book)],
        env={**os.environ, "PYTHONPATH": tests},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    children: list[int] = []

    def fork(what: str) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        print(what, file=process.stdin, flush=True)
        children.append(int(process.stdout.readline()))
        return children[-1]

    try:
        yield fork
    finally:
        for pid in children[-4:]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(30)
        process.stdout.close()  # type: ignore[union-attr]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int) -> None:
    """Until the server answers."""

    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    until(answers)


def until(done: Callable[[], bool]) -> None:
    """Wait for something."""
    limit = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < limit, "it does not come"
        time.sleep(0.05)
