"""A watch killed at any moment has lost nothing it had acknowledged, and its next start goes on exactly there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from houfeng.watch.journal.alerts import AlertJournal
from houfeng.watch.journal.log import Log
from nightly import share
from watch.journal import crash_process
from watch.journal.journal_samples import arrival, clock

KILLS = share(12, 100)


def killed(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Have a child write for some time, kill it, and give the last entry that it acknowledged."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    child = int(process.stderr.readline())
    first = process.stdout.readline()  # it is at work
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    assert process.stderr.readline() == b"dead\n"
    os.set_blocking(process.stdout.fileno(), False)
    told = [first, *process.stdout.readlines()]
    os.set_blocking(process.stdout.fileno(), True)
    return int([line for line in told if line.endswith(b"\n")][-1])


def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    tests = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, crash_process.__file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(tests)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        torn = rolled = 0
        for kill in range(KILLS):
            acknowledged = killed(process, chance.uniform(0, 0.03))
            with Log.open(tmp_path / "log", clock) as log, AlertJournal.open(tmp_path / "alerts") as alerts:
                torn += bool(log.problems) + bool(alerts.problems)
                rolled = len(list((tmp_path / "log").glob("*.log")))
                assert log.last >= acknowledged
                assert log.last % 3 == 0  # each call wholly or not at all
                if kill % 8 == 0 or kill == KILLS - 1:
                    check(log, alerts)
        assert process.stdin is not None
        process.stdin.close()
    assert rolled > 3


def check(log: Log, alerts: AlertJournal) -> None:
    """Everything in the log and among the alerts is what an undisturbed run has."""
    offset, bodies = 1, []
    while len(bodies) < log.last:
        count = 1 + offset % 7
        bodies += arrival(offset, count)
        offset += count + 1
    assert [entry.body for entry in log.read()] == bodies
    assert log.offsets() == {"s": offset - 1}
    assert list(log.keys("s")) == [body.key for body in bodies[2::3]]
    told = list(alerts.read())
    assert log.last - 3 <= alerts.upto <= log.last
    assert told == [step for last in range(3, alerts.upto + 1, 3) for step in crash_process.steps(last)]
