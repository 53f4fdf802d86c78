"""From an event to its alert, measured from outside: a pipe fed at a steady rate, and the journal read along.

    python latency.py                                     # 2,500,000 events behind it, 50,000 a second for a minute
    python latency.py --behind 0 --rate 20000 --seconds 30

A book is made that knows every enterprise; `houfeng watch run` takes the events behind it from files and ends, so that
the next one starts from a saved state. That one is fed through its standard input: event n is due n / rate seconds
after the beginning, whether the pipe took it by then or not, and its alert is there when the journal on the disk has
it (looked at every 10 ms). So what waits in a full pipe counts, and so does a watch that stands still. `start_s` is
from the call to "watching:", before which nothing is sent; latencies are told for the first `--warm` seconds and for
the rest. Alerts of a day's end belong to no event and are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from events import write
from houfeng_side import HERE, make_book
from soak import rss_mb

from houfeng.watch.journal.alerts import Place, read_along

EVERY = 0.02
"""Seconds of events that are written at once."""
LOOK = 0.01


class Reader(threading.Thread):
    """Reads the journal along; `seen` is each alert's event and when its opening was there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.ended, self.seen = folder, threading.Event(), list[tuple[int, float]]()
        self.place = Place()
        self._look()

    def run(self) -> None:
        """Until `ended`, and then once more."""
        last = False
        while not last:
            last = self.ended.wait(LOOK)
            now = time.monotonic()
            self.seen += [(number, now) for number in self._look()]

    def _look(self) -> list[int]:
        """The numbers of the events that opened what came since the last look."""
        found = []
        for place, steps in read_along(self.folder, self.place):
            self.place = place
            found += [one["event"] for one in steps if one["step"] == 0 and "|F" in one["event"]]
        return [int(event.rpartition("|F")[2]) for event in found]


def watch(book: Path, source: str, *more: str, **options: Any) -> subprocess.Popen[bytes]:
    """The command, as the benchmark calls it."""
    command = [str(Path(sys.executable).with_name("houfeng")), "watch", "run", str(HERE / "pack"), "--source", source]
    command += ["--kind", "account_flow", "--from", "2025-01-01", "--future", "1000000000", "--quiet", "--lang", "en"]
    return subprocess.Popen([*command, "--book", str(book), *more], stderr=subprocess.PIPE, **options)


def prepare(folder: Path, behind: int, count: int) -> None:
    """The book, what stands behind it, and the files to be sent."""
    names = write(folder / "names", behind + count, "parquet", slice_=500_000)
    make_book(folder / "book", names)
    shutil.rmtree(folder / "names")
    files = write(folder / "all", behind + count, "jsonl", slice_=100_000)
    (folder / "send").mkdir()
    (folder / "in").mkdir()
    for number, path in enumerate(files):
        path.rename(folder / ("in" if number * 100_000 < behind else "send") / path.name)
    if behind:
        first = watch(folder / "book", f"dir:{folder / 'in'}", "--once")
        told = first.communicate()[1].decode()
        print(told.strip().splitlines()[-1], file=sys.stderr)
    shutil.rmtree(folder / "in")


def feed(child: subprocess.Popen[bytes], files: list[Path], rate: int, seconds: float) -> tuple[float, int, float]:
    """Send at the rate: when it began, how many were sent, and how far behind it ever was."""
    assert child.stdin is not None
    streams = [path.open("rb") for path in files]
    lines, portion, sent, worst = chain.from_iterable(streams), int(rate * EVERY), 0, 0.0
    began = time.monotonic()
    while sent < rate * seconds and (block := list(islice(lines, portion))):
        time.sleep(max(0.0, began + (sent + len(block)) / rate - time.monotonic()))  # the last of them is due
        child.stdin.write(b"".join(block))
        child.stdin.flush()
        sent += len(block)
        worst = max(worst, time.monotonic() - began - sent / rate)
    for stream in streams:
        stream.close()
    return began, sent, worst


def told(latencies: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Quantiles in seconds."""
    if not len(latencies):
        return {"alerts": 0}
    p50, p95, p99 = np.percentile(latencies, (50, 95, 99)).round(3).tolist()
    return {"alerts": len(latencies), "p50": p50, "p95": p95, "p99": p99, "max": round(float(latencies.max()), 3)}


def measure(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """One run of the watch under the load."""
    reader = Reader(folder / "book" / "watch" / "alerts") if given.behind else None
    called = time.monotonic()
    child = watch(folder / "book", "stdin", "--save", str(given.save), stdin=subprocess.PIPE)
    assert child.stderr is not None
    while (line := child.stderr.readline()) and not line.startswith(b"watching:"):
        pass
    ready = time.monotonic() - called
    reader = reader or Reader(folder / "book" / "watch" / "alerts")
    reader.start()
    time.sleep(given.rest)
    began, sent, worst = feed(child, sorted((folder / "send").iterdir()), given.rate, given.seconds)
    wall = time.monotonic() - began
    memory = rss_mb(child.pid)
    assert child.stdin is not None
    child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    reader.ended.set()
    reader.join()
    events, times = (np.array(part) for part in zip(*reader.seen, strict=True)) if reader.seen else (np.empty(0),) * 2
    after = (events - given.behind) / given.rate
    latencies = times - began - after
    return {
        "behind": given.behind,
        "rate": given.rate,
        "sent": sent,
        "took": round(sent / wall),
        "start_s": round(ready, 2),
        "worst_pipe_s": round(worst, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "rss_mb": round(memory),
        "ended": status,
        "warm_s": given.warm,
        "first": told(latencies[after < given.warm]),
        "steady": told(latencies[after >= given.warm]),
        "all": told(latencies),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--behind", type=int, default=2_500_000, help="events that the watch took before")
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=58)
    parser.add_argument("--warm", type=float, default=10, help="seconds told apart as the start")
    parser.add_argument("--rest", type=float, default=0, help="seconds between 'watching:' and the first event")
    parser.add_argument("--save", type=float, default=900, help="as of the watch: seconds between states")
    parser.add_argument(
        "--work", type=Path, help="keep what is made here; a folder that has it is used again, as it is"
    )
    given = parser.parse_args()
    folder = given.work or Path(tempfile.mkdtemp(prefix="houfeng-latency-"))
    try:
        if not (folder / "book").exists():
            folder.mkdir(parents=True, exist_ok=True)
            prepare(folder, given.behind, int(given.rate * given.seconds))
        print(json.dumps(measure(folder, given)))
    finally:
        if given.work is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
