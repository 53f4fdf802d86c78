"""SIGKILL at any moment: no decision that was told as made is lost, nothing is half done, the chain is whole."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Select, func, select

from houfeng.clock import wall_clock
from houfeng.office import journal
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.jobs import Job, State
from houfeng.office.tables import Approval, JournalEntry, SettingValue
from nightly import share
from office.office_process import start
from office.people_samples import person

KILLS = share(10, 100)
PATIENCE = 180  # seconds for what must come on a machine that has other work


def test_kills_of_worker_and_writers_lose_nothing(url: str, office: Office, tmp_path: Path) -> None:
    person(office, "wang", Role.ANALYST)
    person(office, "li", Role.APPROVER)
    acknowledged = tmp_path / "told"
    acknowledged.touch()
    chance = random.Random(20261122)
    with _running(url, tmp_path, acknowledged) as processes:
        for _ in range(KILLS):
            _until_told(acknowledged, 2)
            time.sleep(chance.uniform(0, 0.5))
            role = chance.choice(sorted(processes))
            processes[role].kill()
            processes[role].wait()
            processes[role] = _begin(role, url, tmp_path, acknowledged)
        for role in ("first", "second"):
            processes[role].kill()
        _until_idle(office)
    told = {int(line) for line in acknowledged.read_text("utf-8").split("\n")[:-1]}
    assert len(told) >= KILLS
    _check(office, told)


def _check(office: Office, told: set[int]) -> None:
    with office.read() as session:
        assert journal.verify(session) == []
        approved = set(session.scalars(select(Approval.id).where(Approval.state == "approved")))
        decided = [row.split(":")[1] for row in session.scalars(_abouts("approval.approve"))]
        proposed = {int(row.split(":")[1]) for row in session.scalars(_abouts("approval.propose"))}
        marks = set(session.scalars(select(SettingValue.name)))
        jobs = list(session.scalars(select(Job)))
        assert proposed == set(session.scalars(select(Approval.id)))
    assert told <= approved
    assert sorted(map(int, decided)) == sorted(approved)
    assert marks == {f"approval {number}" for number in approved} | {f"job {job.id}" for job in jobs}
    assert {job.state for job in jobs} == {State.DONE}


def _abouts(act: str) -> Select[str]:
    return select(JournalEntry.about).where(JournalEntry.act == act)


@contextmanager
def _running(url: str, folder: Path, told: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    processes = {role: _begin(role, url, folder, told) for role in ("first", "second", "worker")}
    try:
        yield processes
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


def _begin(role: str, url: str, folder: Path, told: Path) -> subprocess.Popen[bytes]:
    if role == "worker":
        return start("work_for_ever", url, folder / "jobs")
    return start("decide_for_ever", url, told)


def _until_told(told: Path, more: int) -> None:
    """Wait for a few decisions, so that there is load when the next blow falls."""
    before, limit = told.stat().st_size, time.monotonic() + PATIENCE
    while told.stat().st_size < before + 2 * more:
        assert time.monotonic() < limit
        time.sleep(0.01)


def _until_idle(office: Office) -> None:
    limit = time.monotonic() + PATIENCE
    while True:
        with office.read() as session:
            open_ = select(func.count()).select_from(Job).where(Job.state.in_((State.WAITING, State.RUNNING)))
            if not session.scalar(open_):
                return
        assert time.monotonic() < limit, "jobs are left open"
        time.sleep(0.1)


def test_a_chain_is_continued_by_whoever_comes_after_a_kill(url: str, office: Office) -> None:
    for n in range(3):
        process = start("write_many", url, f"p{n}", 100_000)
        limit = time.monotonic() + PATIENCE
        while _length(office) < 5 * (n + 1):
            assert time.monotonic() < limit
            time.sleep(0.01)
        process.kill()
        process.wait()
    after = Office.open(url, wall_clock)
    with after.begin() as session:
        journal.write(session, "test", "a.b", "c")
        assert journal.verify(session) == []
    after.close()


def _length(office: Office) -> int:
    with office.read() as session:
        last = journal.head(session)
        return last.seq if last else 0
