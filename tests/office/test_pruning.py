"""What is over and old is forgotten, what is not stays; the journal stays whole and says how much went."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from houfeng.errors import Text
from houfeng.office import jobs, journal, notices, pruning
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.house import change
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller, open_session, sign_out
from houfeng.office.jobs import Job, State, Worker
from houfeng.office.tables import JournalEntry, Notice, Schedule, UserSession
from office.conftest import Hands
from office.people_samples import person

QUIET = "test.quiet"


def lived(office: Office, hands: Hands, tmp_path: Path) -> None:
    """A session that ended, a read and an unread notice, a finished job with results and a waiting one."""
    who = person(office, "wang", Role.OFFICER)
    jobs.register(QUIET, lambda run: (run.folder / "a.txt").write_text("x") and None)
    with office.begin() as session:
        ended = open_session(session, find(session, "wang"), "password", Caller("a", "b"))
        sign_out(session, ended.viewer)
        notices.tell(session, [who.user_id], Text("旧", "old"), "/", "test")
        notices.read(session, who)
        notices.tell(session, [who.user_id], Text("未读", "unread"), "/", "test")
        jobs.enqueue(session, who, QUIET, {}, Text("一", "one"))
    assert Worker(office, tmp_path, kinds=[QUIET], beat=0.5).run_once()
    with office.begin() as session:
        jobs.enqueue(session, who, QUIET, {}, Text("二", "two"))
        change(session, "test", "keep_sessions_days", 30, "x")
        change(session, "test", "keep_notices_days", 30, "x")
        change(session, "test", "keep_jobs_days", 30, "x")


def left(office: Office) -> tuple[int, int, int]:
    with office.read() as session:
        count = [session.scalar(select(func.count()).select_from(one)) or 0 for one in (UserSession, Notice, Job)]
        return count[0], count[1], count[2]


def test_what_is_old_and_over_goes_and_nothing_else(office: Office, hands: Hands, tmp_path: Path) -> None:
    lived(office, hands, tmp_path)
    assert (tmp_path / "1" / "a.txt").is_file()
    with office.read() as session:
        before = session.scalar(select(func.count()).select_from(JournalEntry)) or 0
    hands.forward(days=29)
    assert set(pruning.prune(office, tmp_path).values()) == {0}
    assert left(office) == (1, 2, 2)
    hands.forward(days=2)
    assert pruning.prune(office, tmp_path) == {"sessions": 1, "notices": 1, "flows": 0, "jobs": 1}
    assert left(office) == (0, 1, 1)
    assert not (tmp_path / "1").exists()
    with office.read() as session:
        assert journal.verify(session) == []
        entries = session.scalars(select(JournalEntry).order_by(JournalEntry.seq)).all()
        assert len(entries) == before + 1
        assert (entries[-1].act, json.loads(entries[-1].detail)["jobs"]) == ("house.prune", 1)


def test_many_go_in_batches(office: Office, hands: Hands) -> None:
    who = person(office, "wang", Role.OFFICER)
    with office.begin() as session:
        for _ in range(2 * pruning.BATCH + 3):
            session.add(Notice(user_id=who.user_id, at=hands(), kind="x", title_zh="", title_en="", link="", detail={}))
        session.flush()
        notices.read(session, who)
    hands.forward(days=200)
    assert pruning.prune(office)["notices"] == 2 * pruning.BATCH + 3


def test_it_comes_round_by_itself_until_somebody_says_otherwise(office: Office, hands: Hands, tmp_path: Path) -> None:
    pruning.planned(office)
    pruning.planned(office)
    with office.begin() as session:
        (row,) = session.scalars(select(Schedule)).all()
        assert (row.rule, row.active) == (pruning.RULE, True)
        jobs.plan(session, "test", pruning.NAME, pruning.KIND, {}, pruning.TITLE, "weekly 7 03:30", active=False)
    pruning.planned(office)
    with office.begin() as session:
        assert session.scalars(select(Schedule.active)).all() == [False]
        jobs.plan(session, "test", pruning.NAME, pruning.KIND, {}, pruning.TITLE, "daily 03:30")
    hands.now += timedelta(days=1)
    worker = Worker(office, tmp_path, beat=0.5)
    worker.chores()
    assert worker.run_once()
    with office.read() as session:
        assert session.scalars(select(Job.state)).all() == [State.DONE]
