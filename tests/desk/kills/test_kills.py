"""SIGKILL for the server and the worker of a desk under load: no sign that was told is lost, nothing stands in part,
the journal's chain is whole, every submission has its sender, and no job is left behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func, select

from desk.desk_samples import make_office, viewer
from desk.kills import acting_samples as acts
from desk.kills import desk_process
from desk.kills.forking import forking, free_port, until, wait_for
from houfeng.book.storage.manifest import chronicle
from houfeng.book.store import Book
from houfeng.cases.states import MOVES
from houfeng.cases.tables import CaseFile, CaseSlot, CaseStep
from houfeng.clock import wall_clock
from houfeng.errors import Text
from houfeng.office import approvals, journal
from houfeng.office.alerts.index import Index
from houfeng.office.alerts.tables import Alert, AlertAct
from houfeng.office.database import Office
from houfeng.office.jobs import Job, State
from houfeng.office.tables import Approval, JournalEntry, SettingValue, UserSession
from houfeng_desk.desk import Desk
from houfeng_desk.pages.data.staging import Staging
from nightly import share
from office_alerts.alert_samples import binder, step, write

KILLS = int(os.environ.get("HOUFENG_KILLS", "0")) or share(4, 100)
ALERTS, PROPOSALS = 2_000 + 100 * KILLS, 1_000


def test_kills_of_server_and_worker_under_load(small_book: Path, tmp_path: Path) -> None:
    book, url = tmp_path / "book", f"sqlite:///{tmp_path / 'office.db'}"
    shutil.copytree(small_book, book)
    desk = prepared(book, tmp_path / "office.db", url)
    chance, port = random.Random(20261122), free_port()
    with forking(url, book) as fork:
        pids = {"server": fork(f"server {port}"), "worker": fork("worker 0")}
        wait_for(port)
        load = acts.Load(people(desk, port))
        for kill in range(KILLS):
            before = load.told.count()
            until(lambda before=before: load.told.count() > before + 3)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.7))
            role = chance.choice(sorted(pids))
            os.kill(pids[role], signal.SIGKILL)
            pids[role] = fork(f"server {port}" if role == "server" else f"worker {kill + 1}")
            wait_for(port)
        told = load.stop()
        until(partial(idle, desk.office))
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
    figures = checked(desk, told)
    print(f"\n{KILLS} kills: {figures}")
    desk.close()
    desk.office.close()


def prepared(book: Path, office: Path, url: str) -> Desk:
    """A desk with alerts to acknowledge and proposals to decide."""
    make_office(office, wall_clock, password=True)
    desk = Desk(Office.open(url, wall_clock), Book.open(book, wall_clock), wall_clock)
    write(book / "watch", [[step(f"{n:016x}") for n in range(ALERTS)]])
    Index(desk.office, book / "watch", binder).catch_up()
    desk_process.register_signs()
    who = viewer(desk, "analyst")
    with desk.office.begin() as session:
        for n in range(PROPOSALS):
            approvals.propose(session, who, desk_process.SIGN, f"sign:{n}", Text("签", "sign"), {}, "x")
    return desk


def people(desk: Desk, port: int) -> Iterator[tuple[Callable[[acts.Told, acts.Person, int], None], acts.Person]]:
    """Who does what, at once."""
    officer = viewer(desk, "officer")
    firms = [row["id"] for row in desk.reader(officer).rows("SELECT enterprise_id AS id FROM enterprise ORDER BY 1")]
    yield acts.sign_in, acts.Person(desk.office, "viewer", port)
    yield acts.acknowledge, acts.Person(desk.office, "officer", port)
    yield acts.cases_of(firms, officer.user_id), acts.Person(desk.office, "officer", port)
    yield acts.decide, acts.Person(desk.office, "approver", port)
    yield acts.submit, acts.Person(desk.office, "officer", port)


def idle(office: Office) -> bool:
    """Whether no job is left open."""
    with office.read() as session:
        open_ = select(func.count()).select_from(Job).where(Job.state.in_((State.WAITING, State.RUNNING)))
        return not session.scalar(open_)


def checked(desk: Desk, told: acts.Told) -> dict[str, int]:
    """Hold what stands against what was told; gives how many of each."""
    assert told.faults == []
    with desk.office.read() as session:
        assert journal.verify(session) == []
        entries = list(session.scalars(select(JournalEntry).order_by(JournalEntry.seq)))
        agents = set(session.scalars(select(UserSession.agent)))
        assert told.sign_ins <= agents
        opened = sum(entry.act == "session.open" for entry in entries)
        assert opened == session.scalar(select(func.count()).select_from(UserSession))

        whys = {entry.about: entry.why for entry in entries if entry.act == "alert.acknowledge"}
        seen = {one.alert_id: one.comment for one in session.scalars(select(AlertAct))}
        marked = set(session.scalars(select(Alert.id).where(Alert.acknowledged_at.is_not(None))))
        assert {f"alert:{name}": comment for name, comment in seen.items()} == whys
        assert marked == set(seen)
        assert told.acknowledged.items() <= seen.items()

        approved = set(session.scalars(select(Approval.id).where(Approval.state == "approved")))
        decided = [int(entry.about.split(":")[1]) for entry in entries if entry.act == "approval.approve"]
        assert sorted(decided) == sorted(approved)
        assert {int(one) for one in told.decided} <= approved
        marks = select(SettingValue.value).where(SettingValue.name.like("sign:%"))
        assert set(session.scalars(marks)) == approved

        jobs = list(session.scalars(select(Job)))
        assert {job.state for job in jobs} <= {State.DONE}
        moves = _cases(session, entries, told)
    sent = _submissions(desk, entries, told)
    return {
        "sign-ins": len(told.sign_ins), "acknowledged": len(told.acknowledged), "case steps": moves,
        "decided": len(told.decided), "submitted": len(told.submitted), "in the book": sent, "jobs": len(jobs),
        "taken up again": sum(job.attempts > 1 for job in jobs), "journal": len(entries),
    }  # fmt: skip


def _cases(session: object, entries: list[JournalEntry], told: acts.Told) -> int:
    steps = session.scalars(select(CaseStep).order_by(CaseStep.case_id, CaseStep.number)).all()  # type: ignore[attr-defined]
    assert {one.journal_seq for one in steps} == {e.seq for e in entries if e.act in ("case.move", "case.begin")}
    states = {}
    for case in session.scalars(select(CaseFile)):  # type: ignore[attr-defined]
        own = [one for one in steps if one.case_id == case.id]
        assert case.state == own[-1].to
        assert all(a.to == b.start and MOVES[b.move].to == b.to for a, b in pairwise(own))
        assert session.get(CaseSlot, (case.enterprise_id, case.type)).case_id == case.id  # type: ignore[attr-defined]
        states[f"/cases/{case.id}"] = [one.to for one in own]
    assert all(state in states[place] for place, state in told.moves.items())
    return len(steps)


def _submissions(desk: Desk, entries: list[JournalEntry], told: acts.Told) -> int:
    """Each file stands once, whole, with its sender in the journal; rows are those of the last."""
    known = chronicle(desk.book.entries())
    mine = [one for one in known if one.file.endswith(".csv") and one.reporter == acts.BANK]
    files = [one.file for one in mine]
    assert len(files) == len(set(files))
    assert told.submitted <= set(files)
    hashes = {json.loads(e.detail)["sha256"] for e in entries if e.act == "data.submitting"}
    assert {one.content_hash for one in mine} <= hashes
    assert all(one.rows in (3, 300) and not one.quarantined for one in mine)
    assert [one.in_force for one in mine] == [False] * (len(mine) - 1) + [True] * bool(mine)
    staged = Staging(desk.work_folder).folder
    assert not list(staged.glob("*/.upload.json.part"))
    return len(mine)
