"""Acknowledging, assigning and silencing: by whom, within which scope, in the journal, and with the watch's consent."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from houfeng.errors import AccessError, InputError, NotFoundError, UsageError
from houfeng.office import journal, notices
from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.alerts import acting, orders, reading
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import Office
from houfeng.office.tables import JournalEntry
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.inbox import Inbox
from houfeng.watch.operations.orders import Known
from office.people_samples import person
from office_alerts.alert_samples import index_of, step, write

UNTIL = datetime(2026, 12, 31, 23, 59, 59)


@pytest.fixture
def watch(office: Office, tmp_path: Path) -> Path:
    """A watch's folder with five alerts, in the tables; its last state knows their rule."""
    write(tmp_path, [[step(str(n), rule="overdue") for n in range(5)]])
    index_of(office, tmp_path).catch_up()
    state = Emission([Known("demo/overdue", "OVE", "repayment")]).dump()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "emission.json").write_text(json.dumps(state), "utf-8")
    return tmp_path


@pytest.fixture
def officer(office: Office) -> Viewer:
    """Somebody who may handle alerts."""
    return person(office, "wang", Role.OFFICER)


def entries(office: Office) -> list[tuple[str, str, str, dict[str, Any]]]:
    with office.read() as session:
        found = session.scalars(select(JournalEntry).where(JournalEntry.act.like("alert.%")).order_by(JournalEntry.seq))
        return [(e.act, e.about, e.why, json.loads(e.detail)) for e in found]


def test_acknowledging_says_who_and_why(office: Office, watch: Path, officer: Viewer) -> None:
    with office.begin() as session:
        assert acting.acknowledge(session, officer, ["1", "2", "1"], " 已电话核实 ") == 2
    with office.read() as session:
        alert = reading.find(session, officer.scope, "1")
        assert (alert.acknowledged_by, alert.acknowledged_at) == ("Wang", office.clock())
        (act,) = reading.acts_of(session, alert)
        assert (act.act, act.who, act.comment) == ("acknowledge", "Wang", "已电话核实")
        assert journal.verify(session) == []
    assert [e[:3] for e in entries(office)] == [
        ("alert.acknowledge", "alert:1", "已电话核实"),
        ("alert.acknowledge", "alert:2", "已电话核实"),
    ]


def test_without_a_word_nothing_is_done(office: Office, watch: Path, officer: Viewer) -> None:
    with pytest.raises(InputError), office.begin() as session:
        acting.acknowledge(session, officer, ["1"], "  ")
    with pytest.raises(InputError), office.begin() as session:
        acting.acknowledge(session, officer, [], "x")
    with pytest.raises(InputError), office.begin() as session:
        acting.acknowledge(session, officer, [str(n) for n in range(acting.MOST + 1)], "x")
    assert entries(office) == []


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.OFFICER])
def test_others_may_not(office: Office, watch: Path, role: Role) -> None:
    scopes = {Role.REPORTER: Scope(institutions=frozenset({"B1"})), Role.ENTERPRISE: Scope(enterprise="E1")}
    viewer = person(office, "else", role, scope=scopes.get(role, EVERYTHING))
    with pytest.raises(AccessError), office.begin() as session:
        acting.acknowledge(session, viewer, ["1"], "x")
    with pytest.raises(AccessError), office.begin() as session:
        acting.silence(session, viewer, ["1"], "x", UNTIL, watch=watch)


def test_of_a_batch_all_must_be_theirs_to_see(office: Office, watch: Path) -> None:
    luoyang = person(office, "luo", Role.OFFICER, scope=Scope(regions=frozenset({"410300"})))
    with office.read() as session:
        own = [a.id for a in session.scalars(select(Alert).where(reading.visible(luoyang.scope)))]
    assert 0 < len(own) < 5
    with pytest.raises(NotFoundError), office.begin() as session:
        acting.acknowledge(session, luoyang, ["0", "1", "2", "3", "4"], "x")
    assert entries(office) == []
    with office.begin() as session:
        assert acting.acknowledge(session, luoyang, own, "x") == len(own)


def test_assigning_tells_the_person(office: Office, watch: Path, officer: Viewer) -> None:
    other = person(office, "zhao", Role.OFFICER)
    with office.begin() as session:
        acting.assign(session, officer, ["1", "2"], " ZHAO ", "请核实")
    with office.read() as session:
        assert [a.id for a in reading.mine(session, other)] == ["1", "2"]
        (told,) = notices.inbox(session, other)
        assert told.link.startswith("/alerts?")
    with office.begin() as session:
        acting.assign(session, officer, ["1"], "", "")
    with office.read() as session:
        assert [a.id for a in reading.mine(session, other)] == ["2"]
    with pytest.raises(InputError), office.begin() as session:
        acting.assign(session, officer, ["1"], "nobody", "")


def test_a_silence_is_an_order_to_the_watch(office: Office, watch: Path, officer: Viewer) -> None:
    with office.begin() as session:
        written = acting.silence(session, officer, ["1"], "重组方案已批", UNTIL, watch=watch, token=lambda: "0001")
        assert Inbox(watch / "inbox").waiting() == []
    orders.send(office, watch, written)
    (order,) = Inbox(watch / "inbox").waiting()
    seconds = int((UNTIL - datetime(1970, 1, 1)).total_seconds())
    expected = {"do": "silence", "until": seconds, "key": "E1", "rule": "demo/overdue", "tier": "orange"}
    assert (order.who, order.why, dict(order.what)) == ("Wang (wang)", "重组方案已批", expected)
    with office.read() as session:
        alert = reading.find(session, officer.scope, "1")
        assert (alert.silenced_until, alert.silence_id) == (UNTIL, order.id)
    assert entries(office)[0][:3] == ("alert.silence", "alert:1", "重组方案已批")


def test_of_one_key_one_order_is_enough(office: Office, watch: Path, officer: Viewer) -> None:
    write(watch, [[step("7", key="E1", rule="other")]])
    index_of(office, watch).catch_up()
    tokens = iter(["0001", "0002", "0003"])
    with office.begin() as session:
        written = acting.silence(
            session,
            officer,
            ["1", "7"],
            "x",
            UNTIL,
            watch=watch,
            whole_key=True,
            tier="red",
            token=lambda: next(tokens),
        )
    orders.send(office, watch, written)
    (order,) = Inbox(watch / "inbox").waiting()
    assert order.what["key"] == "E1"
    assert "rule" not in order.what
    assert order.what["tier"] == "red"


def test_an_order_the_watch_would_refuse_leaves_nothing(office: Office, watch: Path, officer: Viewer) -> None:
    write(watch, [[step("7", rule="unknown")]])
    index_of(office, watch).catch_up()
    with pytest.raises(UsageError), office.begin() as session:
        acting.silence(session, officer, ["7"], "x", UNTIL, watch=watch)
    assert Inbox(watch / "inbox").waiting() == []
    assert entries(office) == []


def test_ending_a_silence(office: Office, watch: Path, officer: Viewer) -> None:
    with pytest.raises(InputError), office.begin() as session:
        acting.end_silence(session, officer, "1", "x", watch=watch)
    with office.begin() as session:
        written = acting.silence(session, officer, ["1"], "x", UNTIL, watch=watch, token=lambda: "0001")
    orders.send(office, watch, written)
    with office.begin() as session:
        written = acting.end_silence(session, officer, "1", "方案终止", watch=watch, token=lambda: "0002")
    orders.send(office, watch, written)
    made, ended = Inbox(watch / "inbox").waiting()
    assert dict(ended.what) == {"do": "unsilence", "silence": made.id}
    with office.read() as session:
        assert reading.find(session, officer.scope, "1").silenced_until is None
