"""The journal of alerts stores each step once, whatever is emitted again, and cuts off what a crash tore."""

from __future__ import annotations

import errno
import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.errors import EnvironmentFault
from houfeng.watch.journal.alerts import MARK, AlertJournal


def step(alert: int | str, number: int, **more: Any) -> dict[str, Any]:
    """A step of an alert."""
    name = f"{alert:016x}" if isinstance(alert, int) else alert
    return {"alert_id": name, "step": number, **more}


def ids(journal: AlertJournal, after: int = 0) -> list[tuple[str, int]]:
    """The steps that are stored, in order."""
    return [(record["alert_id"], record["step"]) for record in journal.read(after)]


def test_emitted_twice_stored_once(tmp_path: Path) -> None:
    with AlertJournal.open(tmp_path / "a") as journal:
        assert journal.append(7, [step("x", 0), step("y", 0), step("x", 0), step("x", 1)]) == 3
        assert journal.append(7, [step("x", 0), step("y", 0), step("x", 1)]) == 0
        assert journal.append(9, [step("x", 1), step("x", 2)]) == 1
        assert journal.upto == 9
    with AlertJournal.open(tmp_path / "a") as journal:
        assert journal.upto == 9
        assert journal.append(9, [step("x", 2), step("y", 1)]) == 1
        assert ids(journal) == [("x", 0), ("y", 0), ("x", 1), ("x", 2), ("y", 1)]
        assert ids(journal, after=7) == [("x", 2), ("y", 1)]


def test_values_are_written_as_text(tmp_path: Path) -> None:
    record = step("x", 0, values={"总额": Decimal("1.50"), "share": 0.25, "n": 3}, day=date(2026, 1, 2), reason=None)
    with AlertJournal.open(tmp_path) as journal:
        journal.append(1, [record])
        (found,) = journal.read()
    assert found == json.loads(json.dumps(record, default=str))
    assert "总额" in (tmp_path / "alerts-000001.jsonl").read_text("utf-8")


def test_entries_without_alerts_cost_no_write_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "alerts-000001.jsonl"
    with AlertJournal.open(tmp_path) as journal:
        for seq in range(1, MARK):
            assert journal.append(seq, []) == 0
        assert (journal.upto, path.stat().st_size) == (MARK - 1, 0)
        journal.append(MARK, [])
        assert path.stat().st_size > 0
        journal.append(MARK + 1, [])
    assert AlertJournal.open(tmp_path).upto == MARK + 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 12), max_size=5), max_size=15), st.sampled_from([1, 400]), st.data())
def test_files_roll_and_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, brought: list[list[int]], roll: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("alerts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        patch.setattr(os, "fdatasync", lambda handle: None)
        check_rolling(folder, brought, roll, data)


def check_rolling(folder: Path, brought: list[list[int]], roll: int, data: st.DataObject) -> None:
    """Append, open again now and then, with a damaged summary or not, and emit everything a second time."""
    journal = AlertJournal.open(folder, roll_bytes=roll)
    counts: dict[int, int] = {}
    expected = []
    for seq, alerts in enumerate(brought, 1):
        records = []
        for alert in alerts:
            counts[alert] = counts.get(alert, -1) + 1
            records.append(step(alert, counts[alert]))
            expected.append((f"{alert:016x}", counts[alert]))
        assert journal.append(seq, records) == len(records)
        if data.draw(st.booleans()):
            journal.close()
            if data.draw(st.booleans()):
                for known in folder.glob("known-*"):
                    known.write_bytes(known.read_bytes()[:-3])
            journal = AlertJournal.open(folder, roll_bytes=roll)
            assert journal.upto == seq
            assert not journal.problems
    for seq, alerts in enumerate(brought, 1):
        assert journal.append(seq, [step(alert, n) for alert in alerts for n in range(counts[alert] + 1)]) == 0
    assert ids(journal) == expected
    journal.close()


def test_an_end_torn_at_any_byte_is_cut_off_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    path = tmp_path / "alerts-000001.jsonl"
    with AlertJournal.open(tmp_path) as journal:
        journal.append(1, [step(1, 0), step(2, 0)])
        before = path.stat().st_size
        journal.append(2, [step(1, 1), step(3, 0)])
    whole = path.read_bytes()
    for end in range(before, len(whole)):
        for torn in (whole[:end], whole[:end] + bytes(len(whole) - end)):
            path.unlink()
            path.write_bytes(torn)
            journal = AlertJournal.open(tmp_path)
            assert (journal.upto, len(ids(journal)), path.stat().st_size) == (1, 2, before)
            assert bool(journal.problems) == (len(torn) > before)
            journal.close()
    with AlertJournal.open(tmp_path) as journal:
        assert journal.append(2, [step(1, 1), step(3, 0)]) == 2
    assert path.read_bytes() == whole


def test_damage_before_the_end_stops_it(tmp_path: Path) -> None:
    with AlertJournal.open(tmp_path, roll_bytes=200) as journal:
        for seq in range(1, 12):
            journal.append(seq, [step(seq, 0)])
    for known in tmp_path.glob("known-*"):
        known.unlink()
    files = sorted(tmp_path.glob("alerts-*"))
    assert len(files) > 2
    for path in files:
        whole = path.read_bytes()
        ends = whole.rindex(b"#") if path == files[-1] else len(whole)
        for place in range(0, ends, 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(EnvironmentFault, match=path.name):
                AlertJournal.open(tmp_path)
        path.write_bytes(whole)
    files[1].unlink()
    with pytest.raises(EnvironmentFault, match="missing"):
        AlertJournal.open(tmp_path)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    with AlertJournal.open(tmp_path) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(EnvironmentFault, match="disk is full"):
                journal.append(1, [step(1, 0)])
        assert journal.upto == 0
        assert journal.append(1, [step(1, 0)]) == 1
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", lambda handle: full(handle, b""))
            with pytest.raises(EnvironmentFault, match="disk is full"):
                journal.append(2, [step(1, 1)])
        with pytest.raises(EnvironmentFault, match="open it again"):
            journal.append(2, [step(1, 1)])
