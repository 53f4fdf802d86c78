"""Forgetting: sessions that are over, notices that were read, jobs that are done, once the house keeps them no longer.

A job that comes round at night does it. The journal is never pruned: what was done stays known for ever. Jobs that
other records name stay, and so do those whose results signatures rest on.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from houfeng.errors import Text
from houfeng.office import jobs, journal
from houfeng.office.database import Office
from houfeng.office.house import house
from houfeng.office.jobs import Job, State
from houfeng.office.tables import Base, Notice, Schedule, SignInFlow, UserSession

KIND, NAME, RULE = "house.prune", "prune", "daily 03:30"
TITLE = Text("清理过期的会话、已读通知和已结束的任务", "forget old sessions, read notices and finished jobs")
BATCH = 500
"""Rows of one transaction: other writers wait no longer than that takes."""
NEEDED = ("pack.simulate", "pack.test")
"""Kinds of jobs whose results people signed by."""


def planned(office: Office) -> None:
    """Let it come round, where nobody has said otherwise yet. A worker calls this when it starts."""
    with office.read() as session:
        if session.scalars(select(Schedule.id).where(Schedule.name == NAME)).first() is not None:
            return
    with office.begin() as session:
        if session.scalars(select(Schedule.id).where(Schedule.name == NAME)).first() is None:
            jobs.plan(session, "system", NAME, KIND, {}, TITLE, RULE)


def prune(office: Office, results: Path | None = None) -> dict[str, int]:
    """Forget what is old enough; gives how many of each. `results` is the folder of the jobs' results."""
    now = office.clock()
    with office.read() as session:
        rules = house(session)
    since = {name: now - timedelta(days=days) for name, days in rules.kept_days().items()}
    over = or_(UserSession.ended_at < since["sessions"], UserSession.expires_at < since["sessions"])
    gone = {
        "sessions": _forget(office, UserSession.id, over),
        "notices": _forget(office, Notice.id, Notice.read_at < since["notices"]),
        "flows": _forget(office, SignInFlow.state_hash, SignInFlow.expires_at < now),
        "jobs": _forget(office, Job.id, _finished(since["jobs"]), results),
    }
    if any(gone.values()):
        with office.begin() as session:
            journal.write(session, "system", "house.prune", "house:records", detail=gone)
    return gone


def _finished(before: datetime) -> ColumnElement[bool]:
    """Jobs that are over, not needed as evidence, and named by no other record of any room."""
    over = and_(
        Job.state.in_((State.DONE, State.FAILED, State.CANCELLED)), Job.finished_at < before, Job.kind.not_in(NEEDED)
    )
    table = Base.metadata.tables[Job.__tablename__]
    keys = [key for other in Base.metadata.tables.values() for key in other.foreign_keys if key.references(table)]
    return and_(over, *(~exists().where(key.parent == Job.id) for key in keys))


def _forget(
    office: Office, key: InstrumentedAttribute[Any], old: ColumnElement[bool], results: Path | None = None
) -> int:
    """Delete the rows that are `old`, a batch at a time, and the folders of their results."""
    gone = 0
    while True:
        with office.begin() as session:
            batch = _batch(session, key, old)
            session.execute(delete(key.class_).where(key.in_(batch)))
        if results is not None:
            for name in batch:
                shutil.rmtree(results / str(name), ignore_errors=True)
        gone += len(batch)
        if len(batch) < BATCH:
            return gone


def _batch(session: Session, key: InstrumentedAttribute[Any], old: ColumnElement[bool]) -> Sequence[Any]:
    return session.scalars(select(key).where(old).limit(BATCH)).all()


def _run(run: jobs.JobRun) -> Mapping[str, Any]:
    return prune(run.office, run.folder.parent)


jobs.register(KIND, _run)
