"""A real `houfeng watch run`, killed at random moments and started again, leaves what an undisturbed one leaves."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from nightly import share
from watch.service import running
from watch.sources.event_samples import lines

KILLS = share(4, 20)
SEEDS = range(share(1, 5))
EVENTS = 3_000
OFTEN = ["--flush", "0.03", "--save", "0.05", "--quiet"]


@pytest.fixture(autouse=True)
def _nobody_stays() -> Iterator[None]:
    yield
    running.end_all()


def feed(process: subprocess.Popen[bytes], known: bytes, new: bytes, stop: threading.Event) -> None:
    """Give what was given before at once, what is new in small pieces."""
    assert process.stdin is not None
    try:
        process.stdin.write(known)
        for start in range(0, len(new), 2_000):
            if stop.is_set():
                return
            process.stdin.write(new[start : start + 2_000])
            process.stdin.flush()
            time.sleep(0.002)
    except BrokenPipeError:
        return


def run_and_kill(arguments: Sequence[str | Path], known: bytes, new: bytes, seconds: float) -> None:
    """One run that is killed so long after it began."""
    process = running.houfeng(*arguments, stdin=subprocess.PIPE)
    running.begun(process)
    stop = threading.Event()
    writer = threading.Thread(target=feed, args=(process, known, new, stop))
    writer.start()
    time.sleep(seconds)
    process.kill()
    stop.set()
    process.wait()
    writer.join()
    for pipe in (process.stdin, process.stdout, process.stderr):
        assert pipe is not None
        _closed(pipe)


def _closed(pipe: Any) -> None:
    """Close a pipe whose other end is gone."""
    try:
        pipe.close()
    except BrokenPipeError:
        return


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_and_started_again(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = running.events(EVENTS)
    wanted, pack = running.prepare(tmp_path / "undisturbed")
    arguments = ["run", pack, "--source", "stdin:bank", "--kind", "account_flow", *running.SMALL]
    running.finish(running.houfeng(*arguments, "--book", wanted, stdin=subprocess.PIPE), given=lines(whole))
    book, _ = running.prepare(tmp_path / "killed")
    given = 0
    for kill in range(KILLS):
        upto = EVENTS * (kill + 1) // (KILLS + 2) + chance.randrange(40)
        known, new = lines(whole[:given]), lines(whole[given:upto])
        run_and_kill(
            [*arguments, *OFTEN, "--book", book], known, new, chance.choice([0.02, 0.1, 0.3]) * chance.random()
        )
        given = upto
    running.finish(running.houfeng(*arguments, *OFTEN, "--book", book, stdin=subprocess.PIPE), given=lines(whole))
    assert running.rows(book) == running.rows(wanted)
    assert len(running.rows(book)) > EVENTS * 0.9
    found, expected = running.alerts(book / "watch"), running.alerts(wanted / "watch")
    assert (set(found) - set(expected), set(expected) - set(found)) == (set(), set())
    assert found == expected
