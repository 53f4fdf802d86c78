"""An order stands in the journal before the watch has it; who dies in between loses none and sends none twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from houfeng.errors import InputError, Text
from houfeng.office import journal
from houfeng.office.access import Role, Viewer
from houfeng.office.alerts import acting, orders
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import Office
from houfeng.office.jobs import Job, State, Worker
from houfeng.office.tables import JournalEntry
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.inbox import Inbox, write_state
from houfeng.watch.operations.orders import Known
from office.people_samples import person
from office_alerts.alert_samples import index_of, step, write

UNTIL = datetime(2026, 12, 31, 23, 59, 59)


@pytest.fixture
def watch(office: Office, tmp_path: Path) -> Path:
    """A watch's folder with one alert; no watch runs."""
    write(tmp_path, [[step("1", rule="overdue")]])
    index_of(office, tmp_path).catch_up()
    write_state(tmp_path / "state" / "emission.json", Emission([Known("demo/overdue", "OVE", "repayment")]).dump())
    return tmp_path


@pytest.fixture
def officer(office: Office) -> Viewer:
    return person(office, "wang", Role.OFFICER)


def silence(office: Office, officer: Viewer, watch: Path) -> list[orders.Order]:
    with office.begin() as session:
        return acting.silence(session, officer, ["1"], "重组", UNTIL, watch=watch)


def run_watch(office: Office, watch: Path, answer: tuple[bool, Text]) -> Callable[[], None]:
    """A watch that says it runs and answers what comes; gives what ends it."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            for command in Inbox(watch / "inbox").take():
                Inbox(watch / "inbox").done(command.id, *answer)

    write_state(watch / "state" / "status.json", {"state": "running", "written": office.clock().isoformat()})
    thread = threading.Thread(target=work)
    thread.start()

    def end() -> None:
        over.set()
        thread.join()

    return end


def test_the_order_is_in_the_journal_before_the_watch_has_it(office: Office, officer: Viewer, watch: Path) -> None:
    written = silence(office, officer, watch)
    assert Inbox(watch / "inbox").waiting() == []
    with office.read() as session:
        assert session.scalars(select(JournalEntry.about).where(JournalEntry.act == "alert.silence")).all() == [
            "alert:1"
        ]
        (job,) = session.scalars(select(Job)).all()
        assert (job.state, job.kind) == (State.WAITING, orders.KIND)
    said = orders.send(office, watch, written)
    assert "收件箱" in said.zh
    (order,) = Inbox(watch / "inbox").waiting()
    assert order.id == written[0].command.id
    with office.read() as session:
        (job,) = session.scalars(select(Job)).all()
        assert job.state == State.DONE


def test_what_was_left_by_who_died_a_worker_sends_once(
    office: Office, officer: Viewer, watch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Died before the inbox had it, and died between the inbox and writing so down: the same."""
    first = silence(office, officer, watch)
    Inbox(watch / "inbox").put(first[0].command)
    second = silence(office, officer, watch)
    now = office.clock()
    monkeypatch.setattr(office, "clock", lambda: now + timedelta(seconds=11))
    worker = Worker(office, watch / "jobs", kinds=[orders.KIND], beat=0.2)
    assert worker.run_once()
    assert worker.run_once()
    assert not worker.run_once()
    assert {one.id for one in Inbox(watch / "inbox").waiting()} == {first[0].command.id, second[0].command.id}
    assert len(Inbox(watch / "inbox").waiting()) == 2


def test_nobody_who_writes_waits_for_the_watch(office: Office, officer: Viewer, watch: Path) -> None:
    """The watch is silent for all of its two seconds; another writer gets through at once."""
    write_state(watch / "state" / "status.json", {"state": "running", "written": office.clock().isoformat()})
    written = silence(office, officer, watch)
    sender = threading.Thread(target=lambda: orders.send(office, watch, written))
    began = time.monotonic()
    sender.start()
    time.sleep(0.2)
    with office.begin() as session:
        journal.write(session, "test", "a.b", "c")
    took = time.monotonic() - began
    sender.join()
    assert took < orders.PATIENCE - 0.3
    assert time.monotonic() - began > orders.PATIENCE - 0.5


@pytest.mark.parametrize("accepted", [True, False])
def test_what_the_watch_says(office: Office, officer: Viewer, watch: Path, accepted: bool) -> None:
    end = run_watch(office, watch, (accepted, Text("不行", "no")))
    try:
        written = silence(office, officer, watch)
        if accepted:
            assert "已生效" in orders.send(office, watch, written).zh
        else:
            with pytest.raises(InputError, match="no"):
                orders.send(office, watch, written)
    finally:
        end()
    with office.read() as session:
        alert = session.get(Alert, "1")
        assert alert is not None
        assert (alert.silence_id == written[0].command.id) == accepted
        refused = session.scalars(select(JournalEntry).where(JournalEntry.act == "alert.order_refused")).all()
        assert [json.loads(one.detail)["order"] for one in refused] == ([] if accepted else [written[0].command.id])
        assert journal.verify(session) == []
