"""The log gives back what was appended, cuts off what a crash tore, and stops at any other damage."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import ConflictError, EnvironmentFault, UsageError
from houfeng.watch.journal.entries import Advance, Body, Command, Seen
from houfeng.watch.journal.frames import whole_frames
from houfeng.watch.journal.log import Log
from watch.journal.journal_samples import arrival, clock, events, rejected

TEXT = st.text(max_size=12)
NAME = st.sampled_from(["s", "kafka:t:0", "源"])


@st.composite
def calls(draw: st.DrawFn) -> list[list[Body]]:
    """Calls of `append` with offsets that only grow within each source."""
    offsets: dict[str, int] = {}
    made: list[list[Body]] = []
    for _ in range(draw(st.integers(1, 6))):
        bodies: list[Body] = []
        for _ in range(draw(st.integers(1, 4))):
            source, count = draw(NAME), draw(st.integers(0, 4))
            first = offsets.get(source, 0) + draw(st.integers(1, 3))
            what = draw(st.sampled_from(["events", "rejected", "advance", "seen", "command"]))
            if what in ("advance", "command"):
                until = draw(st.integers(-(2**40), 2**40))
                order = Command(draw(TEXT), draw(TEXT), draw(TEXT), {"stage": draw(TEXT), "share": until})
                bodies.append(Advance(until, source) if what == "advance" else order)
                continue
            offsets[source] = first + count
            if what == "events":
                bodies.append(events(first, count + 1, source, key=draw(TEXT)))
            elif what == "rejected":
                bodies.append(rejected(first, count + 1, source))
            else:
                bodies.append(Seen(source, first + count, draw(TEXT)))
        made.append(bodies)
    return made


@settings(max_examples=50, deadline=None)
@given(calls(), st.sampled_from([1, 1500, 1 << 20]), st.booleans())
def test_what_goes_in_comes_out(made: list[list[Body]], segment_bytes: int, reopen: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        patch.setattr(os, "fdatasync", lambda handle: None)
        given_out, log = [], Log.open(Path(folder), clock, segment_bytes=segment_bytes)
        for bodies in made:
            given_out += log.append(bodies)
            if reopen:
                log.close()
                log = Log.open(Path(folder), clock, segment_bytes=segment_bytes)
        assert [entry.seq for entry in given_out] == list(range(1, len(given_out) + 1))
        assert [entry.body for entry in given_out] == [body for bodies in made for body in bodies]
        log.close()
        for again in (Log.open(Path(folder), clock), Log.look(Path(folder), clock)):
            for after in (0, len(given_out) // 2, len(given_out)):
                assert list(again.read(after)) == given_out[after:]
            assert (again.last, again.offsets()) == (log.last, log.offsets())
            assert {s: list(again.keys(s).items()) for s in log.offsets()} == {
                s: list(log.keys(s).items()) for s in log.offsets()
            }
            assert not again.problems
            again.close()


def test_an_end_torn_at_any_byte_is_cut_off_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # thousands of openings
    log = Log.open(tmp_path / "log", clock)
    log.append(arrival(1))
    path = next((tmp_path / "log").glob("*.log"))
    before = path.stat().st_size
    log.append(arrival(5))
    log.close()
    whole = path.read_bytes()
    for end in range(before, len(whole)):
        for torn in (whole[:end], whole[:end] + bytes(len(whole) - end)):  # the length alone may reach the disk first
            if torn == whole:
                continue
            path.unlink()  # a file system may hurry to the disk what is written over
            path.write_bytes(torn)
            with Log.open(tmp_path / "log", clock) as again:
                assert (again.last, again.offsets()) == (3, {"s": 4})
                assert bool(again.problems) == (len(torn) > before)
            assert path.stat().st_size == before
    with Log.open(tmp_path / "log", clock) as again:
        assert [entry.seq for entry in again.append(arrival(5))] == [4, 5, 6]
    assert path.read_bytes() == whole


def test_damage_before_the_end_stops_the_log(tmp_path: Path) -> None:
    log = Log.open(tmp_path / "log", clock, segment_bytes=6000)
    for n in range(1, 40, 4):
        log.append(arrival(n))
    log.close()
    files = sorted((tmp_path / "log").glob("*.log"))
    assert len(files) > 2
    for path in files:
        whole = path.read_bytes()
        ends = list(whole_frames(memoryview(whole), 0))[-1].position if path == files[-1] else len(whole)
        for place in range(0, ends, 97):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            with pytest.raises(EnvironmentFault, match=path.name), Log.open(tmp_path / "log", clock) as again:
                list(again.read())
        path.write_bytes(whole)
    with Log.open(tmp_path / "log", clock) as again:
        assert len(list(again.read())) == 30


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    log = Log.open(tmp_path / "log", clock, segment_bytes=1)
    for n in range(1, 20, 4):
        log.append(arrival(n))
    log.close()
    sorted((tmp_path / "log").glob("*.log"))[2].unlink()
    with pytest.raises(EnvironmentFault, match="is missing"):
        Log.open(tmp_path / "log", clock)


def test_released_files_take_neither_offsets_nor_keys_along(tmp_path: Path) -> None:
    log = Log.open(tmp_path / "log", clock, segment_bytes=1)
    for n in range(1, 20, 4):
        log.append([*arrival(n), Seen("t", n, "k")])
    reader = log.read()
    first = next(reader)
    assert log.release(9) == 2
    assert (log.first, log.last) == (9, 20)
    assert first.seq == 1
    with pytest.raises(UsageError, match="from 9 on"):
        log.read(7)
    log.close()
    with Log.open(tmp_path / "log", clock, after=20) as again:
        assert again.offsets() == {"s": 20, "t": 17}
        assert list(again.keys("s")) == ["key-4", "key-8", "key-12", "key-16", "key-20"]
        assert (again.answered("t", "k"), again.answered("t", "other")) == (17, None)
        assert [entry.seq for entry in again.read(8)] == list(range(9, 21))
        assert again.release(10**6) == 2
        assert [entry.seq for entry in again.read(again.first - 1)] == [17, 18, 19, 20]
        assert again.append([Advance(1)])[0].seq == 21


def test_only_the_latest_keys_are_remembered(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", clock) as log:
        log._marks.horizon = 3
        for n in (1, 2, 3, 4):
            log.append([Seen("s", n, f"k{n}")])
        log.append([Seen("s", 5, "k2")])
        assert log.keys("s") == {"k3": 3, "k4": 4, "k2": 5}


def test_one_watch_at_a_time(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", clock), pytest.raises(ConflictError, match="another watch"):
        Log.open(tmp_path / "log", clock)
    Log.open(tmp_path / "log", clock).close()


def test_the_same_offsets_cannot_enter_twice(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", clock) as log:
        log.append([events(1, 5), rejected(3, 1)])
        for again in (events(5, 2), rejected(2, 4)):
            with pytest.raises(ConflictError, match="up to offset 5"):
                log.append([again])
        log.append([events(6, 1), events(1, 1, "other")])
        assert log.last == 4


def test_an_old_copy_of_the_log_is_refused_and_a_new_one_goes_on(tmp_path: Path) -> None:
    with Log.open(tmp_path / "new", clock, after=41) as log:
        assert log.append([Advance(1)])[0].seq == 42
    with pytest.raises(EnvironmentFault, match="ends at entry 42"):
        Log.open(tmp_path / "new", clock, after=43)


def test_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no log"):
        Log.look(tmp_path, clock)


def test_a_look_goes_on_while_the_log_grows(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", clock, segment_bytes=2000) as log:
        log.append(arrival(1))
        seen = Log.look(tmp_path / "log", clock)
        reader = log.read()
        for n in range(5, 30, 4):
            log.append(arrival(n))
        assert [entry.seq for entry in reader] == [entry.seq for entry in seen.read()] == [1, 2, 3]


@pytest.mark.parametrize("fails", ["write", "fdatasync"])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    log = Log.open(tmp_path / "log", clock)
    log.append(arrival(1))
    real = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) < 500:
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data[:500])

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, fails, half if fails == "write" else full)
        with pytest.raises(EnvironmentFault, match="disk is full"):
            log.append(arrival(5, 300))
    if fails == "fdatasync":  # nobody knows what is on the disk: only opening again can tell
        with pytest.raises(EnvironmentFault, match="open it again"):
            log.append(arrival(5))
        log.close()
        log = Log.open(tmp_path / "log", clock)
    else:
        assert [entry.seq for entry in log.append(arrival(5))] == [4, 5, 6]
    assert [entry.seq for entry in log.read()] == [1, 2, 3, 4, 5, 6]
    log.close()
