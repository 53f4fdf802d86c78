"""The queue: asking for a job, taking one, giving it back, and finding those whose worker died.

A worker holds a job by its name and the number of the attempt. Every write of a worker asks that both still stand, so
that one who was only slow, and lost the job to another, cannot write over the other's work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, ConflictError, NotFoundError, Text, UsageError, did_you_mean
from houfeng.office import journal, notices
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import Office, changed, office_of
from houfeng.office.tables import Job

if TYPE_CHECKING:
    from houfeng.office.jobs.run import JobRun

Handler = Callable[["JobRun"], Mapping[str, Any] | None]
"""Does the work; what it gives back is kept as the job's result. It may be run again after a crash."""

_handlers: dict[str, Handler] = {}


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATE_NAMES: Mapping[State, Text] = {
    State.WAITING: Text("等待", "waiting"),
    State.RUNNING: Text("运行中", "running"),
    State.DONE: Text("完成", "done"),
    State.FAILED: Text("失败", "failed"),
    State.CANCELLED: Text("已取消", "cancelled"),
}

DIED = Text("任务进程多次中断，已停止重试", "the worker died on it several times; no further attempt is made")


def register(kind: str, handler: Handler) -> None:
    """Say who does jobs of `kind`."""
    _handlers[kind] = handler


def kinds() -> tuple[str, ...]:
    """The kinds this process knows how to do."""
    return tuple(_handlers)


def handler_of(kind: str) -> Handler:
    """Who does `kind`.

    Raises:
        UsageError: nobody here.
    """
    if kind not in _handlers:
        near = did_you_mean(kind, _handlers)
        raise UsageError(Text(f"没有任务类型 {kind}。{near.zh}", f"there is no kind of job {kind}. {near.en}"))
    return _handlers[kind]


def enqueue(
    session: Session,
    viewer: Viewer | None,
    kind: str,
    payload: Mapping[str, Any],
    title: Text,
    *,
    not_before: datetime | None = None,
    most_attempts: int = 3,
    schedule_id: int | None = None,
) -> Job:
    """Ask for a job in the transaction of `session`. It runs with the rights of `viewer` (`None`: the house itself)."""
    handler_of(kind)
    now = office_of(session).clock()
    job = Job(
        kind=kind,
        payload=dict(payload),
        title_zh=title.zh,
        title_en=title.en,
        state=State.WAITING,
        requested_by=viewer.user_id if viewer else None,
        schedule_id=schedule_id,
        created_at=now,
        not_before=not_before or now,
        most_attempts=most_attempts,
    )
    session.add(job)
    session.flush()
    if viewer is not None:
        journal.write(session, viewer, "job.enqueue", f"job:{job.id}", detail={"kind": kind, "title": title.zh})
    return job


def find(session: Session, viewer: Viewer, job_id: int) -> Job:
    """The job of that number, if `viewer` asked for it or may see all jobs.

    Raises:
        NotFoundError: there is none that they may know of.
    """
    job = session.get(Job, job_id)
    if job is None or not (job.requested_by == viewer.user_id or viewer.may(Permission.SEE_JOBS)):
        raise NotFoundError(Text(f"没有任务 {job_id}", f"there is no job {job_id}"))
    return job


def listing(session: Session, viewer: Viewer, *, limit: int = 50, offset: int = 0) -> Sequence[Job]:
    """The jobs `viewer` may see, newest first."""
    chosen = select(Job).order_by(Job.id.desc()).limit(limit).offset(offset)
    if not viewer.may(Permission.SEE_JOBS):
        chosen = chosen.where(Job.requested_by == viewer.user_id)
    return session.scalars(chosen).all()


def cancel(session: Session, viewer: Viewer, job_id: int) -> Job:
    """Stop a job: a waiting one at once, a running one when it next tells of its progress."""
    job = find(session, viewer, job_id)
    if job.requested_by != viewer.user_id and not viewer.may(Permission.MANAGE_SYSTEM):
        raise AccessError(
            Text("只有发起人或系统管理员可以取消任务", "only who asked for it, or the system administrator")
        )
    now = office_of(session).clock()
    stopped = _change(session, job.id, State.WAITING, state=State.CANCELLED, cancel_asked=True, finished_at=now)
    if not stopped and not _change(session, job.id, State.RUNNING, cancel_asked=True):
        raise ConflictError(Text("任务已经结束", "the job is over already"))
    journal.write(session, viewer, "job.cancel", f"job:{job.id}", detail={"kind": job.kind})
    session.refresh(job)
    return job


def claim(office: Office, worker: str, wanted: Collection[str]) -> Job | None:
    """Take the job that waits longest, if there is one. Two workers never take the same."""
    with office.begin(alone=False) as session:
        now = office.clock()
        job = session.scalars(
            select(Job)
            .where(Job.state == State.WAITING, Job.not_before <= now, Job.kind.in_(wanted))
            .order_by(Job.not_before, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=Job)
        ).first()
        if job is None:
            return None
        job.state, job.worker, job.heartbeat_at = State.RUNNING, worker, now
        job.attempts += 1
        job.started_at = job.started_at or now
        return job


def write_held(session: Session, job: Job, **values: Any) -> bool:
    """Write to a job as its holder; False where it is no longer held."""
    held = (Job.id == job.id, Job.state == State.RUNNING, Job.worker == job.worker, Job.attempts == job.attempts)
    return changed(session, update(Job).where(*held).values(**values)) == 1


def revive(office: Office, stale: timedelta) -> int:
    """Give jobs whose worker is silent for `stale` back to the queue, or end them after too many attempts."""
    dead = (Job.state == State.RUNNING, Job.heartbeat_at < office.clock() - stale)
    with office.read() as session:
        if session.scalars(select(Job.id).where(*dead).limit(1)).first() is None:
            return 0  # the usual case takes no turn among the writers
    with office.begin() as session:
        now = office.clock()
        lost = session.scalars(select(Job).where(*dead)).all()
        for job in lost:
            if job.cancel_asked:
                job.state, job.finished_at = State.CANCELLED, now
            elif job.attempts >= job.most_attempts:
                end_failed(session, job, DIED)
            else:
                job.state, job.not_before = State.WAITING, now
                job.log = clipped(f"{job.log}{now:%Y-%m-%d %H:%M:%S} {job.worker}: no heartbeat; taken up again\n")
        return len(lost)


def end_failed(session: Session, job: Job, error: Text) -> None:
    """Mark a job as failed and tell who asked for it."""
    job.state, job.finished_at = State.FAILED, office_of(session).clock()
    job.error_zh, job.error_en = error
    if job.requested_by is not None:
        title = Text(f"任务失败：{job.title_zh}", f"job failed: {job.title_en}")
        notices.tell(session, [job.requested_by], title, f"/jobs/{job.id}", "job", {"job": job.id})


def clipped(log: str, most: int = 20_000) -> str:
    """The last lines of a log, without what PostgreSQL cannot hold."""
    log = log.replace("\x00", "\ufffd")
    return log if len(log) <= most else "…\n" + log[-most:].split("\n", 1)[-1]


def _change(session: Session, job_id: int, was: State, **values: Any) -> bool:
    return changed(session, update(Job).where(Job.id == job_id, Job.state == was).values(**values)) == 1
