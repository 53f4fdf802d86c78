"""A process that writes the log and the journal of alerts until it is killed.

Run as `python crash_process.py FOLDER` it forks a child for every line it reads; the child appends and, after each
append, writes the entry's number; the parent answers with the child's id.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from houfeng.watch.journal.alerts import AlertJournal
from houfeng.watch.journal.log import Log
from watch.journal.journal_samples import arrival, clock

SEGMENT, ROLL = 20_000, 1000


def steps(last: int) -> list[dict[str, object]]:
    """The alerts that an arrival with the last entry `last` brings."""
    return [{"alert_id": f"{last // 9:016x}", "step": last % 9 // 3, "n": n} for n in range(1)]


def write(folder: Path) -> None:
    """Append for ever, and tell each entry that is on the disk."""
    log = Log.open(folder / "log", clock, segment_bytes=SEGMENT)
    alerts = AlertJournal.open(folder / "alerts", roll_bytes=ROLL)
    for entry in list(log.read(alerts.upto)) if alerts.upto >= log.first - 1 else []:
        if entry.seq % 3 == 0:
            alerts.append(entry.seq, steps(entry.seq))
    while True:
        offset = log.offsets().get("s", 0) + 1
        last = log.append(arrival(offset, 1 + offset % 7))[-1].seq
        os.write(1, f"{last}\n".encode())
        alerts.append(last, steps(last))


def main() -> None:
    """Fork a child for every line that comes in."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            write(Path(sys.argv[1]))
        os.write(2, f"{child}\n".encode())
        os.waitpid(child, 0)
        os.write(2, b"dead\n")


if __name__ == "__main__":
    main()
