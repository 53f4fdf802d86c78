"""Jobs that come again."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from houfeng.errors import Text, UsageError
from houfeng.office import jobs
from houfeng.office.database import Office
from houfeng.office.jobs import Job, queue, schedule
from houfeng.office.tables import JournalEntry
from office.conftest import Hands

TITLE = Text("日报", "daily report")


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "_handlers", {})
    jobs.register("report", lambda run: None)


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        ("every 15m", "2026-07-01T12:15"),
        ("every 2h", "2026-07-01T14:00"),
        ("daily 07:30", "2026-07-02T07:30"),
        ("daily 12:00", "2026-07-02T12:00"),
        ("daily 12:01", "2026-07-01T12:01"),
        ("weekly 1 07:30", "2026-07-06T07:30"),
        ("weekly 3 18:00", "2026-07-01T18:00"),
        ("monthly 1 07:30", "2026-08-01T07:30"),
        ("monthly 31 07:30", "2026-07-31T07:30"),
        ("monthly last 07:30", "2026-07-31T07:30"),
    ],
)
def test_when_it_comes_next(rule: str, after: str, hands: Hands) -> None:
    assert schedule.next_after(rule, hands.now) == datetime.fromisoformat(after)


def test_a_day_that_a_month_has_not_is_its_last() -> None:
    assert schedule.next_after("monthly 31 07:30", datetime(2026, 2, 1)) == datetime(2026, 2, 28, 7, 30)


@pytest.mark.parametrize("rule", ["", "daily", "daily 25:00", "every 0m", "weekly 8 07:30", "hourly", "daily 7:30"])
def test_what_is_no_rule_is_refused(rule: str, hands: Hands) -> None:
    with pytest.raises(UsageError):
        schedule.next_after(rule, hands.now)


def _count(office: Office) -> int:
    with office.read() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def test_it_comes_when_it_is_due_once_and_not_while_the_last_is_open(office: Office, hands: Hands) -> None:
    with office.begin() as session:
        jobs.plan(session, "test", "daily", "report", {}, TITLE, "daily 13:00")
        jobs.plan(session, "test", "daily", "report", {}, TITLE, "daily 13:00")
    assert schedule.tick(office) == 0
    hands.forward(hours=1)
    assert (schedule.tick(office), schedule.tick(office)) == (1, 0)
    hands.forward(days=1)
    assert schedule.tick(office) == 0
    with office.begin() as session:
        for job in session.scalars(select(Job)):
            job.state = jobs.State.DONE
    hands.forward(days=3)
    assert (schedule.tick(office), _count(office)) == (1, 2)
    with office.begin() as session:
        jobs.plan(session, "test", "daily", "report", {}, TITLE, "daily 13:00", active=False)
    hands.forward(days=3)
    assert schedule.tick(office) == 0
    with office.read() as session:
        acts = list(session.scalars(select(JournalEntry.act)))
    assert acts == ["schedule.change", "schedule.change"]
