"""Other processes for the tests of the store: one that is killed, and some that submit at the same time.

Run as `python store_process.py crash BOOK` it reads commands from standard input and forks a child for each, which
submits one call and is killed on the way. It must not touch Delta or DuckDB itself: threads do not survive a fork.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from book.store_samples import KINDS, both
from houfeng.book.storage import tables
from houfeng.book.store import Book
from houfeng.clock import wall_clock


def submit(path: Path, call: int, reporter: str = "bank-a") -> None:
    """Submit the call number `call`."""
    Book.open(path, wall_clock, kinds=KINDS).submit(both(call, reporter=reporter))


def kill_at(step: int) -> None:
    """Have this process kill itself at the `step`-th of the places where a submission touches the disk."""
    left = [step]

    def counted(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            for _ in range(2):  # before it and after it
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                if _ == 0:
                    result = function(*arguments, **named)
            return result

        return call

    for name in ("write", "append", "_commit"):
        setattr(tables.Table, name, counted(getattr(tables.Table, name)))


def crash(path: Path) -> None:
    """Commands: `run CALL`, `kill CALL SECONDS`, `step CALL STEP`. Answers `done` or `killed`, and the seconds."""
    for line in sys.stdin:
        verb, call, *rest = line.split()
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            if verb == "step":
                kill_at(int(rest[0]))
            submit(path, int(call))
            os._exit(0)
        if verb == "kill":
            time.sleep(float(rest[0]))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        word = "killed" if os.WIFSIGNALED(status) else "done" if os.WEXITSTATUS(status) == 0 else "failed"
        print(word, time.perf_counter() - began, flush=True)


def main() -> None:
    """`crash BOOK`, or `many BOOK REPORTER FIRST COUNT`."""
    verb, path, *rest = sys.argv[1:]
    if verb == "crash":
        crash(Path(path))
    else:
        for call in range(int(rest[1]), int(rest[1]) + int(rest[2])):
            submit(Path(path), call, rest[0])


if __name__ == "__main__":
    main()
