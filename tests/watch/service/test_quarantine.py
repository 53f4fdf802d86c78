"""What comes too late is stored outside the windows; what cannot be right is set aside; the stream goes on."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.packs.loading.load import load_pack
from houfeng.watch.service.core import Core, Limits
from houfeng.watch.service.recovery import open_core
from houfeng.watch.service.watcher import Pace, Watcher
from houfeng.watch.sources.queue import Source
from houfeng.watch.sources.stdin import StdinSource
from watch.service import running
from watch.sources.event_samples import lines, uscc

LIMITS = Limits(threads=1, max_keys=1 << 12, state_memory=1 << 24)
NOW = datetime(2026, 1, 20)


def core_of(folder: Path, **options: Any) -> Core:
    """The watch of a fresh book that knows the firms; it is the 20th of January."""
    path, pack = running.prepare(folder)
    book = Book.open(path, fixed_clock(NOW))
    return open_core(book, load_pack(str(pack)), book.clock, date(2026, 1, 1), limits=LIMITS, **options)


def run(core: Core, *sources: Source, **options: Any) -> Watcher:
    """A watcher that has run until its sources ended."""
    watcher = Watcher(core, sources, Pace(live=False), **options)
    watcher.run()
    return watcher


def test_the_stream_goes_on(tmp_path: Path) -> None:
    good = running.events(60)[1:]  # in minutes, from 00:01 on; the first has no amount
    late = {**running.events(12)[11], "flow_no": "late"}
    wrong = {
        "watch.future": {**good[0], "flow_no": "f", "occurred_at": "2026-01-20T00:10:00"},
        "watch.jump": {**good[0], "flow_no": "j", "occurred_at": "2026-01-19T00:00:00"},
        "watch.duplicate_differs": {**good[29], "amount": "7.77"},
        "value.number": {**good[0], "flow_no": "n", "amount": "much"},
    }
    some = [*good[:30], wrong["watch.duplicate_differs"], wrong["watch.future"], late, *wrong.values(), *good[30:]]
    core = core_of(tmp_path, max_gap=86_400)
    watcher = run(core, StdinSource(BytesIO(lines(some) + b"no json\n"), kind="account_flow"))
    counts = watcher.metrics.status()["events"]["stdin"]
    assert counts["account_flow"]["accepted"] == len(good)
    assert counts["account_flow"]["late"] == 1
    book = Book.open(tmp_path / "book", fixed_clock(NOW))
    found = running.rows(tmp_path / "book")
    assert Counter(row[2] for row in found) == {False: len(good), True: 1}
    ids = [entry.submission_id for entry in book.entries() if entry.streamed]
    bad = book.quarantine(ids).column("problems").to_pylist()
    codes = Counter(problem["code"] for one in bad for problem in json.loads(one))
    assert codes["watch.future"] == 2
    assert codes["watch.jump"] == codes["watch.not_json"] == 1
    assert codes["watch.duplicate_differs"] == 2  # its instant is not closed yet
    assert sum(codes.values()) == 7


def test_late_events_change_no_alert(tmp_path: Path) -> None:
    good = running.events(400)[1:]
    core = core_of(tmp_path / "plain")
    run(core, StdinSource(BytesIO(lines(good)), kind="account_flow"))
    late = [{**event, "flow_no": f"late{n}", "amount": "150.00"} for n, event in enumerate(good[:50])]
    other = core_of(tmp_path / "late")
    run(other, StdinSource(BytesIO(lines([*good[:100], *late, *good[100:]])), kind="account_flow"))
    assert running.alerts(tmp_path / "late/book/watch") == running.alerts(tmp_path / "plain/book/watch")
    assert sum(row[2] for row in running.rows(tmp_path / "late/book")) == len(late)


def test_unknown_keys_are_set_aside_where_no_rule_wants_them(tmp_path: Path) -> None:
    path, pack = running.prepare(tmp_path)
    text = (pack / "pack.yaml").read_text("utf-8")
    (pack / "pack.yaml").write_text(text[: text.index("  large:")], "utf-8")
    book = Book.open(path, fixed_clock(NOW))
    core = open_core(book, load_pack(str(pack)), book.clock, date(2026, 1, 1), limits=LIMITS)
    good = running.events(20)[1:]
    stranger = {**good[3], "flow_no": "s", "enterprise_id": uscc(999)}
    watcher = run(core, StdinSource(BytesIO(lines([*good[:4], stranger, *good[4:]])), kind="account_flow"))
    assert watcher.metrics.status()["events"]["stdin"]["account_flow"] == {"accepted": len(good), "rejected": 1}


def test_a_fast_source_waits_for_a_slow_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = core_of(tmp_path)
    real, held = core.begin_with, list[int]()
    source = StdinSource(BytesIO(lines(running.events(4_000)[1:])), kind="account_flow")
    watcher = Watcher(core, [source], Pace(live=False), max_rows=500)

    def slowly(entries: Any, hand: Any) -> Any:
        time.sleep(0.01)
        held.append(watcher.queue.rows)
        return real(entries, hand)

    monkeypatch.setattr(core, "begin_with", slowly)
    monkeypatch.setattr("houfeng.watch.sources.stdin.BLOCK", 20_000)
    monkeypatch.setattr("houfeng.watch.service.watcher.BATCH_ROWS", 100)
    source._read = lambda size: source._stream.read(20_000)  # type: ignore[method-assign]
    watcher.run()
    assert max(held) <= 500
    assert len(held) > 10
    assert len(running.rows(tmp_path / "book")) > 3_900
    assert threading.active_count() < 10
