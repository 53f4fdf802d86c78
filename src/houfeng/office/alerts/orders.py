"""Orders to the watch that people gave on the desk: written down first, sent after, and sent again after a crash.

The act, its entry in the journal and a job that holds the order are one commit. Only then is the order put into the
watch's inbox, by the process that was asked. Where that died in between, a worker finds the job and puts the order. It
has its id from the beginning and an inbox takes an id once, so that what is sent twice stands once. Nobody who writes
waits for the watch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, EnvironmentFault, InputError, Text, UsageError
from houfeng.office import jobs, journal
from houfeng.office.access import Viewer
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import Office, changed, office_of
from houfeng.watch.journal.entries import Command
from houfeng.watch.operations.inbox import Inbox, command_id
from houfeng.watch.operations.sending import running, trial, wait_for_answer

KIND = "alert.order"
TITLE = Text("把命令交给监测", "hand an order to the watch")
GRACE = timedelta(seconds=10)
"""How long the process that was asked has the order to itself before a worker looks after it."""
PATIENCE = 2.0
"""Seconds a person is kept waiting for the answer of a running watch."""

Token = Callable[[], str]
Answer = tuple[bool, Text] | None


class Order(NamedTuple):
    """An order that was written down, and the job that holds it until it was sent."""

    job_id: int
    command: Command


def write_down(session: Session, viewer: Viewer, watch: Path, why: str, what: Mapping[str, Any], token: Token) -> Order:
    """Write an order down in the transaction of `session`; `send` it when that is over.

    Raises:
        UsageError: the watch would refuse it, by its last state.
    """
    now = office_of(session).clock()
    command = Command(command_id(now, token()), f"{viewer.name} ({viewer.login})", why, dict(what))
    outcome = trial(watch, Inbox(watch / "inbox"), command, now)
    if not outcome.accepted:
        raise UsageError(outcome.text)
    payload = {"watch": str(watch), "id": command.id, "who": command.who, "why": why, "what": dict(what)}
    job = jobs.enqueue(session, None, KIND, payload, TITLE, not_before=now + GRACE)
    return Order(job.id, command)


def send(office: Office, watch: Path, orders: Sequence[Order]) -> Text:
    """Send orders that were committed, and say in words what became of them.

    Raises:
        InputError: the watch refused one; that it did is written down.
    """
    inbox, refused, pending = Inbox(watch / "inbox"), [], False
    try:
        for order in orders:
            _put(inbox, order.command)
        awake = running(watch, office.clock())
    except EnvironmentFault:
        return _became(len(orders), pending=True)  # the worker tries again
    for number, order in enumerate(orders):
        answer = wait_for_answer(inbox, order.command.id, 0 if number else PATIENCE) if awake else None
        with office.begin() as session:
            waits = (jobs.Job.id == order.job_id, jobs.Job.state == jobs.State.WAITING)
            over = {"state": jobs.State.DONE, "finished_at": office.clock(), "result": _told(answer)}
            if changed(session, update(jobs.Job).where(*waits).values(**over)):
                _settle(session, order.command, answer)
        pending |= answer is None
        if answer is not None and not answer[0]:
            refused.append(answer[1])
    if refused:
        raise InputError(refused[0])
    return _became(len(orders), pending)


def _left(run: jobs.JobRun) -> Mapping[str, Any]:
    """What a worker does with an order that nobody has sent."""
    given = run.payload
    command = Command(given["id"], given["who"], given["why"], given["what"])
    watch = Path(str(given["watch"]))
    inbox = Inbox(watch / "inbox")
    _put(inbox, command)
    awake = running(watch, run.office.clock())
    answer = wait_for_answer(inbox, command.id, PATIENCE) if awake else inbox.answer(command.id)
    with run.begin() as session:
        _settle(session, command, answer)
        run.finish(session, _told(answer))
    return _told(answer)


def _put(inbox: Inbox, command: Command) -> None:
    with suppress(ConflictError):  # it stands there, or was answered: somebody has sent it before they died
        inbox.put(command)


def _settle(session: Session, command: Command, answer: Answer) -> None:
    """What the watch refused is no silence; the journal says so."""
    if answer is None or answer[0]:
        return
    for alert in session.scalars(select(Alert).where(Alert.silence_id == command.id)):
        alert.silenced_until, alert.silence_id = None, ""
    detail = {"order": command.id, "what": dict(command.what), "said": answer[1].zh}
    journal.write(session, "watch", "alert.order_refused", f"order:{command.id}", detail=detail)


def _told(answer: Answer) -> dict[str, Any]:
    return {"answer": "pending" if answer is None else "accepted" if answer[0] else "refused"}


def _became(orders: int, pending: bool) -> Text:
    if pending:
        return Text(
            f"{orders} 项命令已放入监测的收件箱，取走后生效",
            f"{orders} orders are in the inbox of the watch and take effect when taken",
        )
    return Text(f"{orders} 项命令已生效", f"{orders} orders are in force")


jobs.register(KIND, _left)
