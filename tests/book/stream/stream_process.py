"""A process that puts a stream into the book, or its files together, and is killed on the way.

Run as `python stream_process.py BOOK` it reads commands from standard input and forks a child for each:
`append UPTO STEP` or `compact 0 STEP`. The child kills itself at the STEP-th place at which it touches the disk.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from book.store_samples import KINDS
from book.stream.stream_samples import entries
from houfeng.book.storage import tables
from houfeng.book.store import Book
from houfeng.book.stream import compact
from houfeng.clock import wall_clock


def kill_at(step: int) -> None:
    """Have this process kill itself before or after one of the things that touch the disk."""
    left = [step]

    def counted(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            tick()
            result = function(*arguments, **named)
            tick()
            return result

        return call

    def tick() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("write", "written", "append", "replace", "_commit"):
        setattr(tables.Table, name, counted(getattr(tables.Table, name)))
    compact._write = counted(compact._write)


def work(path: Path, verb: str, upto: int) -> None:
    """What one child does."""
    book = Book.open(path, wall_clock, kinds=KINDS)
    if verb == "append":
        book.append_stream(entries(upto), upto)
    else:
        book.compact()


def main() -> None:
    """Answer each command with `done` or `killed`."""
    for line in sys.stdin:
        verb, upto, step = line.split()
        child = os.fork()
        if child == 0:
            kill_at(int(step))
            work(Path(sys.argv[1]), verb, int(upto))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "done" if status == 0 else "failed", flush=True)


if __name__ == "__main__":
    main()
