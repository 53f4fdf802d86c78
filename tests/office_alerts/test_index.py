"""The index holds what the journal holds, each step once, whoever reads it, from wherever and however often."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from houfeng.clock import fixed_clock
from houfeng.office.alerts.following import Follower
from houfeng.office.alerts.index import Index
from houfeng.office.alerts.tables import Alert, AlertAct, AlertStep, AlertTail
from houfeng.office.database import Office
from houfeng.watch.alerts import moment
from houfeng.watch.journal.alerts import Place, read_along
from houfeng.watch.operations.told import fold, read_steps
from office.conftest import NOON
from office_alerts.alert_samples import binder, cleared, index_of, rank, step, write


def as_folded(watch: Path) -> dict[str, tuple[Any, ...]]:
    """The alerts as the rule of folding makes them from the journal."""
    return {
        told.alert_id: (
            told.tier,
            told.channel,
            moment(told.opened_at),
            None if told.cleared_at is None else moment(told.cleared_at),
            len(told.steps),
            told.last["reason"]["zh"],
        )
        for told in fold(read_steps(watch / "alerts"))
    }


def as_indexed(office: Office) -> dict[str, tuple[Any, ...]]:
    """The same from the tables."""
    with office.read() as session:
        return {
            a.id: (a.tier, a.channel, a.opened_at, a.cleared_at, a.steps, a.reason_zh)
            for a in session.scalars(select(Alert))
        }


def test_an_alert_from_opening_to_clearing(office: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step("0", tier="yellow")], [step("0", 1, tier="red"), step("2X")], [cleared("0", 2, tier="red")]])
    index = index_of(office, tmp_path)
    assert index.catch_up() == 4
    assert index.catch_up() == 0
    assert as_indexed(office) == as_folded(tmp_path)
    with office.read() as session:
        one, two = session.get(Alert, "0"), session.get(Alert, "2X")
        assert one is not None
        assert two is not None
        assert (one.name, one.region, one.enterprise, str(one.exposure)) == ("企业E0", "419001", "E0", "1250000.50")
        assert (one.tier_rank, one.first_seq, one.last_seq) == (rank("red"), 1, 4)
        assert (two.name, two.region, two.exposure, two.cleared_at) == ("", None, None, None)
        assert [s.what for s in session.scalars(select(AlertStep).order_by(AlertStep.seq))] == [
            "opened",
            "escalated",
            "opened",
            "cleared",
        ]


def test_a_release_is_a_step_of_its_own(office: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step("1", channel="stopped")], [step("1", channel="emitted", released=True)]])
    assert index_of(office, tmp_path).catch_up() == 2
    assert as_indexed(office)["1"][1] == "emitted"


def test_reading_it_all_again_changes_nothing(office: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step(str(n), tier="blue")] for n in range(5)])
    index_of(office, tmp_path).catch_up()
    with office.begin() as session:
        alert = session.get(Alert, "3")
        assert alert is not None
        alert.acknowledged_by = "王敏"
        session.execute(delete(AlertTail))
    write(tmp_path, [[step("3", 1, tier="red")]])
    assert index_of(office, tmp_path).catch_up() == 1
    with office.read() as session:
        assert session.scalar(select(func.count()).select_from(AlertStep)) == 6
        kept = session.get(Alert, "3")
        assert kept is not None
        assert (kept.tier, kept.acknowledged_by) == ("red", "王敏")


def test_another_journal_in_the_same_place_is_read_from_its_beginning(office: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step(str(n))] for n in range(4)])
    index = index_of(office, tmp_path)
    index.catch_up()
    for path in (tmp_path / "alerts").iterdir():
        path.unlink()
    write(tmp_path, [[step("9")]])
    assert index.catch_up() == 1


def test_what_is_being_written_is_left_for_later(office: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step("1")], [step("2")]])
    path = tmp_path / "alerts" / "alerts-000001.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    index = index_of(office, tmp_path)
    assert index.catch_up() == 1
    path.write_bytes(whole)
    assert index.catch_up() == 1
    assert set(as_indexed(office)) == {"1", "2"}


def test_no_journal_yet(office: Office, tmp_path: Path) -> None:
    assert index_of(office, tmp_path / "nowhere").catch_up() == 0


def test_places_go_on_over_files(tmp_path: Path) -> None:
    write(tmp_path, [[step(str(n))] for n in range(12)], roll=2000)
    every = list(read_along(tmp_path / "alerts", Place()))
    assert every[-1][0].number > 2
    for number, (place, _) in enumerate(every):
        rest = list(read_along(tmp_path / "alerts", place))
        assert [steps for _, steps in rest] == [steps for _, steps in every[number + 1 :]]


TIER = st.sampled_from(["blue", "yellow", "orange", "red"])
CHANNEL = st.sampled_from(["emitted", "shadow", "silenced", "held"])


@st.composite
def journals(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Steps of a few alerts, mixed, in groups of any size."""
    steps: list[dict[str, Any]] = []
    reached: dict[str, int] = {}
    for _ in range(draw(st.integers(1, 14))):
        alert = draw(st.sampled_from(["a", "b", "c", "d"]))
        number = reached.get(alert, -1) + 1
        reached[alert] = number
        end = number and draw(st.booleans())
        made = cleared if end else step
        steps.append(made(alert, number, tier=draw(TIER), channel=draw(CHANNEL)))  # type: ignore[operator]
    cuts = sorted(draw(st.lists(st.integers(0, len(steps)), max_size=4)))
    edges = [0, *cuts, len(steps)]
    return [steps[a:b] for a, b in pairwise(edges)]


@given(journals(), st.lists(st.integers(0, 1), max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_readers_in_any_order_make_what_folding_makes(
    migrated: Path, tmp_path_factory: pytest.TempPathFactory, groups: list[list[dict[str, Any]]], turns: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "office.db").write_bytes(migrated.read_bytes())
    office = Office.open(f"sqlite:///{folder / 'office.db'}", fixed_clock(NOON))
    readers = [Index(office, folder, binder), Index(office, folder, binder)]
    for number, group in enumerate(groups):
        write(folder, [group], first=number + 1)
        if number < len(turns):
            readers[turns[number]].catch_up()
    taken = sum(reader.catch_up() for reader in readers)
    assert taken <= sum(map(len, groups))
    assert as_indexed(office) == as_folded(folder)
    with office.read() as session:
        kept = list(session.scalars(select(AlertStep).order_by(AlertStep.seq)))
    assert [one.kept for one in kept] == list(read_steps(folder / "alerts"))
    assert [one.seq for one in kept] == list(range(1, len(kept) + 1))
    office.close()


def test_a_follower_reads_along(office: Office, tmp_path: Path) -> None:
    import time

    write(tmp_path, [[step("1")]])
    follower = Follower(index_of(office, tmp_path), every=0.02)
    follower.start()
    try:
        write(tmp_path, [[step("2")]])
        until = time.monotonic() + 10
        while len(as_indexed(office)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        follower.stop()
    assert set(as_indexed(office)) == {"1", "2"}
    assert follower.fault is None


def test_damage_is_told_and_what_stands_before_it_is_there(office: Office, tmp_path: Path) -> None:
    from houfeng.errors import EnvironmentFault

    write(tmp_path, [[step(str(n))] for n in range(3)])
    path = tmp_path / "alerts" / "alerts-000001.jsonl"
    data = bytearray(path.read_bytes())
    data[data.index(b"E1") + 1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(EnvironmentFault):
        index_of(office, tmp_path).catch_up()
    with office.read() as session:
        assert session.scalar(select(func.count()).select_from(AlertAct)) == 0
