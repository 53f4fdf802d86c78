"""Killed while it moves cases, a process leaves no half-moved case, and the journal's chain stays whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from cases import case_process
from houfeng.cases.states import MOVES, State
from houfeng.cases.tables import CaseCommitment, CaseFile, CaseMeasure, CasePlan, CaseSlot, CaseStep
from houfeng.clock import wall_clock
from houfeng.office import journal
from houfeng.office.database import Office
from houfeng.office.tables import Approval, JournalEntry
from nightly import share

KILLS = share(10, 100)


def whole(office: Office) -> tuple[int, int]:
    """How many moves stand; fails if any stands in part."""
    with office.read() as session:
        assert journal.verify(session) == []
        entries = {entry.seq: entry for entry in session.scalars(select(JournalEntry))}
        told = {seq for seq, entry in entries.items() if entry.act in ("case.move", "case.begin")}
        steps = session.scalars(select(CaseStep).order_by(CaseStep.case_id, CaseStep.number)).all()
        assert {step.journal_seq for step in steps} == told
        approvals = {a.about: a for a in session.scalars(select(Approval).order_by(Approval.id))}
        for case in session.scalars(select(CaseFile)):
            own = [step for step in steps if step.case_id == case.id]
            assert case.state == own[-1].to
            assert all(before.to == step.start and MOVES[step.move].to == step.to for before, step in pairwise(own))
            ended = case.state == State.CLOSED
            assert (session.get(CaseSlot, (case.enterprise_id, case.type)) is None) == ended == bool(case.ended_at)
            last = approvals.get(f"case:{case.id}")
            assert (case.approval_id is not None) == (last is not None and last.state == "waiting")
            assert (case.state == State.APPROVE) == (case.approval_id is not None and last.kind == "case.plan")  # type: ignore[union-attr]
            plans = session.scalars(select(CasePlan.state).where(CasePlan.case_id == case.id)).all()
            measures = session.scalars(select(CaseMeasure.id).where(CaseMeasure.case_id == case.id)).all()
            promises = session.scalars(select(CaseCommitment.id).where(CaseCommitment.case_id == case.id)).all()
            assert (len(measures), len(promises)) == ((3, 2) if plans == ["approved"] else (0, 0))
        return len(steps), len(entries)


@pytest.mark.parametrize("seed", [20260301])
def test_kills_leave_no_half_moved_case(tmp_path: Path, seed: int) -> None:
    """Each child is killed at a moment of its own; the next one goes on with other enterprises."""
    url = f"sqlite:///{tmp_path / 'office.db'}"
    case_process.prepare(url)
    office = Office.open(url, wall_clock)
    chance = random.Random(seed)
    moves = 0
    zygote = subprocess.Popen(
        [sys.executable, case_process.__file__, url, str(tmp_path / "files")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    for kill in range(KILLS):
        print(kill * 1000, file=zygote.stdin, flush=True)
        pid = int(zygote.stdout.readline().split()[1])
        assert zygote.stdout.readline().startswith("begun"), "the process did not come to its first case"
        time.sleep(chance.uniform(0, 0.6))
        os.kill(pid, signal.SIGKILL)
        while not zygote.stdout.readline().startswith("gone"):
            pass
        before, moves = moves, whole(office)[0]
        assert moves > before
    zygote.stdin.close()
    zygote.wait()
    zygote.stdout.close()
    office.close()
