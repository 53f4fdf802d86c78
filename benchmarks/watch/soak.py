"""An hour of events at a steady rate, and whether memory stays flat.

    python soak.py --source stdin --events FILE.jsonl... --csv rss.csv -- houfeng watch run … --source stdin …
    python soak.py --source directory --folder INBOX --events … -- houfeng watch run …
    python soak.py --source http --url http://127.0.0.1:8350/api/v1/events --events … -- houfeng watch run …

The command after `--` is started and fed with the events' lines, `--rate` a second, in portions of a tenth of a
second (files: of a second). RSS is that of the command and all its children, every ten seconds. Flat: the line
through the last three quarters of the samples rises by less than `--slope` MB an hour and `--share` percent of their
mean. When the files end they begin again a period later, so that time goes on: 20,000 a second are 72 million in an
hour, and state may only be bounded if old events leave.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

TIME = re.compile(rb'"occurred_at":"([^"]+)"')
FLOW = re.compile(rb'"flow_no":"F(\d{11})"')


def lines(paths: Sequence[Path]) -> Iterator[bytes]:
    """The lines of all files without end: each round some days later, its flow numbers new."""
    first, last = _times(paths)
    period = timedelta(days=(last - first).days + 1)
    count = sum(path.read_bytes().count(b"\n") for path in paths)
    turn = 0
    while True:
        for path in paths:
            with path.open("rb") as stream:
                yield from stream if not turn else (_later(line, turn * period, turn * count) for line in stream)
        turn += 1


def _times(paths: Sequence[Path]) -> tuple[datetime, datetime]:
    with paths[0].open("rb") as stream:
        head = stream.readline()
    tail = paths[-1].read_bytes().rstrip().rsplit(b"\n", 1)[-1]
    found = [TIME.search(line) for line in (head, tail)]
    first, last = (datetime.fromisoformat(m[1].decode()) for m in found if m)
    return first, last


def _later(line: bytes, by: timedelta, number: int) -> bytes:
    moved = TIME.sub(lambda m: b'"occurred_at":"%s"' % str(datetime.fromisoformat(m[1].decode()) + by).encode(), line)
    return FLOW.sub(lambda m: b'"flow_no":"F%011d"' % (int(m[1]) + number), moved)


class Feeder:
    """Hands portions of lines to the command under test."""

    def __init__(self, given: argparse.Namespace, child: subprocess.Popen[bytes]) -> None:
        self.given, self.child, self.number = given, child, 0
        self.every = 1.0 if given.source == "directory" else 0.1

    def send(self, portion: list[bytes]) -> None:
        """One portion, in time order."""
        self.number += 1
        if self.given.source == "stdin":
            assert self.child.stdin is not None
            self.child.stdin.write(b"".join(portion))
            self.child.stdin.flush()
        elif self.given.source == "directory":
            path = self.given.folder / f"account_flow-{self.number:07}.jsonl"
            hidden = path.with_name("." + path.name + ".part")
            hidden.write_bytes(b"".join(portion))
            hidden.rename(path)
        else:
            self._post(portion)

    def _post(self, portion: list[bytes]) -> None:
        parts = urlsplit(self.given.url)
        if self.number == 1:
            self.http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        body = self.given.body.encode().replace(b"%", b",".join(line.rstrip() for line in portion))
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"soak-{self.number}"}
        self.http.request("POST", f"{parts.path}?{parts.query}".rstrip("?"), body, headers)
        answer = self.http.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{answer.status}: {told[:300]!r}")


def rss_mb(pid: int) -> float:
    """Resident megabytes of a process and its descendants."""
    total, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * 4096 / 2**20
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def sample(pid: int, path: Path, sent: list[int], ended: threading.Event, every: float) -> None:
    """Write seconds, RSS and events sent to a CSV file until the end."""
    began = time.monotonic()
    with path.open("w", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["seconds", "rss_mb", "events"])
        while not ended.wait(every):
            out.writerow([round(time.monotonic() - began, 1), round(rss_mb(pid), 1), sent[0]])
            stream.flush()


def verdict(path: Path, seconds: float, slope: float, share: float) -> dict[str, Any]:
    """The slope of the last three quarters, and whether memory was flat."""
    with path.open() as stream:
        rows = [(float(row["seconds"]), float(row["rss_mb"])) for row in csv.DictReader(stream)]
    late = np.array([row for row in rows if row[0] >= seconds / 4])
    if len(late) < 3:
        return {"flat": None, "why": "too few samples"}
    per_hour = float(np.polyfit(late[:, 0], late[:, 1], 1)[0] * 3600)
    mean = float(late[:, 1].mean())
    return {"slope_mb_per_hour": round(per_hour, 2), "mean_mb": round(mean, 1), "peak_mb": max(mb for _, mb in rows),
            "flat": per_hour <= max(slope, share / 100 * mean)}  # fmt: skip


def feed(feeder: Feeder, source: Iterator[bytes], rate: int, seconds: float, sent: list[int]) -> float:
    """Send at the rate; gives the greatest time it fell behind (back-pressure), in seconds."""
    began, worst, portion = time.monotonic(), 0.0, int(rate * feeder.every)
    while (now := time.monotonic() - began) < seconds and feeder.child.poll() is None:
        due = sent[0] / rate
        if due > now:
            time.sleep(due - now)
        worst = max(worst, now - due)
        feeder.send([next(source) for _ in range(portion)])
        sent[0] += portion
    return worst


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", choices=["stdin", "directory", "http"], required=True)
    parser.add_argument("--events", type=Path, nargs="+", required=True, help="JSON lines")
    parser.add_argument("--folder", type=Path, help="directory: where files appear")
    parser.add_argument("--url", help="http: where to post")
    parser.add_argument("--body", default="[%]", help="http: the body; %% stands for the events, joined by commas")
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--wait", type=float, default=5, help="seconds between start and the first event")
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--csv", type=Path, default=Path("soak.csv"))
    parser.add_argument("--slope", type=float, default=20)
    parser.add_argument("--share", type=float, default=2)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    child = subprocess.Popen(given.command, stdin=subprocess.PIPE if given.source == "stdin" else subprocess.DEVNULL)
    sent, ended = [0], threading.Event()
    sampler = threading.Thread(target=sample, args=(child.pid, given.csv, sent, ended, given.every))
    try:
        time.sleep(given.wait)
        sampler.start()
        began = time.monotonic()
        behind = feed(Feeder(given, child), lines(sorted(given.events)), given.rate, given.seconds, sent)
        wall, alive = time.monotonic() - began, child.poll() is None
    finally:
        ended.set()
        if child.stdin is not None:
            child.stdin.close()  # the end of its input: it may finish
        else:
            child.terminate()
        try:
            child.wait(120)
        except subprocess.TimeoutExpired:
            child.kill()
    sampler.join()
    found = {
        "seconds": round(wall, 1),
        "events": sent[0],
        "rate": round(sent[0] / wall),
        "behind_s": round(behind, 2),
        "lived": alive,
    }
    print(json.dumps(found | verdict(given.csv, given.seconds, given.slope, given.share)))


if __name__ == "__main__":
    main()
