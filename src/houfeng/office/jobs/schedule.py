"""Jobs that come again. The clock is the worker's; web processes never schedule anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.clock import month_end
from houfeng.errors import Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import Office, office_of
from houfeng.office.jobs import queue
from houfeng.office.tables import Job, Schedule

_RULE = re.compile(
    r"every (?P<every>\d+)(?P<unit>[mh])|daily (?P<daily>\d\d:\d\d)"
    r"|weekly (?P<weekday>[1-7]) (?P<weekly>\d\d:\d\d)|monthly (?P<day>\d\d?|last) (?P<monthly>\d\d:\d\d)"
)


def plan(
    session: Session,
    who: Viewer | str,
    name: str,
    kind: str,
    payload: Mapping[str, Any],
    title: Text,
    rule: str,
    *,
    active: bool = True,
) -> Schedule:
    """Make or change the schedule called `name`.

    `rule` is `every 15m`, `every 2h`, `daily 07:30`, `weekly 1 07:30` (Monday is 1) or `monthly 1 07:30` (`last`: the
    month's last day; a day that a month does not have is its last).
    """
    queue.handler_of(kind)
    first = next_after(rule, office_of(session).clock())
    found = session.scalars(select(Schedule).where(Schedule.name == name)).first()
    before = {"rule": found.rule, "active": found.active, "payload": found.payload} if found else None
    row = found or Schedule(name=name)
    row.kind, row.payload, row.rule, row.active = kind, dict(payload), rule, active
    row.title_zh, row.title_en = title
    row.next_at = first
    row.changed_by = who.login if isinstance(who, Viewer) else who
    session.add(row)
    session.flush()
    after = {"rule": rule, "active": active, "payload": dict(payload)}
    if before != after:
        detail = {"kind": kind, "before": before, "after": after}
        journal.write(session, who, "schedule.change", f"schedule:{name}", detail=detail)
    return row


def tick(office: Office) -> int:
    """Enqueue what is due; a schedule whose last job is not over yet waits for its next turn. Gives how many."""
    with office.read() as session:
        is_due = (Schedule.active, Schedule.next_at <= office.clock())
        if session.scalars(select(Schedule.id).where(*is_due).limit(1)).first() is None:
            return 0
    with office.begin() as session:
        now = office.clock()
        due = session.scalars(select(Schedule).where(*is_due)).all()
        made = 0
        for row in due:
            open_jobs = select(Job.id).where(
                Job.schedule_id == row.id, Job.state.in_((queue.State.WAITING, queue.State.RUNNING))
            )
            if session.scalars(open_jobs.limit(1)).first() is None and row.kind in queue.kinds():
                title = Text(row.title_zh, row.title_en)
                queue.enqueue(session, None, row.kind, row.payload, title, schedule_id=row.id)
                made += 1
            row.last_at, row.next_at = now, next_after(row.rule, now)
        return made


def next_after(rule: str, now: datetime) -> datetime:
    """The first moment of `rule` after `now`.

    Raises:
        UsageError: the rule is none.
    """
    found = _RULE.fullmatch(rule.strip())
    if found is None:
        raise _not_a_rule(rule)
    if found["every"]:
        step = timedelta(minutes=int(found["every"]) * (60 if found["unit"] == "h" else 1))
        if not step:
            raise _not_a_rule(rule)
        return now + step
    try:
        at = time.fromisoformat(found["daily"] or found["weekly"] or found["monthly"])
    except ValueError:
        raise _not_a_rule(rule) from None
    day = now.date()
    while True:
        moment = datetime.combine(day, at)
        if moment > now and _is_day(found, moment):
            return moment
        day += timedelta(days=1)


def _is_day(rule: re.Match[str], moment: datetime) -> bool:
    if rule["weekday"]:
        return moment.isoweekday() == int(rule["weekday"])
    if rule["day"]:
        last = month_end(moment.date()).day
        return moment.day == (last if rule["day"] == "last" else min(max(int(rule["day"]), 1), last))
    return True


def _not_a_rule(rule: str) -> UsageError:
    return UsageError(
        Text(
            f"看不懂的周期：{rule}；可写 every 15m、daily 07:30、weekly 1 07:30、monthly 1 07:30",
            f"not a rule: {rule}; write every 15m, daily 07:30, weekly 1 07:30 or monthly 1 07:30",
        )
    )
